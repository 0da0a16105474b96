"""What every listener is handed: one way to write, one way to read, one clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

from domain.errors import TryLater
from domain.views import Facts
from pipeline import failpoint
from pipeline.playbook import Playbook
from pipeline.wiring import Deps
from storage import queries
from storage.store import Store

P = ParamSpec("P")
R = TypeVar("R")

WRITE_WAIT: Final = timedelta(seconds=2.5)
"""How long a click may queue for the writer; Slack gives up on an ack after 3 s."""

_POSTGRES_WRITERS: Final = 4


class Reads(Protocol):
    """Runs `storage.queries` off the event loop, on an engine that cannot write."""

    async def run(
        self,
        query: Callable[Concatenate[Any, P], R],
        *args: P.args,
        **kw: P.kwargs,
    ) -> R: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """The web process as listeners see it.

    Attributes:
        running: Listeners that have not ended; a stop waits for them, because Bolt
            keeps no hold of what runs after an ack.
        missed: Set when something that Slack told of people could not be kept, so that
            all are asked about again.
    """

    deps: Deps
    reader: Reads
    writers: ThreadPoolExecutor
    running: set[asyncio.Task[Any]] = field(default_factory=set)
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    missed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def playbook(self) -> Playbook:
        return self.deps.playbook

    @property
    def written(self) -> Playbook:
        """The playbook with the team as its file has it."""
        return self.deps.written

    @property
    def facts(self) -> Facts:
        return self.deps.playbook.view_facts

    def now(self) -> datetime:
        return self.deps.clock()

    async def read(
        self,
        query: Callable[Concatenate[Any, P], R],
        *args: P.args,
        **kw: P.kwargs,
    ) -> R:
        """Answer one of `storage.queries`.

        Raises:
            TryLater: The database is locked or away.
        """
        return await self.reader.run(query, *args, **kw)

    async def look(self, ask: Callable[[Store], R]) -> R:
        """Ask the repositories something that also takes a while to work out.

        In a thread of its own, so that acks do not wait for it.

        Raises:
            TryLater: The database is locked or away.
        """
        return await asyncio.to_thread(self.deps.database.look, ask)

    async def look_around(self) -> None:
        """Read who may decide now.

        Raises:
            TryLater: The database is locked or away.
        """
        # one at a time: a read that began earlier must not have the last word
        async with self.looking:
            self.deps.membership.learn(await self.read(queries.roster))

    async def write(
        self, fn: Callable[Concatenate[Store, P], R], *args: P.args, **kw: P.kwargs
    ) -> R:
        """Run `fn` in one transaction on a writer thread; committed on return.

        A write that has not begun in time is withdrawn, so that "nothing was
        changed" is true; one that has begun is waited for.

        Raises:
            TryLater: The writers are busy, or the database is locked or away.
        """

        def work() -> R:
            with self.deps.database.begin() as store:
                done = fn(store, *args, **kw)
                failpoint.hit("web.before_commit")
            failpoint.hit("web.after_commit")
            return done

        job = self.writers.submit(work)
        outcome = asyncio.wrap_future(job)
        done, _ = await asyncio.wait({outcome}, timeout=WRITE_WAIT.total_seconds())
        if not done and job.cancel():
            raise TryLater("Too many writes are waiting.")
        return await asyncio.shield(outcome)

    async def close(self, *, grace: timedelta = timedelta(seconds=10)) -> None:
        """Let listeners and writes in flight end, then let go of the database."""
        if self.running:
            await asyncio.wait(set(self.running), timeout=grace.total_seconds())
        await asyncio.to_thread(self.writers.shutdown, wait=True)
        await self.reader.close()


def writer_threads(database_url: str) -> ThreadPoolExecutor:
    """SQLite has one writer anyway, so one thread queues fairer than its lock."""
    count = 1 if database_url.startswith("sqlite") else _POSTGRES_WRITERS
    return ThreadPoolExecutor(max_workers=count, thread_name_prefix="writer")
