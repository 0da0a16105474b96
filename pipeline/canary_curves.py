"""The judge's error rates as a picture: how often each cohort is stopped at which rate."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Final

from pipeline.canary_simulation import LadderRow, Row

SIZE_INCHES: Final = (8.0, 4.2)
DPI: Final = 120

# Paul Tol's bright scheme: told apart by colour-blind eyes; markers and names as well.
_COLOURS: Final = ("#22668c", "#117733", "#7a2a73", "#b3202c")
_MARKERS: Final = ("o", "s", "^", "D")
_INK: Final = "#1d1c1d"


def curves(rows: Sequence[Row]) -> bytes:
    """Draw the share that is rolled back, and below it held too, as PNG."""
    # Imported here: it takes half a second, and only this picture needs it.
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - heavy
    from matplotlib.figure import Figure  # noqa: PLC0415 - heavy

    figure = Figure(figsize=SIZE_INCHES, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, sharey=True)
    left.set_title("Rolled back", fontsize=11, loc="left", color=_INK)
    right.set_title("Rolled back or held", fontsize=11, loc="left", color=_INK)
    for place, (name, line) in enumerate(_lines(rows).items()):
        style = {
            "color": _COLOURS[place % len(_COLOURS)],
            "marker": _MARKERS[place % len(_MARKERS)],
            "linestyle": "--" if isinstance(line[0], LadderRow) else "-",
            "markersize": 5,
        }
        xs = [100 * row.true_rate for row in line]
        left.plot(xs, [100 * row.rolled_back for row in line], label=name, **style)
        stopped = [100 * (row.rolled_back + row.held) for row in line]
        right.plot(xs, stopped, label=name, **style)
    ticks = sorted({100 * row.true_rate for row in rows})
    for axes in (left, right):
        axes.set_xscale("log")
        axes.minorticks_off()
        axes.set_xticks(ticks, [f"{each:g}" for each in ticks], fontsize=9)
        axes.set_xlabel("true complaint rate, %", fontsize=10, color=_INK)
        axes.set_ylim(-2, 102)
        axes.grid(visible=True, color="#e4e2e5", linewidth=0.8)
        axes.spines[["top", "right"]].set_visible(False)
    left.set_ylabel("% of runs", fontsize=10, color=_INK)
    right.legend(loc="lower right", fontsize=9, frameon=True, edgecolor="none")
    packed = BytesIO()
    figure.savefig(packed, format="png", facecolor="white", metadata={"Software": None})
    return packed.getvalue()


def _lines(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        kind = "list of" if isinstance(row, LadderRow) else "cohort of"
        found.setdefault(f"{kind} {row.cohort:,}", []).append(row)
    return found
