"""What leaves says of people only what privacy.yaml lets it, and who fails is counted."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from domain.campaign import CampaignId, State
from domain.columns import parse_wanted
from domain.errors import NotYourTurn, TryLater, Unknown
from domain.personalize import Fallback
from domain.privacy import Bucket, FieldClass, FieldRule
from domain.variant import RevisionId
from pipeline import preview, record
from pipeline.audience import Asked, import_list
from pipeline.csv_file import Reading
from pipeline.recipient_rows import KNOWN
from pipeline.writers.openai import messages
from pipeline.writers.port import RawReply, WriteRequest
from storage import queries
from tests.pipeline.lab import ANA, CLEO, DEV, MARA, NOBODY, SECRET, Lab, recipients
from tests.pipeline.test_jobs_edges import Detour

COMPANY = "Setup at {{ person.company | default: 'your team' }}"
NAME = "{{ person.first_name }}, setup takes two days"


def allowed(desk: Lab, rule: FieldRule) -> None:
    """Let privacy.yaml say this of a field."""
    playbook = desk.deps.playbook
    fields = {**playbook.privacy.fields, rule.path: rule}
    privacy = dataclasses.replace(playbook.privacy, fields=fields)
    desk.use(dataclasses.replace(playbook, privacy=privacy))


def ruled(desk: Lab, path: str, **changes: Any) -> FieldRule:
    """Change what privacy.yaml says of a field."""
    rule = dataclasses.replace(desk.deps.playbook.privacy.fields[path], **changes)
    allowed(desk, rule)
    return rule


def people(desk: Lab, rows: int, **values: str) -> str:
    """Import a list whose people have these values."""
    with desk.deps.database.begin() as store:
        key = store.audiences.replace("people", "People", source_sha256="people")
        given = [{**row, **values} for row in recipients("calm", rows)]
        store.audiences.add_recipients(key, given)
        store.audiences.settle_size(key)
    return "people"


def approved_saying(desk: Lab, subject: str, audience: str) -> CampaignId:
    """One variant, edited to have this subject, and approved."""
    brief = {"variants": 1, "arms": 1, "ab_variable": "none"}
    number = desk.brief(audience=audience, **brief)
    desk.drain()
    (variant,) = desk.variants(number)
    revision_id = variant.revision_id
    assert revision_id is not None
    text = desk.look(lambda store: store.variants.revision(revision_id)).text
    text = dataclasses.replace(text, subject=subject)
    desk.write(record.edit, desk.deps.playbook, revision_id, text, actor=CLEO)
    desk.drain()
    desk.approve_all(number, CLEO, DEV)
    return number


def subjects(desk: Lab) -> set[str]:
    return {subject for (subject,) in desk.esp_rows("SELECT subject FROM mails")}


def _people(count: int) -> str:
    return "recipient" if count == 1 else "recipients"


def _values(count: int) -> str:
    return "value" if count == 1 else "values"


def card(desk: Lab, number: CampaignId) -> Any:
    return desk.look(
        lambda s: queries.campaign_card(
            s.connection, number, desk.deps.playbook.view_facts
        )
    )


def story(desk: Lab, number: CampaignId, event: str) -> list[str]:
    events = desk.look(lambda s: queries.audit(s.connection, number))
    return [each.detail for each in events if each.event == event]


def test_a_value_that_the_whole_list_shares_is_read(desk: Lab) -> None:
    ruled(desk, "person.company", k=20)
    number = approved_saying(desk, COMPANY, people(desk, 25))
    desk.tick(1)
    assert subjects(desk) == {"Setup at Cedar Labs"}
    assert card(desk, number).kept_back == 0
    assert story(desk, number, "values_kept_back") == []


def test_a_value_that_too_few_share_is_not_read_and_that_is_counted(desk: Lab) -> None:
    ruled(desk, "person.company", k=26)
    number = approved_saying(desk, COMPANY, people(desk, 25))
    desk.tick(1)
    assert subjects(desk) == {"Setup at your team"}
    mailed = len(desk.mailed())
    assert card(desk, number).kept_back == mailed > 0
    (kept,) = story(desk, number, "values_kept_back")
    assert kept == (
        f"chunk 1, {mailed} {_people(mailed)} read a fallback for privacy,"
        f" {mailed} {_values(mailed)} too rare"
    )
    words = f"{mailed} read a fallback for privacy"
    assert words in str(desk.cards(number)[0].blocks)


SEATS = "A plan for {{ attributes.seats | default: 'every team' }}"


def brought(desk: Lab, folder: Path, *, city: str) -> str:
    """Import 25 people by a file with a city and a number of seats."""
    path = folder / "crew.csv"
    rows = [f"sailor.{n}@cedar.calm.example,yes,{city},{n % 2}40" for n in range(25)]
    path.write_text("\n".join(["email,consent,city,seats", *rows]), "utf-8")
    wanted = parse_wanted((), ["city:text,seats:number"], KNOWN)
    asked = Asked(path=path, key="crew", title="The crew", wanted=wanted)
    import_list(desk.deps.database, asked, Reading(), secret=SECRET, actor="shell:ann")
    return "crew"


def test_what_a_list_brought_of_its_own_is_read_by_the_same_rules(
    desk: Lab, tmp_path: Path
) -> None:
    ruled(desk, "person.city", k=20)
    text = "Setup in {{ person.city | default: 'your town' }}"
    number = approved_saying(desk, text, brought(desk, tmp_path, city="Bristol"))
    desk.tick(1)
    assert subjects(desk) == {"Setup in Bristol"}
    assert card(desk, number).kept_back == 0


def test_a_number_of_a_lists_own_is_read_in_its_bucket_where_many_share_it(
    desk: Lab, tmp_path: Path
) -> None:
    rule = FieldRule(
        path="attributes.seats",
        about="Seats of the plan.",
        kind=FieldClass.PERSONAL,
        purpose="To offer the plan that fits.",
        bucket=Bucket(edges=(50, 200)),
        k=10,
    )
    allowed(desk, rule)
    approved_saying(desk, SEATS, brought(desk, tmp_path, city="Bristol"))
    desk.tick(1)
    # 40 and 140 by turns; nobody reads the number itself
    assert subjects(desk) <= {"A plan for under 50", "A plan for 50-200"}
    assert subjects(desk)


def test_a_chunk_that_is_put_off_is_counted_once(desk: Lab) -> None:
    ruled(desk, "person.company", k=26)
    number = approved_saying(desk, COMPANY, people(desk, 25))
    real, tries = desk.deps.esp, [0]

    def new_batch() -> str:
        tries[0] += 1
        if tries[0] < 4:
            raise TryLater("The ESP is away.", retry_after=timedelta(seconds=5))
        return str(real.new_batch())

    desk.deps = dataclasses.replace(desk.deps, esp=Detour(real, new_batch=new_batch))
    desk.tick(1)
    desk.pass_time(90, until=lambda: bool(desk.mailed()))
    assert tries[0] >= 4
    assert len(story(desk, number, "values_kept_back")) == 1
    assert card(desk, number).kept_back == len(desk.mailed()) > 0


def test_outside_the_regions_of_a_field_the_fallback_is_read(desk: Lab) -> None:
    ruled(desk, "person.company", regions=frozenset({"apac"}))
    number = approved_saying(desk, COMPANY, people(desk, 5))
    desk.tick(1)
    assert subjects(desk) == {"Setup at your team"}
    assert "kept out of" in story(desk, number, "values_kept_back")[0]


def test_the_crowd_is_who_the_campaign_was_planned_for(desk: Lab) -> None:
    rule = ruled(desk, "person.company", k=20)
    number = approved_saying(desk, COMPANY, people(desk, 25))
    before = desk.look(
        lambda s: queries.value_counts(s.connection, number, rule, now=s.now)
    )
    assert before == [("Cedar Labs", 25)]
    desk.drain()
    with desk.deps.database.begin() as store:
        store.connection.exec_driver_sql(
            "DELETE FROM sends WHERE id IN (SELECT id FROM sends ORDER BY id LIMIT 6)"
        )
    after = desk.look(
        lambda s: queries.value_counts(s.connection, number, rule, now=s.now)
    )
    assert after == []


def test_a_field_that_no_list_carries_is_shared_by_nobody(desk: Lab) -> None:
    number = approved_saying(desk, COMPANY, people(desk, 25))
    rule = desk.deps.playbook.privacy.fields["person.city"]
    assert (
        desk.look(lambda s: queries.value_counts(s.connection, number, rule, now=s.now))
        == []
    )


def unnamed(desk: Lab, count: int, *, step: int) -> None:
    """Take the first name from so many people of a step."""
    with desk.deps.database.begin() as store:
        store.connection.execute(
            sa.text(
                "UPDATE recipients SET first_name = '' WHERE id IN (SELECT"
                " sends.recipient_id FROM sends JOIN chunks ON"
                " chunks.id = sends.chunk_id WHERE chunks.step = :step"
                " ORDER BY sends.id LIMIT :count)"
            ),
            {"step": step, "count": count},
        )


def sends_out(desk: Lab, number: CampaignId) -> None:
    for _ in range(8):
        if desk.state(number) in (State.SENT, State.PARKED):
            return
        if desk.campaign(number).step < 2:
            desk.write(record.expand, desk.deps.playbook, number, actor=ANA)
        desk.drain()
        desk.tick(10)


def test_one_who_cannot_be_merged_is_skipped_and_counted(desk: Lab) -> None:
    ruled(desk, "person.first_name", is_required=True)
    number = approved_saying(desk, NAME, people(desk, 300, first_name="Ada"))
    # the last step is large enough to bear one
    unnamed(desk, 1, step=2)
    desk.tick(1)
    sends_out(desk, number)
    assert desk.state(number) is State.SENT
    assert len(desk.mailed()) == 299
    assert subjects(desk) == {"Ada, setup takes two days"}
    assert card(desk, number).skipped == 1
    assert card(desk, number).kept_back == 0
    (kept,) = story(desk, number, "values_kept_back")
    assert "1 mail could not be merged" in kept


def test_one_of_a_small_chunk_who_cannot_be_merged_stops_nothing(desk: Lab) -> None:
    ruled(desk, "person.first_name", is_required=True)
    number = approved_saying(desk, NAME, people(desk, 300, first_name="Ada"))
    # the canary's chunks are of a few people each
    unnamed(desk, 1, step=0)
    assert {c.size for c in desk.chunks(number) if c.step == 0} <= set(range(1, 7))
    desk.tick(1)
    sends_out(desk, number)
    assert desk.state(number) is State.SENT
    assert len(desk.mailed()) == 299
    assert sum(c.unmerged for c in desk.chunks(number)) == 1


def test_failures_to_merge_add_up_over_the_chunks_of_a_campaign(desk: Lab) -> None:
    ruled(desk, "person.first_name", is_required=True)
    number = approved_saying(desk, NAME, people(desk, 300, first_name="Ada"))
    # two of the canary, and one in fifty later on
    unnamed(desk, 2, step=0)
    unnamed(desk, 2, step=1)
    desk.tick(1)
    sends_out(desk, number)
    assert desk.state(number) is State.PARKED
    reason = str(desk.campaign(number).reason)
    assert "4 of " in reason
    assert "mails so far could not be merged, more than 1 in 100" in reason
    assert 0 < len(desk.mailed()) < 300


def test_more_than_one_in_a_hundred_stops_the_chunk_and_nothing_leaves(
    desk: Lab,
) -> None:
    ruled(desk, "person.first_name", is_required=True)
    number = approved_saying(desk, NAME, people(desk, 300, first_name=""))
    desk.tick(1)
    assert desk.state(number) is State.PARKED
    assert desk.mailed() == []
    reason = str(desk.campaign(number).reason)
    assert "could not be merged, more than 1 in 100" in reason


def test_a_text_is_compiled_once_for_all_its_chunks(desk: Lab) -> None:
    number = approved_saying(desk, COMPANY, people(desk, 300))
    desk.tick(1)
    sends_out(desk, number)
    revision_id = desk.variants(number)[0].revision_id
    assert revision_id is not None
    playbook, templates = desk.deps.playbook, desk.deps.templates

    def compiled() -> Any:
        from pipeline.merging import template_of

        return desk.look(
            lambda store: template_of(store, playbook, templates, revision_id)
        )

    assert compiled() is compiled()
    assert compiled().account  # the same object answers previews


def test_the_writer_is_told_names_and_classes_and_no_value_of_anybody(
    desk: Lab,
) -> None:
    ruled(desk, "person.company", in_text=False)
    asked: list[WriteRequest] = []
    real = desk.deps.writer

    def call(request: WriteRequest, *, timeout: timedelta, **more: Any) -> RawReply:
        asked.append(request)
        return real.call(request, timeout=timeout, **more)

    desk.deps = dataclasses.replace(desk.deps, writer=Detour(real, call=call))
    desk.brief(audience=people(desk, 25, first_name="Zebedee", company="Quux Works"))
    desk.drain()
    assert len(asked) == 3
    for request in asked:
        words = str(messages(request, None))
        assert '"name": "person.first_name"' in words
        assert '"class": "personal"' in words
        assert "Given name." in words
        assert "person.company" not in words
        # an example of privacy.yaml is a value too
        for value in ("Zebedee", "Quux", "Lovelace", "calm.example"):
            assert value not in words


# Previews ----------------------------------------------------------------------------


@pytest.fixture
def shown(desk: Lab) -> tuple[Lab, CampaignId, RevisionId]:
    number = approved_saying(desk, COMPANY, people(desk, 25, first_name="Zebedee"))
    revision_id = desk.variants(number)[0].revision_id
    assert revision_id is not None
    return desk, number, revision_id


def made_up(desk: Lab, revision_id: RevisionId, key: str) -> Any:
    deps = desk.deps
    return desk.look(
        lambda s: preview.made_up(s, deps.playbook, deps.templates, revision_id, key)
    )


def test_a_preview_is_what_would_be_sent(
    shown: tuple[Lab, CampaignId, RevisionId],
) -> None:
    desk, number, revision_id = shown
    deps = desk.deps
    sampled = desk.write(record.preview_as, deps.playbook, revision_id, 1, actor=MARA)
    seen = desk.look(
        lambda s: preview.recipient(
            s,
            deps.playbook,
            deps.templates,
            revision_id,
            sampled.recipient,
            key="recipient-1",
        )
    )
    assert seen.mail.subject == "Setup at Cedar Labs"
    assert seen.about[:2] == ("Zebedee", "EMEA")
    assert "@" not in str(seen.about)
    (told,) = story(desk, number, "previewed")
    assert told == f"variant A, revision 2, as recipient {sampled.recipient.id}"


def test_the_sample_is_five_others_and_always_the_same(
    shown: tuple[Lab, CampaignId, RevisionId],
) -> None:
    desk, number, _ = shown

    def drawn() -> list[int]:
        return [
            desk.look(
                lambda s, n=n: queries.sampled_recipient(
                    s.connection, number, n, now=s.now
                )  # type: ignore[misc]  # bound now
            ).recipient.id
            for n in range(1, 6)
        ]

    assert drawn() == drawn()
    assert len(set(drawn())) == 5
    for outside in (0, 6, -1):
        with pytest.raises(Unknown, match="no such recipient"):
            desk.look(
                lambda s, n=outside: queries.sampled_recipient(
                    s.connection, number, n, now=s.now
                )  # type: ignore[misc]  # bound now
            )


def test_who_has_no_role_sees_nobody_and_the_record_has_no_look(
    shown: tuple[Lab, CampaignId, RevisionId],
) -> None:
    desk, number, revision_id = shown
    with pytest.raises(NotYourTurn):
        desk.write(record.preview_as, desk.deps.playbook, revision_id, 1, actor=NOBODY)
    assert story(desk, number, "previewed") == []


@pytest.mark.parametrize(
    ("key", "subject", "account"),
    [
        ("full", "Setup at Cedar Labs", "Cedar Labs"),
        ("empty", "Setup at your team", Fallback.MISSING),
        ("rtl", "Setup at شركة النور", "شركة النور"),
        (
            "hostile",
            'Setup at O\'Brien & "Sons" *Ltd* _&amp;_',
            'O\'Brien & "Sons" *Ltd* _&amp;_',
        ),
    ],
)
def test_made_up_recipients_show_how_a_text_bears_them(
    shown: tuple[Lab, CampaignId, RevisionId], key: str, subject: str, account: str
) -> None:
    desk, _, revision_id = shown
    seen = made_up(desk, revision_id, key)
    assert seen.mail.subject == subject
    assert seen.account["person.company"] == account
    assert seen.about == ()


def test_a_text_that_cannot_be_merged_says_why_in_its_preview(desk: Lab) -> None:
    ruled(desk, "person.first_name", is_required=True)
    number = approved_saying(desk, NAME, people(desk, 5))
    revision_id = desk.variants(number)[0].revision_id
    assert revision_id is not None
    seen = made_up(desk, revision_id, "empty")
    assert seen.mail is None
    assert seen.problem == (
        "A merge token without fallback has no value for this recipient."
    )
    with pytest.raises(Unknown, match="There are: full, empty, long, rtl, hostile"):
        made_up(desk, revision_id, "nobody")
