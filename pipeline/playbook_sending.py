"""sending.yaml: send windows, the cadence cap, warm-up limits, and how long a freeze is."""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path
from typing import Any, Final

from domain.cadence import Cap
from domain.cohort import MUTE, PROVIDERS
from domain.send_window import Quiet, SendWindow
from domain.sending import Sending
from domain.warm_up import ALL, Ramp, WarmUp
from pipeline.playbook_review import calendar_from, minute_of_day
from pipeline.playbook_values import PlaybookRefused, only, read, scaled, table, whole

_FILE: Final = "sending.yaml"
_MIDNIGHT: Final = 24 * 60
_PROVIDERS: Final = (*dict.fromkeys([*PROVIDERS.values(), *sorted(MUTE)]), "other")
_PLAIN: Final = 1.0
"""The scale of what people type and read on the wall."""


def load_sending(folder: Path, time_scale: float) -> Sending:
    """Read sending.yaml; a playbook without it sets no limit.

    Raises:
        PlaybookRefused: Names the key and what is allowed.
    """
    path = folder / _FILE
    if not path.exists():
        return Sending()
    raw = read(path)
    only(raw, ("freeze", "window", "cadence", "warm_up"), _FILE)
    longest, usual = _freeze(raw.get("freeze"))
    window = _window(raw.get("window"))
    return Sending(
        # as review.yaml's hours: a practice night would take two minutes
        window=window if time_scale == 1 else None,
        cap=_cap(raw.get("cadence"), time_scale),
        warm_up=_warm_up(raw.get("warm_up"), time_scale),
        longest_freeze=longest,
        usual_freeze=usual,
    )


def _freeze(raw: object) -> tuple[timedelta, timedelta]:
    where = f"{_FILE}, freeze"
    given = table(raw or {}, where)
    only(given, ("longest", "usual"), where)
    longest = scaled(given.get("longest", "14 d"), _PLAIN, where=f"{where}, longest")
    usual = scaled(given.get("usual", "2 h"), _PLAIN, where=f"{where}, usual")
    if not timedelta(0) < usual <= longest:
        raise PlaybookRefused(
            f"{where}: usual must be longer than 0 and within longest."
        )
    return longest, usual


def _window(raw: object) -> SendWindow | None:
    if raw is None:
        return None
    where = f"{_FILE}, window"
    given = dict(table(raw, where))
    quiet = _quiet(given.pop("quiet", None) or [], f"{where}, quiet")
    hours = calendar_from(given, where)
    try:
        return SendWindow(
            default_zone=hours.zone,
            days=hours.days,
            opens=hours.opens,
            closes=hours.closes,
            quiet=quiet,
            holidays=hours.holidays,
        )
    except ValueError as error:
        raise PlaybookRefused(f"{where}: {error}.") from error


def _quiet(raw: object, where: str) -> tuple[Quiet, ...]:
    if not isinstance(raw, list):
        raise PlaybookRefused(
            f'{where} must be a list, as [{{from: "21:00", to: "08:00"}}].'
        )
    found = []
    for each in raw:
        given = table(each, where)
        only(given, ("from", "to"), where)
        begins = minute_of_day(given.get("from"), f"{where}, from") % _MIDNIGHT
        ends = minute_of_day(given.get("to"), f"{where}, to") % _MIDNIGHT
        found.append(Quiet(begins=_time(begins), ends=_time(ends)))
    return tuple(found)


def _time(minute: int) -> time:
    return time(*divmod(minute, 60))


def _cap(raw: object, time_scale: float) -> Cap | None:
    if raw is None:
        return None
    where = f"{_FILE}, cadence"
    given = table(raw, where)
    only(given, ("mails", "within"), where)
    mails = whole(given.get("mails"), f"{where}, mails", least=1)
    span = scaled(given.get("within"), time_scale, where=f"{where}, within")
    try:
        return Cap(mails=mails, span=span)
    except ValueError as error:
        raise PlaybookRefused(f"{where}: {error}.") from error


def _warm_up(raw: object, time_scale: float) -> WarmUp | None:
    if raw is None:
        return None
    where = f"{_FILE}, warm_up"
    given = table(raw, where)
    only(given, ("a_day", "then", "providers"), where)
    providers = table(given.get("providers") or {}, f"{where}, providers")
    only(providers, _PROVIDERS, f"{where}, providers")
    ramps = {
        str(name): _ramp(table(each, f"{where}, {name}"), f"{where}, {name}")
        for name, each in providers.items()
    }
    if "a_day" in given or "then" in given:
        ramps[ALL] = _ramp(
            {key: each for key, each in given.items() if key != "providers"}, where
        )
    if not ramps:
        raise PlaybookRefused(f"{where} needs a_day, then, or providers with theirs.")
    return WarmUp(ramps=ramps, day=timedelta(days=1) / time_scale)


def _ramp(given: dict[str, Any], where: str) -> Ramp:
    only(given, ("a_day", "then"), where)
    days = given.get("a_day") or []
    if not isinstance(days, list):
        raise PlaybookRefused(f"{where}, a_day must be a list of mails a day.")
    then = given.get("then")
    return Ramp(
        a_day=tuple(whole(each, f"{where}, a_day", least=1) for each in days),
        then=None if then is None else whole(then, f"{where}, then", least=1),
    )
