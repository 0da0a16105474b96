"""`python -m practice.writer --port N`: run a practice writer on this machine only."""

from __future__ import annotations

import os
from argparse import ArgumentParser

from aiohttp import web

from practice.writer.app import build_app
from practice.writer.config import PracticeWriter


def main() -> None:
    """Read flags, whose defaults come from the environment, and serve."""
    flags = ArgumentParser(prog="python -m practice.writer", description=__doc__)
    flags.add_argument("--port", type=int, required=True)
    flags.add_argument(
        "--latency",
        default=os.environ.get("PRACTICE_WRITER_LATENCY", "1,3"),
        help="least and most seconds of a call, such as 1,3",
    )
    given = flags.parse_args()
    least, _, most = given.latency.partition(",")
    config = PracticeWriter(latency=(float(least), float(most or least)))
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
