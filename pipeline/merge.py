"""Merge tokens, filled in once per recipient, and what comes out looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from types import MappingProxyType
from typing import Final

from liquid.exceptions import LiquidError

from domain.personalize import (
    FOR_PRIVACY,
    OURS,
    CannotRender,
    Fallback,
    Footer,
    Profile,
    Rendered,
    presentable,
    shown,
    usable,
)
from domain.privacy import FieldRule, Privacy
from domain.variant import Copy
from pipeline import merge_blocks
from pipeline.mail_html import Page, tidy
from pipeline.merge_blocks import Blocks
from pipeline.merge_reading import (
    MAX_TEMPLATE,
    compiled,
    tokens_used,
    varies_by_presence,
)

MAX_SUBJECT: Final = 200
"""Longest merged subject, in characters; the approved template is shorter."""

_GREETING: Final = re.compile(
    r"(?:hi|hello|hey|good (?:morning|afternoon|evening))\s+[,!.:]|dear\s*[,!.:]",
    re.IGNORECASE,
)
_GREETING_LETTERS: Final = tuple("hHgGdD")
_OPENING: Final = 200
"""Where a greeting is looked for: the first characters of the body."""
_NOTHING_WORDS: Final = ("None", "nan", "null", "undefined")
_NOTHING: Final = re.compile(rf"\b(?:{'|'.join(_NOTHING_WORDS)})\b")
_MARKDOWN_LINK: Final = re.compile(
    r"(?<!!)\[([^\[\]\n]{1,120})\]\(([^()\s]{1,500}|\{\{ ?[\w.]+ ?\}\})\)"
)
_PARTS: Final = "\x1e"
_BRACES: Final = ("{{", "}}", "{%", "%}")

MAX_PREHEADER: Final = 300
"""Longest merged preheader, in characters; the approved template is shorter."""

_MOST_BLOCKS: Final = 64
"""Kept per revision; a text with six tokens has as many kinds of recipients."""

_NO_COMMON: Final[Mapping[str, frozenset[str]]] = MappingProxyType({})
_NONE: Final[frozenset[Fallback]] = frozenset()


class Template:
    """A revision compiled once and merged many times.

    What is the same for all recipients of whom the same is known is worked out once
    (`merge_blocks`); every recipient reads what `render_afresh` would have made.

    Args:
        common: By path, the values that enough recipients of the list share; asked
            for each field in `crowd_fields`.

    Raises:
        TemplateBroken: The text is not a readable template, or uses a tag or filter
            that is not allowed.
        CannotRender: The footer has no postal address.
    """

    __slots__ = (
        "_bakes_cta",
        "_blocks",
        "_can_keep",
        "_compiled",
        "_fields",
        "_greets",
        "_names_nothing",
        "_page",
        "_sender",
    )

    def __init__(
        self,
        text: Copy,
        footer: Footer,
        privacy: Privacy,
        *,
        common: Mapping[str, frozenset[str]] = _NO_COMMON,
        cta_label: str = "Find out more",
    ) -> None:
        if not footer.postal_address.strip():
            raise CannotRender("The footer has no postal address.")
        parts = [_clean(each) for each in (text.subject, text.preheader, text.body)]
        paths: set[str] = set()
        for part in parts:
            # each alone, so that no tag opens in one field and closes in another
            compiled(part)
            paths.update(use.path for use in tokens_used(part))
        source = _PARTS.join(parts)
        self._compiled = compiled(source)
        self._fields = tuple(
            _Field(privacy.fields[path], common.get(path, frozenset()))
            for path in sorted(paths & privacy.fields.keys())
        )
        self._sender = {
            "name": footer.sender_name,
            "company": footer.company,
            "postal_address": footer.postal_address,
        }
        # what the approved text itself says is not a merge fault
        self._greets = any(
            _greets_nobody(part[:_OPENING]) for part in (parts[0], parts[2])
        )
        self._names_nothing = _NOTHING.search(source) is not None
        self._page = Page(parts[2], footer, cta_label=cta_label)
        self._blocks: dict[tuple[int, str], Blocks | None] = {}
        # a link written out may be the call to action itself, which becomes a button
        self._bakes_cta = "://" in source
        self._can_keep = (
            paths <= privacy.fields.keys() | OURS.keys()
            and len(self._fields) <= merge_blocks.MOST_VALUES
            and varies_by_presence(self._compiled.nodes)
            and merge_blocks.can_be_cut(
                source, cta_label, footer.reason, footer.unsubscribe_label
            )
            and merge_blocks.can_be_cut(*self._sender.values())
        )

    def render(self, profile: Profile) -> Rendered:
        """Merge one recipient.

        Raises:
            CannotRender: The mail would come out wrong; the reason holds no data.
        """
        values, kept_back = self._values(profile)
        links = (profile.cta_url, profile.unsubscribe_url)
        blocks = None
        if self._can_keep and merge_blocks.can_be_joined(values, *links):
            blocks = self._kept_blocks(values, profile.cta_url)
        if blocks is None:
            return self._render_whole(values, kept_back, profile)
        plain = (*values, *links)
        mail = Rendered(
            subject=blocks.subject.fill(plain),
            preheader=blocks.preheader.fill(plain),
            text=blocks.text.fill(plain),
            html=blocks.html.fill([escape(each) for each in plain]),
            kept_back=kept_back,
        )
        self._check_joined(mail, blocks, plain)
        return mail

    def render_afresh(self, profile: Profile) -> Rendered:
        """Merge one recipient with nothing kept from another: the same, but slower.

        Raises:
            CannotRender: As `render`.
        """
        values, kept_back = self._values(profile)
        return self._render_whole(values, kept_back, profile)

    @property
    def blocks_kept(self) -> int:
        """How many kinds of recipients are served from kept blocks."""
        return sum(each is not None for each in self._blocks.values())

    def account(self, profile: Profile) -> dict[str, str | Fallback]:
        """What each field that the text uses reads for them, or why its fallback."""
        return {each.rule.path: each.shown_to(profile) for each in self._fields}

    def _values(self, profile: Profile) -> tuple[list[str], frozenset[Fallback]]:
        """The values in the order of the fields, empty for a fallback."""
        values = []
        kept_back: frozenset[Fallback] = _NONE
        for each in self._fields:
            if each.is_free:
                # most fields of most texts: a million mails pay for this line
                values.append(usable(each.given_by(profile)) or "")
                continue
            found = each.shown_to(profile)
            if not isinstance(found, Fallback):
                values.append(found)
                continue
            values.append("")
            if found in FOR_PRIVACY:
                kept_back |= {found}
        return values, kept_back

    def _kept_blocks(self, values: Sequence[str], cta_url: str) -> Blocks | None:
        """The blocks for those who have these values; None: they cannot be cut."""
        known = 0
        for value in values:
            known = known * 2 + (value != "")
        key = (known, cta_url if self._bakes_cta else merge_blocks.CTA)
        try:
            return self._blocks[key]
        except KeyError:
            pass
        if len(self._blocks) >= _MOST_BLOCKS:
            return None
        self._blocks[key] = found = self._cut(values, key[1])
        return found

    def _cut(self, values: Sequence[str], cta_url: str) -> Blocks | None:
        marks = [
            merge_blocks.mark(at) if each else "" for at, each in enumerate(values)
        ]
        marked = Profile(cta_url=cta_url, unsubscribe_url=merge_blocks.UNSUBSCRIBE)
        try:
            subject, preheader, body = self._merge(marks, marked)
            # what no value can change is looked at here, once
            self._check(subject, preheader, body)
            text, html = self._page.parts(subject, preheader, body, marked)
        except CannotRender:
            return None
        if not merge_blocks.is_safe_to_cut(body):
            return None
        return Blocks(
            len(values),
            subject=subject,
            preheader=preheader,
            body=body,
            text=text,
            html=html,
        )

    def _render_whole(
        self, values: Sequence[str], kept_back: frozenset[Fallback], profile: Profile
    ) -> Rendered:
        subject, preheader, body = self._merge(values, profile)
        self._check(subject, preheader, body)
        text, html = self._page.parts(subject, preheader, body, profile)
        return Rendered(
            subject=subject,
            preheader=preheader,
            text=text,
            html=html,
            kept_back=kept_back,
        )

    def _merge(self, values: Sequence[str], profile: Profile) -> tuple[str, str, str]:
        given: dict[str, dict[str, str]] = {"person": {}, "attributes": {}}
        for each, value in zip(self._fields, values, strict=True):
            if value:
                given[each.kind][each.rule.name] = value
        links = {"cta": profile.cta_url, "unsubscribe": profile.unsubscribe_url}
        try:
            merged = self._compiled.render(**given, links=links, sender=self._sender)
        except LiquidError:
            # the engine's error quotes the mail, so it must not travel along
            raise CannotRender(
                "A merge token without fallback has no value for this recipient."
            ) from None
        parts = merged.split(_PARTS)
        if len(parts) != len(("subject", "preheader", "body")):
            raise CannotRender("The merged mail does not have its three parts.")
        return parts[0].strip(), parts[1].strip(), tidy(parts[2].strip())

    def _check(self, subject: str, preheader: str, body: str) -> None:
        merged = f"{subject}\n{preheader}\n{body}"
        if any(brace in merged for brace in _BRACES):
            raise CannotRender("A merge token was left unresolved.")
        if not subject or not body:
            raise CannotRender("The merged subject or body is empty.")
        _check_lengths(subject, preheader, len(body))
        if "\n" in subject or "\n" in preheader:
            raise CannotRender("The merged subject or preheader holds a line break.")
        self._check_greeting(subject, body[:_OPENING])
        self._check_words(merged)

    def _check_joined(
        self, mail: Rendered, blocks: Blocks, plain: Sequence[str]
    ) -> None:
        """Look at what values can change: no value holds a brace or a line break."""
        length = len(mail.text) - blocks.around - len(plain[-1])
        _check_lengths(mail.subject, mail.preheader, length)
        self._check_greeting(mail.subject, mail.text[: min(length, _OPENING)])
        self._check_words(blocks.joints.fill(plain))

    def _check_greeting(self, subject: str, opening: str) -> None:
        if self._greets:
            return
        if _greets_nobody(subject) or _greets_nobody(opening):
            raise CannotRender("The greeting has no name.")

    def _check_words(self, merged: str) -> None:
        if self._prints_nothing(merged):
            raise CannotRender("A missing value was printed as a word.")

    def _prints_nothing(self, merged: str) -> bool:
        if self._names_nothing:
            return False
        # plain searches first: a million mails pay for this line
        if not any(word in merged for word in _NOTHING_WORDS):
            return False
        return _NOTHING.search(merged) is not None


def crowd_fields(text: Copy, privacy: Privacy) -> tuple[FieldRule, ...]:
    """The fields of a text that are shown only where enough recipients share a value.

    Raises:
        TemplateBroken: The text is not a readable template.
    """
    parts = (text.subject, text.preheader, text.body)
    paths = {use.path for part in parts for use in tokens_used(_clean(part))}
    return tuple(
        rule for path, rule in privacy.fields.items() if path in paths and rule.k > 1
    )


def _check_lengths(subject: str, preheader: str, body: int) -> None:
    if (
        len(subject) > MAX_SUBJECT
        or len(preheader) > MAX_PREHEADER
        or body > MAX_TEMPLATE
    ):
        raise CannotRender("The merged subject, preheader or body is too long.")


def _greets_nobody(text: str) -> bool:
    for each in text.split("\n"):
        # a million mails pay for this line: most lines begin otherwise
        if each[:1] in _GREETING_LETTERS and _GREETING.match(each):
            return True
    return False


class _Field:
    """A field that a text uses, with what is asked again for each recipient."""

    __slots__ = ("common", "is_free", "kind", "rule")

    def __init__(self, rule: FieldRule, common: frozenset[str]) -> None:
        self.rule = rule
        self.common = common
        self.kind = "attributes" if rule.is_attribute else "person"
        self.is_free = (
            rule.in_text
            and rule.regions is None
            and rule.bucket is None
            and rule.k == 1
        )

    def given_by(self, profile: Profile) -> str | None:
        known = profile.attributes if self.kind == "attributes" else profile.person
        return known.get(self.rule.name)

    def shown_to(self, profile: Profile) -> str | Fallback:
        value = self.given_by(profile)
        if profile.is_made_up and self.rule.in_text:
            missing = Fallback.UNFIT if value and value.strip() else Fallback.MISSING
            return presentable(self.rule, value) or missing
        return shown(self.rule, value, region=profile.region, common=self.common)


def _clean(text: str) -> str:
    """Drop what no mail may carry, and spell Markdown links out as text."""
    kept = text.replace("\r\n", "\n").replace(_PARTS, "")
    return _MARKDOWN_LINK.sub(r"\1: \2", kept).strip()
