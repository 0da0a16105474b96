from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from benchmarks.__main__ import ROWS
from benchmarks.numbers import percentile
from benchmarks.result import LATEST, Result, read, replaced, result_of, table, write

ROW = Result(
    name="ack, p99",
    value=12.5,
    unit="ms",
    reference="bare handler: 10 ms",
    ratio=1.25,
    target="under 100 ms",
    holds=True,
)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "results" / "latest.json"
    write([ROW], path)
    assert read(path) == [ROW]


def test_no_run_yet_means_no_results(tmp_path: Path) -> None:
    assert read(tmp_path / "latest.json") == []


def test_a_row_with_other_keys_is_refused() -> None:
    with pytest.raises(ValueError, match="A row has the keys"):
        result_of({**asdict(ROW), "p99": 1})


def test_the_kept_run_holds_the_schema_and_each_name_once() -> None:
    found = read(LATEST)
    assert len({result.name for result in found}) == len(found) > 0
    for result in found:
        assert isinstance(result.value, int | float)
        assert isinstance(result.holds, bool)
        assert result.ratio is None or isinstance(result.ratio, int | float)
        assert result.unit
        assert result.target


def test_a_row_measured_again_takes_the_place_of_the_old_one() -> None:
    other = replace(ROW, name="other")
    again = replace(ROW, value=9.0)
    assert replaced([ROW, other], [again]) == [again, other]


def test_the_table_says_no_loudly() -> None:
    header, line = table([replace(ROW, holds=False)]).splitlines()
    assert header.split()[0] == "what"
    assert line.endswith("NO")


def test_a_percentile_is_a_sample_that_was_seen() -> None:
    samples = [float(n) for n in range(1, 101)]
    assert percentile(samples, 0.99) == 99.0
    assert percentile(samples, 0.5) == 50.0
    assert percentile([7.0], 0.99) == 7.0


def test_every_row_names_a_function_in_a_module_of_its_own() -> None:
    assert all(target.startswith("benchmarks.") for target in ROWS.values())
