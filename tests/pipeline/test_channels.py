"""Copy that is no mail: briefed, written, linted, reviewed and exported."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import signal
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from domain.brief import BriefInvalid
from domain.campaign import CampaignId, State
from domain.channel import PARTS, Channel
from domain.errors import MoveNotAllowed, NotYourTurn, Refused
from domain.lint import Severity
from domain.personalize import CannotRender
from domain.variant import Copy
from pipeline import preview, record
from pipeline.exported_files import archive, files_of
from pipeline.failpoint import OF_EXPORTS
from storage import queries
from tests.factories import add_audience
from tests.pipeline.kills import drain_until_killed
from tests.pipeline.lab import CLEO, DEV, MARA, Lab

SHOWN = tuple(each for each in Channel if not each.is_mailed)
SLOTS = {
    Channel.LANDING_PAGE: "home-hero",
    Channel.AD: "sidebar-ad",
    Channel.CHAT: "chat-pricing",
}
HOSTILE = Copy(
    subject="=cmd()<script>alert(1)</script>",
    preheader='"><img src=x onerror=alert(1)>',
    body="Open javascript:alert(1) or <a href='javascript:x'>here</a>\n\n"
    "data:text/html,<script>x</script>\n\nhttps://northwind.example/demo",
)


def briefed(desk: Lab, kind: Channel, **brief: object) -> CampaignId:
    given = {
        "channel": kind,
        "slot": SLOTS[kind],
        "arms": 1,
        "ab_variable": "none",
        "variants": 2,
    }
    return desk.brief(**{**given, **brief})


def approved(desk: Lab, channel: Channel, **brief: object) -> CampaignId:
    """Approved in every stage, and not yet scheduled."""
    number = briefed(desk, channel, **brief)
    desk.drain()
    desk.approve_all(number, CLEO)
    for request in desk.requests(number):
        if request.closed_at is None and desk.state(number) is State.STAGED_REVIEW:
            desk.approve(request, by=DEV)
    assert desk.state(number) is State.APPROVED
    return number


def exported(desk: Lab, number: CampaignId) -> Mapping[str, bytes]:
    return desk.look(lambda store: files_of(store, desk.deps.playbook, number))


@pytest.mark.parametrize("channel", SHOWN)
def test_the_sample_writer_writes_for_every_channel_and_lint_passes_it(
    desk: Lab, channel: Channel
) -> None:
    number = briefed(desk, channel)
    desk.drain()
    assert desk.state(number) is State.STAGED_REVIEW
    campaign = desk.campaign(number)
    assert (campaign.brief_channel, campaign.slot) == (channel, SLOTS[channel])
    card = desk.deps.database.read(
        queries.campaign_card, number, desk.deps.playbook.view_facts
    )
    assert card.prompt.startswith(f"{channel}@")
    for variant in desk.look(lambda store: store.variants.of(number)):
        seen = desk.deps.database.read(
            queries.variant_card, variant.id, desk.deps.playbook.view_facts
        )
        assert seen.text is not None
        assert "{{" not in f"{seen.text.subject}{seen.text.preheader}{seen.text.body}"
        assert not [each for each in seen.findings if each.severity == "hard"]


def test_a_text_is_judged_by_its_own_channels_policy(desk: Lab) -> None:
    number = briefed(desk, Channel.AD)
    desk.drain()
    variant = desk.look(lambda store: store.variants.of(number))[0]
    assert variant.revision_id is not None
    long = Copy(subject="x" * 31, preheader="A line", body="Hello {{ person.city }}")
    desk.write(
        record.edit,
        desk.deps.playbook,
        variant.revision_id,
        long,
        actor=CLEO,
    )
    desk.drain()
    seen = desk.deps.database.read(
        queries.variant_card, variant.id, desk.deps.playbook.view_facts
    )
    hard = {each.rule: each for each in seen.findings if each.severity == Severity.HARD}
    assert set(hard) == {"length.subject_too_long", "token.no_recipient"}
    assert hard["length.subject_too_long"].field == "headline"
    assert hard["token.no_recipient"].field == "primary text"
    request = next(
        each for each in desk.requests(number) if each.variant_id == variant.id
    )
    with pytest.raises((Refused, MoveNotAllowed)):
        desk.approve(request, by=CLEO)


def test_a_brief_that_is_no_mail_needs_nobody_who_can_be_mailed(desk: Lab) -> None:
    desk.write(add_audience, 5, key="silent", consent=False)
    number = briefed(desk, Channel.LANDING_PAGE, audience="silent")
    campaign = desk.campaign(number)
    assert campaign.audience_size == 5
    with pytest.raises(Refused, match="can be mailed"):
        desk.brief(audience="silent")


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"slot": ""}, "slot", "Ad copy needs the slot that shows it."),
        ({"slot": "home-hero"}, "slot", "Ad copy is shown in sidebar-ad, not in"),
        ({"plain_text_part": False}, "plain_text_part", "is about a mail; leave it"),
        ({"no_image_only": False}, "no_image_only", "is about a mail; leave it"),
        ({"channel": "email"}, "slot", "A mail is shown in no slot; leave it empty."),
        ({"channel": "fax"}, "channel", "Channel must be email or landing_page or"),
    ],
)
def test_a_combination_that_cannot_be_says_which_field_and_why(
    desk: Lab, changes: dict[str, object], field: str, said: str
) -> None:
    with pytest.raises(BriefInvalid) as invalid:
        briefed(desk, Channel.AD, **changes)
    assert list(invalid.value.errors) == [field]
    assert said in invalid.value.errors[field]


@pytest.mark.parametrize("channel", SHOWN)
def test_approved_copy_is_exported_to_the_byte(desk: Lab, channel: Channel) -> None:
    number = approved(desk, channel)
    files = exported(desk, number)
    assert files == exported(desk, number)
    arm = desk.look(lambda store: store.variants.arms(number))[0]
    names = {"content.json", "fragment.html", "index.html"}
    names |= {"ads.csv"} if channel is Channel.AD else set()
    assert set(files) == {f"{arm.label}/{name}" for name in names} | {"manifest.json"}
    listed = json.loads(files["manifest.json"])["files"]
    assert listed == {
        name: hashlib.sha256(body).hexdigest()
        for name, body in files.items()
        if name != "manifest.json"
    }
    content = json.loads(files[f"{arm.label}/content.json"])
    assert content["slot"] == SLOTS[channel]
    assert [each["by"] for each in content["approvals"]] == [CLEO, DEV]
    assert list(content["parts"]) == sorted(
        name.lower().replace(" ", "_") for name in PARTS[channel].values()
    )
    assert content["written_by"]["is_sample"] is True


# Export in Slack ----------------------------------------------------------------------


def press_export(desk: Lab, number: CampaignId, by: str = MARA) -> None:
    desk.write(record.export, desk.deps.playbook, number, actor=by)


def archives(desk: Lab, number: CampaignId) -> list[bytes]:
    """What files the campaign's thread has."""
    world = desk.slack.workspace.world
    shared = [name for each in desk.thread(number) for name in each.files]
    return [world.content(world.files[name]) or b"" for name in shared]


@pytest.mark.usefixtures("cards_at_once")
def test_export_puts_the_files_into_the_thread_as_often_as_it_is_pressed(
    desk: Lab,
) -> None:
    number = approved(desk, Channel.AD)
    press_export(desk, number)
    desk.drain()
    press_export(desk, number)
    desk.drain()
    one, two = archives(desk, number)
    assert one == two == archive(exported(desk, number))
    with zipfile.ZipFile(io.BytesIO(one)) as packed:
        assert {name: packed.read(name) for name in packed.namelist()} == dict(
            exported(desk, number)
        )
    story = desk.deps.database.read(queries.audit, number)
    assert [e.actor for e in story if e.event == "copy_exported"] == [MARA, MARA]


def test_export_is_for_its_team_and_for_approved_copy(desk: Lab) -> None:
    number = briefed(desk, Channel.LANDING_PAGE)
    desk.drain()
    with pytest.raises(Refused, match="is staged review"):
        press_export(desk, number)
    number = approved(desk, Channel.LANDING_PAGE)
    with pytest.raises(NotYourTurn):
        press_export(desk, number, by="U0STRANGER")
    desk.drain()
    assert archives(desk, number) == []


def stopped(desk: Lab) -> CampaignId:
    """Export was pressed, and then it was cancelled."""
    number = approved(desk, Channel.LANDING_PAGE)
    press_export(desk, number)
    desk.write(record.cancel, desk.deps.playbook, number, actor=MARA)
    return number


def refusals(desk: Lab, number: CampaignId) -> tuple[int, int]:
    """How often the thread and how often the record say that nothing was exported."""
    words = f"The copy of #{number} was not exported."
    story = desk.deps.database.read(queries.audit, number)
    return (
        sum(words in each.text for each in desk.thread(number)),
        [each.event for each in story].count("copy_not_exported"),
    )


@pytest.mark.usefixtures("cards_at_once")
def test_what_is_stopped_before_its_files_are_made_is_not_exported(desk: Lab) -> None:
    number = stopped(desk)
    desk.drain()
    assert archives(desk, number) == []
    assert refusals(desk, number) == (1, 1)
    assert desk.state(number) is State.CANCELLED


@pytest.mark.usefixtures("cards_at_once")
def test_a_worker_killed_once_it_told_tells_again_and_keeps_it_on_the_record_once(
    desk: Lab, tmp_path: Path
) -> None:
    number = stopped(desk)
    assert drain_until_killed(desk, "export.after_told", tmp_path) == -signal.SIGKILL
    assert refusals(desk, number) == (1, 0)
    desk.drain()
    assert archives(desk, number) == []
    # it may come twice, never not at all
    assert refusals(desk, number) == (2, 1)


@pytest.mark.parametrize("moment", sorted({*OF_EXPORTS} - {"export.after_told"}))
def test_a_worker_killed_while_it_exports_loses_no_archive(
    desk: Lab, tmp_path: Path, moment: str
) -> None:
    number = approved(desk, Channel.CHAT)
    desk.drain()
    press_export(desk, number)
    assert drain_until_killed(desk, moment, tmp_path) == -signal.SIGKILL
    desk.drain()
    found = archives(desk, number)
    assert set(found) == {archive(exported(desk, number))}
    assert len(found) == (2 if moment == "export.after_call" else 1)


def test_an_ad_is_a_row_that_an_ads_editor_imports(desk: Lab) -> None:
    number = approved(desk, Channel.AD, title="=HYPERLINK(1)")
    (packed,) = [body for name, body in exported(desk, number).items() if "ads" in name]
    row = next(iter(csv.DictReader(io.StringIO(packed.decode()))))
    assert row["Campaign"] == "'=HYPERLINK(1)"
    assert row["Ad group"] == "sidebar-ad"
    assert row["Status"] == "Paused"
    assert row["Final URL"] == "https://northwind.example/demo"
    assert 0 < len(row["Headline 1"]) <= 30
    assert 0 < len(row["Description 1"]) <= 90


def test_what_is_not_approved_or_is_a_mail_is_not_exported(desk: Lab) -> None:
    number = briefed(desk, Channel.CHAT)
    with pytest.raises(Refused, match="exported once it is approved"):
        exported(desk, number)
    desk.write(record.cancel, desk.deps.playbook, number, actor=MARA)
    with pytest.raises(Refused, match="is cancelled"):
        exported(desk, number)
    with pytest.raises(Refused, match="is a mail"):
        exported(desk, desk.brief())


@pytest.mark.parametrize("channel", SHOWN)
def test_hostile_copy_is_text_on_a_page(desk: Lab, channel: Channel) -> None:
    number = briefed(desk, channel)
    desk.drain()
    variant = desk.look(lambda store: store.variants.of(number))[0]
    assert variant.revision_id is not None
    desk.write(
        record.edit, desk.deps.playbook, variant.revision_id, HOSTILE, actor=CLEO
    )
    now = desk.look(lambda store: store.variants.get(variant.id)).revision_id
    assert now is not None
    seen = desk.look(lambda store: preview.shown(store, now))
    body = seen.page.partition("<body>")[2]
    for bad in ("<script", "<img", "<a href='", 'href="javascript', 'href="data'):
        assert bad not in body
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body
    assert body.count('href="') == body.count('href="https://northwind.example/demo"')
    astray = replace(seen, text=replace(HOSTILE, body="See https://evil.example/x."))
    with pytest.raises(CannotRender, match="a link nobody approved"):
        assert astray.page
