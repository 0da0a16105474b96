"""An incident's postmortem as Markdown: all that the record knows, and what to answer."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.channel import PARTS, Channel
from domain.clocks import clocks, since_halt
from domain.incident import CAUSE_WORDS, Alert, AlertKind, without_addresses
from domain.variant import Copy
from domain.views import AuditLine, DecisionLine, FindingLine, IncidentView, Point

_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>#|~!])")
_POINTS_SHOWN: Final = 12
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SentText:
    """A text that was sent, beside the one it was edited from."""

    label: str
    revision: int
    sha256: str
    text: Copy
    before: Copy | None
    findings: tuple[FindingLine, ...]
    # what the text was for, which names its parts
    channel: Channel = Channel.EMAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmortemView:
    """Everything a postmortem is made of.

    Attributes:
        evidence: The judge's numbers when it rolled back; empty for a person's click.
        totals: Mails by what the ESP has reported of them, up to now.
    """

    incident: IncidentView
    author: str
    tier: str
    recipients: int
    policy: str
    evidence: Mapping[str, object]
    totals: Mapping[str, int]
    texts: tuple[SentText, ...]
    decisions: tuple[DecisionLine, ...]
    points: tuple[Point, ...]
    timeline: tuple[AuditLine, ...]


def markdown(view: PostmortemView, names: Mapping[str, str]) -> str:
    """Write the document; the same record gives the same bytes.

    What people typed is text here, never markup, and nothing that looks like an
    address gets in.

    Args:
        names: Slack user id to name.
    """
    write = _Writer(names)
    sections = (
        _head(view, write),
        _reach(view),
        _clocks(view),
        _verdict(view, write),
        _steps(view.incident, write),
        _texts(view.texts, write),
        _decisions(view.decisions, write),
        _points(view.points),
        _questions(view.incident, write),
        _actions(view.incident, write),
        _timeline(view.timeline, write),
    )
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def alert_payload(
    alert: Alert, view: PostmortemView, names: Mapping[str, str]
) -> dict[str, object]:
    """What an address outside Slack is sent; a ticket carries the document."""
    incident = view.incident
    late = "is not contained yet" if incident.contained_at is None else "is contained"
    is_ticket = alert.kind is AlertKind.TICKET
    text = f"Copydesk #{incident.campaign_id} was rolled back and {late}:" + (
        f" {incident.mails_out:,} visitors had seen it, {incident.leaked:,} more were"
        " reported afterwards."
        if incident.slot
        else f" {incident.mails_out:,} mails had left, {incident.mails_spared:,}"
        f" spared, {incident.leaked:,} leaked."
    )
    return {
        "kind": alert.kind,
        "key": alert.key,
        "incident": incident.id,
        "campaign": incident.campaign_id,
        "title": without_addresses(incident.title),
        "text": text,
        "trigger": incident.trigger,
        "opened_at": incident.opened_at.isoformat(),
        "contained_at": _iso(incident.contained_at),
        **(
            {
                "slot": incident.slot,
                "visitors": incident.mails_out,
                "visitors_reported_afterwards": incident.leaked,
            }
            if incident.slot
            else {
                "mails_out": incident.mails_out,
                "mails_spared": incident.mails_spared,
                "mails_leaked": incident.leaked,
            }
        ),
        "evidence": dict(view.evidence),
        "steps": [{"name": s.name, "state": s.state} for s in incident.steps],
        **({"markdown": markdown(view, names)} if is_ticket else {}),
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


class _Writer:
    """Text for Markdown: one line, no markup, people by name."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def line(self, text: str, limit: int = _LONGEST) -> str:
        named = re.sub(r"<@(\w+)>", lambda m: f"@{self.who(m[1])}", text)
        one = " ".join(without_addresses(named).split())
        short = one if len(one) <= limit else f"{one[: limit - 1]}…"
        return _MARKUP.sub(r"\\\1", short)

    def who(self, actor: str) -> str:
        return self._names.get(actor, actor)

    def person(self, actor: str) -> str:
        return self.line(self.who(actor), 80)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _at(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _head(view: PostmortemView, write: _Writer) -> Iterator[str]:
    incident = view.incident
    cause = CAUSE_WORDS[incident.cause] if incident.cause else "not said yet"
    state = (
        f"closed {_at(incident.closed_at)} by {write.person(incident.closed_by or '')}"
        if incident.closed_at
        else "open"
    )
    yield f"# Postmortem: #{incident.campaign_id} {write.line(incident.title, 150)}"
    yield ""
    yield f"- Rolled back {_at(incident.opened_at)} by {write.person(incident.actor)}"
    yield f"- Trigger: {incident.trigger.replace('_', ' ')}"
    yield f"- Reason: {write.line(incident.reason or 'none given yet')}"
    yield f"- Cause: {cause}"
    yield f"- State: {state}"
    yield (
        f"- Brief by {write.person(view.author)}, tier {write.line(view.tier, 5)},"
        f" {view.recipients:,} recipients, policy `{view.policy[:12]}`"
    )


def _reach(view: PostmortemView) -> Iterator[str]:
    incident = view.incident
    yield "## Reach"
    yield ""
    if incident.slot:
        rows = [
            ("had seen it when the gate shut", incident.mails_out),
            ("reported afterwards", incident.leaked),
            *(
                (_REPORTED.get(name, name), n)
                for name, n in sorted(view.totals.items())
            ),
        ]
        head = "Visitors"
    else:
        rows = [
            ("out when the gate shut", incident.mails_out),
            ("spared", incident.mails_spared),
            ("leaked: accepted after the gate shut", incident.leaked),
            ("recipients suppressed", incident.suppressed),
            *((name.replace("_", " "), n) for name, n in sorted(view.totals.items())),
        ]
        head = "Mails"
    yield from _table((head, "Count"), ((name, f"{n:,}") for name, n in rows))


_REPORTED: Final = {
    "bounced_hard": "failed",
    "delivered": "exposed",
    "unsubscribed": "dismissed",
}
"""What the site called what is counted as an ESP's events are."""


def _clocks(view: PostmortemView) -> Iterator[str]:
    yield "## Clocks"
    yield ""
    rows = []
    for each in clocks(view.incident):
        if each.at is None:
            rows.append((each.name, each.words, each.missing, ""))
            continue
        after = since_halt(view.incident, each.at).total_seconds()
        rows.append((each.name, each.words, _at(each.at), f"{after:+.1f} s"))
    yield from _table(("Clock", "What", "When", "From the gate"), rows)
    if view.incident.late_at is not None:
        yield ""
        yield f"Not contained in time: said loudly {_at(view.incident.late_at)}."


def _verdict(view: PostmortemView, write: _Writer) -> Iterator[str]:
    yield "## Verdict"
    yield ""
    if not view.evidence:
        yield "A person stopped it; the judge gave no verdict."
        return
    rows = (
        (write.line(name.replace("_", " "), 80), write.line(str(value), 80))
        for name, value in sorted(view.evidence.items())
    )
    yield from _table(("The judge's numbers", ""), rows)


def _steps(incident: IncidentView, write: _Writer) -> Iterator[str]:
    yield "## Steps of the rollback"
    yield ""
    rows = (
        (
            each.name.replace("_", " "),
            each.state,
            write.line(each.detail or "", 200),
            _at(each.done_at) if each.done_at else "",
        )
        for each in incident.steps
    )
    yield from _table(("Step", "State", "Detail", "Done"), rows)


def _texts(texts: Sequence[SentText], write: _Writer) -> Iterator[str]:
    yield "## What was sent"
    if not texts:
        yield ""
        yield "No text had been chosen yet."
    for each in texts:
        yield ""
        label = write.line(each.label, 5)
        yield f"### Variant {label}, revision {each.revision}, text `{each.sha256[:12]}`"
        yield ""
        yield from _diff(each)
        yield ""
        found = [
            f"- {f.severity}: {write.line(f.message, 200)} (`{f.rule}`, {f.field})"
            for f in each.findings
        ]
        yield from found or ["Lint had found nothing in it."]


def _diff(each: SentText) -> Iterator[str]:
    """What its last edit changed; the whole text when there was none."""
    after = without_addresses(_whole(each.text, each.channel)).splitlines()
    if each.before is None:
        yield "As written, never edited:"
        lines = after
    else:
        yield "Its last edit:"
        before = without_addresses(_whole(each.before, each.channel)).splitlines()
        lines = list(difflib.unified_diff(before, after, "before", "sent", lineterm=""))
    longest = max(
        (len(run) for line in lines for run in re.findall("`+", line)), default=0
    )
    fence = "`" * max(longest + 1, 3)
    yield ""
    yield f"{fence}{'text' if each.before is None else 'diff'}"
    yield from lines
    yield fence


def _whole(text: Copy, channel: Channel) -> str:
    names = PARTS[channel]
    return (
        f"{names['subject']}: {text.subject}\n{names['preheader']}: {text.preheader}"
        f"\n\n{text.body}"
    )


def _decisions(decisions: Sequence[DecisionLine], write: _Writer) -> Iterator[str]:
    yield "## Who approved what"
    yield ""
    if not decisions:
        yield "Nobody had decided anything."
        return
    rows = (
        (
            write.line(each.stage, 40),
            write.line(each.variant_label, 5),
            "approved" if each.is_approval else "rejected",
            write.person(each.actor),
            _at(each.decided_at),
            write.line(each.reason or "", 200),
        )
        for each in decisions
    )
    yield from _table(("Stage", "Variant", "Decision", "By", "When", "Why"), rows)


def _points(points: Sequence[Point]) -> Iterator[str]:
    yield "## Numbers over time"
    yield ""
    if not points:
        yield "No event had come in."
        return
    every = -(-len(points) // _POINTS_SHOWN)
    rows = (
        (
            _at(each.at),
            *(
                f"{n:,}"
                for n in (
                    each.delivered,
                    each.clicks,
                    each.complaints,
                    each.unsubscribes,
                )
            ),
        )
        # thinned from the end, so that the newest is always there
        for each in reversed(points[::-1][::every])
    )
    head = ("When", "Delivered", "Clicks", "Complaints", "Unsubscribes")
    yield from _table(head, rows)
    yield ""
    yield "The plot is in the campaign's thread."


def _questions(incident: IncidentView, write: _Writer) -> Iterator[str]:
    yield "## Which stage should have caught it?"
    yield ""
    if incident.missed_by is None:
        yield "Not answered yet."
        return
    why = write.line(
        incident.missed_why or "Nobody has said what it would have needed."
    )
    yield f"{write.line(incident.missed_by, 40)}. {why}"


def _actions(incident: IncidentView, write: _Writer) -> Iterator[str]:
    yield "## Action items"
    yield ""
    if not incident.actions:
        yield "None yet."
    for each in incident.actions:
        mark = "x" if each.done_at else " "
        yield (
            f"- [{mark}] {write.line(each.text, 200)} · {write.person(each.owner)},"
            f" due {each.due_at:%Y-%m-%d}"
        )


def _timeline(lines: Sequence[AuditLine], write: _Writer) -> Iterator[str]:
    yield "## Timeline"
    yield ""
    rows = (
        (
            _at(each.at),
            write.line(each.event.replace("_", " "), 80),
            write.person(each.actor),
            write.line(each.detail, 300),
        )
        for each in lines
    )
    yield from _table(("When", "What", "Who", "Detail"), rows)
