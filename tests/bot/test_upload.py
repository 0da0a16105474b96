"""`/desk import` in Slack: the form, who may, and what a click commits."""

from __future__ import annotations

from typing import Any

import pytest

from blocks.ids import Action, Field, column_block
from domain.upload import Upload, UploadState
from pipeline.jobs import TASKS
from pipeline.tasks import run_job
from practice.slack import deeds
from practice.slack.world import person_by_id
from storage import queries
from tests.bot.bot_lab import CLEO, DEV, MARA, NOBODY, Json, Lab

CSV = "email,consent\nsailor.1@calm.example,yes\n"


def give(desk: Lab, content: str = CSV, *, by: str = MARA) -> Json:
    person = person_by_id(by)
    assert person is not None
    done = deeds.give_file(desk.slack.workspace, person, "crew.csv", content.encode())
    return {"id": done["file"]["id"]}


def form(*files: Json, **changes: Any) -> Json:
    return {
        Field.LIST_TITLE: "The crew",
        Field.LIST_FILE: {"files": list(files)},
    } | changes


def uploads(desk: Lab) -> list[Upload]:
    numbers = range(1, desk.count("uploads") + 1)
    return [desk.write(lambda store, n=n: store.uploads.get(n)) for n in numbers]


async def work(desk: Lab) -> None:
    """Run every job that is due, in a thread, as a worker would beside the web."""
    import asyncio
    from datetime import timedelta

    def drain() -> None:
        while due := desk.deps.database.look(
            lambda store: store.outbox.due(redrive_after=timedelta(1))
        ):
            for job in due:
                run_job(desk.deps, TASKS[job.task], job.id)

    await asyncio.to_thread(drain)


def told(desk: Lab) -> Json:
    """The app's newest direct message to Mara, and the address to press on it."""
    world = desk.slack.workspace.world
    newest = world.in_channel("D0MARKETER")[-1]
    return {"channel": newest.channel, "ts": newest.ts, "text": newest.text}


async def press(desk: Lab, action: str, *, by: str = MARA) -> Json:
    message = told(desk)
    world = desk.slack.workspace.world
    found = world.find_message(message["channel"], message["ts"])
    assert found is not None
    block = next(
        each["block_id"]
        for each in found.blocks
        for element in each.get("elements") or ()
        if element.get("action_id") == action
    )
    container = {"type": "message", "channel": found.channel, "ts": found.ts}
    return await desk.do(
        "action", by=by, container=container, block_id=block, action_id=action
    )


@pytest.mark.parametrize("typed", ["/desk import", "/desk import calm"])
async def test_the_command_opens_the_form(desk: Lab, typed: str) -> None:
    await desk.say(typed)
    view = desk.view()
    assert view["title"]["text"] == "Import a list"
    menu = view["blocks"][0]["element"]
    assert [each["value"] for each in menu["options"]] == ["calm", "silent"]
    chosen = (menu.get("initial_option") or {}).get("value")
    assert chosen == ("calm" if typed.endswith("calm") else None)


@pytest.mark.parametrize("who", [CLEO, DEV])
async def test_another_role_is_told_who_may(desk: Lab, who: str) -> None:
    await desk.say("/desk import", by=who)
    assert not desk.has_view(who)
    assert "takes the role marketer or marketing engineer" in desk.whispers(who)[-1]


async def test_a_stranger_gets_no_form(desk: Lab) -> None:
    given = {"command": "/desk", "text": "import", "user_id": NOBODY}
    outcome = await desk.slack.workspace.courier.command("/desk", NOBODY, given)
    assert "takes the role" in outcome.body["text"]


async def test_from_the_form_to_the_list(desk: Lab) -> None:
    await desk.say("/desk import")
    await desk.submit(form(give(desk)))
    assert "comes as a direct message" in str(desk.view()["blocks"])
    (kept,) = uploads(desk)
    assert (kept.state, kept.user, kept.key) == (UploadState.READING, MARA, "the-crew")
    await work(desk)
    assert told(desk)["text"] == "Read, not imported yet: crew.csv"
    await press(desk, Action.IMPORT_UPLOAD)
    assert uploads(desk)[0].state is UploadState.IMPORTING
    await work(desk)
    assert told(desk)["text"] == "Imported: crew.csv"
    found = {each.key for each in desk.deps.database.read(queries.lists)}
    assert "the-crew" in found


async def test_a_submission_that_is_delivered_twice_is_kept_once(desk: Lab) -> None:
    await desk.say("/desk import")
    view = dict(desk.view())
    await desk.submit(form(give(desk)))
    again = desk.slack.workspace.modals.find(view["id"])
    assert again is not None
    again[1]["blocks"] = view["blocks"]
    again[1]["callback_id"] = view["callback_id"]
    await desk.submit(form(give(desk)))
    assert desk.count("uploads") == 1


async def test_columns_are_said_in_a_form_and_the_file_is_read_again(desk: Lab) -> None:
    await desk.say("/desk import")
    await desk.submit(form(give(desk, CSV.replace("email", "E-Mail"))))
    await work(desk)
    assert told(desk)["text"] == "Cannot be imported yet: crew.csv"
    desk.slack.workspace.modals.stacks.clear()
    await press(desk, Action.MAP_COLUMNS)
    email, consent = column_block(0), column_block(1)
    twice = {"selected_option": {"value": "email"}}
    report = await desk.submit({email: twice, consent: twice})
    assert "Another column is email" in report["errors"][consent]
    said = {"selected_option": {"value": "consent"}}
    report = await desk.submit({email: twice, consent: said})
    assert report["closed"] is True
    await work(desk)
    assert told(desk)["text"] == "Read, not imported yet: crew.csv"


async def test_cancel_is_cancel_and_a_late_import_is_refused(desk: Lab) -> None:
    await desk.say("/desk import")
    await desk.submit(form(give(desk)))
    await work(desk)
    await press(desk, Action.CANCEL_UPLOAD)
    # the old message's button, before it is drawn anew
    await press(desk, Action.IMPORT_UPLOAD)
    assert "was cancelled" in desk.whispers()[-1]
    assert uploads(desk)[0].state is UploadState.CANCELLED


async def test_the_button_of_somebody_else_s_upload_does_nothing(desk: Lab) -> None:
    await desk.say("/desk import")
    await desk.submit(form(give(desk)))
    await work(desk)
    for action in (Action.IMPORT_UPLOAD, Action.CANCEL_UPLOAD, Action.MAP_COLUMNS):
        await desk.press(action, 1, by=CLEO)
        assert "Only who gave a file can decide" in desk.whispers(CLEO)[-1]
    await desk.press(Action.IMPORT_UPLOAD, 99, by=MARA)
    assert "long over" in desk.whispers(MARA)[-1]
    assert uploads(desk)[0].state is UploadState.READ


async def test_what_the_form_cannot_take_comes_back_at_its_field(desk: Lab) -> None:
    await desk.say("/desk import")
    file = give(desk)
    two = await desk.submit(form(file, give(desk)))
    assert two["errors"] == {Field.LIST_FILE: "Give one CSV file."}
    taken = await desk.submit(form(file, **{Field.LIST_TITLE: "Calm!"}))
    assert '"calm" already' in taken["errors"][Field.LIST_TITLE]
    both = {Field.LIST_KEY: {"selected_option": {"value": "calm"}}}
    assert (await desk.submit(form(file, **both)))["errors"]
    assert desk.count("uploads") == 0


async def test_a_forged_submission_is_refused(desk: Lab) -> None:
    """A signed state of a person without the role, with a list that nobody has."""
    await desk.say("/desk import", by=MARA)
    stacks = desk.slack.workspace.modals.stacks
    stacks[CLEO] = stacks.pop(MARA)
    report = await desk.submit(form(give(desk, by=CLEO)), by=CLEO)
    assert "takes the role" in str(report["errors"])
    stacks[MARA] = stacks.pop(CLEO)
    forged = {
        Field.LIST_KEY: {"selected_option": {"value": "'; DROP TABLE"}},
        Field.LIST_TITLE: "",
    }
    report = await desk.submit(form(give(desk), **forged), by=MARA)
    assert "There is no segment" in str(report["errors"])
    assert desk.count("uploads") == 0
