from dataclasses import replace
from datetime import timedelta

import pytest
from slack_sdk.models.views import View

from blocks import (
    canary_report,
    compare,
    freeze,
    history,
    incident,
    notices,
    preview,
)
from blocks.message import Message
from domain.arms import ArmCount, ArmsResult
from domain.campaign import CampaignId, State
from domain.canary import Reading
from domain.canary_policy import Decides
from domain.errors import AlreadyDecided, Overtaken, Refused, Unknown
from domain.freeze import Scope
from domain.newest import CardPlace
from domain.personalize import Rendered
from domain.preview import BY_ADDRESS
from domain.variant import Copy, Origin
from tests.blocks.checks import (
    check_message,
    check_modal,
    check_snapshot,
    shown,
)
from tests.blocks.home_states import HOME
from tests.blocks.views import (
    HARD,
    HOSTILE,
    LONG,
    NOW,
    TEXT,
    make_audit,
    make_canary,
    make_card,
    make_effect,
    make_freeze,
    make_incident,
    make_line,
    make_preview,
    make_review,
    make_revision,
    make_status,
    make_steps,
)

ID = CampaignId(42)
MANY = tuple(make_line(n, title=f"{HOSTILE} {n}") for n in range(1, 131))

EFFECTS = (
    make_effect(),
    make_effect(stage="deliverability", approver="desk"),
    make_effect(
        stage="legal", approver="U0LEGAL", holds=True, why="it covers the body"
    ),
)

MESSAGES: dict[str, Message] = {
    "incident": incident.notice(make_incident()),
    "incident_by_hand": incident.notice(
        make_incident(trigger="shell", actor="root", reason=None, steps=())
    ),
    "incident_hostile": incident.notice(make_incident(title=HOSTILE, reason=HOSTILE)),
    "asked": notices.asked(ID, "Recover stalled demos", make_review(), now=NOW),
    "asked_nobody": notices.asked(
        ID, HOSTILE, make_review(asked=(), quota=None, role=HOSTILE), now=NOW
    ),
    "stage_passed": notices.stage_passed("copy", following="legal", labels=("A", "B")),
    "last_stage_passed": notices.stage_passed("legal", following=None, labels=("A",)),
    "refused": notices.refused(Unknown(f"There is no segment {HOSTILE!r}.")),
    "overtaken": notices.overtaken(
        Overtaken("This text has moved on: revision 3 is the newest."),
        CardPlace(
            campaign_id=ID,
            variant_label="B",
            channel="C0CAMPAIGN",
            ts="1790000000.0001",
        ),
        "https://northwind.slack.com/archives/C0CAMPAIGN/p17900000000001?a=1&b=2",
    ),
    "broken": notices.broken("7f3a-21"),
    "brief_help": notices.brief_help(),
    "desk_help": notices.desk_help(),
    "rollback_help": notices.rollback_help(),
    "brief_list": notices.brief_list((make_line(), make_line(41, state=State.SENT))),
    "brief_list_empty": notices.brief_list(()),
    "brief_list_long": notices.brief_list(MANY),
    "brief_shown": notices.brief_shown(
        ID,
        {
            "title": "Recover stalled demos",
            "offer": "",
            "allowed_links": [f"https://example.com/{n}" for n in range(9)],
            "max_links": 3,
            "plain_text_part": True,
            "send_at": "2026-12-01T09:00:00+01:00",
        },
    ),
    "brief_shown_hostile": notices.brief_shown(
        ID, {f"{HOSTILE}{n}": HOSTILE * 90 for n in range(23)}
    ),
    "status": notices.status(make_status()),
    "status_frozen": notices.status(make_status(freezes=(make_freeze(),) * 7)),
    "freeze": freeze.notice(make_freeze(), now=NOW),
    "freeze_hostile": freeze.notice(
        make_freeze(
            scope=Scope.TEAM, target=HOSTILE, reason=HOSTILE * 20, by="shell:root"
        ),
        now=NOW,
    ),
    "freeze_asked": freeze.notice(make_freeze(lift_asked_by="U0COPYONE"), now=NOW),
    "freeze_lifted": freeze.notice(
        make_freeze(lift_asked_by="U0COPYONE", lifted_by="shell:root", lifted_at=NOW),
        now=NOW,
    ),
    "freeze_over": freeze.notice(make_freeze(until=NOW), now=NOW),
    "freeze_answer": freeze.answer(make_freeze(), is_usual=True, now=NOW),
    "lift_asked": freeze.lifted(make_freeze(), is_lifted=False),
    "lift_done": freeze.lifted(
        make_freeze(scope=Scope.ESP, target="sendgrid"), is_lifted=True
    ),
    "status_quiet": notices.status(
        make_status(by_state=(), queued_jobs=0, oldest_job_age_s=None, live=())
    ),
    "status_busy": notices.status(make_status(live=MANY, parked=MANY)),
    "bot_not_in_channel": notices.bot_not_in_channel(ID, HOSTILE, "C0CAMPAIGN"),
    "brief_kept": notices.brief_kept(ID, "Recover stalled demos"),
    "changed": compare.changed(make_revision()),
    "changed_much": compare.changed(make_revision(text=LONG)),
    "changed_approved": compare.changed(make_revision(), EFFECTS),
    "changed_approved_much": compare.changed(
        make_revision(text=LONG), (make_effect(stage=HOSTILE, why=HOSTILE * 9),) * 30
    ),
}

VIEWS: dict[str, View] = {
    "pick": incident.pick((make_line(41), make_line(42)), now=NOW),
    "pick_none": incident.pick((), now=NOW),
    "pick_many": incident.pick(MANY, now=NOW),
    "confirm": incident.confirm(make_line()),
    "progress": incident.progress(
        make_incident(
            trigger="button",
            actor="U0ONCALL",
            reason=None,
            steps=(*make_steps()[:3], replace(make_steps()[4], state="pending")),
        )
    ),
    "progress_by_itself": incident.progress(make_incident()),
    "progress_failed": incident.progress(
        make_incident(steps=(replace(make_steps()[2], state="failed"),) * 3)
    ),
    "evidence": canary_report.evidence(
        make_card(canary=make_canary(judgement="Nothing is wrong"), arms=("A", "B"))
    ),
    "freeze_form": freeze.form(
        (), teams={}, esp="sendgrid", usual=timedelta(hours=2), now=NOW
    ),
    "freeze_form_busy": freeze.form(
        tuple(make_freeze(reason=HOSTILE * 8) for _ in range(14)),
        teams={f"team{n}": HOSTILE * 3 for n in range(120)},
        esp="sendgrid",
        usual=timedelta(hours=2),
        now=NOW,
    ),
    "evidence_arms": canary_report.evidence(
        make_card(
            canary=make_canary(
                judgement="Nothing is wrong",
                guardrails=tuple(
                    Reading(
                        name=name,
                        count=count,
                        to_roll_back=k,
                        of=482,
                        error_rate=0.01,
                        decides=decides,
                    )
                    for name, count, k, decides in (
                        ("unsubscribes", 1, 7, Decides.YES),
                        ("deferrals", 60, 49, Decides.DRY_RUN),
                    )
                ),
            ),
            arms=("A", "B"),
        ),
        ArmsResult(
            arms=(
                ArmCount(label="A", delivered=24_010, clicked=610, machine_only=88),
                ArmCount(label="B", delivered=23_987, clicked=702, machine_only=91),
            ),
            finding=None,
            sentence=(
                "B won: 2.9 % of 23,987 clicked it, and 2.5 % of 24,010 A."
                " B is clicked 1.03 to 1.29 times as often as A (96 %"
                " interval)."
            ),
        ),
    ),
    "evidence_none": canary_report.evidence(make_card()),
    "read_all": compare.read_all(make_revision(findings=(HARD,) * 40)),
    "read_all_long": compare.read_all(make_revision(text=LONG, findings=())),
    "read_as": compare.read_as(make_revision(), make_preview()),
    "read_as_recipient": compare.read_as(
        make_revision(),
        make_preview(key="recipient-3", about=("Åsa *&* <!channel>", "EMEA", "other")),
    ),
    "read_as_by_address": compare.read_as(
        make_revision(),
        make_preview(key=BY_ADDRESS, about=("Åsa *&* <!channel>", "EMEA", "other")),
    ),
    "address_form": preview.address_form(51, "B"),
    "read_as_refused": compare.read_as(
        make_revision(),
        make_preview(mail=None, problem="The greeting has no name", key="empty"),
    ),
    "read_as_long": compare.read_as(
        make_revision(text=LONG),
        make_preview(
            mail=Rendered(subject="x" * 200, preheader="", text=LONG.body, html="")
        ),
    ),
    "revisions": compare.revision_history(
        (
            make_revision(number=1, parent=None, origin=Origin(model="gpt-x")),
            make_revision(),
        )
    ),
    "revisions_many": compare.revision_history(
        tuple(make_revision(number=n, text=LONG) for n in range(1, 20))
    ),
    "revisions_none": compare.revision_history(()),
    "history": history.campaign_history((make_audit(1), make_audit(2, detail=HOSTILE))),
    "history_long": history.campaign_history(
        tuple(make_audit(n, detail="long " * 100) for n in range(1, 300))
    ),
    "history_none": history.campaign_history(()),
    **HOME,
}
LONG_ONES = ("_many", "_long", "_busy", "_much")


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_holds_slacks_limits_and_looks_as_stored(name: str) -> None:
    payload = check_message(MESSAGES[name])
    if not name.endswith(LONG_ONES):
        check_snapshot(f"message_{name}", payload)


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_holds_slacks_limits_and_looks_as_stored(name: str) -> None:
    payload = check_modal(VIEWS[name])
    if not name.endswith(LONG_ONES):
        check_snapshot(f"view_{name}", payload)


def runs(before: Copy, after: Copy) -> list[tuple[str, str]]:
    """The pieces of a diff: kept, removed or added, and their text."""
    found = []
    for block in compare.diff(before, after):
        for part in block.to_dict()["elements"]:
            if part["type"] != "rich_text_quote":
                continue
            for each in part["elements"]:
                style = each.get("style") or {}
                kind = "-" if style.get("strike") else "+" if style.get("bold") else "="
                found.append((kind, each["text"]))
    return found


def test_a_diff_marks_words_and_leaves_the_rest() -> None:
    after = replace(TEXT, subject="Still weighing your demo?")
    assert runs(TEXT, after) == [
        ("=", "Still weighing "),
        ("-", "the"),
        ("=", " "),
        ("+", "your"),
        ("=", " demo?"),
    ]


def test_words_changed_one_after_another_are_one_change() -> None:
    after = replace(TEXT, subject="Are you done with the demo?")
    assert runs(TEXT, after) == [
        ("-", "Still weighing"),
        ("=", " "),
        ("+", "Are you done with"),
        ("=", " the demo?"),
    ]


def test_a_diff_shows_only_what_changed() -> None:
    after = replace(TEXT, preheader="Another")
    assert len(compare.diff(TEXT, after)) == 2
    assert shown(compare.diff(TEXT, TEXT)[0].to_dict()) == (
        "The text is the same as before."
    )


def test_a_change_of_spaces_is_visible() -> None:
    after = replace(TEXT, subject="Still  weighing the demo?")
    assert ("+", "␣␣") in runs(TEXT, after)


def test_a_diff_is_literal() -> None:
    after = replace(TEXT, subject=HOSTILE)
    assert any("!channel" in text or "channel" in text for _, text in runs(TEXT, after))
    for block in compare.diff(TEXT, after):
        assert block.to_dict()["type"] == "rich_text"


def test_a_refusal_keeps_who_and_escapes_the_rest() -> None:
    error = AlreadyDecided("Already approved by <@U0COPYONE> at 14:02. <!channel>")
    said = shown(notices.refused(error).payload()["blocks"])
    assert said == "Already approved by <@U0COPYONE> at 14:02. &lt;!channel&gt;"


def test_a_refusal_of_no_words_of_its_own_still_says_something() -> None:
    assert notices.refused(Refused("No.")).text == "No."


def test_those_who_are_asked_are_mentioned_in_the_text_too() -> None:
    assert MESSAGES["asked"].text.startswith("<@U0COPYONE> and <@U0COPYTWO> #42")


def test_the_timeline_counts_from_the_breach() -> None:
    assert incident.timeline(make_incident()) == (
        "gate closed 0.2 s · unsent mails revoked 0.2 s"
        " · ESP told to cancel 1.4 s · ESP confirmed 1.9 s · 3 suppressed 2.3 s"
        " · people told 2.8 s · incident opened"
    )


def test_a_step_that_is_not_done_says_so() -> None:
    words = shown(VIEWS["progress_failed"].to_dict())
    assert (
        "telling the ESP to cancel: failed, a person has to look (0 of 3 done)" in words
    )


def test_the_blast_radius_says_what_cannot_be_undone() -> None:
    assert incident.blast_radius(make_line()) == (
        "Stop #42 now: 47,718 mails will not go out. 482 already left and cannot be"
        " recalled."
    )
    assert incident.blast_radius(make_line(mails_out=0)).endswith("None has left yet.")


def test_the_choice_of_what_to_stop_is_newest_first() -> None:
    view = VIEWS["pick"].to_dict()
    options = view["blocks"][0]["element"]["options"]
    assert [each["value"] for each in options] == ["41", "42"]
    assert (
        "482 mails out, 47,718 left, 1 complaint" in options[0]["description"]["text"]
    )
    state = {"campaign": {"campaign": {"selected_option": options[1]}}}
    assert incident.campaign_from(state) == 42
    assert incident.campaign_from({}) is None


@pytest.mark.parametrize("value", ["²", "٤٢", "4" * 19, "", "-1", "4 2", 42, None])
def test_what_is_no_number_is_no_campaign(value: object) -> None:
    state = {"campaign": {"campaign": {"selected_option": {"value": value}}}}
    assert incident.campaign_from(state) is None


def test_a_person_asks_for_the_reason_only_when_nobody_has_given_it() -> None:
    assert VIEWS["progress"].to_dict()["callback_id"] == "rollback_reason"
    assert VIEWS["progress_by_itself"].to_dict()["callback_id"] == "incident_window"


def test_the_plot_is_said_in_words() -> None:
    assert canary_report.plot_alt(make_canary()) == (
        "Counts over time, up to now: 476 of 482 mails delivered, 11 clicks,"
        " 1 complaint; it rolls back at 3, 1 unsubscribe."
    )
