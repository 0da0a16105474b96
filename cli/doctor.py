"""`copydesk doctor`: what works, what does not, and how to mend it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from cli.desk import data_dir, running, settings
from cli.plan import MAIL_NEEDS
from cli.practice import MANIFEST
from domain.errors import CampaignError, Refused

if TYPE_CHECKING:
    from domain.review import Team
    from pipeline.playbook import Playbook
    from pipeline.settings import Settings
    from pipeline.slack import SlackGateway

OK: Final = "ok"
WARN: Final = "warn"
FAIL: Final = "fail"

_TIMEOUT_S: Final = 5.0
_OLDEST: Final = (3, 11)
HTTP_OK: Final = 200
_HTTP_UNKNOWN: Final = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that was looked at.

    Attributes:
        mark: ok, warn or fail.
        fix: What to do; empty when it is well.
    """

    mark: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        fix = f"\n      -> {self.fix}" if self.fix else ""
        return f"{self.mark:<4}  {self.what}{fix}"


def _ok(what: str) -> Line:
    return Line(mark=OK, what=what)


def _warn(what: str, fix: str) -> Line:
    return Line(mark=WARN, what=what, fix=fix)


def _fail(what: str, fix: str) -> Line:
    return Line(mark=FAIL, what=what, fix=fix)


@click.command()
def doctor() -> None:
    """Check the setup, each line ok, warn or fail with its fix; exit 1 on a fail."""
    has_failed = False
    for line in _examine():
        click.echo(str(line))
        has_failed |= line.mark == FAIL
    sys.exit(1 if has_failed else 0)


def _examine() -> Iterator[Line]:
    yield python(sys.version_info[:3])
    here = running(data_dir())
    if here is None:
        yield _ok("No desk runs here; the environment's is looked at.")
    else:
        yield _ok(f"The desk that runs here (pid {here.pid}, {here.page}).")
    try:
        given = settings()
    except Refused as refused:
        yield _fail(str(refused), "Mend the variable and run this again.")
        return
    yield from environment(given)
    book = _playbook(given)
    if isinstance(book, Line):
        yield book
    else:
        yield _ok(f"The playbook in {given.playbook} loads.")
    for look in (database, broker, web, writer, esp):
        yield from look(given)
    yield from slack(given, None if isinstance(book, Line) else book)


def python(version: tuple[int, ...]) -> Line:
    said = ".".join(map(str, version))
    if version >= _OLDEST:
        return _ok(f"Python {said}.")
    return _fail(f"Python {said} is too old.", "Install Python 3.11 or newer.")


def environment(given: Settings) -> Iterator[Line]:
    """Secrets that are missing, and practice settings on a desk that is not."""
    if not given.secret_key.get_secret_value():
        yield _fail(
            "COPYDESK_SECRET_KEY is not set.",
            "Set it to 64 random hex digits, the same for every process.",
        )
    is_practice = "esp" in given.practice_parts
    if given.time_scale > 1 and not is_practice:
        yield _fail("Time is scaled on a real ESP.", "Unset COPYDESK_TIME_SCALE.")
    if given.allow_sample_copy and not is_practice:
        yield _fail(
            "Sample copy may be sent by a real ESP.",
            "Unset COPYDESK_ALLOW_SAMPLE_COPY.",
        )
    yield from _mail_settings(given, is_practice=is_practice)
    parts = ", ".join(given.practice_parts)
    yield _ok(f"Practice: {parts}." if parts else "Nothing is practice.")


def _mail_settings(given: Settings, *, is_practice: bool) -> Iterator[Line]:
    if is_practice:
        return
    values = {
        "COPYDESK_PUBLIC_URL": given.public_url.startswith("https://"),
        "COPYDESK_MAIL_FROM": bool(given.mail_from),
        **{name: bool(given.value_of(name)) for name in given.vendor.needs},
    }
    why = {**MAIL_NEEDS, **given.vendor.needs}
    for name, is_set in values.items():
        if not is_set:
            yield _fail(
                f"Real mail needs {name}.",
                f"Set it: {why[name]} (https)."
                if name.endswith("URL")
                else f"Set it: {why[name]}.",
            )


def _playbook(given: Settings) -> Playbook | Line:
    from pipeline.playbook_scaled import playbook_of

    try:
        return playbook_of(given)
    except (CampaignError, OSError) as error:
        return _fail(f"The playbook does not load: {error}", "Mend that file.")


def database(given: Settings) -> Iterator[Line]:
    from pipeline.wall_clock import utc_now
    from storage.engine import Database
    from storage.migrate import is_current

    if not given.database_url and not (given.data_dir / "copydesk.db").is_file():
        yield _fail(
            f"There is no database in {given.data_dir}.", "Run `copydesk migrate`."
        )
        return
    base = Database(given.database_address, utc_now)
    try:
        found = base.look(lambda _store: is_current(base))
    except CampaignError as error:
        yield _fail(str(error), "Start the database, or mend DATABASE_URL.")
        return
    finally:
        base.close()
    if found:
        yield _ok("The database answers and is of this version.")
    else:
        yield _fail("The database is of another version.", "Run `copydesk migrate`.")


def broker(given: Settings) -> Iterator[Line]:
    from celery import Celery
    from kombu.exceptions import OperationalError

    app = Celery(broker=given.broker_url, set_as_current=False)
    with app.connection_for_write(connect_timeout=_TIMEOUT_S) as connection:
        try:
            connection.ensure_connection(max_retries=1, timeout=_TIMEOUT_S)
        except (OperationalError, OSError):
            yield _fail(
                "The broker does not answer.",
                "Start it, or mend BROKER_URL; stopping a campaign works without it.",
            )
            return
    yield _ok("The broker answers.")


def web(given: Settings) -> Iterator[Line]:
    host = "127.0.0.1" if given.host in ("0.0.0.0", "::") else given.host
    status = status_of(f"http://{host}:{given.port}/readyz")
    if status == HTTP_OK:
        yield _ok("The web process is ready.")
    elif status is None:
        yield _fail(
            f"Nothing answers on {host}:{given.port}.",
            "Start `copydesk web`, or set COPYDESK_HOST and COPYDESK_PORT as it has.",
        )
    else:
        yield _fail(f"The web process is not ready (HTTP {status}).", "Read its log.")


def writer(given: Settings) -> Iterator[Line]:
    key = given.openai_api_key.get_secret_value()
    if not key:
        yield _fail("No writer is set.", "Set OPENAI_API_KEY, or use `copydesk up`.")
        return
    status = status_of(f"{given.openai_base_url.rstrip('/')}/models", key)
    if status == HTTP_OK:
        yield _ok("The writing endpoint answers.")
    elif status == _HTTP_UNKNOWN:
        yield _warn(
            "The writing endpoint answers, but does not list its models.",
            "Check OPENAI_BASE_URL if briefs are not written; it usually ends in /v1.",
        )
    else:
        yield _fail(
            f"The writing endpoint {how(status)}.",
            "Mend OPENAI_API_KEY or OPENAI_BASE_URL.",
        )


def esp(given: Settings) -> Iterator[Line]:
    from cli.doctor_esp import esp

    yield from esp(given)


def how(status: int | None) -> str:
    return "does not answer" if status is None else f"answers HTTP {status}"


def status_of(
    url: str, key: str | None = None, *, scheme: str = "Bearer "
) -> int | None:
    """The HTTP status of a GET; None when nobody answers."""
    import httpx

    headers = {"Authorization": f"{scheme}{key}"} if key else {}
    is_here = url.startswith(("http://127.0.0.1", "http://localhost"))
    try:
        # a proxy is for the outside world
        with httpx.Client(timeout=_TIMEOUT_S, trust_env=not is_here) as client:
            return client.get(url, headers=headers).status_code
    except (httpx.HTTPError, httpx.InvalidURL):
        return None


def slack(given: Settings, book: Playbook | None) -> Iterator[Line]:
    """Who the token is, what it may do, and whether the bot is where it posts."""
    token = given.slack_bot_token.get_secret_value()
    if not token:
        yield _fail("No Slack is set.", "Set SLACK_BOT_TOKEN, or use `copydesk up`.")
        return
    if not (
        given.slack_app_token.get_secret_value()
        or given.slack_signing_secret.get_secret_value()
    ):
        yield _fail(
            "Slack has no way in.", "Set SLACK_APP_TOKEN or SLACK_SIGNING_SECRET."
        )
    from pipeline.pace import Pacer
    from pipeline.slack import BadCall, SlackGateway

    gateway = SlackGateway(
        token=token,
        pacer=Pacer.connect(None, prefix="doctor"),
        base_url=given.slack_api_url,
    )
    try:
        who = gateway.auth_test()
        yield _ok(f"Slack knows the bot in {who.team}.")
        yield scopes(who.scopes, wanted())
        channels = (
            dict.fromkeys(
                channel
                for team in (book.team, *(each.own for each in book.teams.values()))
                for channel in (team.channel, team.on_call_channel)
            )
            if book
            else ()
        )
        yield from _in_channels(channels, who.user_id, gateway.members)
        if book:
            yield from groups(book.everyone, gateway, who.scopes)
    except (CampaignError, BadCall) as error:
        yield _fail(f"Slack: {error}", "Mend SLACK_BOT_TOKEN or SLACK_API_URL.")
    finally:
        gateway.close()


def wanted() -> frozenset[str]:
    """The bot scopes of slack-manifest.json."""
    raw = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return frozenset(raw["oauth_config"]["scopes"]["bot"])


def scopes(granted: frozenset[str], wanted: frozenset[str]) -> Line:
    missing = sorted(wanted - granted)
    if missing:
        return _fail(
            f"The Slack app lacks {', '.join(missing)}.",
            "Bring the app to slack-manifest.json and install it again.",
        )
    extra = sorted(granted - wanted)
    if extra:
        return _warn(
            f"The Slack app has more than it needs: {', '.join(extra)}.",
            "Take them out in the app's settings.",
        )
    return _ok("The Slack app has the scopes of the manifest.")


SCOPES_OF: Final = {
    "S": "usergroups:read",
    "C": "channels:read",
    "G": "groups:read",
}
"""By how the id of a group in team.yaml begins."""


def groups(team: Team, slack: SlackGateway, granted: frozenset[str]) -> Iterator[Line]:
    """Whether each group of team.yaml can be read, and has somebody who may decide."""
    for group in team.groups.values():
        is_channel = not group.id.startswith("S")
        called = (
            f"{'channel' if is_channel else 'user group'} {group.name} ({group.id})"
        )
        scope = SCOPES_OF[group.id[0]]
        if scope not in granted:
            yield _fail(
                f"The Slack app lacks {scope}, so who is in the {called} stays unknown.",
                "Bring the app to slack-manifest.json and install it again.",
            )
            continue
        roles = ", ".join(sorted(group.roles))
        try:
            found = (slack.members if is_channel else slack.group_members)(group.id)
            is_held = any(slack.person(user).barred is None for user in sorted(found))
        except Refused as refused:
            yield _fail(f"The {called} cannot be read: {refused}", "Mend team.yaml.")
            continue
        if is_held:
            yield _ok(f"The {called} has members, who hold {roles}.")
        else:
            yield _fail(
                f"The {called} has nobody who may decide, so nobody holds {roles} by it.",
                "Add people to it in Slack, or give the role to a person in team.yaml.",
            )


def _in_channels(
    channels: Iterable[str], bot: str, members: Callable[[str], frozenset[str]]
) -> Iterator[Line]:
    for channel in channels:
        try:
            is_in = bot in members(channel)
        except Refused:
            is_in = False
        if is_in:
            yield _ok(f"The bot is in {channel}.")
        else:
            yield _fail(
                f"The bot is not in {channel}.",
                "Type `/invite @copydesk` there, or mend team.yaml.",
            )
