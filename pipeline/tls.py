"""Whom we trust on the other side of TLS."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """The certificates that httpx trusts, read once: each reading takes some 20 ms."""
    return httpx.create_ssl_context()
