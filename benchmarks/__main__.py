"""Measure, print a table, and keep it: `python -m benchmarks [ROW ...]`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from importlib import import_module
from typing import Final

from benchmarks import result
from benchmarks.result import CannotMeasure, Result

ROWS: Final = {
    "ack-latency": "benchmarks.ack:ack_latency",
    "ack-with-rival": "benchmarks.ack:ack_with_rival",
    "webhook-ingest": "benchmarks.ingest:webhook_ingest",
    "breach-to-gate": "benchmarks.gate:breach_to_gate",
    "breach-to-esp": "benchmarks.stack:breach_to_esp",
    "click-to-card": "benchmarks.running:click_to_card",
    "start-up": "benchmarks.running:start_up",
    "content": "benchmarks.content:content",
    "counters": "benchmarks.counters:counters",
    "home": "benchmarks.home:home",
    "import": "benchmarks.imports:import_list",
    "lint": "benchmarks.words:lint_tier_one",
    "merge": "benchmarks.words:merge_rate",
    "million": "benchmarks.million:million",
}
"""Name on the command line to the function that measures it."""


Row = Callable[[], Coroutine[None, None, list[Result]]]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the rows; the exit code is 1 only when a row could not be measured."""
    given = _parser().parse_args(argv)
    names = given.rows or list(ROWS)
    found: list[Result] = []
    failed = 0
    for name in names:
        began = time.monotonic()
        try:
            rows: list[Result] = asyncio.run(_row(name)())
        except CannotMeasure as error:
            failed += 1
            print(f"{name}: could not be measured. {error}", file=sys.stderr)
            continue
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        found.extend(rows)
    print(result.table(found))
    if not given.rows:
        result.write(found)
    elif given.write:
        result.write(result.replaced(result.read(), found))
    return 1 if failed else 0


def _row(name: str) -> Row:
    module, _, function = ROWS[name].partition(":")
    row: Row = getattr(import_module(module), function)
    return row


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "rows", nargs="*", choices=[[], *ROWS], metavar="ROW", help=", ".join(ROWS)
    )
    parser.add_argument(
        "--write", action="store_true", help="keep these rows in latest.json too"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
