"""`copydesk`: a thin command per file, and only the one that runs is imported."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Final

import click

from domain.errors import CampaignError

COMMANDS: Final = {
    "up": ("cli.up:up", "Start the whole desk on this machine."),
    "web": ("cli.processes:web", "Serve Slack, webhooks and unsubscribe pages."),
    "relay": ("cli.processes:relay", "Publish queued work and fire deadlines."),
    "worker": ("cli.processes:worker", "Do queued work: fast or slow."),
    "migrate": ("cli.processes:migrate", "Bring the database to this version."),
    "doctor": ("cli.doctor:doctor", "Check the setup and say how to fix it."),
    "brief": ("cli.brief:brief", "Start a campaign from a JSON file."),
    "preview": ("cli.preview:preview", "Show a text as a recipient reads it."),
    "audience": (
        "cli.audience:audience",
        "Lists and segments: import, show, export, forget.",
    ),
    "campaign": ("cli.campaign:campaign", "List, show or retry campaigns."),
    "rollback": ("cli.campaign:rollback", "Stop a campaign now, without Slack."),
    "slot": (
        "cli.slot:slot",
        "Where other copy is shown: list, secret, what is shown, a play.",
    ),
    "canary": ("cli.canary:canary", "What the judge would do; raise an alarm."),
    "freeze": ("cli.freeze:freeze", "Let nothing leave for a while; list or lift."),
    "incident": ("cli.incident:incident", "A rollback's clocks and postmortem."),
    "metrics": ("cli.metrics:metrics", "How each stage of review did."),
    "conversions": (
        "cli.conversions:conversions",
        "Bring in conversions, or show what a campaign's links carry.",
    ),
    "audit": ("cli.audit:audit", "Read a campaign's story, or check the record."),
    "practice": ("cli.practice:practice", "Run one part of the practice world."),
}
"""Command to where it lives and what `--help` says of it."""


class Lazy(click.Group):
    """A group that knows its commands' names, and imports one when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the list without importing what it names."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="copydesk", message="copydesk %(version)s")
def copydesk() -> None:
    """A Slack copy desk: people decide, machines execute, stopping is cheap."""


def main() -> None:
    """Run one command; a refusal is one sentence on stderr and exit 1."""
    try:
        copydesk.main(prog_name="copydesk")
    except CampaignError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
