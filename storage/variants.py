"""Variants, their immutable revisions, what lint found, and the calls that wrote them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from domain.campaign import CampaignId
from domain.errors import Unknown
from domain.variant import (
    LIVE_VARIANT,
    Copy,
    Origin,
    Revision,
    RevisionId,
    Variant,
    VariantId,
    VariantState,
    bring_back,
    move_variant,
)
from storage.repository import Repository
from storage.tables import findings, lint_runs, model_calls, revisions, variants


def variant_from(row: Row[Any]) -> Variant:
    return Variant(
        id=VariantId(row.id),
        campaign_id=CampaignId(row.campaign_id),
        version=row.version,
        label=row.label,
        state=VariantState(row.state),
        revision_id=None if row.revision_id is None else RevisionId(row.revision_id),
        regenerations=row.regenerations,
        instruction=row.instruction,
        instructed_by=row.instructed_by,
        reason=row.reason,
    )


def origin_from(raw: Mapping[str, Any]) -> Origin:
    return Origin(**{**raw, "sources": tuple(raw.get("sources", ()))})


def revision_from(row: Row[Any]) -> Revision:
    return Revision(
        id=RevisionId(row.id),
        variant_id=VariantId(row.variant_id),
        number=row.number,
        parent_id=None if row.parent_id is None else RevisionId(row.parent_id),
        text=Copy(subject=row.subject, preheader=row.preheader, body=row.body),
        origin=origin_from(row.origin),
        created_at=row.created_at,
    )


_VARIANT: Final = sa.select(variants).where(variants.c.id == sa.bindparam("variant_id"))
_VARIANTS: Final = (
    sa.select(variants)
    .where(variants.c.campaign_id == sa.bindparam("campaign_id"))
    .order_by(variants.c.label)
)
_REVISION: Final = sa.select(revisions).where(
    revisions.c.id == sa.bindparam("revision_id")
)
_LINT_OUTCOME: Final = sa.select(lint_runs.c.outcome).where(
    lint_runs.c.revision_id == sa.bindparam("revision_id")
)


class Variants(Repository):
    def add(
        self, campaign_id: CampaignId, labels: Sequence[str]
    ) -> tuple[Variant, ...]:
        self._insert_many(
            variants,
            [
                {
                    "campaign_id": campaign_id,
                    "version": 1,
                    "label": label,
                    "state": VariantState.BRIEFED,
                    "regenerations": 0,
                    "regenerated_for": [],
                    "is_arm": False,
                }
                for label in labels
            ],
        )
        return self.of(campaign_id)

    def get(self, variant_id: VariantId) -> Variant:
        """Read a variant.

        Raises:
            Unknown: There is none with that id.
        """
        row = self._one(_VARIANT, variant_id=variant_id)
        if row is None:
            raise Unknown("There is no such variant.")
        return variant_from(row)

    def of(self, campaign_id: CampaignId) -> tuple[Variant, ...]:
        rows = self._all(_VARIANTS, campaign_id=campaign_id)
        return tuple(variant_from(row) for row in rows)

    def live(self, campaign_id: CampaignId) -> tuple[Variant, ...]:
        return tuple(v for v in self.of(campaign_id) if v.state in LIVE_VARIANT)

    def arms(self, campaign_id: CampaignId) -> tuple[Variant, ...]:
        """The variants that recipients get."""
        query = (
            sa.select(variants)
            .where(variants.c.campaign_id == campaign_id, variants.c.is_arm)
            .order_by(variants.c.label)
        )
        return tuple(variant_from(row) for row in self._all(query))

    def set_arms(self, variant_ids: Sequence[VariantId]) -> None:
        self.connection.execute(
            sa.update(variants)
            .where(variants.c.id.in_(variant_ids))
            .values(is_arm=True)
        )

    def clear_arms(self, campaign_id: CampaignId) -> None:
        """The approval that fixed the arms was taken back."""
        self.connection.execute(
            sa.update(variants)
            .where(variants.c.campaign_id == campaign_id, variants.c.is_arm)
            .values(is_arm=False)
        )

    def bring_back(
        self, variant: Variant, state: VariantState, **changes: object
    ) -> Variant:
        """Undo a rejection or a shelving: compare-and-swap, by the table of that.

        Raises:
            MoveNotAllowed: An undo does not lead there.
            Overtaken: Somebody changed the variant first.
        """
        bring_back(variant.state, state)
        return variant_from(
            self._swap(
                variants,
                variant.id,
                variant.version,
                state=state,
                reason=None,
                **changes,
            )
        )

    def swap(self, variant: Variant, state: VariantState, **changes: object) -> Variant:
        """Compare-and-swap on the variant's own version.

        Raises:
            MoveNotAllowed: The table of variant states forbids it.
            Overtaken: Somebody changed the variant first.
        """
        move_variant(variant.state, state)
        return variant_from(
            self._swap(variants, variant.id, variant.version, state=state, **changes)
        )

    # Revisions ------------------------------------------------------------------

    def add_revision(self, variant: Variant, text: Copy, origin: Origin) -> Revision:
        """Append the next revision; the caller moves the variant onto it."""
        newest = self._one(
            sa.select(sa.func.max(revisions.c.number).label("n")).where(
                revisions.c.variant_id == variant.id
            )
        )
        number = (newest.n or 0) + 1 if newest else 1
        key = self._insert(
            revisions,
            variant_id=variant.id,
            number=number,
            parent_id=variant.revision_id,
            subject=text.subject,
            preheader=text.preheader,
            body=text.body,
            sha256=text.sha256,
            origin=dataclasses.asdict(origin),
            created_at=self.now,
        )
        return self.revision(RevisionId(key))

    def revision(self, revision_id: RevisionId) -> Revision:
        """Read a revision.

        Raises:
            Unknown: There is none with that id.
        """
        row = self._one(_REVISION, revision_id=revision_id)
        if row is None:
            raise Unknown("There is no such revision.")
        return revision_from(row)

    def last_editor(self, revision: Revision) -> str | None:
        """Who edited this text by hand last; None when only writers touched it."""
        while revision.origin.editor is None and revision.parent_id is not None:
            if revision.origin.endpoint is not None:
                # a writer wrote it anew
                return None
            revision = self.revision(revision.parent_id)
        return revision.origin.editor

    # Lint -------------------------------------------------------------------------

    def add_lint_run(
        self,
        revision_id: RevisionId,
        *,
        outcome: str,
        policy_version: str,
        policy_hash: str,
        found: Sequence[Mapping[str, object]],
    ) -> bool:
        """Store a verdict once per revision; say whether it was new."""
        is_new = self._insert_new(
            lint_runs,
            revision_id=revision_id,
            outcome=outcome,
            policy_version=policy_version,
            policy_hash=policy_hash,
            created_at=self.now,
        )
        if not is_new:
            return False
        run = self._one(
            sa.select(lint_runs.c.id).where(lint_runs.c.revision_id == revision_id)
        )
        if run is not None:
            self._insert_many(
                findings, [{**row, "lint_run_id": run.id} for row in found]
            )
        return True

    def lint_outcome(self, revision_id: RevisionId) -> str | None:
        """pass, soft-fail or hard-fail; None when it has not been linted yet."""
        row = self._one(_LINT_OUTCOME, revision_id=revision_id)
        return None if row is None else str(row.outcome)

    def hard_findings(self, revision_id: RevisionId) -> tuple[tuple[str, str], ...]:
        """(rule, message) of each hard finding, for the rewrite."""
        query = (
            sa.select(findings.c.rule, findings.c.message)
            .join(lint_runs, lint_runs.c.id == findings.c.lint_run_id)
            .where(
                lint_runs.c.revision_id == revision_id, findings.c.severity == "hard"
            )
            .order_by(findings.c.id)
        )
        return tuple((row.rule, row.message) for row in self._all(query))

    def rules_found(self, revision_id: RevisionId) -> frozenset[str]:
        """Names of the rules that found something in a text, however soft."""
        query = (
            sa.select(findings.c.rule)
            .join(lint_runs, lint_runs.c.id == findings.c.lint_run_id)
            .where(lint_runs.c.revision_id == revision_id)
        )
        return frozenset(row.rule for row in self._all(query))

    # Model calls -------------------------------------------------------------------

    def intend_call(self, key: str, variant_id: VariantId, **facts: object) -> bool:
        """Commit the intent of a model call; False when the key is taken."""
        return self._insert_new(
            model_calls,
            key=key,
            variant_id=variant_id,
            state="intent",
            created_at=self.now,
            **{"facts": {}, **facts},
        )

    def call_reply(self, key: str) -> dict[str, Any] | None:
        """What a call answered, if it did: a redelivery reads instead of paying."""
        row = self._one(
            sa.select(model_calls.c.response, model_calls.c.facts).where(
                model_calls.c.key == key, model_calls.c.state == "answered"
            )
        )
        if row is None or row.response is None:
            return None
        return {**row.facts, "text": row.response}

    def finish_call(self, key: str, state: str, **facts: object) -> None:
        self.connection.execute(
            sa.update(model_calls)
            .where(model_calls.c.key == key)
            .values(state=state, answered_at=self.now, **facts)
        )
