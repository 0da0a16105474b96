"""A list that changes under a campaign: who may not be mailed any more is not."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import pytest
import sqlalchemy as sa

from domain.campaign import Actor, CampaignId, State
from domain.columns import parse_wanted
from domain.errors import Refused, TryLater
from domain.rollback import Trigger
from domain.segment import FilterInvalid
from domain.send import ChunkState
from pipeline import record, schedule
from pipeline.audience import Asked, Imported, import_list
from pipeline.csv_file import Reading
from pipeline.recipient_rows import KNOWN
from pipeline.tokens import address_hash
from tests.pipeline.lab import MARA, SECRET, Lab
from tests.pipeline.test_jobs_edges import with_esp
from tests.pipeline.test_jobs_story import approved

SIZE = 40


def address(number: int) -> str:
    return f"sailor.{number}@cedar.calm.example"


def bring_in(
    desk: Lab, folder: Path, numbers: Iterable[int], *, consent: str = "yes"
) -> Imported:
    """Import these people as the list "crew"; region by turns, a score that rises."""
    path = folder / "crew.csv"
    lines = [
        f"{address(n)},{consent},{'DE' if n % 2 else 'AT'},{n},2026-01-{n % 28 + 1:02}"
        for n in numbers
    ]
    path.write_text(
        "\n".join(["email,consent,region,score,last_order_at", *lines]), "utf-8"
    )
    wanted = parse_wanted((), ["score:number,last_order_at:date"], KNOWN)
    asked = Asked(path=path, key="crew", title="The crew", wanted=wanted)
    return import_list(
        desk.deps.database, asked, Reading(), secret=SECRET, actor="shell:ann"
    )


def planned(desk: Lab, number: CampaignId) -> set[str]:
    found = desk.rows(
        "SELECT r.address FROM sends s JOIN recipients r ON r.id = s.recipient_id"  # noqa: S608 - a test's own number
        f" WHERE s.campaign_id = {number}"
    )
    return {each for (each,) in found}


def first_chunk(desk: Lab, number: CampaignId) -> dict[int, str]:
    chunk = desk.chunks(number)[0]
    return desk.look(lambda store: store.sends.addresses(chunk.id))


def number_of(mail: str) -> int:
    return int(mail.partition("@")[0].removeprefix("sailor."))


@pytest.mark.parametrize("how", ["gone", "no consent"])
def test_a_plan_stands_but_who_left_the_list_since_is_not_mailed(
    desk: Lab, tmp_path: Path, how: str
) -> None:
    bring_in(desk, tmp_path, range(SIZE))
    number = approved(desk, audience="crew")
    chosen = {number_of(each) for each in first_chunk(desk, number).values()}
    assert chosen

    others = [n for n in range(SIZE) if n not in chosen]
    if how == "gone":
        assert bring_in(desk, tmp_path, others).gone == len(chosen)
    else:
        bring_in(desk, tmp_path, range(SIZE), consent="no")

    assert len(planned(desk, number)) == SIZE
    desk.tick(1)
    chunk = desk.chunks(number)[0]
    assert (chunk.state, chunk.accepted) == (ChunkState.SENT, 0)
    assert chunk.skipped == chunk.size == len(chosen)
    assert not {number_of(each) for each in desk.mailed()} & chosen


def test_a_list_imported_anew_changes_nothing_for_those_who_are_still_in_it(
    desk: Lab, tmp_path: Path
) -> None:
    bring_in(desk, tmp_path, range(SIZE))
    number = approved(desk, audience="crew")
    chosen = set(first_chunk(desk, number).values())
    done = bring_in(desk, tmp_path, range(SIZE + 5))
    assert (done.same, done.new) == (SIZE, 5)
    desk.tick(1)
    assert set(desk.mailed()) == chosen


def test_who_asks_for_silence_while_a_chunk_is_rendered_is_not_mailed(
    desk: Lab, tmp_path: Path
) -> None:
    bring_in(desk, tmp_path, range(SIZE))
    number = approved(desk, audience="crew")
    chosen = first_chunk(desk, number)
    real = desk.deps.esp

    def new_batch() -> str:
        # the last call before the intent is committed
        desk.write(
            lambda store: store.audiences.suppress_senders(
                dict.fromkeys(chosen, "unsubscribed"), number
            )
        )
        return str(real.new_batch())

    desk.deps = with_esp(desk.deps, new_batch=new_batch)
    desk.tick(1)
    chunk = desk.chunks(number)[0]
    assert (chunk.accepted, chunk.skipped) == (0, len(chosen))
    assert desk.mailed() == []


def test_a_list_that_is_imported_while_it_is_planned_is_read_again(
    desk: Lab, tmp_path: Path
) -> None:
    bring_in(desk, tmp_path, range(SIZE))
    number = desk.brief(audience="crew")
    desk.drain()
    was, before = desk.deps, desk.deps.playbook
    imported: list[Imported] = []

    def meanwhile() -> object:
        imported.append(bring_in(desk, tmp_path, range(5, SIZE + 5)))
        return before

    late = dataclasses.replace(was, playbook_now=meanwhile)
    with pytest.raises(TryLater, match="imported anew while it was read"):
        schedule.schedule(late, number, desk.campaign(number).version)
    assert imported[0].gone == 5
    assert planned(desk, number) == set()


def test_a_segment_is_named_like_a_list_and_found_when_the_campaign_is_planned(
    desk: Lab, tmp_path: Path
) -> None:
    bring_in(desk, tmp_path, range(SIZE))
    saved = desk.write(
        record.save_segment,
        key="best",
        title="The best",
        of="crew",
        where='region = "DE" and score >= 10',
        actor="shell:ann",
    )
    assert (saved.size, saved.mailable) == (15, 15)
    number = desk.brief(audience="best")
    assert desk.campaign(number).audience_size == 15
    desk.drain()
    # ten more of them come in before it is planned
    bring_in(desk, tmp_path, range(SIZE + 20))
    assert desk.look(lambda store: store.audiences.reach(saved.segment)) == (25, 25)
    desk.approve_all(number, "U0COPYONE", "U0DELIVER")

    people = {number_of(each) for each in planned(desk, number)}
    assert people == {n for n in range(10, SIZE + 20) if n % 2}
    told = dict(
        desk.rows(
            "SELECT event, detail FROM audit_events WHERE event IN"
            " ('briefed', 'scheduled')"
        )
    )
    for event in ("briefed", "scheduled"):
        assert '"where":"region = \\"DE\\" and score >= 10"' in told[event]
        assert '"list":"crew"' in told[event]
    assert desk.write(lambda store: store.audit.verify()).broken == ()


def test_a_segment_that_a_campaign_names_stays_as_it_is(
    desk: Lab, tmp_path: Path
) -> None:
    bring_in(desk, tmp_path, range(SIZE))

    def save(where: str, key: str = "best", of: str = "crew") -> int:
        return desk.write(
            record.save_segment,
            key=key,
            title="The best",
            of=of,
            where=where,
            actor="shell:ann",
        ).size

    assert save("score < 10") == 10
    assert save("score < 20") == 20
    number = desk.brief(audience="best")
    assert save("score < 20") == 20
    with pytest.raises(Refused, match=f"Campaign #{number} names .best. as it is"):
        save("score < 30")
    with pytest.raises(Refused, match='"crew" is a list'):
        save("score < 30", key="crew")
    with pytest.raises(Refused, match='"best" is a segment itself'):
        save("score < 30", key="better", of="best")
    with pytest.raises(FilterInvalid, match="Did you mean score"):
        save("scores < 30", key="better")


def test_a_segment_of_nobody_is_refused_when_it_is_briefed(
    desk: Lab, tmp_path: Path
) -> None:
    bring_in(desk, tmp_path, range(SIZE))
    desk.write(
        record.save_segment,
        key="none",
        title="None",
        of="crew",
        where="score > 1000",
        actor="shell:ann",
    )
    with pytest.raises(Refused, match='Nobody in "None" can be mailed: of 0'):
        desk.brief(audience="none")


def everything(desk: Lab) -> str:
    """All that the database holds, as one text."""
    with desk.deps.database.engine.connect() as connection:
        tables = sa.inspect(connection).get_table_names()
        return "\n".join(
            str(tuple(row))
            for table in tables
            for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"')  # noqa: S608 - a table's own name
        )


def test_a_forgotten_person_leaves_nothing_but_a_hash(
    desk: Lab, tmp_path: Path
) -> None:
    bring_in(desk, tmp_path, range(SIZE))
    number = approved(desk, audience="crew")
    desk.tick(1)
    # somebody who was mailed, and somebody whose mail is still to come
    mailed = desk.mailed()[0]
    waiting = min(planned(desk, number) - set(desk.mailed()))
    sends = len(desk.rows("SELECT id FROM sends"))
    for who in (mailed, waiting):
        done = desk.write(record.forget, address_hash(SECRET, who), actor="shell:ann")
        assert (done.lists, done.rows, done.kept) == (("crew",), 1, 1)

    text = everything(desk)
    for who in (mailed, waiting):
        assert who not in text
        # the suppression has it, and nothing else
        assert text.count(address_hash(SECRET, who)) == 1
    assert len(desk.rows("SELECT id FROM sends")) == sends
    assert desk.write(lambda store: store.audit.verify()).broken == ()
    assert desk.look(lambda store: store.audiences.by_key("crew").size) == SIZE - 2

    crew = desk.look(lambda store: store.audiences.by_key("crew"))
    assert desk.look(lambda store: store.audiences.count(crew))[0] == SIZE - 2

    again = bring_in(desk, tmp_path, range(SIZE + 1))
    assert (again.forgotten, again.size, again.gone) == (2, SIZE - 1, 0)
    assert mailed not in everything(desk)
    desk.pass_time(300, step=10, until=lambda: desk.state(number) is State.HELD)
    desk.write(record.expand, desk.deps.playbook, number, actor="U0DELIVER")
    desk.pass_time(600, step=10, until=lambda: desk.state(number) is State.SENT)
    assert waiting not in desk.mailed()
    assert len(desk.mailed()) == len(set(desk.mailed()))


def test_a_rollback_tells_the_esp_of_nobody_who_was_forgotten_meanwhile(
    desk: Lab, tmp_path: Path
) -> None:
    bring_in(desk, tmp_path, range(SIZE))
    number = approved(desk, audience="crew")
    desk.tick(1)
    gone = desk.mailed()[0]
    (send_id,) = (
        found for found, who in first_chunk(desk, number).items() if who == gone
    )
    desk.write(record.forget, address_hash(SECRET, gone), actor="shell:ann")
    # their mail was out already, and its link works as long as it is kept
    desk.write(record.unsubscribe, send_id)
    desk.write(
        record.roll_back,
        desk.deps.playbook,
        number,
        trigger=Trigger.BUTTON,
        actor=Actor(id=MARA),
    )
    desk.drain()
    steps = desk.rows("SELECT state FROM rollback_steps WHERE name = 'suppress'")
    assert [tuple(each) for each in steps] == [("done",)]
    assert gone not in everything(desk)


def test_who_was_never_mailed_is_erased_row_and_all(desk: Lab, tmp_path: Path) -> None:
    bring_in(desk, tmp_path, range(SIZE))
    hashed = address_hash(SECRET, address(3).upper())
    done = desk.write(record.forget, hashed, actor="shell:ann")
    assert (done.rows, done.kept) == (1, 0)
    # once more, and somebody nobody knows: no error, so that nobody learns who was in
    assert desk.write(record.forget, hashed, actor="shell:ann").rows == 0
    assert desk.rows("SELECT count(*) FROM suppressions") == [(1,)]


def test_rfm_parts_a_list_and_filters_ask_for_it(desk: Lab, tmp_path: Path) -> None:
    bring_in(desk, tmp_path, range(50))
    names = {"r": "last_order_at", "f": "score", "m": "score"}
    people, cuts = desk.write(record.compute_rfm, "crew", names, actor="shell:ann")
    assert people == 50
    assert cuts["f"].least == (10.0, 20.0, 30.0, 40.0)

    def size(key: str, where: str) -> int:
        return desk.write(
            record.save_segment,
            key=key,
            title=key,
            of="crew",
            where=where,
            actor="shell:ann",
        ).size

    assert size("top", "rfm.f = 5") == 10
    assert size("upper", "rfm.f >= 4 and rfm.m >= 4") == 20
    # thresholds keep their date: new people are scored by them until the next time
    bring_in(desk, tmp_path, range(100))
    assert size("top", "rfm.f = 5") == 60


@pytest.mark.parametrize(
    ("attribute", "sentence"),
    [
        ("orders", "orders is not in the list, and RFM needs it as a number"),
        ("last_order_at", "last_order_at is a date, and RFM needs it as a number"),
    ],
)
def test_rfm_says_what_it_lacks(
    desk: Lab, tmp_path: Path, attribute: str, sentence: str
) -> None:
    bring_in(desk, tmp_path, range(SIZE))
    with pytest.raises(Refused, match=sentence):
        desk.write(
            record.compute_rfm, "crew", {"f": attribute, "m": "score"}, actor=MARA
        )


def test_quintiles_of_a_handful_are_refused(desk: Lab, tmp_path: Path) -> None:
    bring_in(desk, tmp_path, range(24))
    with pytest.raises(Refused, match="24 people have last_order_at; quintiles need"):
        desk.write(record.compute_rfm, "crew", {"f": "score", "m": "score"}, actor=MARA)
