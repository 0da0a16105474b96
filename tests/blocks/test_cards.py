from dataclasses import replace
from datetime import timedelta

import pytest

from blocks import campaign_card, variant_card
from blocks.ids import Action, Verb
from blocks.message import overflow
from domain.campaign import State
from domain.rejection import RejectReason
from domain.variant import VariantState
from tests.blocks.checks import check_message, check_snapshot, labels, menu, shown
from tests.blocks.states import CARDS, VARIANTS
from tests.blocks.views import (
    NOW,
    make_canary,
    make_card,
    make_decision,
    make_variant_card,
)


@pytest.mark.parametrize("name", CARDS)
def test_a_campaign_card_holds_slacks_limits_and_looks_as_stored(name: str) -> None:
    payload = check_message(campaign_card.render(CARDS[name], now=NOW))
    check_snapshot(f"campaign_{name}", payload)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_card_holds_slacks_limits_and_looks_as_stored(name: str) -> None:
    payload = check_message(variant_card.render(VARIANTS[name], now=NOW))
    check_snapshot(f"variant_{name}", payload)


def test_a_card_says_that_slack_was_away_when_that_was_long_enough_to_notice() -> None:
    assert campaign_card.caught_up(timedelta(seconds=119)) == []
    (block,) = campaign_card.caught_up(timedelta(minutes=4))
    assert block["elements"][0]["text"] == (
        "Slack was away 4 min; this card is current again."
    )


def test_every_state_has_a_card_here() -> None:
    assert {each.state for each in CARDS.values()} == set(State)
    assert {each.state for each in VARIANTS.values()} == set(VariantState)


@pytest.mark.parametrize("name", CARDS)
def test_a_card_has_at_most_four_visible_buttons(name: str) -> None:
    payload = campaign_card.render(CARDS[name], now=NOW).payload()
    assert len(labels(payload)) <= 4
    # nothing of a menu is ever cut: what can be done with every campaign is in each
    assert {"Show brief", "History", "Clone brief"} <= set(menu(payload))


@pytest.mark.parametrize("name", CARDS)
def test_every_card_says_when_no_model_is_connected(name: str) -> None:
    view = replace(CARDS[name], is_sample=True)
    payload = campaign_card.render(view, now=NOW).payload()
    assert "sample writer - no AI model connected" in shown(payload)


def test_every_card_of_a_practice_says_so() -> None:
    payload = campaign_card.render(make_card(), now=NOW).payload()
    assert "practice time: 1 s stands for 4 min" in shown(payload)


def card(name: str) -> str:
    return shown(campaign_card.render(CARDS[name], now=NOW).payload())


def buttons(name: str) -> list[str]:
    return labels(campaign_card.render(CARDS[name], now=NOW).payload())


def test_progress_counts_what_is_written_of_what_was_asked() -> None:
    payload = campaign_card.render(CARDS["writing"], now=NOW).payload()
    (plan,) = (each for each in payload["blocks"] if each["type"] == "plan")
    assert plan["title"] == "Writing 1 of 5"
    assert [each["status"] for each in plan["tasks"]] == [
        "complete",
        "in_progress",
        "error",
        "pending",
        "pending",
    ]


def test_review_says_stage_deadline_and_who_is_asked() -> None:
    words = card("in_review")
    assert "*In copy review* · stage 1 of 3 · due <!date^" in words
    assert "(in 3 h 10 min) · asked: <@U0COPYONE> and <@U0COPYTWO>" in words
    assert "3 variants: A passes lint · B 2 notes · C passes lint, regenerated" in words


def test_the_canary_says_complaints_of_those_allowed_and_rates_with_denominators() -> (
    None
):
    words = card("canary")
    assert "*Canary: 482 mails out* · 23 min ago · complaints 1 of 3 allowed" in words
    assert "delivered 476/482 · clicks 11 (2.3 %) · unsubscribes 1" in words
    assert "opens 120, machine opens 38" in words
    assert "it cannot see 0.3 %." in words
    assert buttons("canary") == ["Roll back", "Extend", "Evidence"]


def test_a_rate_is_not_shown_when_there_is_too_little_to_take_it_of() -> None:
    view = make_card(state=State.CANARY, canary=make_canary(delivered=199))
    words = shown(campaign_card.render(view, now=NOW).payload())
    assert "clicks 11 ·" in words


def test_a_canary_that_cannot_see_complaints_says_so() -> None:
    assert "complaints 1, which this canary cannot judge · a person decides" in card(
        "canary_small"
    )


def test_a_canary_whose_esp_reports_nothing_shows_no_zeros_for_what_is_unknown() -> (
    None
):
    canary = make_canary(mute_esp="SMTP", delivered=0, hard_bounces=2)
    said = shown(
        campaign_card.render(
            make_card(state=State.CANARY, canary=canary), now=NOW
        ).payload()
    )
    assert "accepted 482, and no more is reported" in said
    assert "hard bounces 2" in said
    assert "delivered 0" not in said
    assert "opens" not in said


def test_who_was_put_off_for_too_long_is_said_beside_the_skipped() -> None:
    view = make_card(state=State.SENT, skipped=7, capped=4, given_up=2)
    said = shown(campaign_card.render(view, now=NOW).payload())
    assert "7 skipped (4 have had as many mails as the cadence cap allows;" in said
    assert "2 put off for too long by the ESP)" in said


def test_a_held_campaign_offers_every_way_on() -> None:
    assert buttons("held") == ["Roll back", "Extend", "Expand"]


def test_a_rollback_says_what_left_and_how_fast_it_stopped() -> None:
    words = card("rolled_back_by_itself")
    assert "Rolled back automatically at <!date^" in words
    assert "Stopped 0.4 s after the first sign; ESP confirmed 1.9 s later." in words
    assert "482 mails had left; 47,718 spared; 3 recipients suppressed." in words
    assert "<@U0ONCALL> and <@U0MARKETER> told." in words


def test_a_rollback_by_hand_names_the_person_and_what_slipped_through() -> None:
    words = card("rolled_back_by_hand")
    assert "Rolled back by <@U0ONCALL> at" in words
    assert "the ESP has not confirmed yet" in words
    assert "2 mails were accepted by the ESP after the gate was shut." in words


def test_a_parked_campaign_is_cancelled_only_before_mail_has_left() -> None:
    assert buttons("parked_before_sending") == ["Retry", "Cancel"]
    assert buttons("parked_while_sending")[-2:] == ["Retry", "Roll back"]


def test_only_one_unknown_chunk_is_asked_about_at_a_time() -> None:
    names = buttons("canary_unknown_chunks")
    assert names == ["Look up again", "Roll back", "Extend", "Evidence"]
    offered = menu(
        campaign_card.render(CARDS["canary_unknown_chunks"], now=NOW).payload()
    )
    assert offered[:2] == ["Mark as sent", "Send again"]
    assert (
        "Chunk 14 unknown:* 1,000 recipients, the ESP shows 0 events after 15 min"
        in (card("canary_unknown_chunks"))
    )


def test_an_ended_campaign_offers_nothing_but_reading() -> None:
    for name in ("sent", "rejected", "cancelled"):
        assert buttons(name) == []


def test_foreign_text_on_a_card_is_shown_as_text() -> None:
    assert "&lt;!channel&gt; &amp; &lt;@U1&gt;" in card("hostile")


def variant(name: str) -> str:
    return shown(variant_card.render(VARIANTS[name], now=NOW).payload())


def variant_buttons(name: str) -> list[str]:
    return labels(variant_card.render(VARIANTS[name], now=NOW).payload())


def test_a_variant_in_review_has_its_four_buttons_in_order() -> None:
    names = ["Approve", "Edit", "Regenerate", "Reject"]
    assert variant_buttons("asked") == names
    payload = variant_card.render(VARIANTS["asked"], now=NOW).payload()
    values = [
        each["value"]
        for block in payload["blocks"]
        if block["type"] == "actions"
        for each in block["elements"]
        if each["type"] == "button"
    ]
    assert values == ["501", "71", "71", "501"]
    assert menu(payload) == ["Comment", "Suggest", "Compare", "Read all", "Assign"]


@pytest.mark.parametrize("name", VARIANTS)
def test_every_stage_that_is_asked_can_be_assigned(name: str) -> None:
    view = VARIANTS[name]
    payload = variant_card.render(view, now=NOW).payload()
    offered = menu(payload)
    assign = [each for each in offered if each.startswith("Assign")]
    is_open = bool(assign) or not view.questions
    assert len(assign) == len(view.questions) or not is_open
    if view.revision_id is not None:
        assert {"Comment", "Read all"} <= set(offered)


def test_a_menu_with_more_than_slack_takes_is_refused_and_not_cut() -> None:
    six = [(f"Option {n}", Verb.EVIDENCE, n) for n in range(6)]
    assert overflow(Action.CAMPAIGN_MORE, six[:5]) is not None
    with pytest.raises(ValueError, match="room for 5, not 6"):
        overflow(Action.CAMPAIGN_MORE, six)


def test_a_hard_finding_takes_approve_away_and_says_why() -> None:
    assert variant_buttons("blocked") == ["Edit", "Regenerate", "Reject"]
    words = variant("blocked")
    assert "Approve is off because a finding above must change first" in words
    assert words.index("Must change") < words.index("Note, subject")


@pytest.mark.parametrize(
    "name",
    [
        "approved",
        "rejected",
        "shelved",
        "failed",
        "being_written",
        "being_rewritten",
        "being_checked",
        "campaign_cancelled",
    ],
)
def test_a_variant_that_waits_for_nobody_has_no_buttons(name: str) -> None:
    assert variant_buttons(name) == []


def test_a_decision_replaces_the_buttons_by_who_and_when() -> None:
    assert "Copy approved by <@U0COPYONE>, <!date^" in variant("approved")
    assert "Copy rejected by <@U0COPYONE>, <!date^" in variant("rejected")


def test_a_rejection_says_its_code_and_quotes_the_reviewer() -> None:
    why = ": unsupported claim, “No source says 30 %.”"
    assert why in variant("rejected")
    assert "off brand" not in variant("rejected").lower()


def test_a_rejection_of_before_there_were_codes_shows_its_words() -> None:
    old = make_decision(is_approval=False, reason="Off brand")
    card = make_variant_card(state=VariantState.REJECTED, decisions=(old,))
    said = shown(variant_card.render(card, now=NOW).payload())
    assert "|" in said
    assert ">: Off brand." in said


def test_a_campaigns_card_says_what_each_was_rejected_for() -> None:
    legal = make_decision(is_approval=False, code=RejectReason.LEGAL, reason="No.")
    brief = replace(legal, code=RejectReason.OFF_BRIEF)
    view = make_card(decisions=(legal, replace(legal, variant_label="B"), brief))
    said = shown(campaign_card.render(view, now=NOW).payload())
    assert "Copy: A and B rejected by <@U0COPYONE>" in said
    assert ": legal or compliance" in said
    assert ": off brief" in said


def test_a_long_body_is_shown_in_part_with_a_way_to_read_it_all() -> None:
    assert "Read all" in variant_buttons("long")
    assert "the first 600 of" in variant("long")


def test_a_mails_text_is_literal() -> None:
    payload = variant_card.render(VARIANTS["hostile"], now=NOW).payload()
    quotes = [
        part
        for block in payload["blocks"]
        if block["type"] == "rich_text"
        for part in block["elements"]
        if part["type"] == "rich_text_quote"
    ]
    assert quotes[0]["elements"][0]["type"] == "text"
    assert quotes[0]["elements"][0]["text"].startswith("<!channel> & <@U1> *now*")


def test_a_text_of_twelve_thousand_characters_fits() -> None:
    text = make_variant_card().text
    assert text is not None
    long = make_variant_card(text=replace(text, body="x" * 12_000))
    check_message(variant_card.render(long, now=NOW))


def test_a_notification_says_campaign_and_state() -> None:
    message = campaign_card.render(CARDS["canary"], now=NOW)
    assert message.text == "#42 Recover stalled demos: canary, 482 mails out"
    said = variant_card.render(VARIANTS["asked"], now=NOW)
    assert said.text == "Variant B of #42: passes lint, waits for copy review"
