"""Starts processes, starts them again when they exit, and stops them in order."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog

from domain.errors import Refused

log = structlog.get_logger()

FIRST_PAUSE: Final = timedelta(seconds=0.2)
LONGEST_PAUSE: Final = timedelta(seconds=10)
STEADY_AFTER: Final = timedelta(seconds=30)
"""A process that lasted this long starts again at once, as if for the first time."""

LOG_BYTES: Final = 10_000_000
"""A log this long is set aside at a start; the one set aside before is dropped."""

_HOPELESS: Final = 3
"""A process that ended this often before it ever answered will not answer."""

_ORPHAN_GRACE: Final = timedelta(seconds=5)
_LOOK_EVERY_S: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One process to keep running.

    Attributes:
        env: All of its environment.
        grace: How long it may take to end after SIGTERM.
        is_ready: Asks once whether it answers; None when it answers nobody.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    grace: timedelta = timedelta(seconds=5)
    is_ready: Callable[[], Awaitable[bool]] | None = None


class NotReady(Refused):
    """A process did not come up; says where its log is."""


class Supervisor:
    """Keeps the parts of one data folder running.

    Every process holds a lock on `run/NAME.pid`, which the kernel lets go of when it
    ends. So the next start knows for sure which processes a killed supervisor left
    behind, and never signals a stranger that got the same number.
    """

    def __init__(self, folder: Path) -> None:
        self._pids, self._logs = folder / "run", folder / "logs"
        self._pids.mkdir(parents=True, exist_ok=True)
        self._logs.mkdir(parents=True, exist_ok=True)
        self._kept: dict[str, _Kept] = {}

    async def stop_orphans(self) -> tuple[str, ...]:
        """Stop what an earlier supervisor left running; returns their names."""
        left = {
            path.stem: pid
            for path in sorted(self._pids.glob("*.pid"))
            if (pid := _holder(path)) is not None
        }
        for pid in left.values():
            _signal(pid, signal.SIGTERM)
        for name, pid in left.items():
            path = self._pids / f"{name}.pid"
            if not await _is_gone(path):
                _signal(pid, signal.SIGKILL)
                await _is_gone(path)
            log.warning("process.orphan_stopped", name=name, pid=pid)
        return tuple(left)

    def log_file(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    async def start(self, part: Part) -> None:
        """Start a process and keep it running; returns once it has begun."""
        kept = _Kept(part, self._pids / f"{part.name}.pid", self.log_file(part.name))
        await kept.spawn()
        kept.keeper = asyncio.create_task(kept.keep(), name=part.name)
        self._kept[part.name] = kept

    async def once(self, part: Part) -> None:
        """Run a process to its end.

        Raises:
            NotReady: It failed; says where its log is.
        """
        one = _Kept(part, self._pids / f"{part.name}.pid", self.log_file(part.name))
        process = await one.spawn()
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            await one.end()
            raise
        if code != 0:
            raise NotReady(
                f"The {part.name} step failed; {self.log_file(part.name)} says why."
            )

    async def ready(self, name: str, *, within: timedelta) -> None:
        """Wait until a started process answers.

        Raises:
            NotReady: It does not; says where its log is.
        """
        kept = self._kept[name]
        if kept.part.is_ready is None:
            return
        loop = asyncio.get_running_loop()
        end = loop.time() + within.total_seconds()
        while not await kept.part.is_ready():
            if kept.exits >= _HOPELESS or loop.time() > end:
                raise NotReady(
                    f"The {name} process does not answer;"
                    f" {self.log_file(name)} says why."
                )
            await asyncio.sleep(_LOOK_EVERY_S)

    async def stop(self, *names: str) -> None:
        """Stop these together, each within its grace; those not running are skipped."""
        kept = [self._kept.pop(name) for name in names if name in self._kept]
        await asyncio.gather(*(each.end() for each in kept))

    def kill(self) -> None:
        """End everything at once: the person asked a second time."""
        for kept in self._kept.values():
            kept.kill()


class _Kept:
    """One process, its lock file and its log."""

    def __init__(self, part: Part, pid_file: Path, log_file: Path) -> None:
        self.part, self._pid_file, self._log_file = part, pid_file, log_file
        self._process: asyncio.subprocess.Process | None = None
        self._is_ending = False
        self.exits = 0
        self.keeper: asyncio.Task[None] | None = None

    async def spawn(self) -> asyncio.subprocess.Process:
        _set_aside(self._log_file)
        with (
            self._log_file.open("ab") as out,
            self._pid_file.open("w", encoding="ascii") as held,
        ):
            # held by the child and by what it forks, not by us: see Supervisor
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._process = await asyncio.create_subprocess_exec(
                *self.part.argv,
                env=dict(self.part.env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                pass_fds=(held.fileno(),),
                # Ctrl-C in the terminal is for the supervisor alone
                start_new_session=True,
            )
            held.write(str(self._process.pid))
        log.debug("process.started", name=self.part.name, pid=self._process.pid)
        return self._process

    async def keep(self) -> None:
        """Start it again whenever it exits, slower each time it does not last."""
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE
        while not self._is_ending:
            began = loop.time()
            code = await self._process.wait() if self._process is not None else 0
            if self._is_ending:
                return
            self.exits += 1
            _signal_group(self._process, signal.SIGKILL)
            if loop.time() - began > STEADY_AFTER.total_seconds():
                pause = FIRST_PAUSE
            await asyncio.sleep(pause.total_seconds())
            if await self._again():
                log.warning(
                    "process.restarted",
                    name=self.part.name,
                    exit_code=code,
                    after_s=pause.total_seconds(),
                )
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _again(self) -> bool:
        """Start it anew; False while something of the old one still lives."""
        if self._is_ending:
            return False
        try:
            await self.spawn()
        except BlockingIOError:
            log.warning("process.lingers", name=self.part.name)
            return False
        return True

    async def end(self) -> None:
        """SIGTERM, then its grace, then SIGKILL to all it has started."""
        self._is_ending = True
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(self.part.grace.total_seconds()):
                    await process.wait()
            except TimeoutError:
                log.warning("process.killed", name=self.part.name)
        _signal_group(process, signal.SIGKILL)
        if self.keeper is not None:
            self.keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.keeper
        if process is not None:
            await process.wait()
        log.info("process.stopped", name=self.part.name)

    def kill(self) -> None:
        self._is_ending = True
        _signal_group(self._process, signal.SIGKILL)


def _signal_group(
    process: asyncio.subprocess.Process | None, number: signal.Signals
) -> None:
    """Signal a process and what it forked; those gone already are no error."""
    if process is not None:
        _signal(process.pid, number)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _holder(path: Path) -> int | None:
    """The process that holds a pid file, or None when nobody does."""
    try:
        with path.open("r+", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read())
    except (FileNotFoundError, ValueError):
        return None
    return None


async def _is_gone(path: Path) -> bool:
    """Wait a while for a pid file's holder to end; False when it has not."""
    loop = asyncio.get_running_loop()
    end = loop.time() + _ORPHAN_GRACE.total_seconds()
    while _holder(path) is not None:
        if loop.time() > end:
            return False
        await asyncio.sleep(_LOOK_EVERY_S)
    return True


def _set_aside(path: Path) -> None:
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
