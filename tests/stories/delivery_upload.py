"""A marketer gives a list as a file in Slack, looks at what is in it, and imports it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from playwright.sync_api import Locator, expect

from tests.stories import acts
from tests.stories.person import CLEO, MARA, WORK_MS, Person
from tests.stories.stage import Play

PEOPLE: Final = 6_000
BROKEN: Final = (
    "no address,yes,Ada,DE,pro,08-15",
    "ann@example.com,perhaps,Ann,DE,pro,1",
    "short,yes",
)


def play(play: Play) -> None:
    mara = play.person(MARA)
    file = _written(play.desk.folder / "spring-leads.csv", PEOPLE, *BROKEN)
    _ask(play, mara, file)
    _explain(play, mara)
    _bring_in(play, mara)
    _again(play, mara, file)
    _brief_for(play, mara)


def _ask(play: Play, mara: Person, file: Path) -> None:
    with play.step("somebody without the role is told who may"):
        cleo = play.person(CLEO)
        cleo.say("/desk import")
        expect(cleo.only_me()).to_contain_text("takes the role marketer")
        play.goodbye(cleo)
    with play.step("mara asks for the form; without a file it is not taken"):
        form = _form(mara)
        form.get_by_label("Or a new list").fill("Spring leads")
        form.get_by_role("button", name="Read the file").click()
        expect(form).to_contain_text("complete this required field")
        play.both(mara, form, "modal-upload")
    with play.step("with a file of columns of its own, she is told what is missing"):
        _give(form, file)
        told = _told(mara)
        expect(told).to_contain_text("Cannot be imported yet", timeout=WORK_MS)
        expect(told).to_contain_text("no column email and no column consent")
        play.both(mara, told, "upload-columns-missing")


def _explain(play: Play, mara: Person) -> None:
    with play.step("she says what the columns are"):
        told = _told(mara)
        told.get_by_role("button", name="Change columns").click()
        columns = mara.dialog("Columns of the file")
        for column, what in (
            ("E-Mail", "email"),
            ("Opt-in", "consent"),
            ("Vorname", "first_name"),
            ("Plan", "Keep as text"),
        ):
            columns.get_by_label(column, exact=True).click()
            mara.page.get_by_role("option", name=what, exact=True).click()
        play.both(mara, columns, "modal-columns")
        columns.get_by_role("button", name="Read it again").click()
        expect(columns).to_have_count(0)
    with play.step("what would come in is counted, and what is broken is reported"):
        told = _told(mara)
        expect(told).to_contain_text("Read, not imported yet", timeout=WORK_MS)
        expect(told).to_contain_text(f"New: {PEOPLE:,}")
        expect(told).to_contain_text("Line 6003, consent: must be true or false")
        assert "ann@example.com" not in told.inner_text()
        play.both(mara, told, "upload-read")
        assert "spring-leads" not in play.desk.said("audience", "list")


def _bring_in(play: Play, mara: Person) -> None:
    told = _told(mara)
    with play.step("she imports the good rows"):
        told.get_by_role("button", name="Import without 3 rows").click()
        expect(told).to_contain_text("Imported", timeout=WORK_MS)
        expect(told).to_contain_text(f"Recipients: {PEOPLE:,}")
        play.both(mara, told, "upload-imported")
        counted = f"spring-leads: Spring leads, {PEOPLE:,} of {PEOPLE:,} can be mailed"
        assert counted in play.desk.said("audience", "list")
    with play.step("the report in the thread names lines, and nobody"):
        told.locator("a.replies").click()
        thread = mara.page.get_by_role("log", name="Thread")
        chip = thread.get_by_role("link", name="spring-leads-broken-rows.csv")
        expect(chip).to_be_visible()
        play.both(mara, thread, "upload-report")
        report = mara.page.request.get(
            f"{mara.base}{chip.get_attribute('href')}"
        ).text()
        assert report.startswith("line,field,reason\n6002,email,is not an address\n")
        assert "@" not in report
        mara.go("channel=C0CAMPAIGN")


def _again(play: Play, mara: Person, file: Path) -> None:
    with play.step("the same file again says so"):
        form = _form(mara, "/desk import spring-leads")
        _give(form, file)
        told = _told(mara)
        expect(told).to_contain_text("this very file already", timeout=WORK_MS)
        play.both(mara, told, "upload-same")
    with play.step("a newer one says whom it takes off, and she cancels"):
        mara.go("channel=C0CAMPAIGN")
        form = _form(mara, "/desk import spring-leads")
        _give(form, _written(play.desk.folder / "newer.csv", PEOPLE // 2))
        told = _told(mara)
        taken_off = f"Would be taken off, not in the file: {PEOPLE // 2:,}"
        expect(told).to_contain_text(taken_off, timeout=WORK_MS)
        told.get_by_role("button", name="Cancel").click()
        expect(told).to_contain_text("Cancelled", timeout=WORK_MS)


def _form(who: Person, command: str = "/desk import") -> Locator:
    who.say(command)
    return who.dialog("Import a list")


def _give(form: Locator, file: Path) -> None:
    """Choose a file, wait until Slack has it, and submit."""
    form.get_by_label("CSV file").set_input_files(file)
    expect(form.locator(".given-files")).to_contain_text(file.name)
    form.get_by_role("button", name="Read the file").click()
    expect(form).to_contain_text("comes as a direct message")
    form.get_by_role("button", name="Close", exact=True).click()
    expect(form).to_have_count(0)


def _told(who: Person) -> Locator:
    """The newest message of the app to that person alone."""
    log = who.page.get_by_role("log", name="Messages in Copydesk")
    if not log.is_visible():
        who.go(f"channel=D{who.id[1:]}")
    return log.locator("article.message").last


def _written(path: Path, people: int, *broken: str) -> Path:
    rows = [
        f"sailor.{n}@cedar.calm.example,yes,Ada,{'DE' if n % 2 else 'AT'},pro,{n}"
        for n in range(people)
    ]
    head = "E-Mail,Opt-in,Vorname,Region,Plan,Kundennummer"
    path.write_text("\n".join([head, *rows, *broken]) + "\n", encoding="utf-8")
    return path


def _brief_for(play: Play, mara: Person) -> None:
    mara.go("channel=C0CAMPAIGN")
    number = acts.brief(play, mara, "Spring offer", "Spring leads")
    with play.step("a brief names the list, and the record says who brought it in"):
        card = mara.card(number)
        expect(card).to_contain_text(f"{PEOPLE:,} recipients", timeout=WORK_MS)
        log = play.desk.said("audience", "log")
        assert f"{MARA}: list imported" in log, log
        assert "sailor" not in log
        play.verify()
