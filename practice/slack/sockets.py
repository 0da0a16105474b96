"""Socket Mode: deliveries as envelopes over a web socket, acked by id."""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import WSMsgType, web

from practice.slack.config import APP_ID

Json = dict[str, Any]
CONNECTIONS_MOST: Final = 10


@dataclass(slots=True)
class SocketHub:
    """Every open socket of the app; an envelope goes to one of them, in turn."""

    tickets: set[str] = field(default_factory=set)
    _open: list[web.WebSocketResponse] = field(default_factory=list)
    _waiting: dict[str, asyncio.Future[Json]] = field(default_factory=dict)
    _turn: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def is_connected(self) -> bool:
        return bool(self._open)

    @property
    def count(self) -> int:
        return len(self._open)

    def new_ticket(self) -> str:
        """Make the single-use secret of one socket address."""
        ticket = secrets.token_urlsafe(18)
        self.tickets.add(ticket)
        return ticket

    async def deliver(
        self, kind: str, payload: Json, *, timeout_s: float, **extra: Any
    ) -> Json:
        """Send one envelope and return what its ack carried.

        Raises:
            TimeoutError: No ack came in time.
            ConnectionError: The socket went away.
        """
        socket = self._open[next(self._turn) % len(self._open)]
        envelope_id = secrets.token_hex(16)
        answered: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = answered
        envelope = {
            "type": kind,
            "envelope_id": envelope_id,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
            **extra,
        }
        try:
            await socket.send_str(json.dumps(envelope))
            return await asyncio.wait_for(answered, timeout_s)
        finally:
            self._waiting.pop(envelope_id, None)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Hold one socket open until the app or the server closes it."""
        ticket = request.query.get("ticket", "")
        if ticket not in self.tickets:
            raise web.HTTPForbidden(text="This socket address was used or is unknown.")
        self.tickets.discard(ticket)
        socket = web.WebSocketResponse(heartbeat=30.0)
        await socket.prepare(request)
        hello = {
            "type": "hello",
            "num_connections": len(self._open) + 1,
            "connection_info": {"app_id": APP_ID},
            "debug_info": {"host": "practice", "approximate_connection_time": 18060},
        }
        await socket.send_str(json.dumps(hello))
        self._open.append(socket)
        try:
            await self._read(socket)
        finally:
            self._open.remove(socket)
        return socket

    async def _read(self, socket: web.WebSocketResponse) -> None:
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                continue
            try:
                ack = json.loads(frame.data)
            except json.JSONDecodeError:
                continue
            answered = self._waiting.get(str(ack.get("envelope_id")))
            if answered is not None and not answered.done():
                answered.set_result(ack.get("payload") or {})

    async def disconnect(self, reason: str) -> None:
        """Tell every socket to reconnect; `refresh_requested` also closes it."""
        notice = json.dumps({"type": "disconnect", "reason": reason, "debug_info": {}})
        for socket in list(self._open):
            await socket.send_str(notice)
            if reason != "warning":
                await socket.close()

    async def close(self) -> None:
        """Close every socket for good."""
        for socket in list(self._open):
            await socket.close()
