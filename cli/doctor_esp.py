"""What the doctor says about the ESP: whether it takes our key, and what it cannot do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from cli.doctor import FAIL, HTTP_OK, OK, WARN, Line, how, status_of
from domain.errors import CampaignError

if TYPE_CHECKING:
    from pipeline.settings import Settings


def _well(what: str) -> Line:
    return Line(mark=OK, what=what)


def _warn(what: str, fix: str) -> Line:
    return Line(mark=WARN, what=what, fix=fix)


def _fail(what: str, fix: str) -> Line:
    return Line(mark=FAIL, what=what, fix=fix)


def esp(given: Settings) -> Iterator[Line]:
    """Whether the configured ESP takes our key, and what it will not be able to do."""
    vendor = given.vendor
    if not given.value_of(vendor.key):
        yield _fail("No ESP is set.", f"Set {vendor.key}, or use `copydesk up`.")
        return
    yield from _ESPS[given.esp](given)


def _sendgrid(given: Settings) -> Iterator[Line]:
    key = given.sendgrid_api_key.get_secret_value()
    base = given.sendgrid_api_url.rstrip("/")
    status = status_of(f"{base}/v3/user/webhooks/event/settings/signed", key)
    if status == HTTP_OK:
        yield _well("The ESP takes the key.")
    else:
        yield _fail(f"The ESP {how(status)}.", "Mend SENDGRID_API_KEY or its scopes.")


def _sparkpost(given: Settings) -> Iterator[Line]:
    key = given.sparkpost_api_key.get_secret_value()
    base = given.sparkpost_api_url.rstrip("/")
    url = f"{base}/api/v1/transmissions?campaign_id=copydesk-doctor"
    status = status_of(url, key, scheme="")
    if status == HTTP_OK:
        yield _well("SparkPost takes the key.")
    else:
        yield _fail(
            f"SparkPost {how(status)}.",
            "Mend SPARKPOST_API_KEY, its permissions, or SPARKPOST_API_URL"
            " (https://api.eu.sparkpost.com in the EU).",
        )


def _smtp(given: Settings) -> Iterator[Line]:
    from pipeline.wall_clock import utc_now
    from pipeline.wiring import smtp_of

    try:
        smtp_of(given, utc_now).check()
    except CampaignError as error:
        yield _fail(f"SMTP: {error}", "Mend SMTP_URL or SMTP_DKIM_*.")
        return
    yield _well("The mail server lets us in.")
    yield _warn(
        "SMTP reports no deliveries, bounces or complaints.",
        "Each step is held when its window is over, and two people expand it; a canary"
        " at another ESP is judged.",
    )
    if not given.smtp_dkim_domain:
        yield _warn(
            "Mails leave without our DKIM signature.",
            "Set SMTP_DKIM_DOMAIN, _SELECTOR and _KEY, or have the mail server sign"
            " List-Unsubscribe and List-Unsubscribe-Post.",
        )


def _ses(given: Settings) -> Iterator[Line]:
    from pipeline.wall_clock import utc_now
    from pipeline.wiring import ses_of

    try:
        account = ses_of(given, utc_now).account()
    except CampaignError as error:
        yield _fail(f"Amazon SES: {error}", "Mend SES_REGION or the AWS credentials.")
        return
    if not account.can_send:
        yield _fail(
            "Sending is paused in the SES account.", "Resume it in the console."
        )
        return
    yield _well("Amazon SES takes our credentials.")
    if account.is_sandbox:
        yield _warn(
            "The SES account is in the sandbox: only verified addresses get mail.",
            "Ask AWS for production access.",
        )


_ESPS: Final[Mapping[str, Callable[[Settings], Iterator[Line]]]] = {
    "sendgrid": _sendgrid,
    "sparkpost": _sparkpost,
    "ses": _ses,
    "smtp": _smtp,
}
