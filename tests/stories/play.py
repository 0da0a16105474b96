"""Play stories on the practice page, in a real browser against a real desk.

`python tests/stories/play.py [NAME ...]` plays the named ones, or all of them, some
of them at the same time, and closes on `N passed, N failed`.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

if __package__ in (None, ""):  # run as a file: the project's folder is not on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import click
from playwright.sync_api import Browser, sync_playwright

from tests.stories import (
    brief_to_sent,
    delivery_arms,
    delivery_breach,
    delivery_calm,
    delivery_esp_down,
    delivery_freeze,
    delivery_held,
    delivery_landing_page,
    delivery_list,
    delivery_no_data,
    delivery_reader,
    delivery_upload,
    review_brand_lead,
    review_bulk,
    review_nobody_acts,
    review_second_thoughts,
    review_tier_a,
    rollback,
    small_ones,
)
from tests.stories.beside import play_beside, stop_by_the_usual_way
from tests.stories.stack import ROOT, DeskBroken, Stack, attach, prepare, start
from tests.stories.stage import CHROMIUM_ARGS, IMAGES, Play

AS_SHIPPED = 240.0
"""Practice time as a person gets it: 1 s stands for 4 min."""
FASTER = 480.0
UNHURRIED = 60.0
"""Four hours take four minutes: nothing passes by itself meanwhile."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_BROWSER = 2
AT_ONCE = 3
"""A story waits most of the time; two cores bear three of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One story.

    Attributes:
        scale: How many seconds of practice time one second stands for.
        playbook: Changes a copy of the playbook before the desk is started on it;
            says what else its environment has.
    """

    run: Callable[[Play], None]
    scale: float = FASTER
    playbook: Callable[[Path], Mapping[str, str]] | None = None


STORIES = {
    # the long ones first: what is left of them then fills up with short ones
    "brief-to-sent": Story(run=brief_to_sent.desktop, scale=AS_SHIPPED),
    "delivery-landing-page": Story(run=delivery_landing_page.play),
    "delivery-arms": Story(
        run=delivery_arms.play, scale=UNHURRIED, playbook=delivery_arms.playbook
    ),
    "phone-brief-to-sent": Story(run=brief_to_sent.phone),
    "delivery-calm": Story(run=delivery_calm.play),
    "delivery-held": Story(run=delivery_held.play),
    "review-nobody-acts": Story(run=review_nobody_acts.play, scale=AS_SHIPPED),
    "small-list-held": Story(run=small_ones.small_list),
    "delivery-no-data": Story(run=delivery_no_data.play),
    "smoke": Story(run=small_ones.smoke),
    "complaints-roll-back": Story(run=rollback.complaints),
    "on-call-rollback": Story(run=rollback.on_call),
    "keyboard-on-call-rollback": Story(run=rollback.by_keyboard),
    "phone-complaints-roll-back": Story(run=rollback.phone_complaints),
    "review-brand-lead": Story(run=review_brand_lead.play),
    "review-tier-a": Story(run=review_tier_a.play, scale=UNHURRIED),
    "review-bulk": Story(run=review_bulk.play, scale=UNHURRIED),
    "review-second-thoughts": Story(run=review_second_thoughts.play),
    "delivery-complaints": Story(run=delivery_breach.complaints),
    "delivery-bounces": Story(run=delivery_breach.bounces),
    "delivery-esp-down": Story(
        run=delivery_esp_down.play,
        scale=AS_SHIPPED,
        playbook=delivery_esp_down.playbook,
    ),
    "delivery-freeze": Story(run=delivery_freeze.play),
    "delivery-list": Story(run=delivery_list.play),
    "delivery-upload": Story(run=delivery_upload.play),
    "delivery-reader": Story(run=delivery_reader.play, scale=AS_SHIPPED),
    "hostile-brief": Story(run=small_ones.hostile),
    "preview": Story(run=small_ones.preview),
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
def desk(
    story: Story, on: Path | None = None, like: Path | None = None
) -> Iterator[Stack]:
    """A fresh desk, thrown away afterwards; or the one that runs on a folder.

    Args:
        like: A data folder with all that a first start makes, which takes its time.
    """
    if on is not None:
        yield attach(on)
        return
    with tempfile.TemporaryDirectory(
        prefix="copydesk-stories-", ignore_cleanup_errors=True
    ) as folder:
        if like is not None:
            shutil.copytree(like, folder, dirs_exist_ok=True)
        more: dict[str, str] = {}
        if story.playbook is not None:
            own = Path(folder, "playbook")
            shutil.copytree(ROOT / "playbook", own)
            more = {"COPYDESK_PLAYBOOK": str(own), **story.playbook(own)}
        with _one_start_at_a_time():
            running = start(Path(folder), scale=story.scale, more=more)
        try:
            yield running
        finally:
            running.stop()


@contextlib.contextmanager
def _one_start_at_a_time() -> Iterator[None]:
    """A desk takes ports that it found free a moment before; two must not find them."""
    path = Path(tempfile.gettempdir(), f"copydesk-stories-{os.getuid()}.lock")
    with path.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


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


def play_alone(
    name: str,
    *,
    path: str,
    images: Path | None,
    on: Path | None = None,
    like: Path | None = None,
) -> str | None:
    """Play one in a browser and on a desk of its own; no other takes its Slack turns."""
    story = STORIES[name]
    began = time.monotonic()
    try:
        with browser(path) as window, desk(story, on, like) as running:
            click.echo(
                f"\nA desk is up in {time.monotonic() - began:.1f} s."
                f" 1 s of practice stands for {story.scale / 60:g} min.",
            )
            return play(name, running, window, images=images)
    except DeskBroken as broken:
        click.echo(f"  FAILED: {broken}")
        return str(broken)


def main() -> int:
    """Play what the command line names; 0, or 1 on a failure, or 2 without a browser."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(STORIES))
    parser.add_argument("--images", action="store_true", help=f"save PNGs in {IMAGES}")
    parser.add_argument(
        "--on", type=Path, help="data folder of a desk that runs already"
    )
    parser.add_argument(
        "--at-once", type=int, default=AT_ONCE, help="how many stories at a time"
    )
    given = parser.parse_args()
    stop_by_the_usual_way()
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
    names = given.names or list(STORIES)
    work = partial(play_alone, path=path, images=IMAGES if wants_images else None)
    if given.on is not None or len(names) == 1:
        # as it goes, for whoever watches
        results = {name: work(name, on=given.on) for name in names}
    else:
        with tempfile.TemporaryDirectory(prefix="copydesk-first-") as folder:
            prepare(Path(folder))
            on_a_copy = partial(work, like=Path(folder))
            results = play_beside(names, on_a_copy, most=given.at_once)
    failed = [name for name, wrong in results.items() if wrong is not None]
    click.echo()
    for name in failed:
        click.echo(f"failed: {name}: {results[name]}")
    click.echo(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
