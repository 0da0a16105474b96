"""A server on a real socket that says what a test tells it to."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, TypeVar

from aiohttp import web

T = TypeVar("T")


@dataclass
class Heard:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Says:
    """One answer; `hangs` keeps the caller waiting, `drops` cuts the line."""

    status: int = 200
    json: object = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    hangs: bool = False
    drops: bool = False


class Wire:
    """Answers in the order given, then with the last answer again."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.answers: deque[Says] = deque()
        self.closing = Event()
        self.url = ""

    def says(self, *answers: Says) -> None:
        self.answers.extend(answers)

    def next(self) -> Says:
        return self.answers.popleft() if len(self.answers) > 1 else self.answers[0]


@contextmanager
def wire() -> Iterator[Wire]:
    """A `Wire` that listens on a free port of the loopback."""
    state = Wire()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            state.heard.append(
                Heard(self.command, self.path, dict(self.headers.items()), body)
            )
            answer = state.next()
            if answer.hangs:
                state.closing.wait(20)
            if answer.hangs or answer.drops:
                self.close_connection = True
                return
            packed = answer.raw
            if packed is None:
                packed = (
                    b"" if answer.json is None else json.dumps(answer.json).encode()
                )
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(packed)))
            self.end_headers()
            self.wfile.write(packed)

        do_GET = do_POST = do_PATCH = do_DELETE = _any  # noqa: N815 - http.server's names

        def log_message(self, *_args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        state.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def elsewhere(world: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """Enter an async world on a loop of its own thread, for synchronous callers."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        yield asyncio.run_coroutine_threadsafe(world.__aenter__(), loop).result(20)
    finally:
        closing = world.__aexit__(None, None, None)
        asyncio.run_coroutine_threadsafe(closing, loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """Serve an application on a free port of the loopback; gives its URL."""
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
