"""review.yaml: stages, tiers, working hours, and what raises a tier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from domain.checklist import Question
from domain.review import AND, Ask, EscalateBy, Escalation, Stage, Team, rounds
from domain.review_rules import (
    LOWEST_RISK,
    STRATEGY,
    TIERS,
    IfNobodyActs,
    PromptRisk,
    Raise,
    ReviewRules,
)
from domain.sla import ROUND_THE_CLOCK, Calendar
from domain.variant import Part
from pipeline.playbook_values import (
    PlaybookRefused,
    only,
    scaled,
    share,
    table,
    text,
    whole,
)

_FILE: Final = "review.yaml"
_KEYS: Final = (
    "hours",
    "stages",
    "tiers",
    "within",
    "if_nobody_acts",
    "spot_check",
    "raise",
    "ask_at",
    "brand_lead",
    "own_edits",
    "reserved_roles",
)
_STAGE_KEYS: Final = (
    "role",
    "ask",
    "sla",
    "approvals",
    "remind",
    "escalate",
    "questions",
    "scope",
)
_BRAND_LEAD_KEYS: Final = ("sla", "remind", "escalate")
_BRAND_LEAD_SLA: Final = "24 h"
_HOURS_KEYS: Final = ("zone", "days", "opens", "closes", "holidays")
_RAISE_KEYS: Final = (
    "audience_over",
    "words",
    "prompt_risk",
    "tier",
    "extra_approvers",
)
_OWN_EDITS: Final = ("B", "C")
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ON_CALL: Final = "on_call"
_MIDNIGHT: Final = 24 * 60
_LONGEST_SLA_H: Final = 2_000
"""About a year of working hours."""

_LONGEST_SLA: Final = timedelta(hours=_LONGEST_SLA_H)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What review.yaml says.

    Attributes:
        stages: By tier, in order, each with the SLA that it has in that tier.
    """

    stages: Mapping[str, tuple[Stage, ...]]
    rules: ReviewRules


def load_review(
    raw: Mapping[str, Any],
    team: Team,
    time_scale: float,
    prompt_risks: Mapping[str, PromptRisk] | None = None,
) -> Review:
    """Check what review.yaml says against itself and the team.

    Args:
        time_scale: Divides every SLA. Unless it is 1 the desk works round the clock:
            scaled time would sleep through a practice.
        prompt_risks: Of the prompts that write, by channel, where their file says one.

    Raises:
        PlaybookRefused: Names the key and what is allowed.
    """
    only(raw, _KEYS, _FILE)
    hours = calendar_from(raw.get("hours"), f"{_FILE}, hours")
    rules = ReviewRules(
        hours=hours if time_scale == 1 else ROUND_THE_CLOCK,
        raises=tuple(_raise(each, number) for number, each in _raises(raw)),
        if_nobody_acts=_if_nobody_acts(raw.get("if_nobody_acts") or {}),
        spot_check=share(raw.get("spot_check", 0), f"{_FILE}, spot_check"),
        asks_at=_asks_at(raw.get("ask_at") or []),
        brand_lead=_brand_lead(raw.get("brand_lead"), team, time_scale),
        prompt_risks=prompt_risks or {},
        reserved_roles=_reserved_roles(raw.get("reserved_roles") or []),
    )
    known = {
        str(name): _stage(str(name), each, team, time_scale)
        for name, each in table(raw.get("stages"), f"{_FILE}, stages").items()
    }
    _check_questions(known.values())
    stages = _tiers(raw, known, time_scale)
    _check_scopes(stages)
    _check_enough_people(stages, rules, team)
    return Review(stages=stages, rules=rules)


def _stage(name: str, raw: object, team: Team, time_scale: float) -> Stage:
    where = f"{_FILE}, stage {name}"
    given = table(raw, where)
    only(given, _STAGE_KEYS, where)
    if AND in name:
        raise PlaybookRefused(
            f'{where}: the name may not hold "{AND}", which joins the names of stages'
            " that are asked at the same time."
        )
    stage = Stage(
        name=name,
        role=text(given, "role", where),
        sla=_sla(given.get("sla"), time_scale, f"{_FILE}, {name}.sla"),
        approvals=whole(given.get("approvals", 1), f"{where}, approvals", least=1),
        remind=_remind(given.get("remind", 0.5), where),
        escalation=_escalation(given.get("escalate"), team, where),
        questions=_questions(given.get("questions") or [], where),
        ask=_ask(given.get("ask", Ask.EVERYONE), f"{where}, ask"),
        scope=_scope(given.get("scope", list(Part)), f"{where}, scope"),
    )
    if not team.is_held(stage.role):
        raise PlaybookRefused(
            f"{_FILE}: the {stage.name} stage asks for {stage.role},"
            " and nobody in team.yaml holds that role."
        )
    if stage.ask is Ask.ONE and stage.approvals > 1:
        raise PlaybookRefused(
            f"{where} needs {stage.approvals} approvals, so it cannot ask one person;"
            " ask: everyone is allowed."
        )
    return stage


def _brand_lead(raw: object, team: Team, time_scale: float) -> Stage:
    """The wait for a brand lead, timed as a stage is; without a word, a day of work."""
    where = f"{_FILE}, brand_lead"
    given = table({} if raw is None else raw, where)
    only(given, _BRAND_LEAD_KEYS, where)
    return replace(
        STRATEGY,
        sla=_sla(given.get("sla", _BRAND_LEAD_SLA), time_scale, f"{where}, sla"),
        remind=_remind(given.get("remind", STRATEGY.remind), where),
        escalation=_escalation(given.get("escalate"), team, where),
    )


def _scope(raw: object, where: str) -> frozenset[Part]:
    names = raw if isinstance(raw, list) else [raw]
    if not names or any(name not in list(Part) for name in names):
        said = ", ".join(map(str, names))
        raise PlaybookRefused(
            f'{where} is "{said}"; at least one of {", ".join(Part)} is allowed.'
        )
    return frozenset(Part(str(name)) for name in names)


def _ask(value: object, where: str) -> Ask:
    if value not in list(Ask):
        raise PlaybookRefused(f'{where} is "{value}"; {" or ".join(Ask)} is allowed.')
    return Ask(str(value))


def _questions(raw: object, where: str) -> tuple[Question, ...]:
    names = raw if isinstance(raw, list) else [raw]
    for name in names:
        if name not in list(Question):
            raise PlaybookRefused(
                f'{where}, questions names "{name}"; {", ".join(Question)} are allowed.'
            )
    return tuple(Question(str(name)) for name in names)


def _check_questions(stages: Iterable[Stage]) -> None:
    """Each question belongs to one stage: whoever is asked knows that they answer it."""
    belongs: dict[str, str] = {}
    for stage in stages:
        for question in stage.questions:
            if question in belongs:
                raise PlaybookRefused(
                    f"{_FILE}: {question} is a question of the {belongs[question]}"
                    f" stage and of the {stage.name} stage; one of them has to have it."
                )
            belongs[question] = stage.name


def _asks_at(raw: object) -> frozenset[str]:
    tiers = raw if isinstance(raw, list) else [raw]
    if any(tier not in TIERS for tier in tiers):
        raise PlaybookRefused(f"{_FILE}, ask_at may name {', '.join(TIERS)}.")
    return frozenset(map(str, tiers))


def _sla(value: object, time_scale: float, where: str) -> timedelta:
    sla = scaled(value, time_scale, where=where)
    if str(value).strip().endswith("d"):
        raise PlaybookRefused(
            f'{where} is "{value}"; it counts working hours, so say it in h or min.'
        )
    if not timedelta(0) < sla <= _LONGEST_SLA:
        raise PlaybookRefused(
            f'{where} is "{value}"; more than nothing and at most'
            f" {_LONGEST_SLA_H:,} h is allowed."
        )
    return sla


def _remind(value: object, where: str) -> float | None:
    return None if value == "never" else share(value, f"{where}, remind")


def _escalation(raw: object, team: Team, where: str) -> Escalation | None:
    """Who is told; without a word about it on-call is, where there is one."""
    if raw is None:
        return Escalation(to=_ON_CALL) if team.is_held(_ON_CALL) else None
    where = f"{where}, escalate"
    given = table(raw, where)
    only(given, ("to", "by"), where)
    to = text(given, "to", where)
    if not (team.named(to) or team.is_held(to)):
        raise PlaybookRefused(
            f'{where}.to is "{to}"; a role that somebody holds is allowed,'
            " or a user id of team.yaml."
        )
    return Escalation(to=to, by=_by(given.get("by"), f"{where}.by"))


def _by(value: object, where: str) -> EscalateBy:
    if value is None:
        return EscalateBy.THREAD
    if value not in list(EscalateBy):
        raise PlaybookRefused(
            f'{where} is "{value}"; {" or ".join(EscalateBy)} is allowed.'
        )
    return EscalateBy(str(value))


def _tiers(
    raw: Mapping[str, Any], known: Mapping[str, Stage], time_scale: float
) -> dict[str, tuple[Stage, ...]]:
    given = table(raw.get("tiers"), f"{_FILE}, tiers")
    within = table(raw.get("within") or {}, f"{_FILE}, within")
    only(given, TIERS, f"{_FILE}, tiers")
    only(within, TIERS, f"{_FILE}, within")
    own_edits = _own_edits(raw.get("own_edits", list(_OWN_EDITS)))
    tiers: dict[str, tuple[Stage, ...]] = {}
    for tier in TIERS:
        row = _row(given.get(tier), known, tier)
        stages = tuple(replace(stage, own_edits=tier in own_edits) for stage in row)
        if tier in within:
            where = f"{_FILE}, within.{tier}"
            stages = _fit(stages, _sla(within[tier], time_scale, where), where)
        tiers[tier] = stages
    return tiers


def _reserved_roles(raw: object) -> frozenset[str]:
    roles = raw if isinstance(raw, list) else [raw]
    if not all(isinstance(role, str) and role for role in roles):
        raise PlaybookRefused(
            f"{_FILE}, reserved_roles must be a list of roles, such as [legal]."
        )
    return frozenset(roles)


def _own_edits(raw: object) -> frozenset[str]:
    tiers = raw if isinstance(raw, list) else [raw]
    if any(tier not in _OWN_EDITS for tier in tiers):
        raise PlaybookRefused(
            f"{_FILE}, own_edits may name {' and '.join(_OWN_EDITS)}, or none: at tier A"
            " nobody approves their own edit."
        )
    return frozenset(map(str, tiers))


def _row(raw: object, known: Mapping[str, Stage], tier: str) -> tuple[Stage, ...]:
    """A tier's stages in order; those of a list inside the list are asked at once."""
    given = [] if raw is None else raw
    if not isinstance(given, list):
        raise PlaybookRefused(f"{_FILE}: tier {tier} must be a list of stages.")
    row = [list(map(str, each if isinstance(each, list) else [each])) for each in given]
    names = [name for each in row for name in each]
    if len(set(names)) < len(names):
        raise PlaybookRefused(f"{_FILE}: tier {tier} must list each stage once.")
    unknown = [name for name in names if name not in known]
    if not names or unknown or not all(row):
        raise PlaybookRefused(
            f"{_FILE}: tier {tier} needs at least one stage,"
            f" and may name {', '.join(known)}"
            + (f", not {', '.join(unknown)}." if unknown else ".")
        )
    return tuple(
        replace(known[name], beside=tuple(each) if len(each) > 1 else ())
        for each in row
        for name in each
    )


def _fit(stages: tuple[Stage, ...], total: timedelta, where: str) -> tuple[Stage, ...]:
    """Let each round have its time while the tier's lasts, the last one the rest.

    A round takes as long as its slowest stage.
    """
    fitted: list[Stage] = []
    for each in rounds(stages):
        if not total:
            raise PlaybookRefused(
                f"{where} leaves the {each[0].round} stage no time;"
                " the SLAs of the stages before it use it up."
            )
        fitted += [replace(stage, sla=min(stage.sla, total)) for stage in each]
        total -= min(max(stage.sla for stage in each), total)
    return tuple(fitted)


def _check_scopes(stages: Mapping[str, tuple[Stage, ...]]) -> None:
    """Each part is in some stage's scope: else an edit of it would be seen by nobody."""
    for tier, row in stages.items():
        seen = {part for stage in row for part in stage.scope}
        unseen = [part for part in Part if part not in seen]
        if unseen:
            raise PlaybookRefused(
                f"{_FILE}: at tier {tier} no stage has {', '.join(unseen)} in its scope,"
                " so an edit of it would be asked about nowhere; one of"
                f" {', '.join(stage.name for stage in row)} has to have it."
            )


def _check_enough_people(
    stages: Mapping[str, tuple[Stage, ...]], rules: ReviewRules, team: Team
) -> None:
    extra = max((each.extra_approvers for each in rules.raises), default=0)
    for tier, row in stages.items():
        for stage in row:
            most = stage.approvals + (extra if stage is row[-1] else 0)
            held = len(team.holders(stage.role))
            # how many a group has is known only to Slack
            if held < most and not team.has_group_for(stage.role):
                raise PlaybookRefused(
                    f"{_FILE}: at tier {tier} the {stage.name} stage may need"
                    f" {most} approvals, and team.yaml gives the role {stage.role}"
                    f" to {held}."
                )


def _if_nobody_acts(raw: object) -> dict[str, IfNobodyActs]:
    where = f"{_FILE}, if_nobody_acts"
    given = table(raw, where)
    only(given, TIERS, where)
    acts: dict[str, IfNobodyActs] = {}
    for tier, value in given.items():
        if value not in list(IfNobodyActs):
            raise PlaybookRefused(
                f'{where}.{tier} is "{value}"; {" or ".join(IfNobodyActs)} is allowed.'
            )
        acts[tier] = IfNobodyActs(value)
        if acts[tier] is IfNobodyActs.AUTO_APPROVE and tier != LOWEST_RISK:
            raise PlaybookRefused(
                f"{where}.{tier} is auto_approve; only tier {LOWEST_RISK} may pass"
                " because nobody acted, so escalate is allowed."
            )
    return acts


def _raises(raw: Mapping[str, Any]) -> list[tuple[int, object]]:
    given = raw.get("raise") or []
    if not isinstance(given, list):
        raise PlaybookRefused(f"{_FILE}: raise must be a list of rules.")
    return list(enumerate(given, start=1))


def _raise(raw: object, number: int) -> Raise:
    where = f"{_FILE}, raise {number}"
    given = table(raw, where)
    only(given, _RAISE_KEYS, where)
    words = given.get("words") or []
    if not isinstance(words, list):
        raise PlaybookRefused(f"{where}: words must be a list.")
    over, risk = given.get("audience_over"), given.get("prompt_risk")
    tier = given.get("tier")
    extra = whole(given.get("extra_approvers", 0), f"{where}, extra_approvers", least=0)
    if [over is not None, bool(words), risk is not None].count(True) != 1:
        raise PlaybookRefused(
            f"{where} needs one of audience_over, words and prompt_risk."
        )
    if tier not in (None, *TIERS) or (tier is None and not extra):
        raise PlaybookRefused(
            f"{where} needs a tier, {', '.join(TIERS)}, or extra_approvers."
        )
    return Raise(
        audience_over=None
        if over is None
        else whole(over, f"{where}, audience_over", least=0),
        words=tuple(str(word) for word in words),
        prompt_risk=None
        if risk is None
        else prompt_risk(risk, f"{where}, prompt_risk"),
        tier=tier,
        extra_approvers=extra,
    )


def prompt_risk(value: object, where: str) -> PromptRisk:
    """A prompt's risk by name.

    Raises:
        PlaybookRefused: There is no such risk.
    """
    if value not in list(PromptRisk):
        raise PlaybookRefused(
            f'{where} is "{value}"; {", ".join(PromptRisk)} are allowed.'
        )
    return PromptRisk(str(value))


def calendar_from(raw: object, where: str) -> Calendar:
    """Read working hours, or any hours of the week; nothing is round the clock."""
    if raw is None:
        return ROUND_THE_CLOCK
    given = table(raw, where)
    only(given, _HOURS_KEYS, where)
    days = given.get("days") or list(_DAYS)
    if not isinstance(days, list) or any(day not in _DAYS for day in days):
        raise PlaybookRefused(
            f"{where}, days may name {', '.join(_DAYS)}, and needs at least one."
        )
    opens = minute_of_day(given.get("opens", "00:00"), f"{where}, opens")
    closes = minute_of_day(given.get("closes", "24:00"), f"{where}, closes")
    if closes <= opens:
        raise PlaybookRefused(f"{where}: closes must be later than opens.")
    return Calendar(
        zone=_zone(text(given, "zone", where), where),
        days=frozenset(_DAYS.index(day) for day in days),
        opens=_time(opens),
        closes=None if closes == _MIDNIGHT else _time(closes),
        holidays=_holidays(given.get("holidays") or [], where),
    )


def _zone(name: str, where: str) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise PlaybookRefused(
            f'{where}, zone is "{name}"; a name such as Europe/Berlin is allowed,'
            " or UTC."
        ) from error


def minute_of_day(value: object, where: str) -> int:
    """Minutes since midnight of "09:00"; YAML reads an unquoted 17:30 as 1050."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    hours, _, minutes = str(value).partition(":")
    if is_number:
        found = int(str(value))
    elif hours.isdecimal() and minutes.isdecimal() and int(minutes) < 60:  # noqa: PLR2004
        found = int(hours) * 60 + int(minutes)
    else:
        found = -1
    if not 0 <= found <= _MIDNIGHT:
        raise PlaybookRefused(
            f'{where} is "{value}"; a time from 00:00 to 24:00 is allowed.'
        )
    return found


def _time(minute: int) -> time:
    return time(*divmod(minute, 60))


def _holidays(raw: object, where: str) -> frozenset[date]:
    if not isinstance(raw, list):
        raise PlaybookRefused(f"{where}: holidays must be a list of dates.")
    for each in raw:
        if not isinstance(each, date) or isinstance(each, datetime):
            raise PlaybookRefused(
                f'{where}: "{each}" is no date; 2026-12-25 would be one.'
            )
    return frozenset(raw)
