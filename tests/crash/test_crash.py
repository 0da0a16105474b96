"""kill -9 between intent, call and result, in real processes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline.failpoint import NAMES
from tests.crash.__main__ import crash, rows, table
from tests.crash.verdict import DeskFound, Found


def troubles(found: Sequence[Found], desks: Sequence[DeskFound]) -> list[str]:
    said = [sentence for desk in desks for sentence in desk.broken]
    for each in found:
        said += [f"{each.run.case.title}: {sentence}" for sentence in each.lost]
        if each.twice:
            said.append(f"{each.run.case.title}: {each.twice} mailed twice")
        if not each.is_hit:
            said.append(f"{each.run.case.title}: not hit")
    return said


@pytest.mark.timeout(400)
def test_a_kill_before_the_result_is_kept_loses_nothing_and_mails_nobody_twice(
    tmp_path: Path,
) -> None:
    points = ("web.after_commit", "schedule.after_batch", "send.after_call")
    found, desks = crash(points, 1, lanes=1, folder=tmp_path)
    assert troubles(found, desks) == []
    assert len(found) == len(points)


@pytest.mark.crash
@pytest.mark.timeout(3600)
def test_no_failpoint_loses_anything_or_mails_anybody_twice(tmp_path: Path) -> None:
    found, desks = crash(NAMES, 4, lanes=3, folder=tmp_path)
    assert troubles(found, desks) == [], table(rows(found))
    assert len(found) == 4 * len(NAMES)
