"""`python -m practice.esp --port N`: run a practice ESP on this machine only."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path

from aiohttp import web

from practice.esp.app import build_app
from practice.esp.config import PracticeEsp


def main() -> None:
    """Read flags, whose defaults come from the environment, and serve."""
    env = os.environ.get
    flags = ArgumentParser(prog="python -m practice.esp", description=__doc__)
    flags.add_argument("--port", type=int, required=True)
    flags.add_argument("--api-key", default=env("PRACTICE_ESP_API_KEY", "practice"))
    flags.add_argument("--webhook-url", default=env("PRACTICE_ESP_WEBHOOK_URL", ""))
    flags.add_argument(
        "--data-dir", type=Path, default=env("PRACTICE_ESP_DATA_DIR", ".copydesk/esp")
    )
    flags.add_argument(
        "--time-scale", type=float, default=float(env("COPYDESK_TIME_SCALE", "1"))
    )
    flags.add_argument("--seed", type=int, default=int(env("PRACTICE_ESP_SEED", "7")))
    flags.add_argument("--vendor", default=env("PRACTICE_ESP_VENDOR", "sendgrid"))
    flags.add_argument(
        "--webhook-password", default=env("PRACTICE_ESP_WEBHOOK_PASSWORD", "")
    )
    flags.add_argument(
        "--smtp-port", type=int, default=int(env("PRACTICE_ESP_SMTP_PORT", "0"))
    )
    given = flags.parse_args()
    config = PracticeEsp(
        api_key=given.api_key,
        webhook_url=given.webhook_url,
        vendor=given.vendor,
        smtp_port=given.smtp_port,
        webhook_password=given.webhook_password,
        data_dir=Path(given.data_dir),
        time_scale=given.time_scale,
        seed=given.seed,
    )
    web.run_app(
        build_app(config),
        host="127.0.0.1",
        port=given.port,
        print=None,
        access_log=None,
        shutdown_timeout=2,
    )


if __name__ == "__main__":
    main()
