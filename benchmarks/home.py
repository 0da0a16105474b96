"""A row about Home: the same time with ten thousand open campaigns as with a hundred."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import sqlalchemy as sa

from benchmarks.campaigns import COPY, COPY_EDITOR, MARKETER, add_audience
from benchmarks.desk import Folder, make_folder
from benchmarks.numbers import median, percentile
from benchmarks.result import CannotMeasure, Result
from blocks import home_tab
from domain.campaign import State
from domain.lint import Severity
from domain.variant import VariantState
from domain.views import Facts, HomeView
from storage import queries, tables
from storage.reader import Reader
from storage.store import Store

_FEW: Final = 100
_MANY: Final = 10_000
_ROUNDS: Final = 60
_VARIANTS: Final = 3
_STATES: Final = (
    *(State.STAGED_REVIEW,) * 14,
    State.BRIEFED,
    State.LINTED,
    State.SCHEDULED,
    State.CANARY,
    State.EXPANDING,
    State.HELD,
)
"""What twenty open campaigns are at; most wait for people."""

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    reader: Reader
    facts: Facts
    now: datetime


async def home() -> list[Result]:
    """Read and draw a copy editor's Home on both desks, in turn."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        desks = []
        for count in (_FEW, _MANY):
            desk = await asyncio.to_thread(_made, folder / str(count), count)
            stack.push_async_callback(desk.reader.close)
            desks.append(desk)
        few, many = await _measured(*desks)
    return [_result(few, many)]


def _made(path: Path, count: int) -> Desk:
    folder = make_folder(path)
    _fill(folder, count)
    with folder.deps() as deps:
        facts, now = deps.playbook.view_facts, deps.clock()
        reader = Reader(deps.settings.database_address)
    return Desk(reader=reader, facts=facts, now=now)


async def _measured(few: Desk, many: Desk) -> tuple[list[float], list[float]]:
    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(_ROUNDS + 5):
        for desk, found in zip((few, many), seconds, strict=True):
            began = time.perf_counter()
            view = await desk.reader.run(
                queries.home, COPY_EDITOR, desk.facts, now=desk.now
            )
            home_tab.render(view, now=desk.now).to_dict()
            took = time.perf_counter() - began
            _check(view)
            # the first ones fill caches
            if number >= 5:
                found.append(took)
    return seconds


def _check(view: HomeView) -> None:
    if not (view.waiting and view.live and view.decided and view.passing):
        raise CannotMeasure("Home shows nothing, so its time says nothing.")


def _result(few: Sequence[float], many: Sequence[float]) -> Result:
    value = 1000 * percentile(many, 0.95)
    ratio = median(many) / median(few)
    return Result(
        name=f"Home with {_MANY:,} open campaigns, p95",
        value=value,
        unit="ms",
        reference=f"{_FEW} open campaigns: p95 {1000 * percentile(few, 0.95):.3g} ms"
        f" (medians {1000 * median(few):.3g} and {1000 * median(many):.3g})",
        ratio=ratio,
        target="under 300 ms, ratio of medians at most 2",
        holds=value < 300 and ratio <= 2,
    )


# A desk full of campaigns ----------------------------------------------------------


def _fill(folder: Folder, count: int) -> None:
    """Write rows by the thousand, past the functions that would make them one by one."""
    with folder.deps() as deps, deps.database.begin() as store:
        add_audience(store, 20)
        for table, rows in _rows(store, count):
            store.connection.execute(sa.insert(table), rows)


def _rows(store: Store, count: int) -> Iterator[tuple[sa.Table, Rows]]:
    numbers = range(1, count + 1)
    texts = range(1, count * _VARIANTS + 1)
    now = store.now
    yield (
        tables.briefs,
        [{"id": n, "body": {}, "author": MARKETER, "created_at": now} for n in numbers],
    )
    yield tables.campaigns, [_campaign(n, now) for n in numbers]
    yield (
        tables.slack_messages,
        [
            {
                "key": f"campaign:{n}",
                "campaign_id": n,
                "state": "posted",
                "channel": "C0CAMPAIGN",
                "ts": f"{n}.0001",
            }
            for n in numbers
        ],
    )
    yield tables.variants, [_variant(n) for n in texts]
    yield (
        tables.revisions,
        [
            {
                "id": n,
                "variant_id": n,
                "number": 1,
                "subject": COPY.subject,
                "body": COPY.body,
                "sha256": COPY.sha256,
                "origin": {"endpoint": "bench", "model": "bench"},
                "created_at": now,
            }
            for n in texts
        ],
    )
    yield (
        tables.lint_runs,
        [
            {"revision_id": n, "outcome": Severity.PASS, "created_at": now}
            for n in texts
        ],
    )
    in_review = [n for n in texts if _state(_campaign_of(n)) is State.STAGED_REVIEW]
    yield tables.review_requests, [_request(n, now) for n in in_review]
    yield tables.decisions, [_decision(n, now) for n in in_review if n % 2]


def _state(campaign: int) -> State:
    return _STATES[campaign % len(_STATES)]


def _campaign_of(text: int) -> int:
    return (text - 1) // _VARIANTS + 1


def _campaign(number: int, now: datetime) -> dict[str, Any]:
    state = _state(number)
    return {
        "id": number,
        "state": state,
        "stage": "copy" if state is State.STAGED_REVIEW else None,
        "brief_id": number,
        "title": f"Recover stalled demos {number}",
        "tier": "ABC"[number % 3],
        "author": MARKETER,
        "channel": "C0CAMPAIGN",
        "audience_id": 1,
        "audience_size": 1000 + number,
        "moved_by": "desk",
        "created_at": now,
        "updated_at": now - timedelta(minutes=number),
    }


def _variant(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "campaign_id": _campaign_of(number),
        "label": "ABC"[number % _VARIANTS],
        "state": VariantState.IN_REVIEW,
        "revision_id": number,
        "regenerated_for": [],
        "is_arm": False,
    }


def _request(number: int, now: datetime) -> dict[str, Any]:
    """Half wait for copy editors, half of another role's are late."""
    is_mine = number % 2 == 0
    return {
        "id": number,
        "campaign_id": _campaign_of(number),
        "variant_id": number,
        "revision_id": number,
        "stage": "copy",
        "round": "copy",
        "role": "copy_editor" if is_mine else "legal",
        "asked_at": now - timedelta(hours=1),
        "due_at": now + timedelta(minutes=number if is_mine else -number),
    }


def _decision(number: int, now: datetime) -> dict[str, Any]:
    """About the questions that are not the reader's; the newest are by the reader."""
    return {
        "request_id": number,
        "campaign_id": _campaign_of(number),
        "variant_id": number,
        "revision_id": number,
        "stage": "copy",
        "actor": COPY_EDITOR if number < _VARIANTS * _FEW else "U0COPYTWO",
        "is_approval": True,
        "decided_at": now - timedelta(minutes=number),
    }
