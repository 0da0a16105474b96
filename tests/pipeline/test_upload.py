"""A list given in Slack: fetched by the bot's token, read, shown, imported once."""

from __future__ import annotations

import dataclasses
import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from domain.columns import Wanted
from domain.errors import CampaignError, NotYourTurn, Overtaken, Refused, Unknown
from domain.upload import KEPT_FOR, STANDS_FOR, Upload, UploadId, UploadState
from pipeline import record
from pipeline.audience import Asked, AudienceRefused, import_list
from pipeline.csv_file import Held, Reading
from pipeline.failpoint import OF_IMPORTS, OF_UPLOADS
from pipeline.jobs import TASKS
from pipeline.pace import Pacer
from pipeline.relay import Relay
from pipeline.slack import FileNotGiven, SlackFile, SlackGateway
from pipeline.tasks import MAX_ATTEMPTS, run_job
from pipeline.upload import PROGRESS_EVERY
from practice.slack import deeds
from practice.slack.world import Message, person_by_id
from storage.engine import Database
from storage.store import Store
from tests.pipeline.kills import drain_until_killed
from tests.pipeline.lab import CLEO, MARA, SECRET, Lab
from tests.pipeline.wire import Says, wire

DIRECT = "D0MARKETER"
HEAD = "email,consent,region"
PEOPLE = 12
TOKEN = "xoxb-practice-copydesk"


def rows(count: int = PEOPLE, *, start: int = 0) -> list[str]:
    return [f"sailor.{n}@mast.calm.example,yes,DE" for n in range(start, start + count)]


def csv(*lines: str, head: str = HEAD) -> str:
    return "\n".join([head, *(lines or rows())]) + "\n"


def give(
    desk: Lab, content: str | bytes, *, name: str = "crew.csv", by: str = MARA
) -> str:
    """A person gives Slack a file, as the form does; returns its id."""
    person = person_by_id(by)
    assert person is not None
    data = content if isinstance(content, bytes) else content.encode()

    async def given() -> str:
        done = deeds.give_file(desk.slack.workspace, person, name, data)
        return str(done["file"]["id"])

    return desk.run(given())


def asked(
    desk: Lab,
    content: str | bytes = "",
    *,
    by: str = MARA,
    key: str = "",
    title: str = "The crew",
    file_id: str = "",
) -> UploadId:
    """Keep a submission; no job has run."""
    return desk.write(
        record.upload,
        desk.deps.playbook,
        key=key,
        new_title="" if key else title,
        file_id=file_id or give(desk, content or csv(), by=by),
        file_name="crew.csv",
        actor=by,
    )


def read(desk: Lab, content: str | bytes = "", **given: Any) -> Upload:
    """Give a file and have it read."""
    upload_id = asked(desk, content, **given)
    desk.drain()
    return found(desk, upload_id)


def found(desk: Lab, upload_id: UploadId) -> Upload:
    return desk.look(lambda store: store.uploads.get(upload_id))


def press_import(desk: Lab, upload: Upload, *, by: str = MARA) -> Upload:
    desk.write(record.import_upload, desk.deps.playbook, upload.id, actor=by)
    desk.drain()
    return found(desk, upload.id)


def shown(desk: Lab, channel: str = DIRECT) -> list[Message]:
    return [each for each in desk.messages(channel) if each.thread_ts is None]


def words(message: Message) -> str:
    return message.text + json.dumps(message.blocks, ensure_ascii=False)


def buttons(message: Message) -> list[str]:
    return [
        element["text"]["text"]
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]


def addresses(desk: Lab, key: str = "the-crew") -> set[str]:
    query = (
        "SELECT r.address FROM audiences a JOIN recipients r"  # noqa: S608 - a test's own key
        f" ON r.audience_id = a.import_id WHERE a.key = '{key}'"
    )
    return {each for (each,) in desk.rows(query)}


# What a person sees --------------------------------------------------------------------


def test_a_file_is_read_and_shown_and_nothing_comes_in(desk: Lab) -> None:
    upload = read(desk)
    (message,) = shown(desk)
    assert message.text == "Read, not imported yet: crew.csv"
    assert "Rows read: *12*" in words(message)
    assert "Columns: email, consent, region" in words(message)
    assert buttons(message) == ["Import", "Change columns", "Cancel"]
    assert upload.state is UploadState.READ
    assert desk.rows("SELECT 1 FROM audiences WHERE key = 'the-crew'") == []


def test_import_brings_it_in_and_the_same_message_says_so(desk: Lab) -> None:
    upload = press_import(desk, read(desk))
    assert upload.state is UploadState.IMPORTED
    (message,) = shown(desk)
    assert message.text == "Imported: crew.csv"
    assert "Recipients: *12*" in words(message)
    assert buttons(message) == []
    assert len(addresses(desk)) == PEOPLE
    (event,) = desk.rows("SELECT actor, event FROM audience_events")
    assert event == (MARA, "list_imported")


def test_a_list_is_the_same_however_it_came_in(desk: Lab, tmp_path: Path) -> None:
    press_import(desk, read(desk))
    path = tmp_path / "crew.csv"
    path.write_text(csv(), encoding="utf-8")
    again = import_list(
        desk.deps.database,
        Asked(path=path, key="the-crew", title="The crew"),
        Reading(),
        secret=SECRET,
        actor="shell:ann",
    )
    assert not again.is_new


def test_the_same_file_again_says_so(desk: Lab) -> None:
    press_import(desk, read(desk))
    upload = read(desk, key="the-crew")
    assert upload.state is UploadState.SAME
    newest = shown(desk)[-1]
    assert "is this very file already, with 12 recipients" in words(newest)
    assert buttons(newest) == []


def test_a_newer_file_says_whom_it_takes_off_before_it_does(desk: Lab) -> None:
    press_import(desk, read(desk))
    newer = csv(*rows(8, start=6), "sailor.6@mast.calm.example,yes,AT")
    upload = read(desk, newer, key="the-crew")
    said = words(shown(desk)[-1])
    assert "Would be taken off, not in the file: *6*" in said
    assert "New: *2*" in said
    press_import(desk, upload)
    assert addresses(desk) == {f"sailor.{n}@mast.calm.example" for n in range(6, 14)}
    # whoever was taken off is erased, as after an import in a shell
    assert desk.rows(
        "SELECT count(*) FROM recipients WHERE domain = 'mast.calm.example'"
    ) == [(8,)]


def test_broken_rows_are_told_by_line_and_reason_and_reported_in_full(
    desk: Lab,
) -> None:
    broken = [f"nobody {n},yes,DE" for n in range(7)]
    upload = read(desk, csv(*rows(), "ann@example.com,perhaps,DE", *broken))
    (message,) = shown(desk)
    said = words(message)
    assert "Line 14, consent: must be true or false" in said
    assert "and 3 more" in said
    assert "ann@example.com" not in said
    assert "nobody" not in said
    assert buttons(message)[0] == "Import without 8 rows"
    (thread,) = [each for each in desk.messages(DIRECT) if each.thread_ts]
    world = desk.slack.workspace.world
    report = (world.content(world.files[thread.files[0]]) or b"").decode()
    assert report.splitlines()[:2] == [
        "line,field,reason",
        "14,consent,must be true or false",
    ]
    assert len(report.splitlines()) == 1 + 8
    assert "@" not in report
    done = press_import(desk, upload)
    assert (done.found.size, done.found.broken) == (PEOPLE, 8)
    assert "All of them are in this thread." in words(shown(desk)[-1])
    # the same file once more is known, broken rows and all
    again = read(
        desk, csv(*rows(), "ann@example.com,perhaps,DE", *broken), key="the-crew"
    )
    assert again.state is UploadState.SAME


def test_cancel_leaves_the_list_as_it_was(desk: Lab) -> None:
    upload = read(desk)
    desk.write(record.cancel_upload, desk.deps.playbook, upload.id, actor=MARA)
    desk.drain()
    assert shown(desk)[-1].text == "Cancelled: crew.csv"
    with pytest.raises(Refused, match="was cancelled"):
        press_import(desk, upload)
    assert addresses(desk) == set()


# Columns -------------------------------------------------------------------------------

GERMAN = csv(
    "a@mast.calm.example,ja,Ada,5,ja",
    head="E-Mail,Einwilligung,Vorname,Punkte,Newsletter",
).replace(",ja", ",yes")


def test_a_file_with_columns_of_its_own_is_imported_when_they_are_explained(
    desk: Lab,
) -> None:
    upload = read(desk, GERMAN)
    (message,) = shown(desk)
    assert "The file has no column email and no column consent." in words(message)
    assert "--map" not in words(message)
    assert buttons(message) == ["Change columns", "Cancel"]
    with pytest.raises(Refused, match="no column email"):
        press_import(desk, upload)

    said = {
        "email": "E-Mail",
        "consent": "Einwilligung",
        "first_name": "Vorname",
    }
    wanted = Wanted(column_of=said)
    desk.write(record.map_upload, desk.deps.playbook, upload.id, wanted, actor=MARA)
    desk.drain()
    (message,) = shown(desk)
    assert "email from “E-Mail”" in words(message)
    assert "Not used: “Punkte”, “Newsletter”" in words(message)
    press_import(desk, upload)
    assert addresses(desk) == {"a@mast.calm.example"}

    # the next file of the list is read the same way, without being told
    newer = GERMAN + "b@mast.calm.example,yes,Bo,7,no\n"
    assert read(desk, newer, key="the-crew").can_import


def test_attributes_that_a_list_has_are_kept_from_its_next_file(
    desk: Lab, tmp_path: Path
) -> None:
    text = csv("a@mast.calm.example,yes,5", head="email,consent,Score")
    upload = read(desk, text)
    wanted = Wanted(kind_of={"score": "number"})  # type: ignore[dict-item]
    desk.write(record.map_upload, desk.deps.playbook, upload.id, wanted, actor=MARA)
    desk.drain()
    press_import(desk, upload)
    next_one = read(desk, text.replace(",5", ",6"), key="the-crew")
    assert next_one.found.columns["score"] == "Score"
    bad = read(desk, text.replace(",5", ",many"), key="the-crew")
    assert "No row of the file can be imported" in words(shown(desk)[-1])
    assert not bad.can_import


def test_a_file_without_a_line_of_names_names_nobody(desk: Lab) -> None:
    upload = read(desk, "ann@mast.calm.example,yes,DE\n")
    assert upload.state is UploadState.REFUSED
    (message,) = shown(desk)
    assert "The first line holds an address" in words(message)
    assert "ann@" not in words(message)
    assert "ann@" not in str(desk.rows("SELECT * FROM uploads"))


# Who may -------------------------------------------------------------------------------


def test_only_some_roles_import_lists(desk: Lab) -> None:
    with pytest.raises(NotYourTurn, match="takes the role marketer or marketing"):
        asked(desk, by=CLEO)
    assert desk.rows("SELECT * FROM uploads") == []


def test_somebody_else_decides_nothing_about_it(desk: Lab) -> None:
    upload = read(desk)
    desk.give_role(CLEO, "marketer")
    for act in (record.import_upload, record.cancel_upload):
        with pytest.raises(NotYourTurn, match="Only who gave a file"):
            desk.write(act, desk.deps.playbook, upload.id, actor=CLEO)


def test_who_lost_the_role_meanwhile_imports_nothing(desk: Lab) -> None:
    upload = read(desk)
    playbook = dataclasses.replace(
        desk.deps.playbook,
        privacy=dataclasses.replace(
            desk.deps.playbook.privacy, importers=frozenset({"analyst"})
        ),
    )
    with pytest.raises(NotYourTurn, match="takes the role analyst"):
        desk.write(record.import_upload, playbook, upload.id, actor=MARA)
    nobody = dataclasses.replace(
        playbook, privacy=dataclasses.replace(playbook.privacy, importers=frozenset())
    )
    with pytest.raises(NotYourTurn, match="and it names none"):
        desk.write(record.cancel_upload, nobody, upload.id, actor=MARA)


def test_what_was_read_a_day_ago_is_read_again_first(desk: Lab) -> None:
    upload = read(desk)
    desk.clock.tick(STANDS_FOR + timedelta(minutes=1))
    with pytest.raises(Refused, match="more than a day ago"):
        press_import(desk, upload)


def test_an_upload_is_forgotten_after_a_while(desk: Lab) -> None:
    upload = read(desk)
    relay = Relay(desk.deps, TASKS)
    desk.clock.tick(KEPT_FOR + timedelta(minutes=20))
    relay.once()
    relay.close()
    with pytest.raises(Unknown, match="long over"):
        found(desk, upload.id)


# Hostile files -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04 a workbook", "spreadsheet or a zip archive"),
        (b"\x1f\x8b\x08" + bytes(40), "compressed; unpack it"),
        (b"%PDF-1.7", "is a PDF"),
        ("email,consent\na@b.example,yes\n".encode("utf-16"), "UTF-16"),
        (b"email,consent\x00\n", "not text in UTF-8"),
        (b"\n\n", "empty, or its first line is"),
        (b"email," + b"x" * 1_100_000, "longer than 1,000,000 bytes"),
        (b"email,consent\ra@b.example,yes\r", "end with CR alone"),
    ],
)
def test_what_is_no_csv_is_refused_in_words(
    desk: Lab, content: bytes, said: str
) -> None:
    upload = read(desk, content)
    assert upload.state is UploadState.REFUSED
    (message,) = shown(desk)
    assert said in words(message)
    assert buttons(message) == []


def test_a_wrong_encoding_spoils_its_own_rows_only(desk: Lab) -> None:
    text = csv(*rows(2), "c@mast.calm.example,yes,K\u00f6ln").encode("latin-1")
    upload = read(desk, text)
    assert (upload.found.size, upload.found.broken) == (2, 1)
    assert "Line 4, region: is not UTF-8" in words(shown(desk)[-1])


def test_a_formula_stays_text_and_markup_in_names_stays_words(desk: Lab) -> None:
    text = csv(
        '=cmd|calc@mast.calm.example,yes,"=HYPERLINK(""x"")",1',
        head="email,consent,region,<!channel> *now*",
    )
    upload = read(desk, text, title="<!here> _list_")
    press_import(desk, upload)
    assert desk.rows(
        "SELECT region FROM recipients WHERE domain = 'mast.calm.example'"
    ) == [('=HYPERLINK("x")',)]
    for message in shown(desk):
        assert "<!channel>" not in words(message)
        assert "<!here>" not in words(message)


@pytest.mark.usefixtures("cards_at_once")
def test_a_file_that_grew_past_the_limit_is_not_fetched_to_its_end(desk: Lab) -> None:
    upload_id = asked(desk, csv())
    file = desk.look(lambda store: store.uploads.get(upload_id)).file_id
    world = desk.slack.workspace.world
    world.files[file].size_bytes = 10**12
    desk.drain()
    assert found(desk, upload_id).state is UploadState.REFUSED
    assert "larger than 10 MB" in words(shown(desk)[-1])


def test_a_file_that_was_deleted_in_slack_is_said_to_be_gone(desk: Lab) -> None:
    upload = read(desk)
    del desk.slack.workspace.world.files[upload.file_id]
    done = press_import(desk, upload)
    assert done.state is UploadState.REFUSED
    assert "not in Slack any more" in words(shown(desk)[-1])
    assert addresses(desk) == set()


def test_another_file_under_the_same_id_is_not_imported(desk: Lab) -> None:
    upload = read(desk)
    world = desk.slack.workspace.world
    world.store_content(world.files[upload.file_id], csv(*rows(3)).encode())
    done = press_import(desk, upload)
    assert "not the one that was read" in done.said
    assert addresses(desk) == set()


@pytest.mark.parametrize("file_id", ["F0NOSUCH", "theirs"])
def test_a_file_of_somebody_else_or_of_nobody_is_not_read(
    desk: Lab, file_id: str
) -> None:
    theirs = give(desk, csv(), by="U0CONNECT") if file_id == "theirs" else file_id
    upload = read(desk, file_id=theirs)
    assert upload.state is UploadState.REFUSED
    assert addresses(desk) == set()


@pytest.mark.parametrize("name", ["", " ", "x" * 121, "★★★"])
def test_a_list_needs_a_name_that_can_be_typed(desk: Lab, name: str) -> None:
    with pytest.raises(AudienceRefused):
        asked(desk, title=name)


def test_a_new_list_never_takes_the_place_of_one_that_is_there(desk: Lab) -> None:
    press_import(desk, read(desk))
    with pytest.raises(Refused, match='There is a list or segment "the-crew" already'):
        asked(desk, title="The  Crew!")
    with pytest.raises(Unknown):
        asked(desk, key="nowhere")


# The way to the file -------------------------------------------------------------------


def gateway(base_url: str) -> SlackGateway:
    return SlackGateway(
        token=TOKEN, pacer=Pacer(None, prefix="test:"), base_url=base_url
    )


def slack_file(url: str) -> SlackFile:
    return SlackFile(id="F1", user=MARA, url=url, size_bytes=9, is_hosted=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/files-pri/T-F/crew.csv",
        "https://files.slack.com.evil.example/x",
        "https://files.slack.com@evil.example/x",
        "https://evil.example#@files.slack.com/x",
        "https://evil.example\\@files.slack.com/x",
        "https://files.slack.com:8443/x",
        "https://mara:secret@files.slack.com/x",
        "http://files.slack.com/x",
        "https://notslack.com/x",
        "https://xfiles.slack.com/x",
        "file:///etc/passwd",
        "//evil.example/x",
        "",
        "https://[::1",
    ],
)
def test_the_token_goes_to_no_other_host(url: str) -> None:
    with pytest.raises(FileNotGiven, match="somewhere else"):
        gateway("https://slack.com/api/").download(slack_file(url), most=10)


def test_slack_s_own_hosts_are_taken() -> None:
    for base, url in (
        ("https://slack.com/api/", "https://files.slack.com/files-pri/T-F/a.csv"),
        ("https://slack-gov.com/api/", "https://files.slack-gov.com/files-pri/T-F/a"),
        ("http://127.0.0.1:8421/api/", "http://127.0.0.1:8421/files-pri/T-F/a.csv"),
    ):
        assert gateway(base)._address(url) == httpx.URL(url)


@pytest.mark.parametrize(
    ("says", "error"),
    [
        (Says(status=302, headers={"Location": "{other}/x"}), "did not hand out"),
        (Says(raw=b"<html>", headers={"Content-Encoding": "gzip"}), "did not hand out"),
        (Says(status=403), "did not hand out"),
        (Says(status=404), "not in Slack any more"),
        (Says(raw=b"x" * 11), "larger than 0 MB"),
        (Says(status=503), "called again later"),
        (Says(status=429, headers={"Retry-After": "7"}), "called again later"),
        (Says(drops=True), "did not answer"),
    ],
)
def test_whatever_is_not_the_file_is_not_taken_and_no_redirect_is_followed(
    says: Says, error: str
) -> None:
    with wire() as slack, wire() as other:
        other.says(Says(raw=b"stolen"))
        headers = {
            name: value.format(other=other.url) for name, value in says.headers.items()
        }
        slack.says(dataclasses.replace(says, headers=headers))
        with (
            capture_logs() as logs,
            pytest.raises(CampaignError, match=error) as raised,
        ):
            gateway(f"{slack.url}/api/").download(
                slack_file(f"{slack.url}/files-pri/T-F/crew.csv"), most=10
            )
        assert other.heard == []
        assert slack.heard[0].headers["Authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in f"{logs}{raised.value}{raised.value!r}"


def test_the_sign_in_page_is_no_list(desk: Lab) -> None:
    config = desk.slack.workspace.config
    url = f"{desk.slack.url}/files-pri/T0PRACTICE-F0/crew.csv"
    with httpx.Client() as anybody:
        answer = anybody.get(url)
        assert (answer.status_code, answer.text) == (302, "302: Found")
        given = give(desk, csv())
        place = url.replace("F0", given)
        assert anybody.get(place).status_code == 302
        allowed = {"Authorization": f"Bearer {config.bot_token}"}
        assert anybody.get(place, headers=allowed).text == csv()


# Whatever dies -------------------------------------------------------------------------


def test_pressing_twice_imports_once(desk: Lab) -> None:
    upload = read(desk)
    desk.write(record.import_upload, desk.deps.playbook, upload.id, actor=MARA)
    with pytest.raises(Refused, match="being imported already"):
        desk.write(record.import_upload, desk.deps.playbook, upload.id, actor=MARA)
    ran = desk.drain()
    for job in ran:
        run_job(desk.deps, TASKS[job.task], job.id)
    assert len(desk.rows("SELECT * FROM audience_events")) == 1


@pytest.mark.parametrize("moment", [*OF_UPLOADS, *OF_IMPORTS])
def test_a_worker_killed_at_any_moment_loses_nothing_and_imports_once(
    desk: Lab, tmp_path: Path, moment: str
) -> None:
    text = csv(*rows(2_500), "broken,yes,DE")
    upload_id = asked(desk, text)
    if moment in OF_IMPORTS:
        desk.drain()
        desk.write(record.import_upload, desk.deps.playbook, upload_id, actor=MARA)
    assert drain_until_killed(desk, moment, tmp_path) == -signal.SIGKILL
    assert "sailor" not in "".join(_leftovers(tmp_path))

    desk.drain()
    upload = found(desk, upload_id)
    if upload.state is UploadState.READ:
        upload = press_import(desk, upload)
    assert upload.state is UploadState.IMPORTED
    assert (upload.found.new, upload.found.broken) == (2_500, 1)
    assert len(addresses(desk)) == 2_500
    assert desk.rows(
        "SELECT count(*) FROM recipients WHERE domain = 'mast.calm.example'"
    ) == [(2_500,)]
    assert len(desk.rows("SELECT * FROM audience_events")) == 1
    assert shown(desk)[-1].text == "Imported: crew.csv"


def _leftovers(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.name.startswith("copydesk.db"):
            yield path.read_bytes().decode(errors="replace")


class Killed(BaseException):
    """As kill -9: nothing after it runs, nothing is cleaned up."""


class Mortal(Database):
    """A database whose process dies right after an upload is imported."""

    @contextmanager
    def begin(self) -> Iterator[Store]:
        with super().begin() as store:
            yield store
        with self.engine.connect() as connection:
            newest = "SELECT state FROM uploads ORDER BY id DESC LIMIT 1"
            if connection.exec_driver_sql(newest).scalar() == UploadState.IMPORTED:
                raise Killed


def test_what_a_job_that_died_after_its_commit_left_is_done_by_the_next(
    desk: Lab,
) -> None:
    press_import(desk, read(desk))
    upload = read(desk, csv(*rows(3)), key="the-crew")
    desk.write(record.import_upload, desk.deps.playbook, upload.id, actor=MARA)
    (job,) = desk.look(lambda s: s.outbox.due(redrive_after=timedelta(1)))
    database = Mortal(desk.deps.settings.database_address, desk.clock)
    with pytest.raises(Killed):
        run_job(
            dataclasses.replace(desk.deps, database=database), TASKS[job.task], job.id
        )
    database.close()
    assert len(addresses(desk)) == 3
    assert (
        len(desk.rows("SELECT 1 FROM recipients WHERE domain = 'mast.calm.example'"))
        > 3
    )
    desk.drain()
    assert desk.rows(
        "SELECT count(*) FROM recipients WHERE domain = 'mast.calm.example'"
    ) == [(3,)]
    assert shown(desk)[-1].text == "Imported: crew.csv"


@pytest.mark.usefixtures("cards_at_once")
def test_an_outage_of_slack_is_waited_out(desk: Lab) -> None:
    upload_id = asked(desk)
    desk.slack.workspace.faults.mode = "500"
    for _ in range(MAX_ATTEMPTS + 2):
        desk.drain()
        desk.clock.tick(timedelta(minutes=2))
    assert found(desk, upload_id).state is UploadState.READING
    desk.slack.workspace.faults.mode = "none"
    desk.drain()
    assert found(desk, upload_id).state is UploadState.READ
    assert len(shown(desk)) == 1


def with_updates(desk: Lab, told: Callable[[str], None]) -> None:
    """Have time fly by while a job works, and every update of a message told of."""

    class Telling(SlackGateway):
        def update(self, channel: str, ts: str, text: str, blocks: Any) -> None:
            told(json.dumps(blocks))
            super().update(channel, ts, text, blocks)

    def later() -> datetime:
        desk.clock.tick(PROGRESS_EVERY / 500)
        return desk.clock()

    slack = Telling(
        token=TOKEN,
        pacer=Pacer(None, prefix="test:"),
        base_url=desk.deps.settings.slack_api_url,
    )
    desk.deps = dataclasses.replace(desk.deps, slack=slack, clock=later)


def test_an_import_that_another_one_overtook_shows_nothing_and_says_so(
    desk: Lab,
) -> None:
    upload = read(desk, csv(*rows(2_500)))

    def told(blocks: str) -> None:
        if "% read" in blocks:
            token = str(desk.clock())
            desk.write(lambda store: store.imports.begin("the-crew", token))

    with_updates(desk, told)
    done = press_import(desk, upload)
    assert done.state is UploadState.REFUSED
    assert "Another import of this list has begun" in words(shown(desk)[-1])
    assert addresses(desk) == set()


def test_progress_is_told_now_and_then(desk: Lab) -> None:
    upload = read(desk, csv(*rows(3_000)))
    told: list[str] = []
    with_updates(desk, told.append)
    press_import(desk, upload)
    assert any("% read" in each for each in told)
    assert found(desk, upload.id).state is UploadState.IMPORTED


def test_what_breaks_five_times_is_given_up_in_words(desk: Lab) -> None:
    upload_id = asked(desk)
    TASKS["upload"].give_up(desk.deps, upload_id, "It failed. Nothing was lost.")  # type: ignore[misc]
    desk.drain()
    assert found(desk, upload_id).state is UploadState.REFUSED
    assert "It failed." in words(shown(desk)[-1])


def test_the_loser_of_two_jobs_changes_nothing(desk: Lab) -> None:
    upload = read(desk)
    press_import(desk, upload)
    stale = dataclasses.replace(upload, state=UploadState.IMPORTING)
    with pytest.raises(Overtaken):
        desk.write(record.uploads.move_upload, stale, UploadState.REFUSED)


def test_nothing_is_logged_that_names_a_person_or_the_token(desk: Lab) -> None:
    with capture_logs() as logs:
        press_import(desk, read(desk))
    assert {each["event"] for each in logs} >= {"upload.read", "upload.imported"}
    assert "sailor" not in str(logs)
    assert "xoxb" not in str(logs)


def test_a_held_file_prints_without_what_it_holds() -> None:
    assert "sailor" not in repr(Held(name="crew.csv", data=csv().encode()))
