"""Nobody reads "Subject" on an ad: every surface names a text's parts by its channel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from blocks import campaign_card, compare, edit_form, side_by_side, suggestion
from blocks import variant_card as cards
from domain.campaign import State
from domain.channel import PARTS, Channel
from domain.variant import Copy
from tests.blocks.checks import check_message, check_modal, shown
from tests.blocks.home_states import make_column, make_comparison
from tests.blocks.views import HOSTILE, NOW, make_card, make_revision, make_variant_card

SHOWN = tuple(each for each in Channel if not each.is_mailed)
TEXT = Copy(subject=HOSTILE, preheader=HOSTILE, body=f"{HOSTILE}\n\n" * 30)
MAIL_WORDS = ("Subject", "Preheader", "subject", "preheader")


def names_only(channel: Channel, words: str) -> None:
    for name in PARTS[channel].values():
        assert name in words
    for word in MAIL_WORDS:
        assert word not in words


@pytest.mark.parametrize("channel", SHOWN)
def test_a_variants_card_and_windows_name_the_parts(channel: Channel) -> None:
    revision = make_revision(text=TEXT, parent=TEXT, findings=(), channel=channel)
    card = make_variant_card(text=TEXT, findings=(), channel=channel)
    names_only(channel, shown(check_message(cards.render(card, now=NOW))))
    names_only(channel, shown(check_modal(compare.read_all(revision))))
    names_only(channel, shown(check_modal(edit_form.form(revision))))
    names_only(channel, shown(check_modal(suggestion.form(revision))))
    other = Copy(subject="S", preheader="P", body="B")
    difference = compare.diff(TEXT, other, channel)
    names_only(channel, shown([each.to_dict() for each in difference]))
    empty = Copy(subject="", preheader="", body="")
    said = " ".join(edit_form.copy_errors(empty, channel).values())
    assert f"The {PARTS[channel]['subject'].lower()} has no words." in said
    assert f"The {PARTS[channel]['body'].lower()} has no words." in said


@pytest.mark.parametrize("channel", SHOWN)
def test_read_all_offers_nobody_to_be(channel: Channel) -> None:
    revision = make_revision(text=TEXT, channel=channel)
    assert "Preview as" not in shown(check_modal(compare.read_all(revision)))


@pytest.mark.parametrize("channel", SHOWN)
def test_an_empty_text_of_any_channel_can_be_read(channel: Channel) -> None:
    empty = Copy(subject="", preheader=" ", body="")
    revision = make_revision(text=empty, channel=channel)
    assert shown(check_modal(compare.read_all(revision))).count("(empty)") == 3


_BEFORE_APPROVAL = (
    State.BRIEFED,
    State.DRAFTED,
    State.LINTED,
    State.STAGED_REVIEW,
    State.REJECTED,
    State.CANCELLED,
)


@pytest.mark.parametrize("state", _BEFORE_APPROVAL)
@pytest.mark.parametrize("channel", SHOWN)
def test_a_card_of_no_mail_says_its_channel_and_slot_and_nothing_of_mail(
    channel: Channel, state: State
) -> None:
    view = make_card(
        channel=channel,
        slot="home-hero",
        state=state,
        mails_out=0,
        practice=(),
        suppressed_before=0,
    )
    words = shown(check_message(campaign_card.render(view, now=NOW)))
    assert "in home-hero · tier B · written for 48,200 people" in words
    for word in ("recipient", " mail", "sent"):
        assert word not in words
    mail = replace(view, channel=Channel.EMAIL, slot="")
    words = shown(check_message(campaign_card.render(mail, now=NOW)))
    assert "email · tier B · 48,200 recipients" in words


@pytest.mark.parametrize("channel", SHOWN)
def test_a_comparison_and_its_picture_name_the_parts(channel: Channel) -> None:
    other = Copy(subject="S", preheader="P", body="B")
    view = make_comparison(
        left=make_column(
            revision=make_revision(
                text=TEXT, revision_id=61, findings=(), channel=channel
            )
        ),
        right=make_column(
            revision=make_revision(
                text=other, revision_id=72, findings=(), channel=channel
            )
        ),
    )
    said = shown(check_modal(side_by_side.window(view)))
    aloud = side_by_side.picture_alt(view)
    names = PARTS[channel]
    for word in MAIL_WORDS:
        assert word not in f"{said}{aloud}"
    assert names["subject"] in said
    assert names["preheader"] in said
    assert f": {names['subject'].lower()} “" in aloud
    assert f"{names['body'].lower()}." in aloud
