"""The practice writer, counting how often it was paid for the very same question."""

from __future__ import annotations

import argparse
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable

from aiohttp import web

from practice.writer.app import build_app
from practice.writer.config import PracticeWriter

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def main() -> None:
    flags = argparse.ArgumentParser(prog="python -m tests.crash.writer")
    flags.add_argument("--port", type=int, required=True)
    asked: Counter[str] = Counter()

    @web.middleware
    async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/v1/chat/completions":
            asked[hashlib.sha256(await request.read()).hexdigest()] += 1
        return await handler(request)

    async def paid(_request: web.Request) -> web.Response:
        twice = asked.total() - len(asked)
        return web.json_response({"calls": asked.total(), "twice": twice})

    app = build_app(PracticeWriter(latency=(0.0, 0.0)))
    app.middlewares.append(counted)
    app.router.add_get("/paid", paid)
    port = flags.parse_args().port
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main()
