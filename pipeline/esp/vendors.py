"""The ESPs there are: what makes each real, and what sending real mail with it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """One value of COPYDESK_ESP.

    Attributes:
        title: As people write its name.
        key: The variable that makes it real; without it the ESP is practice.
        needs: What else real mail needs, and why.
        module: What it needs installed besides.
        has_webhook: Whether it posts events to `/webhooks/esp/{name}`.
    """

    title: str
    key: str
    needs: Mapping[str, str]
    module: str = ""
    has_webhook: bool = True


DEFAULT: Final = "sendgrid"

VENDORS: Final[Mapping[str, Vendor]] = MappingProxyType(
    {
        "sendgrid": Vendor(
            title="SendGrid",
            key="SENDGRID_API_KEY",
            needs={
                "SENDGRID_WEBHOOK_PUBLIC_KEY": "the key SendGrid signs its events with"
            },
        ),
        "sparkpost": Vendor(
            title="SparkPost",
            key="SPARKPOST_API_KEY",
            needs={
                "SPARKPOST_WEBHOOK_PASSWORD": "what SparkPost shows when it posts events"
            },
        ),
        "ses": Vendor(
            title="Amazon SES",
            # the credentials are boto3's own affair: a role, a profile or AWS_*
            key="SES_REGION",
            module="boto3",
            needs={
                "SES_CONFIGURATION_SET": "events come only through one",
                "SES_SNS_TOPIC": "the topic that the configuration set publishes to",
            },
        ),
        "smtp": Vendor(
            title="SMTP",
            key="SMTP_URL",
            needs={},
            has_webhook=False,
        ),
    }
)
