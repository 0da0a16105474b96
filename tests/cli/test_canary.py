"""`copydesk canary`: error tables for people and programs, and alarms from monitors."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.main import copydesk
from domain.errors import Refused
from pipeline.playbook_values import PlaybookRefused

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


def test_an_alarm_about_what_is_not_out_is_refused(
    tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from domain.errors import Unknown
    from pipeline.wiring import utc_now
    from storage.engine import Database
    from tests.factories import add_campaign

    shutil.copyfile(migrated_file, tmp_path / "copydesk.db")
    monkeypatch.setenv("COPYDESK_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COPYDESK_SECRET_KEY", "0123456789abcdef0123456789abcdef")
    base = Database(f"sqlite:///{tmp_path / 'copydesk.db'}", utc_now)
    with base.begin() as store:
        number = add_campaign(store).id
    base.close()

    def alarm(*args: str) -> Result:
        command = ["canary", "alarm", *args]
        return CliRunner().invoke(copydesk, command, catch_exceptions=False)

    with pytest.raises(Refused, match="is briefed; an alarm stops only a campaign"):
        alarm(str(number), "failed_probe")
    with pytest.raises(Unknown):
        alarm("99", "failed_probe")
    answer = alarm(str(number), "fire")
    assert answer.exit_code == 2
    assert "Invalid value for" in answer.output
