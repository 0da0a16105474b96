"""A comparison in the thread: one picture, whatever fails on the way."""

from __future__ import annotations

import json

import pytest

from domain.campaign import CampaignId
from domain.errors import NotYourTurn, Refused, Unknown
from domain.variant import RevisionId
from pipeline import record
from practice.slack.world import Message
from storage import queries
from tests.pipeline.lab import CASPAR, CLEO, MARA, NOBODY, Lab
from tests.pipeline.test_record_reviews import in_review, of


def texts(desk: Lab, number: CampaignId) -> tuple[RevisionId, RevisionId]:
    left, right = (of(desk, number, label).revision_id for label in ("A", "B"))
    assert left is not None
    assert right is not None
    return left, right


def post(desk: Lab, number: CampaignId, *, by: str = MARA) -> bool:
    return desk.write(
        record.post_comparison,
        desk.deps.playbook,
        number,
        *texts(desk, number),
        actor=by,
    )


def pictures(desk: Lab, number: CampaignId) -> list[Message]:
    return [
        each
        for each in desk.thread(number)
        if "compared variant A" in json.dumps(each.blocks)
    ]


def test_a_picture_of_the_two_texts_is_posted_with_words_for_it(desk: Lab) -> None:
    number = in_review(desk)
    assert post(desk, number)
    desk.drain()
    (message,) = pictures(desk, number)
    words, picture = message.blocks
    assert words["text"]["text"] == (
        f"<@{MARA}> compared variant A, revision 1 with variant B, revision 1."
    )
    assert picture["type"] == "image"
    assert picture["alt_text"].startswith("A comparison in two columns. Variant A,")
    world = desk.slack.workspace.world
    file = world.files[picture["slack_file"]["id"]]
    content = world.content(file)
    assert content is not None
    assert content.startswith(b"\x89PNG")
    assert "comparison_posted" in desk.events(number)


def test_two_wishes_for_the_same_columns_are_one_picture(desk: Lab) -> None:
    number = in_review(desk)
    assert [post(desk, number), post(desk, number, by=CASPAR)] == [True, False]
    desk.drain()
    assert not post(desk, number, by=CLEO)
    desk.drain()
    assert len(pictures(desk, number)) == 1
    assert desk.events(number).count("comparison_posted") == 1


@pytest.mark.parametrize(
    "method",
    [
        "files.getUploadURLExternal",
        "files.completeUploadExternal",
        "chat.postMessage",
    ],
)
@pytest.mark.usefixtures("cards_at_once")
def test_slack_being_away_on_the_way_delays_it_and_posts_it_once(
    desk: Lab, method: str
) -> None:
    number = in_review(desk)
    faults = desk.slack.workspace.faults
    faults.mode, faults.method, faults.count = "500", method, 2
    post(desk, number)
    for _ in range(6):
        desk.drain()
        desk.tick(30)
    assert len(pictures(desk, number)) == 1


def test_a_worker_that_dies_before_the_post_loses_nothing(desk: Lab) -> None:
    number = in_review(desk)
    post(desk, number)
    left, right = texts(desk, number)
    # the worker claimed the message, and never came back
    desk.write(
        lambda store: store.messages.claim(
            f"comparison:{left}:{right}", number, "C0CAMPAIGN"
        )
    )
    for _ in range(4):
        desk.drain()
        desk.tick(30)
    assert len(pictures(desk, number)) == 1


def test_what_cannot_be_compared_is_not_posted(desk: Lab) -> None:
    number, other = in_review(desk), in_review(desk)
    left, _right = texts(desk, number)
    foreign, _ = texts(desk, other)
    book = desk.deps.playbook
    with pytest.raises(Refused, match="same text"):
        desk.write(record.post_comparison, book, number, left, left, actor=MARA)
    with pytest.raises(Unknown, match="no such revision"):
        desk.write(record.post_comparison, book, number, left, foreign, actor=MARA)
    with pytest.raises(NotYourTurn):
        post(desk, number, by=NOBODY)
    assert desk.deps.database.read(queries.comparisons_to_post, number) == ()
