"""Several stories at a time: a process each, and what each says is said whole."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import tempfile
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import FrameType

import click

# What went wrong with the story of this name, or None; it prints how it goes.
Work = Callable[[str], str | None]
_STOPPED = 143


@dataclass(frozen=True, slots=True, kw_only=True)
class _Going:
    process: SpawnProcess
    answer: Connection[str | None, str | None]
    said: Path


def play_beside(
    names: Sequence[str], work: Work, *, most: int
) -> dict[str, str | None]:
    """Do the work of every name, `most` at a time; the results in order of ending.

    Left early, by a signal or an error, it stops every process and waits for it.
    """
    waiting, going = deque(names), dict[str, _Going]()
    results: dict[str, str | None] = {}
    with tempfile.TemporaryDirectory(prefix="copydesk-said-") as folder:
        try:
            while waiting or going:
                while waiting and len(going) < most:
                    name = waiting.popleft()
                    going[name] = _begin(name, work, Path(folder) / name)
                wait([each.process.sentinel for each in going.values()])
                ended = [n for n, g in going.items() if not g.process.is_alive()]
                for name in ended:
                    results[name] = _end(going.pop(name))
        finally:
            for each in going.values():
                each.process.terminate()
            for each in going.values():
                each.process.join()
    return results


def _begin(name: str, work: Work, said: Path) -> _Going:
    # not forked: a browser's driver does not outlive a fork
    context = multiprocessing.get_context("spawn")
    answer, giving = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(name, work, said, giving))
    process.start()
    # else its end would never be seen from here
    giving.close()
    return _Going(process=process, answer=answer, said=said)


def _end(going: _Going) -> str | None:
    going.process.join()
    if going.said.exists():
        click.echo(going.said.read_text().rstrip("\n"))
    try:
        return going.answer.recv()
    except EOFError:
        return f"Its process ended with {going.process.exitcode}."


def _work(
    name: str, work: Work, said: Path, answer: Connection[str | None, str | None]
) -> None:
    stop_by_the_usual_way()
    with (
        said.open("w", buffering=1) as out,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(out),
    ):
        answer.send(work(name))


def stop_by_the_usual_way() -> None:
    """Make Ctrl-C and `kill` unwind once, so that no desk is left running."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        raise SystemExit(_STOPPED)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
