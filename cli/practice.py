"""One part of the practice world on its own, as `copydesk up` runs it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from domain.errors import Refused

if TYPE_CHECKING:
    from practice.slack.config import PracticeSlack

MANIFEST: Final = Path(__file__).parents[1] / "slack-manifest.json"
_PORT: Final = click.option(
    "--port", type=click.IntRange(0, 65_535), required=True, help="On 127.0.0.1."
)


@click.group()
def practice() -> None:
    """Run one part of the practice world; it answers this machine only."""


@practice.command()
@_PORT
def slack(port: int) -> None:
    """Run the practice Slack, with the app as slack-manifest.json describes it.

    The PRACTICE_SLACK_* variables say where it delivers and with which secrets.
    """
    from practice.slack.config import ConfigRefused

    try:
        config = _workspace(os.environ, port)
    except ConfigRefused as error:
        raise Refused(str(error)) from error
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(config))


async def _serve(config: PracticeSlack) -> None:
    from practice.slack.server import running

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(config) as up:
        click.echo(f"Practice Slack: {up.url}/")
        await stop.wait()


def _workspace(env: Mapping[str, str], port: int) -> PracticeSlack:
    """The workspace of the environment, its app installed from the manifest."""
    from practice.slack.config import PracticeSlack, Shortcut, SlashCommand

    raw = json.loads(MANIFEST.read_text(encoding="utf-8"))
    features: Mapping[str, Any] = raw["features"]
    folder = env.get("PRACTICE_SLACK_DATA_DIR")
    notes = env.get("PRACTICE_SLACK_NOTES", "")
    return PracticeSlack(
        request_url=env.get(
            "PRACTICE_SLACK_REQUEST_URL", "http://127.0.0.1:8420/slack/events"
        ),
        signing_secret=env.get(
            "PRACTICE_SLACK_SIGNING_SECRET", "practice-signing-secret"
        ),
        bot_token=env.get("PRACTICE_SLACK_BOT_TOKEN", "xoxb-practice-copydesk"),
        app_token=env.get("PRACTICE_SLACK_APP_TOKEN", "xapp-practice-copydesk"),
        data_dir=Path(folder) if folder else None,
        scopes=tuple(raw["oauth_config"]["scopes"]["bot"]),
        commands=tuple(
            SlashCommand(
                command=each["command"],
                description=each.get("description", ""),
                usage_hint=each.get("usage_hint", ""),
                should_escape=each.get("should_escape", False),
            )
            for each in features.get("slash_commands", ())
        ),
        shortcuts=tuple(
            Shortcut(
                callback_id=each["callback_id"],
                name=each["name"],
                type=each.get("type", "message"),
            )
            for each in features.get("shortcuts", ())
        ),
        events=tuple(raw["settings"]["event_subscriptions"]["bot_events"]),
        notes=tuple(line for line in notes.splitlines() if line.strip()),
        esp_page=env.get("PRACTICE_SLACK_ESP_PAGE", ""),
        port=port,
    )


@practice.command(context_settings={"ignore_unknown_options": True})
@_PORT
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def writer(port: int, options: tuple[str, ...]) -> None:
    """Run the practice writer: an OpenAI-compatible endpoint without a model."""
    from practice.writer.__main__ import main

    sys.argv = ["copydesk practice writer", "--port", str(port), *options]
    main()


@practice.command(context_settings={"ignore_unknown_options": True})
@_PORT
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def esp(port: int, options: tuple[str, ...]) -> None:
    """Run the practice ESP: SendGrid's API, and an audience that reacts."""
    from practice.esp.__main__ import main

    sys.argv = ["copydesk practice esp", "--port", str(port), *options]
    main()


@practice.command()
def lists() -> None:
    """Write the practice lists and import those that are not there yet."""
    from cli.audience import import_file
    from cli.desk import open_desk
    from domain.attributes import Kind
    from domain.columns import Wanted
    from practice.lists import LISTS, write_lists
    from storage import queries

    with open_desk() as desk:
        known = {each.key for each in desk.database.read(queries.audiences)}
        if known.issuperset(Path(each.file_name).stem for each in LISTS):
            click.echo("The practice lists are there already.")
            return
        folder = desk.settings.data_dir / "lists"
        for title, path in write_lists(folder).items():
            if path.stem not in known:
                done = import_file(
                    desk,
                    path,
                    key=path.stem,
                    title=title,
                    wanted=Wanted(kind_of={"plan": Kind.TEXT}),
                )
                click.echo(f"{title}: {done.size:,} recipients.")
