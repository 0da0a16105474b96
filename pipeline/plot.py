"""The canary as a picture: what arrived and was clicked, and complaints to the limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from domain.views import Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE_INCHES: Final = (8.0, 4.0)
DPI: Final = 120
_TITLE: Final = 72  # characters that fit beside the age

# Paul Tol's bright scheme: told apart by colour-blind eyes; legends name them as well.
_BLUE: Final = "#22668c"
_GREEN: Final = "#117733"
_PURPLE: Final = "#7a2a73"
_RED: Final = "#b3202c"
_INK: Final = "#1d1c1d"
_MUTED: Final = "#565358"

# The newest count as a dot: alone, a line of one point could not be seen.
_NEWEST: Final[Mapping[str, Any]] = MappingProxyType(
    {"marker": "o", "markersize": 5, "markevery": [-1]}
)

_UNITS: Final = (
    (timedelta(minutes=3), 1.0, "seconds"),
    (timedelta(hours=3), 60.0, "minutes"),
    (timedelta(days=3), 3_600.0, "hours"),
    (timedelta.max, 86_400.0, "days"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the picture calls what it counts."""

    title: str
    reached: str
    left: str
    since: str

    @property
    def of_complaints(self) -> str:
        return f"Complaints and {self.left}"


MAILS: Final = Words(
    title="Mails",
    reached="delivered",
    left="unsubscribes",
    since="the first mail",
)
VISITORS: Final = Words(
    title="Visitors", reached="saw it", left="dismissals", since="the first visitor"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that happened at a moment, as "4 h pass" or "rolled back"."""

    at: datetime
    label: str


def canary_plot(
    points: Sequence[Point],
    *,
    breach_at: int | None,
    marks: Sequence[Mark] = (),
    title: str,
    age: str,
    words: Words = MAILS,
) -> bytes:
    """Draw the canary as PNG.

    Args:
        points: Cumulative counts in order of time.
        breach_at: The number of complaints that rolls back; None: no such number.
        age: How old the numbers are, in words.
        words: What is counted.
    """
    # Imported here: it takes half a second, and only this picture needs it.
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - heavy
    from matplotlib.figure import Figure  # noqa: PLC0415 - heavy

    figure = Figure(figsize=SIZE_INCHES, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(_plain(_short(title)), fontsize=13, color=_INK, x=0.01, ha="left")
    left, right = figure.subplots(1, 2)
    divisor, unit = _unit(points)
    xs = [(p.at - points[0].at).total_seconds() / divisor for p in points]
    _delivery(left, points, xs, words)
    _complaints(right, points, xs, breach_at, words)
    moments = [
        (max((mark.at - points[0].at).total_seconds() / divisor, 0.0), mark.label)
        for mark in (marks if points else ())
    ]
    # a mark may be later than the last event: off the axes it would squeeze them
    last = max([*xs, *(at for at, _ in moments)], default=0.0)
    for axes in (left, right):
        _finish(axes, f"{unit} since {words.since}", last=last)
    for at, label in moments:
        _mark(left, at, label)
        _mark(right, at, "")
    figure.text(0.995, 0.965, _plain(age), fontsize=9, color=_MUTED, ha="right")
    packed = BytesIO()
    figure.savefig(packed, format="png", facecolor="white", metadata={"Software": None})
    return packed.getvalue()


def _delivery(
    axes: Axes, points: Sequence[Point], xs: Sequence[float], words: Words
) -> None:
    axes.set_title(words.title, fontsize=11, loc="left", color=_INK)
    axes.step(
        xs,
        [p.delivered for p in points],
        where="post",
        color=_BLUE,
        label=words.reached,
        **_NEWEST,
    )
    axes.step(
        xs,
        [p.clicks for p in points],
        where="post",
        color=_GREEN,
        linestyle="--",
        label="clicks",
        **_NEWEST,
    )
    if not points:
        _nothing_yet(axes)
    _scale(axes, max((p.delivered for p in points), default=0))
    axes.legend(loc="upper left", frameon=True, framealpha=0.9, edgecolor="none")


def _complaints(
    axes: Axes,
    points: Sequence[Point],
    xs: Sequence[float],
    breach_at: int | None,
    words: Words,
) -> None:
    axes.set_title(words.of_complaints, fontsize=11, loc="left", color=_INK)
    axes.step(
        xs,
        [p.unsubscribes for p in points],
        where="post",
        color=_PURPLE,
        linestyle="--",
        label=words.left,
        **_NEWEST,
    )
    axes.step(
        xs,
        [p.complaints for p in points],
        where="post",
        color=_RED,
        linewidth=2.2,
        label="complaints",
        **_NEWEST,
    )
    top = max((max(p.complaints, p.unsubscribes) for p in points), default=0)
    if breach_at is not None:
        label = f"{breach_at} complaints roll back"
        axes.axhline(breach_at, color=_RED, linestyle=":", linewidth=1.6, label=label)
    if not points:
        _nothing_yet(axes)
    _scale(axes, max(top, breach_at or 0))
    axes.legend(loc="upper left", frameon=True, framealpha=0.9, edgecolor="none")


def _scale(axes: Axes, top: int) -> None:
    """From zero, whole numbers, and room above the lines for the legend."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - heavy

    axes.set_ylim(0, max(top, 3) * 1.45)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def _finish(axes: Axes, since: str, *, last: float) -> None:
    axes.set_xlabel(since, fontsize=10, color=_MUTED)
    axes.set_xlim(0, last * 1.05 or 1)
    axes.grid(visible=True, axis="y", color="#e4e2e5", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=10, colors=_INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _mark(axes: Axes, at: float, label: str) -> None:
    axes.axvline(at, color=_MUTED, linewidth=1.0, linestyle="-.")
    axes.annotate(
        _plain(label),
        (at, 0.03),
        xycoords=("data", "axes fraction"),
        xytext=(3, 0),
        textcoords="offset points",
        fontsize=9,
        color=_MUTED,
        rotation=90,
    )


def _nothing_yet(axes: Axes) -> None:
    axes.text(
        0.5,
        0.4,
        "No events yet",
        fontsize=11,
        color=_MUTED,
        ha="center",
        transform=axes.transAxes,
    )
    axes.set_xticks([0])


def _unit(points: Sequence[Point]) -> tuple[float, str]:
    span = points[-1].at - points[0].at if points else timedelta(0)
    return next((d, unit) for longest, d, unit in _UNITS if span <= longest)


def _short(title: str) -> str:
    return title if len(title) <= _TITLE else title[: _TITLE - 1] + "…"


def _plain(text: str) -> str:
    """A dollar sign would start a formula."""
    return text.replace("$", r"\$")
