"""`copydesk canary`: error tables for people and programs, and alarms from monitors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.canary_tables import arms_as_json, arms_in_words
from cli.main import copydesk
from domain.arms import SeenArm, seen_arms_result
from domain.campaign import State
from domain.canary import CanaryPolicy
from domain.errors import Refused, Unknown
from pipeline.playbook_values import PlaybookRefused
from pipeline.wall_clock import utc_now
from storage.engine import Database
from tests.factories import add_campaign
from tests.sent_arms import happened, sent_arms

SHIPPED = Path(__file__).resolve().parents[2] / "playbook" / "canary.yaml"
KEYS = {"cohort", "true_rate", "rolled_back", "median_minute", "held"}


def simulated(*args: str) -> Result:
    command = ["canary", "simulate", "--config", str(SHIPPED), *args]
    return CliRunner().invoke(copydesk, command, catch_exceptions=False)


def rows(*args: str) -> list[dict[str, Any]]:
    answer = simulated("--json", "--runs", "300", *args)
    assert answer.exit_code == 0, answer.output
    found: list[dict[str, Any]] = json.loads(answer.stdout)
    return found


def test_json_holds_a_row_per_cohort_and_rate_and_the_ladder() -> None:
    found = rows()
    assert [row["cohort"] for row in found] == (
        [500] * 5 + [2_000] * 5 + [10_000] * 5 + [50_000] * 6
    )
    assert all(set(row) >= KEYS for row in found)
    assert all(set(row) == KEYS for row in found[:15])
    assert found[4]["true_rate"] == 0.01
    assert found[4]["rolled_back"] == pytest.approx(0.83, abs=0.09)
    assert found[10]["median_minute"] is None
    assert found[-1]["steps"] == [500, 5_000, 50_000]


def test_the_same_seed_prints_the_same_and_another_does_not() -> None:
    assert rows("--seed", "4") == rows("--seed", "4")
    assert rows("--seed", "4") != rows("--seed", "5")


def test_a_list_shows_its_own_canary_and_ladder() -> None:
    found = rows("--list", "100000")
    assert [row["cohort"] for row in found] == [1_000] * 5 + [100_000] * 6


def test_mostly_mute_recipients_make_a_canary_blind() -> None:
    (first, *_) = rows("--list", "50000", "--heard", "0.4")
    assert first["held"] > 0.99


def test_a_table_says_its_limits_and_progress_is_not_in_it() -> None:
    answer = simulated("--runs", "200", "--sending", "drip")
    assert answer.stdout.startswith("200 runs a row, seed 1; sent as a drip;")
    assert "One cohort, judged once\ncohort  true rate  rolled back" in answer.stdout
    assert "A list of 50,000 in steps up to 500, 5,000, 50,000" in answer.stdout
    assert "Simulating" not in answer.stdout
    assert "Simulating" in answer.stderr
    assert all(line == line.rstrip() for line in answer.stdout.splitlines())


def test_a_plot_is_written(tmp_path: Path) -> None:
    target = tmp_path / "curves.png"
    assert simulated("--runs", "50", "--plot", str(target)).exit_code == 0
    assert target.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("curves.svg", "--plot is curves.svg; a file that ends in .png is allowed."),
        ("none/curves.png", "curves.png cannot be written: No such file or directory."),
    ],
)
def test_a_plot_that_cannot_be_is_refused(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(Refused) as caught:
        simulated("--runs", "50", "--plot", str(tmp_path / name))
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--runs", "0"), "Invalid value for '--runs'"),
        (("--list", "0"), "Invalid value for '--list'"),
        (("--heard", "0"), "Invalid value for '--heard'"),
        (("--heard", "1.5"), "Invalid value for '--heard'"),
        (("--seed", "-1"), "Invalid value for '--seed'"),
        (("--sending", "slow"), "Invalid value for '--sending'"),
    ],
)
def test_numbers_out_of_range_are_refused_by_the_shell(
    args: tuple[str, ...], said: str
) -> None:
    answer = simulated(*args)
    assert answer.exit_code == 2
    assert said in answer.output


def test_a_config_that_says_something_else_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "canary.yaml"
    for text, said in (
        ("window: [", "canary.yaml is not readable YAML."),
        ("windows: 4 h", "Did you mean 'window'?"),
    ):
        config.write_text(text, encoding="utf-8")
        with pytest.raises(PlaybookRefused) as caught:
            simulated("--config", str(config))
        assert said in str(caught.value)
    with pytest.raises(PlaybookRefused, match=r"The playbook has no gone\.yaml"):
        simulated("--config", str(tmp_path / "gone.yaml"))


def told(*args: str) -> Result:
    return CliRunner().invoke(copydesk, ["canary", *args], catch_exceptions=False)


def test_an_alarm_about_what_is_not_out_is_refused(database: Database) -> None:
    with database.begin() as store:
        number = add_campaign(store).id
    with pytest.raises(Refused, match="is briefed; an alarm stops only a campaign"):
        told("alarm", str(number), "failed_probe")
    with pytest.raises(Unknown):
        told("alarm", "99", "failed_probe")
    answer = told("alarm", str(number), "fire")
    assert answer.exit_code == 2
    assert "Invalid value for" in answer.output


def test_an_alarm_stops_what_is_out(database: Database) -> None:
    with database.begin() as store:
        campaign, _ = sent_arms(store, per_arm=5, state=State.CANARY)
    answer = told("alarm", str(campaign.id), "failed_probe", "--said", "404")
    assert answer.output == (
        f"Campaign #{campaign.id}: Rolled back at once, whatever the rate: a probe of"
        ' the mail failed ("404"), at 0 complaints of 10.\n'
    )
    with database.begin() as store:
        assert store.campaigns.get(campaign.id).state is State.ROLLED_BACK


def test_arms_are_compared_in_words_and_for_programs(database: Database) -> None:
    with database.begin() as store:
        campaign, ids = sent_arms(store)
        for arm in "AB":
            happened(store, campaign, ids[arm], "delivered", at=store.now)
    answer = told("arms", str(campaign.id))
    assert answer.output.startswith("Cannot tell: ")
    assert "arm  delivered  clicked by people  by machines alone\n" in answer.output
    found = json.loads(told("arms", str(campaign.id), "--json").output)
    assert (found["winner"], found["is_split_fair"]) == (None, True)
    assert [arm["delivered"] for arm in found["arms"]] == [300, 300]
    assert found["times_as_often"]["high"] is None


def test_the_arms_of_a_slot_are_told_without_machines() -> None:
    seen = [SeenArm(label=label, visitors=400) for label in "AB"]
    found = seen_arms_result(
        seen, [], last_seen=None, now=utc_now(), policy=CanaryPolicy()
    )
    said = arms_in_words(found)
    assert "arm  seen by  clicked by people\n" in said
    assert "machines" not in said
    assert arms_as_json(found)["arms"][0]["machine_only"] is None


def test_arms_that_cannot_be_compared_are_refused(database: Database) -> None:
    with database.begin() as store:
        number = add_campaign(store).id
    with pytest.raises(Refused, match=f"#{number} has no arms to compare"):
        told("arms", str(number))
    with pytest.raises(Unknown):
        told("arms", "99")
