"""The environment, read once and validated; secrets print as stars."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import Refused
from pipeline.esp import vendors

MIN_SECRET: Final = 16
"""Characters of the key that unsubscribe links are signed with."""


class Settings(BaseSettings):
    """What a process needs to know about where it runs.

    Attributes:
        time_scale: Divides durations read from the playbook. 1 in production;
            240 in practice, where a second stands for four minutes.
        allow_sample_copy: Lets copy of the sample writer be sent. Practice only.
        practice: Which of slack, writer and esp are practice, for the cards.
        esp: Which of `pipeline.esp.vendors` delivers.
        redrive_after_s: A job that rang this long ago and has no end is rung again;
            longer than any job may take (`broker.TIME_LIMIT_S`).
        send_limit_s: No send to the ESP outlives this; an intent older than it has
            lost its process. Longer than the ESP client's own timeouts.
        keep_replaced_days: So long after a newer import whom mail went to is blanked.
    """

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True)

    data_dir: Path = Field(Path(".copydesk"), alias="COPYDESK_DATA_DIR")
    playbook: Path = Field(Path("playbook"), alias="COPYDESK_PLAYBOOK")
    public_url: str = Field("http://127.0.0.1:8420", alias="COPYDESK_PUBLIC_URL")
    host: str = Field("127.0.0.1", alias="COPYDESK_HOST")
    port: int = Field(8420, alias="COPYDESK_PORT", ge=0, le=65535)
    secret_key: SecretStr = Field(SecretStr(""), alias="COPYDESK_SECRET_KEY")
    allow_sample_copy: bool = Field(default=False, alias="COPYDESK_ALLOW_SAMPLE_COPY")
    time_scale: float = Field(1.0, alias="COPYDESK_TIME_SCALE", ge=1, le=10_000)
    practice: str = Field("", alias="COPYDESK_PRACTICE")
    redrive_after_s: float = Field(150, alias="COPYDESK_REDRIVE_AFTER_S", gt=0)
    send_limit_s: float = Field(90, alias="COPYDESK_SEND_LIMIT_S", gt=0)
    keep_replaced_days: int = Field(
        400, alias="COPYDESK_KEEP_REPLACED_DAYS", ge=7, le=36_500
    )

    database_url: str = Field("", alias="DATABASE_URL")
    broker_url: str = Field("redis://127.0.0.1:6379/0", alias="BROKER_URL")

    slack_bot_token: SecretStr = Field(SecretStr(""), alias="SLACK_BOT_TOKEN")
    slack_signing_secret: SecretStr = Field(SecretStr(""), alias="SLACK_SIGNING_SECRET")
    slack_app_token: SecretStr = Field(SecretStr(""), alias="SLACK_APP_TOKEN")
    slack_api_url: str = Field("https://slack.com/api/", alias="SLACK_API_URL")

    openai_api_key: SecretStr = Field(SecretStr(""), alias="OPENAI_API_KEY")
    openai_base_url: str = Field("https://api.openai.com/v1", alias="OPENAI_BASE_URL")
    openai_model: str = Field("gpt-4o-mini", alias="OPENAI_MODEL")

    esp: str = Field(vendors.DEFAULT, alias="COPYDESK_ESP")
    sendgrid_api_key: SecretStr = Field(SecretStr(""), alias="SENDGRID_API_KEY")
    sendgrid_api_url: str = Field("https://api.sendgrid.com", alias="SENDGRID_API_URL")
    sendgrid_webhook_public_key: str = Field("", alias="SENDGRID_WEBHOOK_PUBLIC_KEY")
    conversions_secret: SecretStr = Field(
        SecretStr(""), alias="COPYDESK_CONVERSIONS_SECRET"
    )
    webhook_key: SecretStr = Field(SecretStr(""), alias="COPYDESK_WEBHOOK_KEY")
    sparkpost_api_key: SecretStr = Field(SecretStr(""), alias="SPARKPOST_API_KEY")
    sparkpost_api_url: str = Field(
        "https://api.sparkpost.com", alias="SPARKPOST_API_URL"
    )
    sparkpost_webhook_user: str = Field("copydesk", alias="SPARKPOST_WEBHOOK_USER")
    sparkpost_webhook_password: SecretStr = Field(
        SecretStr(""), alias="SPARKPOST_WEBHOOK_PASSWORD"
    )
    ses_region: str = Field("", alias="SES_REGION")
    ses_configuration_set: str = Field("", alias="SES_CONFIGURATION_SET")
    ses_sns_topic: str = Field("", alias="SES_SNS_TOPIC")
    ses_api_url: str = Field("", alias="SES_API_URL")
    smtp_url: SecretStr = Field(SecretStr(""), alias="SMTP_URL")
    smtp_dkim_domain: str = Field("", alias="SMTP_DKIM_DOMAIN")
    smtp_dkim_selector: str = Field("", alias="SMTP_DKIM_SELECTOR")
    smtp_dkim_key: SecretStr = Field(SecretStr(""), alias="SMTP_DKIM_KEY")
    mail_from: str = Field("", alias="COPYDESK_MAIL_FROM")

    @property
    def database_address(self) -> str:
        """Where the truth is kept; SQLite in the data folder unless told otherwise."""
        return self.database_url or f"sqlite:///{self.data_dir / 'copydesk.db'}"

    @property
    def redrive_after(self) -> timedelta:
        return timedelta(seconds=self.redrive_after_s)

    @property
    def keep_replaced(self) -> timedelta:
        return timedelta(days=self.keep_replaced_days)

    @property
    def send_limit(self) -> timedelta:
        return timedelta(seconds=self.send_limit_s)

    @field_validator("esp")
    @classmethod
    def _known_esp(cls, given: str) -> str:
        """One of the ESPs there are.

        Raises:
            ValueError: It is none; names those there are.
        """
        name = given or vendors.DEFAULT
        if name not in vendors.VENDORS:
            raise ValueError(f"it must be one of {', '.join(vendors.VENDORS)}")
        return name

    @property
    def vendor(self) -> vendors.Vendor:
        return vendors.VENDORS[self.esp]

    def value_of(self, variable: str) -> str:
        """What an environment variable was set to, secrets included."""
        for name, field in type(self).model_fields.items():
            if field.alias == variable:
                value = getattr(self, name)
                is_secret = isinstance(value, SecretStr)
                return value.get_secret_value() if is_secret else str(value)
        raise LookupError(f"There is no setting {variable}.")

    @property
    def practice_parts(self) -> tuple[str, ...]:
        return tuple(part for part in self.practice.split(",") if part)


def refuse_unsigned(settings: Settings, addresses: Collection[str]) -> None:
    """Refuse to post to an address outside without a key to sign with.

    Raises:
        Refused: Names what to set.
    """
    is_signed = len(settings.webhook_key.get_secret_value()) >= MIN_SECRET
    if any(addresses) and not is_signed:
        raise Refused(
            f"COPYDESK_WEBHOOK_KEY must hold at least {MIN_SECRET} characters: it signs"
            " what is posted to the addresses of oncall.yaml."
        )


def refuse_unreachable(settings: Settings) -> None:
    """Refuse to wait for the first text to find that its writer has no address.

    Raises:
        Refused: Names what to set.
    """
    try:
        parts = urlsplit(settings.openai_base_url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address:
        raise Refused(
            "OPENAI_BASE_URL must be an address that begins with https:// or http://."
        )


def refuse_unsafe(settings: Settings) -> None:
    """Refuse to run where real people could be mailed by mistake or against the law.

    Every process asks this before it starts, however it was started.

    Raises:
        Refused: Names what to set or unset.
    """
    if len(settings.secret_key.get_secret_value()) < MIN_SECRET:
        raise Refused(
            f"COPYDESK_SECRET_KEY must hold at least {MIN_SECRET} characters:"
            " it signs the unsubscribe links."
        )
    if "esp" in settings.practice_parts or not settings.value_of(settings.vendor.key):
        return
    if "slack" in settings.practice_parts:
        raise Refused("The practice Slack must not send real mail.")
    if settings.time_scale > 1:
        raise Refused("COPYDESK_TIME_SCALE is for practice only; real mail needs 1.")
    needs = {
        "COPYDESK_PUBLIC_URL (https, unsubscribe links lead there)": (
            settings.public_url.startswith("https://")
        ),
        "COPYDESK_MAIL_FROM (the sender's address)": bool(settings.mail_from),
        **{
            f"{name} ({why})": bool(settings.value_of(name))
            for name, why in settings.vendor.needs.items()
        },
    }
    missing = [name for name, is_there in needs.items() if not is_there]
    if missing:
        raise Refused(f"Real mail needs {', '.join(missing)}.")
