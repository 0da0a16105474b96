"""Play stories on the practice page, in a real browser against a real desk.

`python tests/stories/play.py [NAME ...]` plays the named ones, or all of them, and
closes on `N passed, N failed`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

if __package__ in (None, ""):  # run as a file: the project's folder is not on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import click
from playwright.sync_api import Browser, sync_playwright

from tests.stories import (
    brief_to_sent,
    delivery_freeze,
    delivery_list,
    delivery_reader,
    review_brand_lead,
    review_bulk,
    review_nobody_acts,
    review_second_thoughts,
    review_tier_a,
    rollback,
    small_ones,
)
from tests.stories.stack import DeskBroken, Stack, attach, start
from tests.stories.stage import CHROMIUM_ARGS, IMAGES, Play

AS_SHIPPED = 240.0
"""Practice time as a person gets it: 1 s stands for 4 min."""
FASTER = 480.0
UNHURRIED = 60.0
"""Four hours take four minutes: nothing passes by itself meanwhile."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_BROWSER = 2
_STOPPED = 143


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One story.

    Attributes:
        scale: How many seconds of practice time one second stands for.
    """

    run: Callable[[Play], None]
    scale: float = FASTER


STORIES = {
    "brief-to-sent": Story(run=brief_to_sent.desktop, scale=AS_SHIPPED),
    "smoke": Story(run=small_ones.smoke),
    "complaints-roll-back": Story(run=rollback.complaints),
    "on-call-rollback": Story(run=rollback.on_call),
    "keyboard-on-call-rollback": Story(run=rollback.by_keyboard),
    "phone-brief-to-sent": Story(run=brief_to_sent.phone),
    "phone-complaints-roll-back": Story(run=rollback.phone_complaints),
    "review-brand-lead": Story(run=review_brand_lead.play),
    "review-tier-a": Story(run=review_tier_a.play, scale=UNHURRIED),
    "review-bulk": Story(run=review_bulk.play, scale=UNHURRIED),
    "review-nobody-acts": Story(run=review_nobody_acts.play, scale=AS_SHIPPED),
    "review-second-thoughts": Story(run=review_second_thoughts.play),
    "delivery-freeze": Story(run=delivery_freeze.play),
    "delivery-list": Story(run=delivery_list.play),
    "delivery-reader": Story(run=delivery_reader.play, scale=AS_SHIPPED),
    "hostile-brief": Story(run=small_ones.hostile),
    "preview": Story(run=small_ones.preview),
    "small-list-held": Story(run=small_ones.small_list),
    "not-in-channel": Story(run=small_ones.sent_away),
}


def chromium() -> str | None:
    """A Chromium on this machine, if there is one."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


@contextlib.contextmanager
def browser(path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=path, args=list(CHROMIUM_ARGS)
        )
        try:
            yield running
        finally:
            running.close()


@contextlib.contextmanager
def desk(scale: float, on: Path | None = None) -> Iterator[Stack]:
    """A fresh desk, thrown away afterwards; or the one that runs on a folder."""
    if on is not None:
        yield attach(on)
        return
    with tempfile.TemporaryDirectory(
        prefix="copydesk-stories-", ignore_cleanup_errors=True
    ) as folder:
        running = start(Path(folder), scale=scale)
        try:
            yield running
        finally:
            running.stop()


def play(
    name: str, running: Stack, window: Browser, *, images: Path | None = None
) -> str | None:
    """Play one story; what went wrong in a line, or None."""
    click.echo(f"\n{name}")
    began = time.monotonic()
    scene = Play(running, window, click.echo, images)
    try:
        STORIES[name].run(scene)
    except Exception as error:  # noqa: BLE001  # whatever it is, the story failed
        kept = scene.evidence(name, traceback.format_exc())
        first = (
            str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        )
        click.echo(f"  FAILED while {scene.doing}: {first}\n  See {kept}")
        return first
    finally:
        scene.leave()
    click.echo(f"  {time.monotonic() - began:6.1f} s  in all")
    return None


def play_all(
    names: Sequence[str],
    path: str,
    *,
    images: Path | None,
    on: Path | None,
) -> dict[str, str | None]:
    """Play these, each on a desk of its own: none waits for another's Slack turns."""
    results: dict[str, str | None] = {}
    with browser(path) as window:
        for name in names:
            results[name] = _alone(name, window, images=images, on=on)
    return results


def _alone(
    name: str, window: Browser, *, images: Path | None, on: Path | None
) -> str | None:
    scale = STORIES[name].scale
    began = time.monotonic()
    try:
        with desk(scale, on) as running:
            click.echo(
                f"\nA desk is up in {time.monotonic() - began:.1f} s."
                f" 1 s of practice stands for {scale / 60:g} min.",
            )
            return play(name, running, window, images=images)
    except DeskBroken as broken:
        click.echo(f"  FAILED: {broken}")
        return str(broken)


def _stop(_number: int, _frame: FrameType | None) -> None:
    """Leave by the usual way, so that no desk is left running."""
    raise SystemExit(_STOPPED)


def main() -> int:
    """Play what the command line names; 0, or 1 on a failure, or 2 without a browser."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(STORIES))
    parser.add_argument("--images", action="store_true", help=f"save PNGs in {IMAGES}")
    parser.add_argument(
        "--on", type=Path, help="data folder of a desk that runs already"
    )
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, _stop)
    unknown = [name for name in given.names if name not in STORIES]
    if unknown:
        parser.error(
            f"There is no story {unknown[0]!r}; there are {', '.join(STORIES)}."
        )
    path = chromium()
    if path is None:
        click.echo("Stories need Chromium: apt-get install chromium")
        return NO_BROWSER
    wants_images = given.images or os.environ.get("COPYDESK_STORY_IMAGES") == "1"
    results = play_all(
        given.names or list(STORIES),
        path,
        images=IMAGES if wants_images else None,
        on=given.on,
    )
    failed = [name for name, wrong in results.items() if wrong is not None]
    click.echo()
    for name in failed:
        click.echo(f"failed: {name}: {results[name]}")
    click.echo(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
