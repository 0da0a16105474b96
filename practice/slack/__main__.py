"""`python -m practice.slack --port 3900`: run one practice workspace."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from practice.slack.config import ConfigRefused, PracticeSlack
from practice.slack.server import running


def _config(port: int) -> PracticeSlack:
    """Read the PRACTICE_SLACK_* variables."""
    env = os.environ.get
    folder = env("PRACTICE_SLACK_DATA_DIR")
    notes = env("PRACTICE_SLACK_NOTES", "")
    return PracticeSlack(
        request_url=env(
            "PRACTICE_SLACK_REQUEST_URL", "http://127.0.0.1:3000/slack/events"
        ),
        signing_secret=env("PRACTICE_SLACK_SIGNING_SECRET", "practice-signing-secret"),
        bot_token=env("PRACTICE_SLACK_BOT_TOKEN", "xoxb-practice-copydesk"),
        app_token=env("PRACTICE_SLACK_APP_TOKEN", "xapp-practice-copydesk"),
        data_dir=Path(folder) if folder else None,
        notes=tuple(line for line in notes.splitlines() if line.strip()),
        port=port,
    )


async def _run(config: PracticeSlack) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(config) as up:
        sys.stdout.write(f"Practice Slack: {up.url}/\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> int:
    """Run until interrupted; 2 when the configuration is refused."""
    parser = argparse.ArgumentParser(prog="python -m practice.slack")
    parser.add_argument("--port", type=int, default=3900)
    port = parser.parse_args().port
    try:
        config = _config(port)
    except ConfigRefused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 2
    asyncio.run(_run(config))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
