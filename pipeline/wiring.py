"""Everything a process needs, built once from its settings and passed explicitly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from domain.errors import Refused
from pipeline.esp import sns
from pipeline.esp.port import Esp
from pipeline.esp.sendgrid import SendGrid
from pipeline.esp.ses import Ses
from pipeline.esp.smtp import Smtp
from pipeline.esp.smtp_mail import Dkim
from pipeline.esp.sparkpost import SparkPost
from pipeline.membership import Membership
from pipeline.pace import Pacer
from pipeline.playbook import Playbook
from pipeline.playbook_live import LivePlaybook
from pipeline.playbook_scaled import playbook_of
from pipeline.settings import (
    Settings,
    refuse_unreachable,
    refuse_unsafe,
    refuse_unsigned,
)
from pipeline.slack import SlackGateway
from pipeline.templates import Templates
from pipeline.wall_clock import utc_now
from pipeline.writers.late import LateWriter
from pipeline.writers.port import Writer
from storage import queries
from storage.engine import WORKER_LOCK_TIMEOUT, Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """What jobs and listeners work with; made per process, after any fork.

    Attributes:
        playbook_now: The playbook, with the team as its file says it at the call.
        membership: Who is in which group, and who may not decide, as last read.
        templates: Texts that this process has compiled.
    """

    settings: Settings
    playbook_now: Callable[[], Playbook]
    clock: Callable[[], datetime]
    database: Database
    slack: SlackGateway
    writer: Writer
    esp: Esp
    membership: Membership = field(default_factory=Membership)
    templates: Templates = field(default_factory=Templates)

    @property
    def written(self) -> Playbook:
        """The playbook with the team as its file has it; who decides is `playbook`."""
        return self.playbook_now()

    @property
    def playbook(self) -> Playbook:
        """The playbook with the team that decides now."""
        return self.membership.join(self.playbook_now())

    def look_around(self) -> None:
        """Read who is in which group, and who may not decide.

        Raises:
            TryLater: The database is locked or away.
        """
        self.membership.learn(self.database.read(queries.roster))

    def close(self) -> None:
        """Let go of every connection."""
        self.slack.close()
        self.writer.close()
        self.esp.close()
        self.database.close()


def _sendgrid(settings: Settings, clock: Callable[[], datetime]) -> Esp:
    return SendGrid(
        api_key=settings.sendgrid_api_key.get_secret_value(),
        clock=clock,
        base_url=settings.sendgrid_api_url,
        webhook_public_key=settings.sendgrid_webhook_public_key or None,
    )


def _sparkpost(settings: Settings, clock: Callable[[], datetime]) -> Esp:
    return SparkPost(
        api_key=settings.sparkpost_api_key.get_secret_value(),
        clock=clock,
        base_url=settings.sparkpost_api_url,
        webhook_user=settings.sparkpost_webhook_user,
        webhook_password=settings.sparkpost_webhook_password.get_secret_value(),
    )


def ses_of(settings: Settings, clock: Callable[[], datetime]) -> Ses:
    """Amazon SES of these settings.

    Raises:
        Refused: The topic is no ARN, or practice would be on another machine.
    """
    is_practice = "esp" in settings.practice_parts
    return Ses(
        region=settings.ses_region,
        clock=clock,
        configuration_set=settings.ses_configuration_set,
        topic=settings.ses_sns_topic,
        api_url=settings.ses_api_url,
        fetch=sns.played_by(settings.ses_api_url) if is_practice else sns.fetch,
    )


def smtp_of(settings: Settings, clock: Callable[[], datetime]) -> Smtp:
    """The mail server of these settings.

    Raises:
        Refused: The URL or the DKIM key cannot be read, or a part of DKIM is missing.
    """
    given = settings.smtp_dkim_domain, settings.smtp_dkim_selector
    key = settings.smtp_dkim_key.get_secret_value()
    if any((*given, key)) and not all((*given, key)):
        raise Refused(
            "DKIM needs SMTP_DKIM_DOMAIN, SMTP_DKIM_SELECTOR and SMTP_DKIM_KEY, or none"
            " of them."
        )
    # a PEM key in one line, as some environments need it
    pem = key.replace("\\n", "\n")
    dkim = Dkim(domain=given[0], selector=given[1], key=pem) if key else None
    return Smtp(url=settings.smtp_url.get_secret_value(), clock=clock, dkim=dkim)


ESPS: Final[Mapping[str, Callable[[Settings, Callable[[], datetime]], Esp]]] = {
    "sendgrid": _sendgrid,
    "sparkpost": _sparkpost,
    "ses": ses_of,
    "smtp": smtp_of,
}
"""How each of `pipeline.esp.vendors` is made; dials nothing, refuses what cannot be."""


def build(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = utc_now,
    lock_timeout: timedelta = WORKER_LOCK_TIMEOUT,
) -> Deps:
    """Dial nothing yet; check the settings, read the playbook, make the clients.

    Raises:
        Refused: The playbook or a key does not hold together.
    """
    refuse_unsafe(settings)
    refuse_unreachable(settings)
    playbook = playbook_of(settings)
    # not in `playbook_of`: stopping from a shell must need no key
    on_call = playbook.on_call
    refuse_unsigned(settings, (on_call.page_url, on_call.ticket_url))
    return Deps(
        settings=settings,
        playbook_now=LivePlaybook(
            playbook, settings.playbook, time_scale=settings.time_scale
        ).now,
        clock=clock,
        database=Database(settings.database_address, clock, lock_timeout=lock_timeout),
        slack=SlackGateway(
            token=settings.slack_bot_token.get_secret_value(),
            pacer=Pacer.connect(settings.broker_url, prefix="copydesk:slack:"),
            base_url=settings.slack_api_url,
        ),
        writer=LateWriter(lambda: _writer(settings)),
        esp=ESPS[settings.esp](settings, clock),
    )


def _writer(settings: Settings) -> Writer:
    # a second to load, which no process waits for but the one that writes
    from pipeline.writers.openai import OpenAIWriter  # noqa: PLC0415

    return OpenAIWriter(
        api_key=settings.openai_api_key.get_secret_value() or "practice",
        base_url=settings.openai_base_url,
        is_sample="writer" in settings.practice_parts,
    )
