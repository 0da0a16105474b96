"""`copydesk metrics`: the same numbers in a shell, for people and for programs."""

from __future__ import annotations

import json

from click.testing import CliRunner, Result

from cli.main import copydesk
from cli.metrics import as_json, in_words
from domain.rejection import RejectReason
from storage.engine import Database
from tests.blocks.test_stage_metrics import DESK
from tests.factories import (
    add_campaign,
    decide,
    open_request,
    open_review,
    write_all,
)


def told(*args: str) -> Result:
    return CliRunner().invoke(copydesk, ["metrics", *args], catch_exceptions=False)


def rejected(database: Database) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        variant, *_ = write_all(store, campaign, "A")
        open_review(store, campaign, [variant])
        code = RejectReason.LEGAL
        request = open_request(store, variant)
        decide(store, request, is_approval=False, code=code, reason="Secret words.")


def test_a_desk_without_decisions_says_so(database: Database) -> None:
    answer = told()
    assert answer.exit_code == 0, answer.output
    assert answer.output.startswith("Review, the last 7 days\nNothing was asked")
    assert "no decision yet" in answer.output
    assert "nights and weekends included" in answer.output
    del database


def test_rejections_are_counted_by_code_and_not_quoted(database: Database) -> None:
    rejected(database)
    answer = told("--days", "30")
    assert answer.output.startswith("Review, the last 30 days\n")
    assert "  Copy, 1 rejected: 1 legal or compliance\n" in answer.output
    assert "Secret words" not in answer.output


def test_json_holds_plain_numbers(database: Database) -> None:
    rejected(database)
    found = json.loads(told("--json").output)
    (copy,) = (each for each in found["stages"] if each["stage"] == "copy")
    assert (found["days"], found["times"]) == (7, "wall clock")
    assert (copy["rejected"], copy["rejected_for"]) == (1, {"legal": 1})
    assert (copy["decided"], copy["median_s"]) == (1, 0.0)
    assert (copy["sla_kept"], copy["sla_kept_of"]) == (1, 1)


def test_days_out_of_range_are_refused_by_the_shell() -> None:
    for days in ("0", "91", "week"):
        answer = told("--days", days)
        assert answer.exit_code == 2
        assert "Invalid value for '--days'" in answer.output


def test_a_table_is_aligned_and_has_no_trailing_spaces() -> None:
    shown = in_words(DESK).splitlines()
    table = shown[3 : shown.index("Why texts were rejected") - 1]
    at = table[0].index("Deliverability")
    found = {line[:at].split("  ")[0]: line[at:].split("  ")[0] for line in table}
    assert (found["Asked"], found["Decided"], found["Rejected"]) == (
        "21",
        "21 of 21",
        "1 of 21",
    )
    assert all(line == line.rstrip() for line in shown)


def test_json_says_nothing_of_a_time_where_nobody_decided() -> None:
    stages = {each["stage"]: each for each in as_json(DESK)["stages"]}
    assert (stages["legal"]["median_s"], stages["copy"]["median_s"]) == (None, 7_800.0)
    assert stages["copy"]["rejected_for"]["uncoded"] == 1
