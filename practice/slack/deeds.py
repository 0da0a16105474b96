"""What a person does on the page, and what the app hears of it."""

from __future__ import annotations

from typing import Any, Final

from practice.slack import escape, payloads
from practice.slack.checks import objects_in
from practice.slack.config import BOT_HANDLE, BOT_ID, BOT_USER, TEAM_ID, Person
from practice.slack.delivery import Outcome
from practice.slack.modals import missing_inputs
from practice.slack.rooms import invite, member_channel, remove_app, tell
from practice.slack.tickets import ReplyAddress, SlackError, Trigger
from practice.slack.validate import blocks_of
from practice.slack.workspace import Draft, Workspace, checked_content
from practice.slack.world import Channel, Message, file_for_api, person_by_id

Json = dict[str, Any]


def _plain(text: str) -> Draft:
    return Draft(text=text, blocks=[], attachments=[], metadata=None)


async def say(workspace: Workspace, person: Person, body: Json) -> Json:
    """Post a message, or run the slash command it begins with."""
    channel = member_channel(workspace, person, body.get("channel"))
    text = str(body.get("text") or "").strip()
    if not text:
        raise SlackError("no_text")
    if text.startswith("/"):
        return await _command(workspace, person, channel, text, body.get("thread_ts"))
    thread_ts = workspace.root_of(channel, body.get("thread_ts"))
    draft = _plain(escape.message(workspace.world, text))
    message = workspace.write(channel, person.id, draft, thread_ts=thread_ts)
    _tell_message(workspace, person, channel, message)
    return {"ok": True, "kind": "message", "ts": message.ts}


def _tell_message(
    workspace: Workspace, person: Person, channel: Channel, message: Message
) -> None:
    event: Json = {
        "type": "message",
        "user": person.id,
        "text": message.text,
        "ts": message.ts,
        "team": TEAM_ID,
        "channel": channel.id,
        "event_ts": message.ts,
    }
    if message.thread_ts:
        event["thread_ts"] = message.thread_ts
    if channel.is_im:
        tell(workspace, "message.im", person, {**event, "channel_type": "im"})
    elif BOT_USER in channel.members:
        public = {**event, "channel_type": "channel"}
        tell(workspace, "message.channels", person, public)
        if f"<@{BOT_USER}>" in message.text:
            tell(workspace, "app_mention", person, {**event, "type": "app_mention"})


async def _command(
    workspace: Workspace, person: Person, channel: Channel, typed: str, thread: object
) -> Json:
    name, _, text = typed.partition(" ")
    if thread:
        return {"ok": False, "error": f"{name} is not supported in threads. Sorry!"}
    builtin = BUILT_IN.get(name)
    if builtin is not None and text.strip().lstrip("@").lower() == BOT_HANDLE:
        return builtin(workspace, person, {"channel": channel.id})
    command = next((c for c in workspace.config.commands if c.command == name), None)
    if command is None:
        return {"ok": False, "error": f"{name} is not a valid command."}
    text = text.strip()
    if command.should_escape:
        text = escape.escaped_command(workspace.world, text)
    else:
        text = escape.plain_command(text)
    form = payloads.command_form(workspace, name, text, person, channel)
    outcome = await workspace.courier.command(name, person.id, form)
    return _command_report(workspace, person, channel, name, outcome)


def _command_report(
    workspace: Workspace, person: Person, channel: Channel, name: str, outcome: Outcome
) -> Json:
    report = {**outcome.report, "kind": "command"}
    if not outcome.is_ok:
        timed_out = outcome.ack_ms > workspace.config.ack_limit_s * 1000
        code = "operation_timeout" if timed_out else "dispatch_failed"
        return report | {"error": f'{name} failed with the error "{code}"'}
    if not outcome.body:
        return report
    try:
        answer(workspace, channel, person.id, outcome.body, None)
    except SlackError as error:
        return report | _refused(f'{name} failed with the error "{error.code}"')
    return report


def _refused(text: str) -> Json:
    return {"ok": False, "verdict": "error", "verdict_text": text, "error": text}


def answer(
    workspace: Workspace,
    channel: Channel,
    person: str,
    body: Json,
    thread_ts: str | None,
) -> None:
    """Show what an app answered, to the person alone unless it says `in_channel`."""
    draft = checked_content(body, workspace.world.files)
    is_public = body.get("response_type") == "in_channel"
    workspace.write(
        channel,
        BOT_USER,
        draft,
        thread_ts=body.get("thread_ts") or (None if is_public else thread_ts),
        ephemeral_to=None if is_public else person,
    )


def reply_by_address(workspace: Workspace, address: ReplyAddress, body: Json) -> None:
    """Do what the app posted to a response_url.

    Raises:
        SlackError: The content is bad or the original is gone.
    """
    channel = workspace.channel(address.channel)
    if not (body.get("delete_original") or body.get("replace_original")):
        answer(workspace, channel, address.person, body, address.thread_ts)
        return
    world = workspace.world
    key = (channel.id, address.message_ts or "")
    original = world.ephemerals.get(key) or world.find_message(*key)
    if original is None or not original.is_from_app:
        raise SlackError("message_not_found")
    if body.get("delete_original"):
        workspace.erase(original)
    else:
        workspace.rewrite(original, checked_content(body, world.files))


def _surface(workspace: Workspace, person: Person, container: Json) -> Message | Json:
    if container.get("type") == "view":
        view_id = str(container.get("view_id"))
        view = payloads.surface_of(workspace.modals, person, view_id)
        if view is None:
            raise SlackError("view_not_found")
        return view
    channel = member_channel(workspace, person, container.get("channel"))
    ts = str(container.get("ts") or "")
    private = workspace.world.ephemerals.get((channel.id, ts))
    if private is not None and private.ephemeral_to == person.id:
        return private
    return workspace.message(channel, ts)


def _blocks(surface: Message | Json) -> list[Json]:
    if not isinstance(surface, Message):
        return list(surface["blocks"])
    attached = [b for a in surface.attachments for b in a.get("blocks") or []]
    return [*surface.blocks, *attached]


def files_of(workspace: Workspace, person: Person) -> payloads.Files:
    """Describe the files that a person has given, by what an input says of them."""
    world = workspace.world

    def described(entered: Any) -> list[Json]:
        named = [str(each.get("id")) for each in objects_in(entered)]
        found = [world.files.get(each) for each in named]
        return [
            file_for_api(world, file)
            for file in found
            if file is not None and file.user == person.id
        ]

    return described


def give_file(workspace: Workspace, person: Person, name: str, content: bytes) -> Json:
    """Take a file for an input of a form; nobody else sees it, but the app may."""
    if not content:
        raise SlackError("file_empty")
    world = workspace.world
    file = world.add_file(name, len(content), user=person.id)
    world.store_content(file, content)
    file.is_complete = True
    return {"ok": True, "file": file_for_api(world, file)}


def _interaction(
    workspace: Workspace,
    kind: str,
    person: Person,
    surface: Message | Json,
    state: Json,
) -> Json:
    files = files_of(workspace, person)
    values = payloads.full_state(_blocks(surface), state, files)
    if isinstance(surface, Message):
        body = payloads.on_message(workspace, kind, person, surface)
        return body | {"state": {"values": values}}
    surface["state"] = {"values": values}
    return payloads.on_view(workspace, kind, person, surface)


async def act(workspace: Workspace, person: Person, body: Json) -> Json:
    """Press, pick or type on a message, a modal or the Home tab."""
    surface = _surface(workspace, person, body.get("container") or {})
    block_id, action_id = str(body.get("block_id")), str(body.get("action_id"))
    element = payloads.find_element(_blocks(surface), block_id, action_id)
    if element is None:
        raise SlackError("action_not_found")
    action_ts = workspace.world.next_ts()
    entry = payloads.action_entry(element, block_id, body, action_ts)
    state = body.get("state") or {}
    sent = _interaction(workspace, "block_actions", person, surface, state)
    outcome = await workspace.courier.interaction(
        action_id, person.id, sent | {"actions": [entry]}
    )
    return outcome.report


async def suggest(workspace: Workspace, person: Person, body: Json) -> Json:
    """Ask the app for the options of an external select."""
    surface = _surface(workspace, person, body.get("container") or {})
    block_id, action_id = str(body.get("block_id")), str(body.get("action_id"))
    if payloads.find_element(_blocks(surface), block_id, action_id) is None:
        raise SlackError("action_not_found")
    sent = _interaction(workspace, "block_suggestion", person, surface, {}) | {
        "action_id": action_id,
        "block_id": block_id,
        "value": str(body.get("value") or ""),
    }
    for name in ("trigger_id", "response_url", "state"):
        sent.pop(name, None)
    outcome = await workspace.courier.interaction(action_id, person.id, sent)
    given = {
        k: outcome.body[k] for k in ("options", "option_groups") if k in outcome.body
    }
    return outcome.report | (given or {"options": []})


async def submit(workspace: Workspace, person: Person, body: Json) -> Json:
    """Submit a modal; an incomplete one is not sent."""
    view = _open_view(workspace, person, body)
    state = body.get("state") or {}
    files = files_of(workspace, person)
    values = payloads.full_state(view["blocks"], state.get("values") or state, files)
    view["state"] = {"values": values}
    missing = missing_inputs(view, values)
    if missing:
        return {
            "ok": False,
            "errors": missing,
            "closed": False,
            "ack_ms": 0,
            "status": None,
            "verdict": "ok",
            "verdict_text": "Not sent: the form is incomplete.",
        }
    sent = payloads.submission(workspace, person, view)
    label = view["callback_id"] or view["id"]
    outcome = await workspace.courier.interaction(label, person.id, sent)
    report = outcome.report | {"closed": False}
    if not outcome.is_ok:
        return report
    try:
        return report | _answer_submission(workspace, person, view, outcome.body)
    except SlackError as error:
        return report | _refused(f"Slack refuses this answer: {error.code}")


def _open_view(workspace: Workspace, person: Person, body: Json) -> Json:
    found = workspace.modals.find(str(body.get("view_id")))
    if found is None or found[0] != person.id:
        raise SlackError("view_not_found")
    return found[1]


def _answer_submission(
    workspace: Workspace, person: Person, view: Json, given: Json
) -> Json:
    modals, kind = workspace.modals, given.get("response_action")
    if kind == "errors":
        return _show_errors(workspace, person, view, given.get("errors") or {})
    view.pop("errors", None)
    if kind == "update":
        modals.update({"view_id": view["id"]}, given.get("view") or {}, None)
        return {"closed": False}
    if kind == "push":
        trigger = Trigger(person=person.id, born=0.0, view_id=view["id"])
        modals.push(trigger, given.get("view") or {})
        return {"closed": False}
    if kind not in (None, "clear"):
        raise SlackError("invalid_response_action")
    modals.close(person.id, view["id"], everything=kind == "clear")
    return {"closed": True}


def _show_errors(
    workspace: Workspace, person: Person, view: Json, errors: Json
) -> Json:
    inputs = {b["block_id"] for b in blocks_of(view["blocks"]) if b["type"] == "input"}
    if not errors or not set(errors) <= inputs:
        raise SlackError("errors_name_no_input_block")
    view["errors"] = errors
    workspace.modals.show(person.id)
    return {"ok": False, "errors": errors, "closed": False}


async def close(workspace: Workspace, person: Person, body: Json) -> Json:
    """Close a modal; the app hears of each view that asked for it."""
    everything = bool(body.get("all"))
    view_id = str(body.get("view_id"))
    gone = workspace.modals.close(person.id, view_id, everything=everything)
    report: Json = {"ok": True, "verdict": "ok", "verdict_text": "", "ack_ms": 0}
    for view in reversed(gone):
        if view["notify_on_close"]:
            sent = payloads.closed(person, view, is_cleared=everything)
            label = view["callback_id"] or view["id"]
            outcome = await workspace.courier.interaction(label, person.id, sent)
            report = outcome.report
    return report


async def open_home(workspace: Workspace, person: Person, _body: Json) -> Json:
    """Open the Home tab."""
    channel = workspace.world.direct_channel(person.id)
    event: Json = {
        "type": "app_home_opened",
        "user": person.id,
        "channel": channel.id if channel else "",
        "tab": "home",
        "event_ts": workspace.world.next_ts(),
    }
    view = workspace.world.homes.get(person.id)
    if view is not None:
        event["view"] = view
    tell(workspace, "app_home_opened", person, event)
    return {"ok": True}


async def pin(workspace: Workspace, person: Person, body: Json) -> Json:
    """Pin a message; an app in the channel hears of it, with the message as it is."""
    channel = member_channel(workspace, person, body.get("channel"))
    message = workspace.message(channel, body.get("ts"))
    if message.pinned:
        raise SlackError("already_pinned")
    message.pinned = True
    workspace.touched(message)
    pinned: Json = {
        "type": "message",
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "pinned_to": [channel.id],
    }
    if message.thread_ts:
        pinned["thread_ts"] = message.thread_ts
    if message.is_from_app:
        pinned["bot_id"] = BOT_ID
    event: Json = {
        "type": "pin_added",
        "user": person.id,
        "channel_id": channel.id,
        "item": {"type": "message", "channel": channel.id, "message": pinned},
        "item_user": message.user,
        "event_ts": workspace.world.next_ts(),
    }
    if BOT_USER in channel.members:
        tell(workspace, "pin_added", person, event)
    return {"ok": True}


async def use_shortcut(workspace: Workspace, person: Person, body: Json) -> Json:
    """Run a global shortcut, or one on a message."""
    callback_id = str(body.get("callback_id"))
    known = {s.callback_id for s in workspace.config.shortcuts}
    if callback_id not in known:
        raise SlackError("unknown_shortcut")
    message = None
    if body.get("ts"):
        channel = member_channel(workspace, person, body.get("channel"))
        message = workspace.message(channel, body["ts"])
    sent = payloads.shortcut(workspace, person, callback_id, message)
    outcome = await workspace.courier.interaction(
        callback_id, person.id, sent, kind="shortcut"
    )
    return outcome.report


BUILT_IN: Final = {"/invite": invite, "/remove": remove_app}


def person_named(user: object) -> Person:
    """Find who acts.

    Raises:
        SlackError: `user_not_found`.
    """
    person = person_by_id(str(user or ""))
    if person is None or person.is_bot:
        raise SlackError("user_not_found")
    return person
