"""`python -m tests.crash --runs 20`: kill -9 at every failpoint, and count what is lost."""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final

from pipeline.failpoint import NAMES
from tests.crash.play import Case, Player, Run, cases
from tests.crash.stack import stack
from tests.crash.verdict import (
    DeskFound,
    Found,
    desk_verdict,
    drain,
    middle,
    verdicts,
)

LANES: Final = 3
"""Desks side by side: most of a run is waiting."""


def crash(
    points: Sequence[str], runs: int, *, lanes: int, folder: Path
) -> tuple[list[Found], list[DeskFound]]:
    """Play every failpoint `runs` times on `lanes` desks, and judge each run."""
    waiting: SimpleQueue[Case] = SimpleQueue()
    for case in cases(tuple(points), runs):
        waiting.put(case)
    with ThreadPoolExecutor(max_workers=lanes) as pool:
        jobs = [
            pool.submit(_lane, folder / f"desk{number}", waiting)
            for number in range(lanes)
        ]
        # after Ctrl-C the desks end the run they are in, and what was played counts
        with contextlib.suppress(KeyboardInterrupt):
            wait(jobs, return_when=FIRST_EXCEPTION)
        _empty(waiting)
    judged = [job.result() for job in jobs]
    found = [each for mine, _desk in judged for each in mine]
    return found, [desk for _mine, desk in judged]


def _empty(waiting: SimpleQueue[Case]) -> None:
    with contextlib.suppress(Empty):
        while True:
            waiting.get_nowait()


def _lane(folder: Path, waiting: SimpleQueue[Case]) -> tuple[list[Found], DeskFound]:
    with stack(folder) as desk:
        player = Player(desk)
        played: list[Run] = []
        while True:
            try:
                case = waiting.get_nowait()
            except Empty:
                break
            began = time.monotonic()
            played.append(player.play(case))
            _say(played[-1], time.monotonic() - began)
        drain(desk)
        return verdicts(desk, played), desk_verdict(desk)


def _say(run: Run, seconds: float) -> None:
    kind = "whole worker" if run.case.whole else "one process"
    end = run.problem or ("not hit" if run.killed_at is None else "ended")
    sys.stderr.write(
        f"{run.case.title} at {run.case.moment}, {kind}: {end} ({seconds:.1f} s)\n"
    )


def rows(found: Sequence[Found]) -> list[dict[str, Any]]:
    """One row per failpoint, in the order of the protocol."""
    made = []
    for point in NAMES:
        mine = [each for each in found if each.run.case.point == point]
        if not mine:
            continue
        seconds = [each.recovery_s for each in mine if each.recovery_s is not None]
        made.append(
            {
                "failpoint": point,
                "runs": len(mine),
                "hit": sum(each.is_hit for each in mine),
                "lost": sum(len(each.lost) for each in mine),
                "mailed_twice": sum(each.twice for each in mine),
                "duplicate_cards": sum(each.duplicates for each in mine),
                "recover_median_s": round(middle(seconds), 1),
                "recover_max_s": round(max(seconds, default=0.0), 1),
            }
        )
    return made


def table(made: Sequence[dict[str, Any]]) -> str:
    head = ("failpoint", "runs", "hit", "lost", "twice", "cards", "median", "max")
    lines = ["{:<22}{:>6}{:>6}{:>6}{:>7}{:>7}{:>9}{:>8}".format(*head)]
    lines += [
        f"{row['failpoint']:<22}{row['runs']:>6}{row['hit']:>6}{row['lost']:>6}"
        f"{row['mailed_twice']:>7}{row['duplicate_cards']:>7}"
        f"{row['recover_median_s']:>7} s{row['recover_max_s']:>6} s"
        for row in made
    ]
    return "\n".join(lines)


def main() -> int:
    flags = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    flags.add_argument("--runs", type=int, default=20, help="kills per failpoint")
    flags.add_argument("--only", action="append", choices=NAMES, help="a failpoint")
    flags.add_argument("--lanes", type=int, default=LANES, help="desks side by side")
    flags.add_argument("--json", type=Path, help="also write the rows here")
    flags.add_argument("--keep", type=Path, help="keep databases and logs here")
    given = flags.parse_args()
    points = tuple(given.only or NAMES)
    folder = given.keep or Path(tempfile.mkdtemp(prefix="copydesk-crash-"))
    lanes = min(given.lanes, given.runs * len(points))
    began = time.monotonic()
    found, desks = crash(points, given.runs, lanes=lanes, folder=folder)
    return _report(found, desks, given.json, time.monotonic() - began) or _tidy(
        folder, is_kept=given.keep is not None
    )


def _report(
    found: Sequence[Found],
    desks: Sequence[DeskFound],
    written_to: Path | None,
    seconds: float,
) -> int:
    made = rows(found)
    if written_to is not None:
        written_to.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    broken = [sentence for desk in desks for sentence in desk.broken]
    good = sum(each.is_good for each in found)
    lines = [
        table(made),
        "cards: Slack messages posted twice, which Slack offers no key against.",
        f"Model calls paid twice: {sum(desk.paid_twice for desk in desks)}.",
        f"Took {seconds:.0f} s.",
        *(sentence for each in found for sentence in _troubles(each)),
        *broken,
        f"{good} passed, {len(found) - good + len(broken)} failed",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if broken or good < len(found) else 0


def _troubles(found: Found) -> Iterator[str]:
    title = found.run.case.title
    yield from (f"{title}: {sentence}" for sentence in found.lost)
    if found.twice:
        yield f"{title}: {found.twice} recipients were mailed twice."
    if not found.is_hit:
        yield f"{title}: the failpoint was not hit."


def _tidy(folder: Path, *, is_kept: bool) -> int:
    if not is_kept:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
