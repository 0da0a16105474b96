"""`copydesk freeze`: the same when Slack is down."""

from __future__ import annotations

import getpass

import pytest
from click.testing import CliRunner, Result

from cli.main import copydesk
from domain.errors import AlreadyDecided, NotYourTurn, Refused, Unknown
from domain.freeze import Freeze
from pipeline.wall_clock import utc_now
from storage import queries
from storage.engine import Database


def told(*args: str) -> Result:
    return CliRunner().invoke(copydesk, ["freeze", *args], catch_exceptions=False)


def frozen(database: Database) -> tuple[Freeze, ...]:
    return database.read(queries.freezes, now=utc_now())


def test_a_shell_freezes_and_lists(database: Database) -> None:
    assert told().output == "Nothing is frozen.\n"
    answer = told("--reason", "Slack is down", "--for", "2h")
    assert answer.exit_code == 0, answer.output
    assert answer.output.startswith("Freeze 1: all sending frozen by shell:")
    (made,) = frozen(database)
    assert (made.reason, made.by) == ("Slack is down", f"shell:{getpass.getuser()}")
    assert "Slack is down" in told().output


def test_one_user_of_a_shell_is_one_person(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    told("--reason", "Slack is down")
    monkeypatch.setenv("LOGNAME", "ada")
    assert "Another person has to confirm it: /desk lift 1" in told("lift", "1").output
    with pytest.raises(NotYourTurn, match="another person has to confirm"):
        told("lift", "1")
    assert frozen(database)
    monkeypatch.setenv("LOGNAME", "grace")
    assert told("lift", "1").output == "Freeze 1 is lifted; all sending goes on.\n"
    assert frozen(database) == ()
    assert "and shell:grace: Slack is down" in told().output
    with pytest.raises(AlreadyDecided, match="lifted already by shell:grace"):
        told("lift", "1")


def test_what_is_wrong_is_named(database: Database) -> None:
    with pytest.raises(Refused, match='"soon" is no length of time'):
        told("--reason", "x", "--for", "soon")
    with pytest.raises(Refused, match='There is no team "apac"'):
        told("--reason", "x", "--team", "apac")
    with pytest.raises(Unknown, match="There is no freeze 7"):
        told("lift", "7")
    for wrong in (("--for", "2h"), ("--reason", "x", "--team", "a", "--esp", "b")):
        assert told(*wrong).exit_code == 2
    assert frozen(database) == ()
