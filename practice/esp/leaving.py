"""A reader who leaves: the one click that a mail program makes for them (RFC 8058)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_BODY: Final = {"List-Unsubscribe": "One-Click"}


async def press(session: ClientSession, headers: Mapping[str, str]) -> None:
    """Post to the mail's own address for it, once; only on this machine."""
    url = (
        headers.get("List-Unsubscribe", "").strip().removeprefix("<").removesuffix(">")
    )
    if _host(url) not in _LOOPBACK or "List-Unsubscribe-Post" not in headers:
        return
    try:
        async with session.post(url, data=_BODY, allow_redirects=False):
            return
    except (ClientError, TimeoutError):
        # as a mail program: it does not try again
        return


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
