"""Which ESP is built from the environment, and what each needs before real mail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cli.doctor_esp import esp as examine
from domain.errors import Refused
from pipeline.esp.vendors import VENDORS
from pipeline.settings import Settings, refuse_unsafe
from pipeline.wall_clock import utc_now
from pipeline.wiring import ESPS
from tests.pipeline.esp_contract.mail_server import mail_server

REAL: dict[str, Any] = {
    "COPYDESK_SECRET_KEY": "0123456789abcdef",
    "COPYDESK_PUBLIC_URL": "https://desk.example",
    "COPYDESK_MAIL_FROM": "news@brand.example",
}
KEYS: dict[str, dict[str, str]] = {
    "sendgrid": {"SENDGRID_API_KEY": "SG.1", "SENDGRID_WEBHOOK_PUBLIC_KEY": "k"},
    "sparkpost": {
        "SPARKPOST_API_KEY": "key",
        "SPARKPOST_WEBHOOK_PASSWORD": "0123456789abcdef",
    },
    "ses": {
        "SES_REGION": "eu-west-1",
        "SES_CONFIGURATION_SET": "copydesk",
        "SES_SNS_TOPIC": "arn:aws:sns:eu-west-1:123456789012:copydesk",
    },
    "smtp": {"SMTP_URL": "smtp://mail.example"},
}


def settings(vendor: str, **changes: Any) -> Settings:
    return Settings(**{"COPYDESK_ESP": vendor, **REAL, **KEYS[vendor], **changes})


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_vendor_can_be_made_and_is_the_one_asked_for(vendor: str) -> None:
    # SendGrid's is a real key only in its own tests
    given = settings(vendor, SENDGRID_WEBHOOK_PUBLIC_KEY="")
    made = ESPS[vendor](given, utc_now)
    assert (made.name, made.title) == (vendor, VENDORS[vendor].title)
    made.close()


def test_every_vendor_has_a_builder_and_keys() -> None:
    assert set(ESPS) == set(VENDORS) == set(KEYS)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendor_with_all_it_needs_may_send(vendor: str) -> None:
    refuse_unsafe(settings(vendor))
    assert settings(vendor).vendor is VENDORS[vendor]


@pytest.mark.parametrize(
    ("vendor", "name"),
    [(v, name) for v in VENDORS for name in (*VENDORS[v].needs, "COPYDESK_MAIL_FROM")],
)
def test_what_real_mail_lacks_is_named(vendor: str, name: str) -> None:
    with pytest.raises(Refused, match=name):
        refuse_unsafe(settings(vendor, **{name: ""}))


@pytest.mark.parametrize("vendor", VENDORS)
def test_no_vendor_sends_for_the_practice_slack_or_in_practice_time(
    vendor: str,
) -> None:
    with pytest.raises(Refused, match="practice Slack must not send real mail"):
        refuse_unsafe(settings(vendor, COPYDESK_PRACTICE="slack"))
    with pytest.raises(Refused, match="COPYDESK_TIME_SCALE"):
        refuse_unsafe(settings(vendor, COPYDESK_TIME_SCALE=240))


def test_an_unknown_esp_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValidationError, match=r"one of sendgrid, sparkpost, "):
        Settings(**REAL, COPYDESK_ESP="mailgun")  # type: ignore[call-arg]  # from the environment


def test_an_empty_choice_is_the_default() -> None:
    assert Settings(**REAL, COPYDESK_ESP="").esp == "sendgrid"  # type: ignore[call-arg]  # from the environment


def test_half_a_dkim_is_refused() -> None:
    with pytest.raises(Refused, match="SMTP_DKIM_SELECTOR"):
        ESPS["smtp"](settings("smtp", SMTP_DKIM_DOMAIN="brand.example"), utc_now)


def test_a_short_webhook_password_is_refused() -> None:
    given = settings("sparkpost", SPARKPOST_WEBHOOK_PASSWORD="short")
    with pytest.raises(Refused, match="SPARKPOST_WEBHOOK_PASSWORD must have 16"):
        ESPS["sparkpost"](given, utc_now)


def test_secrets_print_as_stars() -> None:
    whole = "".join(
        repr(settings(vendor, SMTP_URL="smtp://u:hush-hush@mail.example"))
        for vendor in VENDORS
    )
    assert not any(word in whole for word in ("hush-hush", "SG.1", "0123456789abcdef"))


# The doctor


def test_the_doctor_logs_in_at_the_mail_server_and_says_what_it_lacks(
    tmp_path: Path,
) -> None:
    with mail_server() as server:
        lines = list(examine(settings("smtp", SMTP_URL=server.url)))
        wrong = server.url.replace("pass%2Fword", "no")
        failed = list(examine(settings("smtp", SMTP_URL=wrong)))
    assert [line.mark for line in lines] == ["ok", "warn", "warn"]
    assert "no deliveries, bounces or complaints" in lines[1].what
    assert "DKIM" in lines[2].what
    assert [line.mark for line in failed] == ["fail"]
    assert "SMTP_URL" in failed[0].what


def test_a_topic_that_is_no_arn_is_refused() -> None:
    with pytest.raises(Refused, match="SES_SNS_TOPIC must be the ARN"):
        ESPS["ses"](settings("ses", SES_SNS_TOPIC="copydesk"), utc_now)


def test_without_boto3_ses_says_which_extra_to_install() -> None:
    script = (
        "import sys; sys.modules['boto3'] = None\n"
        "from pipeline.wiring import ses_of, utc_now\n"
        "from pipeline.settings import Settings\n"
        "from domain.errors import Refused\n"
        "try:\n"
        "    ses_of(Settings(SES_REGION='eu-west-1'), utc_now).account()\n"
        "except Refused as refused:\n"
        "    print(refused)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == (
        "Amazon SES needs boto3, which is the extra `ses`:"
        " pip install -r requirements/ses.txt."
    )


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_doctor_names_the_key_that_is_missing(vendor: str) -> None:
    key = VENDORS[vendor].key
    (line,) = examine(settings(vendor, **{key: ""}))
    assert (line.mark, line.fix) == ("fail", f"Set {key}, or use `copydesk up`.")
