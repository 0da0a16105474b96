"""Merge tokens: checked before anyone reviews, filled in once per recipient."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from liquid import Environment, FalsyStrictUndefined
from liquid.ast import BlockNode, ConditionalBlockNode, Node
from liquid.builtin.expressions import (
    BooleanExpression,
    FilteredExpression,
    Path,
    StringLiteral,
)
from liquid.builtin.expressions.filtered import Filter
from liquid.builtin.expressions.logical import LogicalAndExpression
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.exceptions import LiquidError
from liquid.expression import Expression
from liquid.template import BoundTemplate

from domain.errors import Refused
from domain.lint import Finding, did_you_mean, mark
from domain.personalize import (
    ALLOWED_FILTERS,
    ALLOWED_TAGS,
    CODE,
    TOKENS,
    CannotRender,
    Footer,
    Profile,
    Rendered,
    TokenUse,
    usable,
)
from domain.variant import Copy
from pipeline.mail_html import Page

__all__ = [
    "Template",
    "TemplateBroken",
    "render",
    "token_findings",
    "tokens_used",
    "validate_tokens",
]

MAX_TEMPLATE: Final = 20_000
"""Longest text that is parsed at all, in characters; the length rule is stricter."""

MAX_CODES: Final = 200
"""Most merge tokens and tags in one text; the parser is slow on a heap of them."""

MAX_SUBJECT: Final = 200
"""Longest merged subject, in characters; the approved template is shorter."""

_TAG: Final = re.compile(r"\{%-?\s*([^\s%-]*)")
_TAG_PARTS: Final = ALLOWED_TAGS | {"elsif", "else", "endif", "endunless"}
_STRAY: Final = re.compile(r"\{\{|\}\}|\{%|%\}")
_PLACEHOLDER: Final = re.compile(
    r"""
    \[(?:your|first|last|full|recipient|company|customer|name|insert|link|sender|
       product|date|cta|url|brand)\b[^\]\n]{0,60}\](?!\()   # [Your Name]
    | \*\|[A-Z_:]+\|\*                                      # *|FNAME|*
    | %[A-Z][A-Z_]{2,30}%                                   # %FIRST_NAME%
    | <<[^<>\n]{1,40}>>
    | \$\{[^{}\n]{1,40}\}
    | (?<![{$])\{[A-Za-z][\w. ]{1,40}\}(?!\})               # {first_name}
    | \blorem\ ipsum\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_GREETING: Final = re.compile(
    r"^(?:hi|hello|hey|good (?:morning|afternoon|evening))\s+[,!.:]|^dear\s*[,!.:]",
    re.IGNORECASE | re.MULTILINE,
)
_OPENING: Final = 200
"""Where a greeting is looked for: the first characters of the body."""
_NOTHING_WORDS: Final = ("None", "nan", "null", "undefined")
_NOTHING: Final = re.compile(rf"\b(?:{'|'.join(_NOTHING_WORDS)})\b")
_MARKDOWN_LINK: Final = re.compile(
    r"(?<!!)\[([^\[\]\n]{1,120})\]\(([^()\s]{1,500}|\{\{ ?[\w.]+ ?\}\})\)"
)
_PARTS: Final = "\x1e"
# how the parser itself files plain text, {{ }} and everything it does not know
_PARSER_TAGS: Final = ("content", "output", "illegal")
_UNREADABLE: Final = (LiquidError, ValueError, RecursionError, OverflowError)


class TemplateBroken(Refused):
    """The text is not a template that can be read.

    Attributes:
        at: Index of the fault in the text, in code points; 0 when it is not known.
    """

    def __init__(self, reason: str, *, at: int = 0) -> None:
        self.at = at
        super().__init__(reason)


def _sending_environment() -> Environment:
    """Know only the allowed tags and filters, so that nothing else can ever run."""
    env = Environment(undefined=FalsyStrictUndefined, strict_filters=True)
    env.tags = {
        k: v for k, v in env.tags.items() if k in {*ALLOWED_TAGS, *_PARSER_TAGS}
    }
    env.filters = {k: v for k, v in env.filters.items() if k in ALLOWED_FILTERS}
    return env


# one that reads every tag, to say which are not allowed, and never renders
_READING: Final = Environment()
_SENDING: Final = _sending_environment()


def tokens_used(text: str) -> tuple[TokenUse, ...]:
    """List every place where a template reads a value.

    Raises:
        TemplateBroken: The Liquid cannot be parsed.
    """
    return tuple(_walk(_parse(_READING, text).nodes, frozenset()))


def _parse(env: Environment, text: str) -> BoundTemplate:
    if len(text) > MAX_TEMPLATE:
        raise TemplateBroken(f"The text is longer than {MAX_TEMPLATE} characters.")
    if text.count("{{") + text.count("{%") > MAX_CODES:
        raise TemplateBroken(
            f"The text has more than {MAX_CODES} merge tokens or tags."
        )
    try:
        return env.from_string(text)
    except _UNREADABLE as error:
        # the second line on is a drawing of the text
        reason = str(error.args[0] if error.args else error).splitlines()[0]
        place = getattr(getattr(error, "token", None), "start_index", 0)
        raise TemplateBroken(
            f"A merge token or tag is broken: {reason[:120]}.", at=max(place, 0)
        ) from None


def _walk(nodes: Iterable[Node], guards: frozenset[str]) -> Iterator[TokenUse]:
    """Visit output and the allowed tags; what other tags hold never renders."""
    for node in nodes:
        match node:
            case OutputNode():
                yield from _printed(node.expression, guards)
            case IfNode() | UnlessNode():
                yield from _walk_branches(node, guards)
            case ConditionalBlockNode():
                yield from _asked(node.expression)
                yield from _walk(node.block.nodes, guards | _guards(node.expression))
            case BlockNode():
                yield from _walk(node.nodes, guards)
            case _:
                pass


def _walk_branches(
    node: IfNode | UnlessNode, guards: frozenset[str]
) -> Iterator[TokenUse]:
    yield from _asked(node.condition)
    known = _guards(node.condition) if isinstance(node, IfNode) else frozenset()
    yield from _walk(node.consequence.nodes, guards | known)
    yield from _walk(node.alternatives, guards)
    if node.default is not None:
        yield from _walk(node.default.nodes, guards)


def _guards(condition: Expression) -> frozenset[str]:
    """Name the values a condition makes sure of: paths joined by `and`."""
    match condition:
        case BooleanExpression():
            return _guards(condition.expression)
        case LogicalAndExpression():
            return _guards(condition.left) | _guards(condition.right)
        case Path():
            return frozenset({str(condition)})
        case _:
            return frozenset()


def _asked(expression: Expression) -> Iterator[TokenUse]:
    """List the values a condition looks at without printing them."""
    if isinstance(expression, Path):
        yield _use(expression, printed=False)
        return
    for child in expression.children():
        yield from _asked(child)


def _printed(expression: Expression, guards: frozenset[str]) -> Iterator[TokenUse]:
    if not isinstance(expression, FilteredExpression):
        yield _use(expression)
        return
    filters = expression.filters or []
    yield _use(
        expression.left,
        fallback=_fallback(filters),
        filters=tuple(each.name for each in filters),
        guarded=str(expression.left) in guards,
    )
    for each in filters:
        for child in each.children():
            if isinstance(child, Path):
                yield _use(child, guarded=str(child) in guards)


def _fallback(filters: Sequence[Filter]) -> str | None:
    """Return the default's text when `default` comes first, where it works."""
    if not filters or filters[0].name != "default" or not filters[0].args:
        return None
    value = filters[0].args[0].value
    return value.value.strip() if isinstance(value, StringLiteral) else None


def _use(
    expression: Expression,
    *,
    fallback: str | None = None,
    filters: tuple[str, ...] = (),
    guarded: bool = False,
    printed: bool = True,
) -> TokenUse:
    written = str(expression)
    start = max(expression.token.start_index, 0)
    return TokenUse(
        path=written,
        start=start,
        end=start + len(written),
        fallback=fallback,
        filters=filters,
        guarded=guarded,
        printed=printed,
    )


def validate_tokens(subject: str, preheader: str, body: str) -> tuple[Finding, ...]:
    """Check all tokens of a mail; nothing found means it renders for everyone."""
    texts = {"subject": subject, "preheader": preheader, "body": body}
    return tuple(
        finding
        for field, text in texts.items()
        for finding in token_findings(field, text)
    )


def token_findings(field: str, text: str) -> Iterator[Finding]:
    """Check the tokens, tags and unfilled placeholders of one field."""
    yield from _placeholders(field, text)
    yield from _tags(field, text)
    try:
        uses = tokens_used(text)
    except TemplateBroken as broken:
        at = min(broken.at, len(text))
        end = min(len(text), at + 40)
        yield mark("token.syntax", field, text, (at, end), str(broken))
        return
    for use in uses:
        yield from _use_findings(field, text, use)


def _use_findings(field: str, text: str, use: TokenUse) -> Iterator[Finding]:
    start, end = _braces(text, use.start, use.end)
    token = TOKENS.get(use.path)
    if token is None:
        near = did_you_mean(use.path, TOKENS)
        shown = use.path[:60]
        message = f"There is no merge token {shown}.{near}"
        yield mark("token.unknown", field, text, (start, end), message)
    for name in use.filters:
        if name not in ALLOWED_FILTERS:
            allowed = ", ".join(sorted(ALLOWED_FILTERS))
            message = f"The filter {name} is not allowed; use {allowed}."
            yield mark("token.filter_not_allowed", field, text, (start, end), message)
    if token and token.needs_fallback and _is_bare(use):
        message = (
            f"{use.path} may be empty: write "
            f"{{{{ {use.path} | default: '...' }}}} with default first."
        )
        yield mark("token.fallback_missing", field, text, (start, end), message)


def _is_bare(use: TokenUse) -> bool:
    return use.printed and not use.guarded and not use.fallback


def _tags(field: str, text: str) -> Iterator[Finding]:
    for tag in _TAG.finditer(text):
        if tag[1] not in _TAG_PARTS:
            span = _braces(text, *tag.span())
            name = tag[1][:40] or "(none)"
            message = f"The tag {name} is not allowed; use if or unless."
            yield mark("token.tag_not_allowed", field, text, span, message)


def _placeholders(field: str, text: str) -> Iterator[Finding]:
    prose = CODE.sub(lambda code: " " * len(code[0]), text)
    for stray in _STRAY.finditer(prose):
        yield mark("token.syntax", field, text, stray.span(), "A brace is left over.")
    for found in _PLACEHOLDER.finditer(prose):
        message = f"{found[0][:60]!r} was never filled in."
        yield mark("token.placeholder", field, text, found.span(), message)


def _braces(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a path's span to the braces around it."""
    opened = max(text.rfind("{{", 0, start + 2), text.rfind("{%", 0, start + 2))
    closed = [at for at in (text.find("}}", start), text.find("%}", start)) if at >= 0]
    first = opened if opened >= 0 else min(start, len(text))
    last = min(closed) + 2 if closed else min(max(end, first), len(text))
    return first, max(first, last)


class Template:
    """A revision compiled once and merged many times.

    Raises:
        TemplateBroken: The text is not a readable template, or uses a tag or filter
            that is not allowed.
        CannotRender: The footer has no postal address.
    """

    __slots__ = (
        "_compiled",
        "_greets",
        "_names_nothing",
        "_page",
        "_person",
        "_sender",
    )

    def __init__(
        self, text: Copy, footer: Footer, *, cta_label: str = "Find out more"
    ) -> None:
        if not footer.postal_address.strip():
            raise CannotRender("The footer has no postal address.")
        parts = [_clean(each) for each in (text.subject, text.preheader, text.body)]
        uses: list[TokenUse] = []
        for part in parts:
            # each alone, so that no tag opens in one field and closes in another
            _parse(_SENDING, part)
            uses.extend(tokens_used(part))
        source = _PARTS.join(parts)
        self._compiled = _parse(_SENDING, source)
        self._person = tuple(
            {
                u.path.removeprefix("person.")
                for u in uses
                if u.path.startswith("person.")
            }
        )
        self._sender = {
            "name": footer.sender_name,
            "company": footer.company,
            "postal_address": footer.postal_address,
        }
        # what the approved text itself says is not a merge fault
        self._greets = _GREETING.search(parts[2], 0, _OPENING) is not None
        self._names_nothing = _NOTHING.search(source) is not None
        self._page = Page(parts[2], footer, cta_label=cta_label)

    def render(self, profile: Profile) -> Rendered:
        """Merge one recipient.

        Raises:
            CannotRender: The mail would come out wrong; the reason holds no data.
        """
        subject, preheader, body = self._merge(profile)
        self._check(subject, preheader, body)
        text, html = self._page.parts(subject, preheader, body, profile)
        return Rendered(subject=subject, preheader=preheader, text=text, html=html)

    def _merge(self, profile: Profile) -> tuple[str, str, str]:
        given = profile.person
        person = {}
        for name in self._person:
            value = usable(given.get(name))
            if value is not None:
                person[name] = value
        links = {"cta": profile.cta_url, "unsubscribe": profile.unsubscribe_url}
        try:
            merged = self._compiled.render(
                person=person, links=links, sender=self._sender
            )
        except LiquidError:
            # the engine's error quotes the mail, so it must not travel along
            raise CannotRender(
                "A merge token without fallback has no value for this recipient."
            ) from None
        parts = merged.split(_PARTS)
        if len(parts) != len(("subject", "preheader", "body")):
            raise CannotRender("The merged mail does not have its three parts.")
        return parts[0].strip(), parts[1].strip(), parts[2].strip()

    def _check(self, subject: str, preheader: str, body: str) -> None:
        merged = f"{subject}\n{preheader}\n{body}"
        if "{{" in merged or "{%" in merged or "}}" in merged:
            raise CannotRender("A merge token was left unresolved.")
        if not subject or not body:
            raise CannotRender("The merged subject or body is empty.")
        if len(subject) > MAX_SUBJECT or len(body) > MAX_TEMPLATE:
            raise CannotRender("The merged subject or body is too long.")
        if "\n" in subject or "\n" in preheader:
            raise CannotRender("The merged subject or preheader holds a line break.")
        if not self._greets and _GREETING.search(body, 0, _OPENING):
            raise CannotRender("The greeting has no name.")
        if self._prints_nothing(merged):
            raise CannotRender("A missing value was printed as a word.")

    def _prints_nothing(self, merged: str) -> bool:
        if self._names_nothing:
            return False
        # plain searches first: a million mails pay for this line
        if not any(word in merged for word in _NOTHING_WORDS):
            return False
        return _NOTHING.search(merged) is not None


def render(text: Copy, profile: Profile, footer: Footer) -> Rendered:
    """Merge a single mail; for many of one revision, keep a `Template`."""
    return Template(text, footer).render(profile)


def _clean(text: str) -> str:
    """Drop what no mail may carry, and spell Markdown links out as text."""
    kept = text.replace("\r\n", "\n").replace(_PARTS, "")
    return _MARKDOWN_LINK.sub(r"\1: \2", kept).strip()
