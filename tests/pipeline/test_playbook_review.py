"""review.yaml: what loads, and what is refused with its key and what is allowed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from domain.review import Ask, EscalateBy, Escalation, Person, Team
from domain.review_rules import IfNobodyActs, Raise
from domain.variant import Part
from pipeline.playbook import load_playbook, practice_time
from pipeline.playbook_review import Review, load_review
from pipeline.playbook_values import PlaybookRefused

ROOT = Path(__file__).parents[2]
HOUR: Final = timedelta(hours=1)
TEAM = Team(
    name="Team",
    channel="C1",
    on_call_channel="C1",
    people={
        user: Person(id=user, name=user, roles=frozenset(roles))
        for user, roles in {
            "U1": {"copy_editor"},
            "U2": {"copy_editor", "legal"},
            "U3": {"on_call"},
        }.items()
    },
)
PLAIN: Final[dict[str, Any]] = {
    "stages": {
        "copy": {"role": "copy_editor", "sla": "4 h"},
        "legal": {"role": "legal", "sla": "24 h"},
    },
    "tiers": {"A": ["copy", "legal"], "B": ["copy", "legal"], "C": ["copy"]},
}


def load(raw: Mapping[str, Any] = PLAIN, *, scale: float = 1, **more: Any) -> Review:
    return load_review({**raw, **more}, TEAM, scale)


def with_copy(**more: Any) -> dict[str, Any]:
    stages = PLAIN["stages"]
    return {**PLAIN, "stages": {**stages, "copy": {**stages["copy"], **more}}}


def test_questions_belong_to_their_stage_and_are_asked_at_some_tiers() -> None:
    review = load({**with_copy(questions=["brand_voice"]), "ask_at": ["A", "B"]})

    assert [stage.questions for stage in review.stages["A"]] == [("brand_voice",), ()]
    assert review.rules.asks_at == {"A", "B"}


def test_own_edits_may_be_approved_at_fewer_tiers() -> None:
    loaded = load(own_edits=["C"]).stages
    assert {stage.own_edits for stage in loaded["B"]} == {False}
    assert {stage.own_edits for stage in loaded["C"]} == {True}
    assert {stage.own_edits for stage in load(own_edits=[]).stages["C"]} == {False}
    assert {stage.own_edits for stage in load().stages["B"]} == {True}


def test_stages_of_a_list_inside_the_row_are_asked_side_by_side() -> None:
    tiers = {**PLAIN["tiers"], "B": [["copy", "legal"]]}
    for stage in load(tiers=tiers, within={"B": "10 h"}).stages["B"]:
        assert stage.beside == ("copy", "legal")
        # they share the time
        assert stage.sla == min(10, {"copy": 4, "legal": 24}[stage.name]) * HOUR
    assert load().stages["B"][0].beside == ()
    assert load(tiers={**PLAIN["tiers"], "B": [["copy"], "legal"]}) == load()


def test_a_stage_covers_the_whole_text_unless_it_says_less() -> None:
    stages = {**PLAIN["stages"], "legal": {**PLAIN["stages"]["legal"], "scope": "body"}}
    copy, legal = load({**PLAIN, "stages": stages}).stages["A"]
    assert (copy.scope, legal.scope) == (frozenset(Part), frozenset({Part.BODY}))


def with_raise(**rule: Any) -> dict[str, Any]:
    return {**PLAIN, "raise": [rule]}


def with_hours(**hours: Any) -> dict[str, Any]:
    return {**PLAIN, "hours": {"zone": "Europe/Berlin", **hours}}


def test_a_stage_says_little_and_gets_the_rest() -> None:
    copy = load().stages["A"][0]
    assert (copy.approvals, copy.remind, copy.sla) == (1, 0.5, 4 * HOUR)
    assert copy.escalation == Escalation(to="on_call", by=EscalateBy.THREAD)


def test_a_stage_asks_everyone_or_one_of_its_pool() -> None:
    assert load().stages["A"][0].ask is Ask.EVERYONE
    assert load(with_copy(ask="everyone")).stages["A"][0].ask is Ask.EVERYONE
    assert load(with_copy(ask="one")).stages["A"][0].ask is Ask.ONE


@pytest.mark.parametrize("ask", ["all", "", None, 1, True, ["one"], {"one": 1}])
def test_whom_else_a_stage_cannot_ask(ask: object) -> None:
    with pytest.raises(PlaybookRefused) as refused:
        load(with_copy(ask=ask))
    assert str(refused.value) == (
        f'review.yaml, stage copy, ask is "{ask}"; everyone or one is allowed.'
    )


def test_one_person_cannot_give_several_approvals() -> None:
    with pytest.raises(PlaybookRefused) as refused:
        load(with_copy(ask="one", approvals=2))
    assert str(refused.value) == (
        "review.yaml, stage copy needs 2 approvals, so it cannot ask one person;"
        " ask: everyone is allowed."
    )


def test_a_stage_may_say_it_all() -> None:
    raw = with_copy(approvals=2, remind="never", escalate={"to": "U3", "by": "dm"})
    copy = load(raw).stages["C"][0]
    assert (copy.approvals, copy.remind) == (2, None)
    assert copy.escalation == Escalation(to="U3", by=EscalateBy.DM)


def test_a_tiers_time_is_used_in_order() -> None:
    copy, legal = load(within={"B": "10 h"}).stages["B"]
    assert (copy.sla, legal.sla) == (4 * HOUR, 6 * HOUR)
    # a generous one changes nothing
    assert load(within={"B": "100 h"}).stages["B"][1].sla == 24 * HOUR


def test_hours_are_read_as_they_are_written() -> None:
    hours = load(
        with_hours(
            days=["mon", "fri"],
            opens="09:00",
            # unquoted, YAML makes minutes of it
            closes=1050,
            holidays=[date(2026, 12, 25)],
        )
    ).rules.hours
    assert (hours.opens, hours.closes) == (time(9), time(17, 30))
    assert hours.days == {0, 4}
    assert hours.holidays == {date(2026, 12, 25)}
    assert str(hours.zone) == "Europe/Berlin"
    assert load(with_hours(zone="UTC")).rules.hours.is_round_the_clock


def test_in_practice_time_the_desk_works_round_the_clock_and_says_so() -> None:
    scaled = load(with_hours(opens="09:00", closes="17:00"), scale=240)
    assert scaled.rules.hours.is_round_the_clock
    assert scaled.stages["C"][0].sla == timedelta(minutes=1)
    assert practice_time(240) == (
        "practice time: 1 s stands for 4 min, working round the clock"
    )


def test_rules_are_read() -> None:
    rules = load(
        {
            **with_raise(audience_over=10, extra_approvers=1),
            "stages": {
                **PLAIN["stages"],
                "legal": {"role": "copy_editor", "sla": "1 h"},
            },
        },
        if_nobody_acts={"C": "auto_approve", "A": "escalate"},
        spot_check=0.25,
    ).rules
    assert rules.raises == (Raise(audience_over=10, extra_approvers=1),)
    assert rules.if_nobody_acts["C"] is IfNobodyActs.AUTO_APPROVE
    assert rules.spot_check == 0.25


REFUSED: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "unknown key": (
        {**PLAIN, "stage": {}},
        "review.yaml does not know stage; it may hold hours, stages, tiers",
    ),
    "stages": ({"tiers": PLAIN["tiers"]}, "review.yaml, stages must be a table"),
    "unknown stage key": (
        with_copy(slo="4 h"),
        "review.yaml, stage copy does not know slo; it may hold role, ask, sla",
    ),
    "no sla": (
        {**PLAIN, "stages": {"copy": {"role": "copy_editor"}}},
        'review.yaml, copy.sla is "None"; a duration is a number and',
    ),
    "sla in days": (
        with_copy(sla="1 d"),
        'copy.sla is "1 d"; it counts working hours, so say it in h or min.',
    ),
    "no time": (with_copy(sla="0 h"), "more than nothing and at most 2,000 h"),
    "too long": (with_copy(sla="9999 h"), "more than nothing and at most 2,000 h"),
    "far too long": (with_copy(sla="9" * 30 + " h"), "which is too long"),
    "role": (
        with_copy(role="poet"),
        "the copy stage asks for poet, and nobody in team.yaml holds that role.",
    ),
    "approvals": (
        with_copy(approvals=0),
        'stage copy, approvals is "0"; a whole number from 1 is allowed.',
    ),
    "approvals as text": (with_copy(approvals="two"), "a whole number from 1"),
    "approvals as bool": (with_copy(approvals=True), "a whole number from 1"),
    "more approvals than people": (
        with_copy(approvals=3),
        (
            "at tier A the copy stage may need 3 approvals, and team.yaml gives the role"
            " copy_editor to 2."
        ),
    ),
    "more approvals than people when raised": (
        with_raise(audience_over=10, extra_approvers=1),
        (
            "at tier A the legal stage may need 2 approvals, and team.yaml gives the role"
            " legal to 1."
        ),
    ),
    "remind": (
        with_copy(remind=50),
        'stage copy, remind is "50"; a number from 0 to 1 is allowed.',
    ),
    "escalate to nobody": (
        with_copy(escalate={"to": "poet"}),
        (
            'stage copy, escalate.to is "poet"; a role that somebody holds is allowed,'
            " or a user id of team.yaml."
        ),
    ),
    "escalate by": (
        with_copy(escalate={"to": "U3", "by": "pager"}),
        'escalate.by is "pager"; thread or dm is allowed.',
    ),
    "tier": (
        {**PLAIN, "tiers": {**PLAIN["tiers"], "D": ["copy"]}},
        "review.yaml, tiers does not know D; it may hold A, B, C.",
    ),
    "no stage": (
        {**PLAIN, "tiers": {"A": ["copy"], "B": ["copy"], "C": []}},
        "tier C needs at least one stage, and may name copy, legal.",
    ),
    "unknown stage": (
        {**PLAIN, "tiers": {**PLAIN["tiers"], "B": ["copy", "poetry"]}},
        "may name copy, legal, not poetry.",
    ),
    "a stage twice": (
        {**PLAIN, "tiers": {**PLAIN["tiers"], "B": ["copy", "copy"]}},
        "tier B must list each stage once.",
    ),
    "a stage twice, side by side": (
        {**PLAIN, "tiers": {**PLAIN["tiers"], "B": ["copy", ["legal", "copy"]]}},
        "tier B must list each stage once.",
    ),
    "nobody side by side": (
        {**PLAIN, "tiers": {**PLAIN["tiers"], "B": ["copy", []]}},
        "tier B needs at least one stage, and may name copy, legal.",
    ),
    "side by side in side by side": (
        {**PLAIN, "tiers": {**PLAIN["tiers"], "B": ["copy", [["legal"]]]}},
        "may name copy, legal, not ['legal'].",
    ),
    "a row of one word": (
        {**PLAIN, "tiers": {**PLAIN["tiers"], "B": "copy"}},
        "tier B must be a list of stages.",
    ),
    "a name that joins names": (
        {
            **PLAIN,
            "stages": {**PLAIN["stages"], "law and order": PLAIN["stages"]["legal"]},
        },
        'stage law and order: the name may not hold " and "',
    ),
    "reserved roles that are none": (
        {**PLAIN, "reserved_roles": ["legal", 5]},
        "reserved_roles must be a list of roles, such as [legal].",
    ),
    "own edits at tier A": (
        {**PLAIN, "own_edits": ["A", "B"]},
        "own_edits may name B and C, or none: at tier A nobody approves their own edit.",
    ),
    "a risk nobody knows": (
        with_raise(prompt_risk="enormous", tier="A"),
        'raise 1, prompt_risk is "enormous"; low, medium, high are allowed.',
    ),
    "two reasons in one": (
        with_raise(prompt_risk="high", audience_over=10, tier="A"),
        "raise 1 needs one of audience_over, words and prompt_risk.",
    ),
    "no time left": (
        {**PLAIN, "within": {"A": "4 h"}},
        "within.A leaves the legal stage no time;",
    ),
    "auto_approve at A": (
        {**PLAIN, "if_nobody_acts": {"A": "auto_approve"}},
        (
            "if_nobody_acts.A is auto_approve; only tier C may pass because nobody acted,"
            " so escalate is allowed."
        ),
    ),
    "auto_approve at B": (
        {**PLAIN, "if_nobody_acts": {"B": "auto_approve"}},
        "if_nobody_acts.B is auto_approve; only tier C",
    ),
    "if nobody acts": (
        {**PLAIN, "if_nobody_acts": {"C": "send"}},
        'if_nobody_acts.C is "send"; escalate or auto_approve is allowed.',
    ),
    "spot check": (
        {**PLAIN, "spot_check": 10},
        'spot_check is "10"; a number from 0 to 1 is allowed.',
    ),
    "raise": ({**PLAIN, "raise": {"tier": "A"}}, "raise must be a list of rules."),
    "raise without reason": (
        with_raise(tier="A"),
        "raise 1 needs one of audience_over, words and prompt_risk.",
    ),
    "raise with two reasons": (
        with_raise(tier="A", audience_over=1, words=["x"]),
        "raise 1 needs one of audience_over, words and prompt_risk.",
    ),
    "raise without effect": (
        with_raise(audience_over=1),
        "raise 1 needs a tier, A, B, C, or extra_approvers.",
    ),
    "raise to nowhere": (with_raise(audience_over=1, tier="S"), "needs a tier"),
    "unknown scope": (
        with_copy(scope=["subject", "footer"]),
        'scope is "subject, footer"; at least one of subject, preheader, body is',
    ),
    "empty scope": (with_copy(scope=[]), 'stage copy, scope is ""; at least one of'),
    "no scope": (with_copy(scope=None), 'stage copy, scope is "None"; at least one of'),
    "odd scope": (with_copy(scope=[["body"]]), "scope is \"['body']\"; at least one"),
    "scope that leaves a part to nobody": (
        with_copy(scope=["subject", "body"]),
        "at tier C no stage has preheader in its scope, so an edit of it would be",
    ),
    "unknown question": (
        with_copy(questions=["does_it_sing"]),
        'stage copy, questions names "does_it_sing"',
    ),
    "question of two stages": (
        {
            **PLAIN,
            "stages": {
                name: {**stage, "questions": ["brand_voice"]}
                for name, stage in PLAIN["stages"].items()
            },
        },
        "brand_voice is a question of the copy stage and of the legal stage",
    ),
    "ask at": ({**PLAIN, "ask_at": ["D"]}, "ask_at may name A, B, C."),
    "raise words": (with_raise(words="x", tier="A"), "words must be a list."),
    "zone": (
        with_hours(zone="Mars/Olympus"),
        'hours, zone is "Mars/Olympus"; a name such as Europe/Berlin is allowed',
    ),
    "zone outside": (with_hours(zone="../../etc/passwd"), 'zone is "../../etc/passwd"'),
    "no zone": ({**PLAIN, "hours": {"opens": "09:00"}}, "hours: zone must be a text."),
    "days": (
        with_hours(days=["monday"]),
        "days may name mon, tue, wed, thu, fri, sat, sun",
    ),
    "opens": (
        with_hours(opens="9 o'clock"),
        'opens is "9 o\'clock"; a time from 00:00 to 24:00 is allowed.',
    ),
    "closes": (
        with_hours(opens="18:00", closes="09:00"),
        "closes must be later than opens.",
    ),
    "holidays": (with_hours(holidays=["Christmas"]), '"Christmas" is no date;'),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_with_its_key_and_what_is_allowed(name: str) -> None:
    raw, said = REFUSED[name]
    with pytest.raises(PlaybookRefused) as refused:
        load(raw)
    assert "review.yaml" in str(refused.value)
    assert said in str(refused.value)


def test_a_file_that_breaks_the_reader_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "playbook"
    shutil.copytree(ROOT / "playbook", folder)
    for broken in ("hours: {holidays: [2026-02-30]}", "a: [", "- a list", "\x00"):
        (folder / "review.yaml").write_text(broken, encoding="utf-8")
        with pytest.raises(PlaybookRefused, match=r"review\.yaml"):
            load_playbook(folder, time_scale=1)


def test_the_shipped_file_has_the_defaults_that_are_promised() -> None:
    raw = yaml.safe_load((ROOT / "playbook" / "review.yaml").read_text("utf-8"))
    playbook = load_playbook(ROOT / "playbook", time_scale=1)
    slas = {
        tier: {stage.name: stage.sla / HOUR for stage in stages}
        for tier, stages in playbook.stages.items()
    }
    assert slas["A"] == {"copy": 4, "deliverability": 12, "legal": 24, "stakeholder": 8}
    assert slas["B"] == {"copy": 4, "deliverability": 4}
    assert slas["C"] == {"copy": 4}
    scopes = {stage.name: set(stage.scope) for stage in playbook.stages["A"]}
    assert scopes == {
        "copy": set(Part),
        "deliverability": {Part.SUBJECT, Part.BODY},
        "legal": {Part.BODY},
        "stakeholder": set(Part),
    }
    assert raw["if_nobody_acts"] == {
        "A": "escalate",
        "B": "escalate",
        "C": "auto_approve",
    }
    assert playbook.rules.spot_check == 0.1
    assert not playbook.rules.hours.is_round_the_clock
    assert all(
        stage.escalation for stages in playbook.stages.values() for stage in stages
    )


# The wait for a brand lead ----------------------------------------------------------


def test_a_brand_lead_has_a_day_of_work_unless_the_file_says_otherwise() -> None:
    shipped = load().rules.brand_lead
    assert (shipped.sla, shipped.remind) == (24 * HOUR, 0.5)
    assert shipped.escalation == Escalation(to="on_call")
    raw = {"sla": "8 h", "remind": 0.25, "escalate": {"to": "U2", "by": "dm"}}
    said = load(brand_lead=raw, scale=4).rules.brand_lead
    assert (said.name, said.role) == ("strategy", "brand_lead")
    assert (said.sla, said.remind) == (2 * HOUR, 0.25)
    assert said.escalation == Escalation(to="U2", by=EscalateBy.DM)
    assert load(brand_lead={"remind": "never"}).rules.brand_lead.remind is None


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("24 h", "brand_lead must be a table of names and values"),
        ({"sla": "1 d"}, 'brand_lead, sla is "1 d"; it counts working hours'),
        ({"sla": "0 h"}, "more than nothing and at most 2,000 h is allowed"),
        ({"slo": "4 h"}, "brand_lead does not know slo; it may hold sla, remind"),
        ({"remind": 2}, 'brand_lead, remind is "2"; a number from 0 to 1'),
        ({"escalate": {"to": "nobody"}}, 'brand_lead, escalate.to is "nobody"'),
        ({"escalate": {"to": "U1", "by": "fax"}}, "thread or dm is allowed"),
    ],
)
def test_an_impossible_wait_for_a_brand_lead_is_refused(
    raw: object, words: str
) -> None:
    with pytest.raises(PlaybookRefused, match=words):
        load(brand_lead=raw)
