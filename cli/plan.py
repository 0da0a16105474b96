"""What `copydesk up` starts: which parts are practice, and who is told what."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from domain.errors import Refused
from pipeline.esp.vendors import DEFAULT, VENDORS, Vendor

PRACTICE_SCALE: Final = "240"
"""A second of practice stands for four minutes."""

FIRST_PORT: Final = 8420
_LAST_PORT: Final = 65_535
_PORTS_TRIED: Final = 50
_LOOPBACK: Final = "127.0.0.1"

# What makes a part real; without it that part is practice.
KEY_OF: Final = {
    "slack": "SLACK_BOT_TOKEN",
    "writer": "OPENAI_API_KEY",
}
# What sending real mail needs with any ESP, beside a postal address in the playbook.
MAIL_NEEDS: Final = {
    "COPYDESK_PUBLIC_URL": "the address unsubscribe links lead to",
    "COPYDESK_MAIL_FROM": "the sender's address",
}
_OURS: Final = (
    "COPYDESK_",
    "SLACK_",
    "OPENAI_",
    "SENDGRID_",
    "SPARKPOST_",
    "SES_",
    "AWS_",
    "SMTP_",
    "PRACTICE_",
)
_OURS_EXACT: Final = ("DATABASE_URL", "BROKER_URL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where each part listens, all on this machine."""

    web: int
    page: int
    writer: int
    esp: int
    # the practice ESP's mail server
    smtp: int
    broker: int
    # what was asked for and is taken, in sentences
    moved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The parts to start and the environment each gets.

    Attributes:
        practice: Of slack, writer, esp, those that are practice.
        desk: Our own processes' environment, secrets included.
        plain: What any program needs; nothing of ours in it.
        notes: Sentences a person should read at the start.
    """

    folder: Path
    ports: Ports
    practice: tuple[str, ...]
    desk: Mapping[str, str]
    plain: Mapping[str, str]
    made: Mapping[str, str]
    notes: tuple[str, ...]

    @property
    def page(self) -> str:
        """What a person opens: the practice workspace, or our own address."""
        if "slack" in self.practice:
            return f"http://{_LOOPBACK}:{self.ports.page}/"
        return self.desk["COPYDESK_PUBLIC_URL"]

    @property
    def local_web(self) -> str:
        return f"http://{_LOOPBACK}:{self.ports.web}"

    @property
    def local_esp(self) -> str:
        return f"http://{_LOOPBACK}:{self.ports.esp}"

    def practice_lines(self) -> tuple[str, ...]:
        """How time is scaled, said to people; nothing when it is not."""
        from pipeline.playbook import practice_time

        try:
            scale = float(self.desk.get("COPYDESK_TIME_SCALE", "1"))
        except ValueError as error:
            raise Refused(
                "COPYDESK_TIME_SCALE must be a number of 1 or more."
            ) from error
        return (practice_time(scale),) if scale > 1 else ()

    def ours(self) -> dict[str, str]:
        """What other commands need to talk to this desk."""
        return {name: value for name, value in self.desk.items() if _is_ours(name)}

    @property
    def esp(self) -> str:
        """Which ESP delivers, real or practice."""
        return self.desk["COPYDESK_ESP"]

    def with_webhook_key(self, key: str) -> Plan:
        """Our processes told how the practice SendGrid signs."""
        return replace(self, desk={**self.desk, "SENDGRID_WEBHOOK_PUBLIC_KEY": key})


def make_plan(
    env: Mapping[str, str], *, folder: Path, playbook: Path, made: Mapping[str, str]
) -> Plan:
    """Decide what is practice, and compose everybody's environment.

    Raises:
        Refused: What is set would mail real people from a practice desk, or lacks
            something that real mail or a real Slack needs.
    """
    given = {name: value for name, value in env.items() if value}
    vendor = vendor_of(given)
    refuse_uninstalled(vendor)
    keys = {**KEY_OF, "esp": vendor.key}
    practice = tuple(part for part, key in keys.items() if key not in given)
    refuse_half_real(given, practice)
    ports = _ports(given)
    plain = {name: value for name, value in given.items() if not _is_ours(name)}
    # a proxy is for the outside world
    plain["NO_PROXY"] = ",".join(
        filter(None, (plain.get("NO_PROXY"), _LOOPBACK, "localhost"))
    )
    plain["no_proxy"] = plain["NO_PROXY"]
    desk = {
        **plain,
        "COPYDESK_PUBLIC_URL": f"http://{_LOOPBACK}:{ports.web}",
        "COPYDESK_SECRET_KEY": made["secret_key"],
        "COPYDESK_CONVERSIONS_SECRET": made["conversions_secret"],
        "COPYDESK_ESP": DEFAULT,
        "BROKER_URL": f"redis://:{made['broker_password']}@{_LOOPBACK}:{ports.broker}/0",
        **_given_to_us(given, practice),
        "COPYDESK_DATA_DIR": str(folder),
        "COPYDESK_PLAYBOOK": str(playbook),
        "COPYDESK_PORT": str(ports.web),
        "COPYDESK_PRACTICE": ",".join(practice),
        **_practice_env(given, practice, ports, made),
    }
    return Plan(
        folder=folder,
        ports=ports,
        practice=practice,
        desk=desk,
        plain=plain,
        made=made,
        notes=(*ports.moved, *_notes(given, practice)),
    )


def vendor_of(given: Mapping[str, str]) -> Vendor:
    """The ESP that is asked for.

    Raises:
        Refused: There is none of that name.
    """
    name = given.get("COPYDESK_ESP", DEFAULT)
    if name not in VENDORS:
        raise Refused(f"COPYDESK_ESP must be one of {', '.join(VENDORS)}.")
    return VENDORS[name]


def refuse_uninstalled(vendor: Vendor) -> None:
    """Refuse an ESP, practice or real, whose library is not here.

    Raises:
        Refused: Says how to install it.
    """
    if vendor.module and find_spec(vendor.module) is None:
        raise Refused(
            f"{vendor.title} needs {vendor.module}:"
            " pip install --require-hashes -r requirements/ses.txt."
        )


def refuse_half_real(given: Mapping[str, str], practice: tuple[str, ...]) -> None:
    """Refuse a setup that could mail real people by mistake or against the law.

    Raises:
        Refused: Names what to set or unset.
    """
    if "slack" not in practice and not (
        given.get("SLACK_APP_TOKEN") or given.get("SLACK_SIGNING_SECRET")
    ):
        raise Refused(
            "A real Slack needs SLACK_APP_TOKEN (Socket Mode)"
            " or SLACK_SIGNING_SECRET (HTTP) beside SLACK_BOT_TOKEN."
        )
    vendor = vendor_of(given)
    if "esp" in practice:
        return
    if "slack" in practice:
        raise Refused(
            f"The practice Slack must not send real mail: unset {vendor.key},"
            " or connect a real Slack with SLACK_BOT_TOKEN."
        )
    needs = {**MAIL_NEEDS, **vendor.needs}
    missing = [f"{name} ({why})" for name, why in needs.items() if name not in given]
    if missing:
        raise Refused(f"Real mail needs {', '.join(missing)}.")
    for name in ("COPYDESK_TIME_SCALE", "COPYDESK_ALLOW_SAMPLE_COPY"):
        if given.get(name, "1" if name.endswith("SCALE") else "0") not in _OFF[name]:
            raise Refused(f"{name} is for practice only; unset it to send real mail.")


_OFF: Final = {
    "COPYDESK_TIME_SCALE": ("1", "1.0"),
    "COPYDESK_ALLOW_SAMPLE_COPY": ("0", "false"),
}


def _practice_env(
    given: Mapping[str, str],
    practice: tuple[str, ...],
    ports: Ports,
    made: Mapping[str, str],
) -> dict[str, str]:
    env: dict[str, str] = {}
    if "slack" in practice:
        env |= {
            "SLACK_BOT_TOKEN": made["bot_token"],
            "SLACK_SIGNING_SECRET": made["signing_secret"],
            "SLACK_API_URL": f"http://{_LOOPBACK}:{ports.page}/api/",
            # the practice workspace delivers over HTTP
            "SLACK_APP_TOKEN": "",
        }
    if "writer" in practice:
        asked = given.get("OPENAI_MODEL", "")
        env |= {
            "OPENAI_API_KEY": "practice",
            "OPENAI_BASE_URL": f"http://{_LOOPBACK}:{ports.writer}/v1",
            "OPENAI_MODEL": asked if asked.startswith("sample-") else "sample-writer",
        }
    if "esp" in practice:
        env |= {
            **_PRACTICE_ESP[given.get("COPYDESK_ESP", DEFAULT)](ports, made["esp_key"]),
            "COPYDESK_MAIL_FROM": given.get("COPYDESK_MAIL_FROM", _SENDER),
            "COPYDESK_ALLOW_SAMPLE_COPY": given.get("COPYDESK_ALLOW_SAMPLE_COPY", "1"),
            "COPYDESK_TIME_SCALE": given.get("COPYDESK_TIME_SCALE", PRACTICE_SCALE),
        }
    return env


_SENDER: Final = "ada@northwind.example"


def _practice_sendgrid(ports: Ports, key: str) -> dict[str, str]:
    # it signs, and says itself how
    return {
        "SENDGRID_API_KEY": key,
        "SENDGRID_API_URL": f"http://{_LOOPBACK}:{ports.esp}",
    }


def _practice_sparkpost(ports: Ports, key: str) -> dict[str, str]:
    return {
        "SPARKPOST_API_KEY": key,
        "SPARKPOST_API_URL": f"http://{_LOOPBACK}:{ports.esp}",
        "SPARKPOST_WEBHOOK_USER": "copydesk",
        "SPARKPOST_WEBHOOK_PASSWORD": key,
    }


def _practice_ses(ports: Ports, key: str) -> dict[str, str]:
    return {
        "SES_REGION": "eu-west-1",
        "SES_CONFIGURATION_SET": "practice",
        # as `practice.esp.sns` has it; a test compares the two
        "SES_SNS_TOPIC": "arn:aws:sns:eu-west-1:000000000000:practice",
        "SES_API_URL": f"http://{_LOOPBACK}:{ports.esp}",
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": key,
    }


def _practice_smtp(ports: Ports, key: str) -> dict[str, str]:
    return {"SMTP_URL": f"smtp://copydesk:{key}@{_LOOPBACK}:{ports.smtp}"}


_PRACTICE_ESP: Final[Mapping[str, Callable[[Ports, str], dict[str, str]]]] = {
    "sendgrid": _practice_sendgrid,
    "sparkpost": _practice_sparkpost,
    "ses": _practice_ses,
    "smtp": _practice_smtp,
}
"""What the desk is told, so that the practice ESP stands in for each."""


def _notes(given: Mapping[str, str], practice: tuple[str, ...]) -> tuple[str, ...]:
    notes = []
    if "writer" in practice and "OPENAI_BASE_URL" in given:
        notes.append(
            "OPENAI_BASE_URL is set without OPENAI_API_KEY, so the sample writer writes;"
            " set OPENAI_API_KEY to any text for an endpoint that needs no key."
        )
    if "slack" in practice and "SLACK_APP_TOKEN" in given:
        notes.append(
            "SLACK_APP_TOKEN is set without SLACK_BOT_TOKEN,"
            " so the practice Slack is used."
        )
    chosen = given.get("COPYDESK_ESP", DEFAULT)
    notes += [
        f"{vendor.key} is set, but {VENDORS[chosen].title} delivers;"
        f" set COPYDESK_ESP={name} to use it."
        for name, vendor in VENDORS.items()
        if vendor.key in given and name != chosen
    ]
    return tuple(notes)


def _given_to_us(given: Mapping[str, str], practice: tuple[str, ...]) -> dict[str, str]:
    """What was set for us; no practice ever has a real AWS account at hand."""
    ours = {name: value for name, value in given.items() if _is_ours(name)}
    if "esp" not in practice:
        return ours
    return {name: value for name, value in ours.items() if not name.startswith("AWS_")}


def _is_ours(name: str) -> bool:
    return name.startswith(_OURS) or name in _OURS_EXACT


def _ports(given: Mapping[str, str]) -> Ports:
    asked = given.get("COPYDESK_PORT", str(FIRST_PORT))
    if not asked.isdecimal() or int(asked) > _LAST_PORT:
        raise Refused("COPYDESK_PORT must be a port number from 0 to 65535.")
    host = given.get("COPYDESK_HOST", _LOOPBACK)
    wanted = int(asked)
    web = _next_free(wanted, host)
    page = _next_free(web + 1 if wanted else 0, _LOOPBACK)
    moved = [
        f"Port {port} is taken, so {what} is on port {got}."
        for what, port, got in (
            ("the desk", wanted, web),
            ("the practice page", wanted and web + 1, page),
        )
        if port and port != got
    ]
    return Ports(
        web=web,
        page=page,
        writer=_next_free(0, _LOOPBACK),
        esp=_next_free(0, _LOOPBACK),
        smtp=_next_free(0, _LOOPBACK),
        broker=_next_free(0, _LOOPBACK),
        moved=tuple(moved),
    )


def _next_free(port: int, host: str) -> int:
    """The port, or the next one up that nobody listens on; 0 takes any."""
    for candidate in (
        range(port, min(port + _PORTS_TRIED, _LAST_PORT)) if port else (0,)
    ):
        with socket.socket() as probe:
            # as our servers bind, so that a port that just closed is free again
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Refused(f"No port from {port} on is free; set COPYDESK_PORT to another.")


def copydesk(*words: str) -> tuple[str, ...]:
    """The command line of one of our own commands, in this very Python."""
    return (sys.executable, "-m", "cli.main", *words)


def current_env() -> dict[str, str]:
    return dict(os.environ)
