"""What a practice ESP needs to know before it starts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from practice.esp.switches import Switches


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeEsp:
    """Settings of one practice ESP.

    Attributes:
        api_key: The key a client sends as `Authorization: Bearer`.
        webhook_url: Where signed event batches go; empty keeps them undelivered.
        data_dir: Folder of the database and the webhook's signing key.
        time_scale: Divides every human delay; 240 means 1 s stands for 4 min.
        seed: Decides, with the address, how each recipient reacts.
        rate_limit: Requests per minute and path before 429.
        retry_first: Seconds before a refused webhook batch is posted again;
            doubles up to 30 s, and is never scaled.
        stall: Seconds a `timeout_*` fault keeps the caller waiting.
        clock: Unix seconds, so that tests can bring their own time.
        vendor: Whose webhooks are posted: sendgrid, sparkpost, ses, or none for smtp.
            Every API answers whichever it is.
        webhook_user: SparkPost's Basic authentication, with `webhook_password`.
        smtp_port: Where the mail server of vendor smtp listens; 0 takes any port.
        pump: False leaves posting to calls of `deliver_due`.
        switches: What somebody switches on its page while it runs.
    """

    api_key: str
    data_dir: Path
    webhook_url: str = ""
    vendor: str = "sendgrid"
    smtp_port: int = 0
    webhook_user: str = "copydesk"
    webhook_password: str = ""
    time_scale: float = 1.0
    seed: int = 7
    rate_limit: int = 3_000
    retry_first: float = 0.5
    stall: float = 120.0
    clock: Callable[[], float] = time.time
    pump: bool = True
    switches: Switches = field(default_factory=Switches)
