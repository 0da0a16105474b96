"""What the handlers find on the application."""

from __future__ import annotations

import sqlite3
from typing import Any, Final

from aiohttp import web

from practice.esp.config import PracticeEsp
from practice.esp.faults import Faults
from practice.esp.sns import Topic
from practice.esp.webhook import Postman, Signer

CONFIG: Final = web.AppKey("config", PracticeEsp)
DB: Final = web.AppKey("db", sqlite3.Connection)
SIGNER: Final = web.AppKey("signer", Signer)
POSTMAN: Final = web.AppKey("postman", Postman)
SMTP_PORT: Final = web.AppKey("smtp_port", int)
TOPIC: Final = web.AppKey("topic", Topic)
FAULTS: Final = web.AppKey("faults", Faults)


def failure(status: int, *errors: dict[str, Any]) -> web.Response:
    """An answer in SendGrid's error form."""
    return web.json_response({"errors": list(errors)}, status=status)


def plain_error(message: str, field: str | None = None) -> dict[str, Any]:
    return {"message": message, "field": field, "help": None}
