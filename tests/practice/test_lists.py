from __future__ import annotations

import csv
from pathlib import Path

import pytest

from practice.esp.audience import provider_of, react
from practice.lists import COLUMNS, write_lists


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_lists(tmp_path_factory.mktemp("lists"))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_there_are_three_lists_by_the_names_people_use(lists: dict[str, Path]) -> None:
    sizes = {title: len(rows(path)) for title, path in lists.items()}
    assert sizes == {
        "a calm list": 30_000,
        "a list that complains": 30_000,
        "a small list": 300,
    }
    assert [path.name for path in lists.values()] == [
        "calm.csv",
        "stormy.csv",
        "small.csv",
    ]


def test_a_list_is_the_same_every_time(lists: dict[str, Path], tmp_path: Path) -> None:
    again = write_lists(tmp_path)
    for title, path in lists.items():
        assert path.read_bytes() == again[title].read_bytes()


def test_every_row_is_whole_and_its_address_unique(lists: dict[str, Path]) -> None:
    for path in lists.values():
        found = rows(path)
        assert tuple(found[0]) == COLUMNS
        assert len({row["email"] for row in found}) == len(found)
        assert all(all(row.values()) for row in found)
        refused = sum(row["consent"] == "false" for row in found)
        assert 0 < refused < 0.03 * len(found)


@pytest.mark.parametrize("title", ["a calm list", "a list that complains"])
def test_one_percent_of_a_list_has_225_who_can_report(
    lists: dict[str, Path], title: str
) -> None:
    hosts = [row["email"].split("@")[1] for row in rows(lists[title])]
    share = sum(provider_of(host).reports for host in hosts) / len(hosts)
    assert 300 * share > 235


def test_every_hundredth_of_the_stormy_list_complains_three_times(
    lists: dict[str, Path],
) -> None:
    found = rows(lists["a list that complains"])
    for start in range(100):
        canary = found[start::100]
        complaints = sum(
            event.kind == "spamreport"
            for row in canary
            for event in react(row["email"], 7)
        )
        assert complaints >= 3
