"""What makes a link unfit for a mail, and when two links are the same."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

MAX_URL: Final = 2000
"""Longest link accepted, in characters; mail clients cut longer ones."""

_BAD_CHARACTERS: Final = re.compile(r"[\s<>\"'`{}|\\^\x00-\x20\x7f]")
# what would make the link another one; a full stop ends a sentence, too
_ENDS: Final = r"(?![\w\-~/?#&=%+@$*']|[.,;:!)](?=\w))"
_NUMBER_HOST: Final = re.compile(
    r"(0x[0-9a-f]+|\d+)(\.(0x[0-9a-f]+|\d+))*", re.IGNORECASE
)

_PROBLEMS: Final = {
    "link.scheme": "Only https links may be used.",
    "link.insecure": "The link starts with http://, so it can be changed on the way.",
    "link.userinfo": "The link hides its real host behind a user name.",
    "link.ip_host": "The link points at a bare IP address, not at a named site.",
    "link.punycode": "The host is written in another script or in punycode.",
    "link.malformed": "This cannot be read as a link.",
}


def problem(url: str) -> tuple[str, str] | None:
    """Name what is wrong with a link: a rule id and a sentence, or nothing."""
    rule = _first_problem(url)
    return None if rule is None else (rule, _PROBLEMS[rule])


def normalised(url: str) -> str:
    """Write a link so that equal links are equal strings.

    Scheme and host are lower-cased, a default port and an empty path are dropped;
    path, query and fragment stay as they are, since sites tell them apart.
    """
    parts = _split(url)
    if parts is None:
        return url.strip()
    host = (parts.hostname or "").rstrip(".")
    port = _port(parts)
    if port is not None and port != {"https": 443, "http": 80}.get(parts.scheme):
        host = f"{host}:{port}"
    user = parts.netloc.rpartition("@")[0]
    netloc = f"{user}@{host}" if user else host
    path = "" if parts.path == "/" else parts.path
    return parts._replace(
        scheme=parts.scheme.lower(), netloc=netloc, path=path
    ).geturl()


def with_parameter(url: str, name: str, value: str) -> str:
    """The link with one more query parameter; all else stays, letter for letter."""
    head, mark, fragment = url.partition("#")
    joint = "&" if "?" in head else "?"
    if head.endswith(("?", "&")):
        joint = ""
    return f"{head}{joint}{quote(name)}={quote(value)}{mark}{fragment}"


def replaced(text: str, url: str, token: str) -> str:
    """The text with a token wherever exactly this link stands, not a longer one."""
    found = re.compile(rf"(?<![\w/=&?#%.-]){re.escape(url)}{_ENDS}")
    return found.sub(lambda _found: token, text)


def _first_problem(url: str) -> str | None:
    parts = _split(url)
    if parts is None or len(url) > MAX_URL or _BAD_CHARACTERS.search(url):
        return "link.malformed"
    if parts.scheme not in {"http", "https"}:
        return "link.scheme"
    host = (parts.hostname or "").rstrip(".")
    if "@" in parts.netloc:
        return "link.userinfo"
    return _host_problem(host) or ("link.insecure" if parts.scheme == "http" else None)


def _host_problem(host: str) -> str | None:
    if not host:
        return "link.malformed"
    if _is_ip(host):
        return "link.ip_host"
    if not host.isascii() or any(p.startswith("xn--") for p in host.split(".")):
        return "link.punycode"
    if "." not in host or ".." in host or host.startswith("."):
        return "link.malformed"
    return None


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        # browsers also read 2130706433 and 0x7f.1 as addresses
        return _NUMBER_HOST.fullmatch(host) is not None
    return True


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url.strip())
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        return None
    return parts


def _port(parts: SplitResult) -> int | None:
    return parts.port
