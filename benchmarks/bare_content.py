"""The reference for slots: the same aiohttp, and a handler that only checks the HMAC.

Run as `python -m benchmarks.bare_content PORT SECRET`.
"""

from __future__ import annotations

import hashlib
import hmac
import sys

from aiohttp import web as http


def build(secret: str) -> http.Application:
    key = secret.encode()

    async def only_verify(request: http.Request) -> http.Response:
        body = await request.read()
        stamp = request.headers["X-Copydesk-Timestamp"]
        first = f"v1:{stamp}:{request.method} {request.raw_path}\n".encode()
        mark = hmac.new(key, first + body, hashlib.sha256).hexdigest()
        given = request.headers["X-Copydesk-Signature"]
        is_genuine = hmac.compare_digest(given, f"v1={mark}")
        return http.Response(status=200 if is_genuine else 401)

    async def healthz(_request: http.Request) -> http.Response:
        return http.Response(text="ok\n")

    app = http.Application()
    app.router.add_get("/v1/content/{slot}", only_verify)
    app.router.add_post("/v1/events", only_verify)
    app.router.add_get("/healthz", healthz)
    return app


if __name__ == "__main__":
    http.run_app(
        build(sys.argv[2]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        access_log=None,
        print=None,
    )
