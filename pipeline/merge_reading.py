"""What a template says: which values it reads, under which conditions, with what fallback."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from liquid import Environment, FalsyStrictUndefined
from liquid.ast import BlockNode, ConditionalBlockNode, Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import (
    BooleanExpression,
    FilteredExpression,
    Path,
    StringLiteral,
)
from liquid.builtin.expressions.filtered import Filter
from liquid.builtin.expressions.logical import (
    LogicalAndExpression,
    LogicalNotExpression,
    LogicalOrExpression,
)
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.exceptions import LiquidError
from liquid.expression import Expression
from liquid.template import BoundTemplate

from domain.errors import Refused
from domain.personalize import ALLOWED_FILTERS, ALLOWED_TAGS, TokenUse

MAX_TEMPLATE: Final = 20_000
"""Longest text that is parsed at all, in characters; the length rule is stricter."""

MAX_CODES: Final = 200
"""Most merge tokens and tags in one text; the parser is slow on a heap of them."""

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


def compiled(text: str) -> BoundTemplate:
    """Compile for sending, where no other tag or filter is known.

    Raises:
        TemplateBroken: The Liquid cannot be parsed, or uses what is not allowed.
    """
    return _parse(_SENDING, text)


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


def varies_by_presence(nodes: Iterable[Node]) -> bool:
    """Whether two recipients who have the same values, not the same ones, read alike.

    But for the values themselves: nothing compares one, and nothing changes its letters.
    """
    return all(map(_is_by_presence, nodes))


def _is_by_presence(node: Node) -> bool:
    match node:
        case ContentNode():
            return True
        case OutputNode():
            return _prints_as_it_is(node.expression)
        case IfNode() | UnlessNode():
            kept = [node.consequence, *node.alternatives]
            return (
                _asks_for_presence(node.condition)
                and varies_by_presence(kept)
                and (node.default is None or varies_by_presence(node.default.nodes))
            )
        case ConditionalBlockNode():
            return _asks_for_presence(node.expression) and varies_by_presence(
                node.block.nodes
            )
        case BlockNode():
            return varies_by_presence(node.nodes)
        case _:
            return False


_KEEPING_FILTERS: Final = frozenset({"default", "strip"})
"""Filters that change no letter of a value that may be merged."""


def _prints_as_it_is(expression: Expression) -> bool:
    if not isinstance(expression, FilteredExpression):
        return False
    filters = expression.filters or []
    arguments = [arg.value for each in filters for arg in each.args]
    return all(each.name in _KEEPING_FILTERS for each in filters) and all(
        isinstance(each, Path | StringLiteral) for each in (expression.left, *arguments)
    )


def _asks_for_presence(condition: Expression) -> bool:
    match condition:
        case BooleanExpression():
            return _asks_for_presence(condition.expression)
        case LogicalAndExpression() | LogicalOrExpression():
            return _asks_for_presence(condition.left) and _asks_for_presence(
                condition.right
            )
        case LogicalNotExpression():
            return _asks_for_presence(condition.right)
        case Path():
            return True
        case _:
            return False
