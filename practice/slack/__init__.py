"""A strict, stateful small Slack on this machine: Web API, deliveries and a page."""

from practice.slack.config import (
    ConfigRefused,
    PracticeSlack,
    Shortcut,
    SlashCommand,
)
from practice.slack.server import Running, build_app, running, serve

__all__ = [
    "ConfigRefused",
    "PracticeSlack",
    "Running",
    "Shortcut",
    "SlashCommand",
    "build_app",
    "running",
    "serve",
]
