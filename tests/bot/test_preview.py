from __future__ import annotations

from typing import Any

import pytest
import structlog

from blocks.ids import Action, Callback, Field
from domain.campaign import CampaignId
from domain.preview import BY_ADDRESS, NOBODY_THERE
from pipeline import record
from pipeline.tokens import address_hash
from storage import queries
from storage.tables import metadata
from tests.blocks.checks import shown
from tests.bot.bot_lab import CLEO, SECRET_KEY, Lab
from tests.bot.stages import in_review

NOBODY = "U0GUEST"
THEIRS = "reader7@calm.example"


async def choose(desk: Lab, who: str, *, by: str) -> dict[str, Any]:
    """Pick an option of the menu in the open window."""
    view = desk.view(by)
    (options,) = [
        block["accessory"]["options"]
        for block in view["blocks"]
        if block["block_id"] == Action.PREVIEW_AS
    ]
    option = next(each for each in options if each["value"] == who)
    return await desk.do(
        "action",
        by=by,
        container={"type": "view", "view_id": view["id"]},
        block_id=Action.PREVIEW_AS,
        action_id=Action.PREVIEW_AS,
        type="static_select",
        selected_option=option,
        state=view["state"]["values"],
    )


async def opened(desk: Lab, *, by: str = CLEO) -> None:
    desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.READ_ALL, 1, by=by)


def looks(desk: Lab) -> list[tuple[str, str]]:
    events = desk.deps.database.read(queries.audit, CampaignId(1))
    return [(each.actor, each.detail) for each in events if each.event == "previewed"]


async def test_read_all_shows_the_text_as_written_and_names_nobody(desk: Lab) -> None:
    await opened(desk)
    view = desk.view(CLEO)
    assert view["callback_id"] == Callback.READ_ALL
    assert "{{ first_name | default: 'there' }}" in shown(view)
    assert "Ada" not in shown(view)


async def test_a_made_up_recipient_reads_the_merged_text(desk: Lab) -> None:
    await opened(desk)
    await choose(desk, "empty", by=CLEO)
    words = shown(desk.view(CLEO))
    assert "Hello there," in words
    assert "{{" not in words
    assert "Made up: nobody of the list is shown." in words
    assert looks(desk) == []
    await choose(desk, "written", by=CLEO)
    assert "{{ first_name" in shown(desk.view(CLEO))


async def test_a_recipient_of_the_list_is_on_the_record_without_values(
    desk: Lab,
) -> None:
    await opened(desk)
    await choose(desk, "recipient-3", by=CLEO)
    words = shown(desk.view(CLEO))
    assert "Recipient 3 of 5, drawn from the list: Ada · no region · other." in words
    assert "calm.example" not in words
    ((actor, detail),) = looks(desk)
    assert actor == CLEO
    assert detail.startswith("variant A, revision 1, as recipient ")
    assert "Ada" not in detail


async def test_who_has_no_role_is_refused_and_sees_nobody(desk: Lab) -> None:
    await opened(desk, by=NOBODY)
    await choose(desk, "recipient-1", by=NOBODY)
    assert "Ada" not in shown(desk.view(NOBODY))
    assert looks(desk) == []


async def by_address(desk: Lab, typed: str, *, by: str = CLEO) -> Any:
    """Choose By address, and submit the form with what was typed."""
    await choose(desk, BY_ADDRESS, by=by)
    view = desk.view(by)
    assert view["callback_id"] == Callback.ADDRESS_FORM
    return await desk.submit({Field.ADDRESS: typed}, by=by)


def everything_kept(desk: Lab) -> str:
    """Every row but the list's own, and every window that is open."""
    tables = sorted(set(metadata.tables) - {"recipients"})
    with desk.deps.database.engine.connect() as connection:
        rows = [
            connection.exec_driver_sql(f"SELECT * FROM {table}").all()  # noqa: S608  # our own
            for table in tables
        ]
    return f"{rows} {desk.slack.workspace.modals.stacks}"


@pytest.mark.parametrize("typed", [THEIRS, "Reader7@CALM.example"])
async def test_somebody_is_previewed_by_address_which_stays_nowhere(
    desk: Lab, typed: str
) -> None:
    await opened(desk)
    with structlog.testing.capture_logs() as logs:
        await by_address(desk, typed)
    view = desk.view(CLEO)
    assert view["callback_id"] == Callback.READ_ALL
    words = shown(view)
    assert "A recipient of the list, by address: Ada · no region · other." in words
    ((actor, detail),) = looks(desk)
    assert actor == CLEO
    assert detail.startswith("variant A, revision 1, as recipient ")
    for kept in (everything_kept(desk), str(logs)):
        assert "reader7" not in kept.lower()
    # and again, from the window that shows them
    await choose(desk, "empty", by=CLEO)
    await by_address(desk, "reader8@calm.example")
    assert len(looks(desk)) == 2


@pytest.mark.parametrize(
    "typed",
    [
        # another list's, one who never agreed, nobody's
        "reader99@calm.example",
        "nobody@calm.example",
        "reader7%@calm.example",
        "_eader7@calm.example",
    ],
)
async def test_who_is_not_mailed_by_this_campaign_is_not_found(
    desk: Lab, typed: str
) -> None:
    await opened(desk)
    report = await by_address(desk, typed)
    assert report["errors"] == {Field.ADDRESS: NOBODY_THERE}
    assert looks(desk) == []
    events = desk.deps.database.read(queries.audit, CampaignId(1))
    missed = [e for e in events if e.event == "preview_found_nobody"]
    assert [(e.actor, e.detail) for e in missed] == [(CLEO, "variant A, revision 1")]


async def test_a_suppressed_recipient_is_not_found_like_anybody_else(desk: Lab) -> None:
    await opened(desk)
    with desk.deps.database.begin() as store:
        hashed = address_hash(SECRET_KEY, THEIRS)
        record.forget(store, hashed, actor="shell:test")
    report = await by_address(desk, THEIRS)
    assert report["errors"] == {Field.ADDRESS: NOBODY_THERE}


@pytest.mark.parametrize(
    "typed",
    [
        "a@b",
        "a@",
        "@b.example",
        "a@b.example'; DROP TABLE recipients; --",
        f"{'a' * 65}@b.example",
        f"a@{'b' * 300}.example",
        "a b@c.example",
        "a@1.2.3.4",
        "<!channel>@b.example",
        "\u202ea@b.example",
        "a@\ud83d.example",
    ],
)
async def test_what_is_no_address_is_said_and_never_looked_up(
    desk: Lab, typed: str
) -> None:
    await opened(desk)
    report = await by_address(desk, typed)
    assert list(report["errors"]) == [Field.ADDRESS]
    assert typed not in str(report["errors"])
    events = desk.deps.database.read(queries.audit, CampaignId(1))
    assert not [e for e in events if e.event.startswith("preview")]


async def test_who_has_no_role_learns_nothing_by_address(desk: Lab) -> None:
    await opened(desk, by=NOBODY)
    await by_address(desk, THEIRS, by=NOBODY)
    assert "Ada" not in str(desk.slack.workspace.modals.stacks)
    assert looks(desk) == []


@pytest.mark.parametrize("value", ["recipient-6", "recipient--1", "", "../full", "x"])
async def test_a_choice_that_is_not_ours_is_refused(desk: Lab, value: str) -> None:
    await opened(desk)
    view = desk.view(CLEO)
    option = {"text": {"type": "plain_text", "text": "x"}, "value": value or "-"}
    await desk.do(
        "action",
        by=CLEO,
        container={"type": "view", "view_id": view["id"]},
        block_id=Action.PREVIEW_AS,
        action_id=Action.PREVIEW_AS,
        type="static_select",
        selected_option=option,
        state=view["state"]["values"],
    )
    assert looks(desk) == []
