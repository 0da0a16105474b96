"""Each process of a desk as the supervisor starts it, and how it shows it is up."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from cli.plan import Plan, copydesk
from cli.supervisor import Part
from domain.errors import Refused

_ANSWER_S: Final = 2.0
_OK: Final = 200

# Slack retries what was not acked, so the web process only finishes what it has.
_WEB_GRACE: Final = timedelta(seconds=15)
# Over `worker_soft_shutdown_timeout`: what still runs then is run again later.
_WORKER_GRACE: Final = timedelta(seconds=25)


def practice_parts(plan: Plan) -> tuple[Part, ...]:
    """The practice world's processes that this plan needs."""
    return tuple(_PRACTICE[name](plan) for name in plan.practice)


def desk_parts(plan: Plan) -> tuple[Part, ...]:
    """The processes of the Procfile, web first."""
    workers = tuple(
        Part(
            name=f"worker-{name}",
            argv=copydesk("worker", name),
            env=plan.desk,
            grace=_WORKER_GRACE,
        )
        for name in ("fast", "slow")
    )
    return (
        Part(
            name="web",
            argv=copydesk("web"),
            env=plan.desk,
            grace=_WEB_GRACE,
            is_ready=_answers(plan.ports.web, "/readyz"),
        ),
        Part(name="relay", argv=copydesk("relay"), env=plan.desk),
        *workers,
    )


def step(plan: Plan, name: str, *words: str) -> Part:
    """One of our commands that is run to its end."""
    return Part(name=name, argv=copydesk(*words), env=plan.desk)


def _slack(plan: Plan) -> Part:
    lines = (
        "Practice workspace on your machine. Nothing leaves it.",
        *plan.practice_lines(),
    )
    env = {
        "PRACTICE_SLACK_REQUEST_URL": f"{plan.local_web}/slack/events",
        "PRACTICE_SLACK_SIGNING_SECRET": plan.made["signing_secret"],
        "PRACTICE_SLACK_BOT_TOKEN": plan.made["bot_token"],
        "PRACTICE_SLACK_APP_TOKEN": plan.made["app_token"],
        "PRACTICE_SLACK_DATA_DIR": str(plan.folder / "slack"),
        "PRACTICE_SLACK_NOTES": "\n".join(lines),
    }
    if "esp" in plan.practice:
        env["PRACTICE_SLACK_ESP_PAGE"] = f"{plan.local_esp}/practice/switches"
    return Part(
        name="slack",
        argv=copydesk("practice", "slack", "--port", str(plan.ports.page)),
        env={**plan.plain, **env},
        is_ready=_answers(plan.ports.page, "/"),
    )


def _writer(plan: Plan) -> Part:
    return Part(
        name="writer",
        argv=copydesk("practice", "writer", "--port", str(plan.ports.writer)),
        env={**plan.plain, **_given(plan, "PRACTICE_WRITER_LATENCY")},
        is_ready=_answers(plan.ports.writer, "/v1/models"),
    )


def _esp(plan: Plan) -> Part:
    env = {
        **_given(plan, "PRACTICE_ESP_SEED"),
        "PRACTICE_ESP_API_KEY": plan.made["esp_key"],
        "PRACTICE_ESP_VENDOR": plan.esp,
        "PRACTICE_ESP_WEBHOOK_PASSWORD": plan.made["esp_key"],
        "PRACTICE_ESP_WEBHOOK_URL": f"{plan.local_web}/webhooks/esp/{plan.esp}",
        "PRACTICE_ESP_DATA_DIR": str(plan.folder / "esp"),
        "PRACTICE_ESP_SMTP_PORT": str(plan.ports.smtp if plan.esp == "smtp" else 0),
        "COPYDESK_TIME_SCALE": plan.desk["COPYDESK_TIME_SCALE"],
    }
    return Part(
        name="esp",
        argv=copydesk("practice", "esp", "--port", str(plan.ports.esp)),
        env={**plan.plain, **env},
        is_ready=_answers(plan.ports.esp, _SIGNED, key=plan.made["esp_key"]),
    )


_PRACTICE: Final = {"slack": _slack, "writer": _writer, "esp": _esp}
_SIGNED: Final = "/v3/user/webhooks/event/settings/signed"


def _given(plan: Plan, name: str) -> dict[str, str]:
    return {name: plan.desk[name]} if name in plan.desk else {}


async def webhook_key(plan: Plan) -> str:
    """The public key that the practice ESP signs its events with.

    Raises:
        Refused: The practice ESP did not say.
    """
    status, body = await asyncio.to_thread(
        _get, plan.ports.esp, _SIGNED, plan.made["esp_key"]
    )
    if status != _OK:
        raise Refused("The practice ESP does not tell the key it signs with.")
    return str(json.loads(body)["public_key"])


def _answers(
    port: int, path: str, *, key: str | None = None
) -> Callable[[], Awaitable[bool]]:
    async def ask() -> bool:
        try:
            status, _ = await asyncio.to_thread(_get, port, path, key)
        except (OSError, http.client.HTTPException):
            return False
        return status == _OK

    return ask


def _get(port: int, path: str, key: str | None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_S)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
