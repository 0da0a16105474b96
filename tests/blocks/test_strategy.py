"""The strategy before anything is written: its card, its thread, its forms."""

from __future__ import annotations

import pytest

from blocks import brief_form, brief_inputs, campaign_card, strategy
from blocks.brief_form import values_from
from blocks.ids import Action, Callback, brief_block
from blocks.message import Message
from domain.brief import parse_brief, to_json
from domain.campaign import CampaignId
from domain.strategy import BriefVersion, changed_fields
from domain.views import CampaignCard
from tests.blocks.checks import (
    check_message,
    check_modal,
    labels,
    menu,
    shown,
    walk,
)
from tests.blocks.states import CARDS
from tests.blocks.test_forms import GIVEN, typed_in
from tests.blocks.views import AUDIENCES, HOSTILE, NOW, make_strategy_decision

BODY = to_json(parse_brief({**GIVEN, "tier": "A"}))
VERSION = BriefVersion(
    id=81,
    campaign_id=CampaignId(42),
    number=1,
    sha256="0" * 64,
    body=BODY,
    author="U0MARKETER",
)


def card(name: str) -> str:
    return shown(campaign_card.render(CARDS[name], now=NOW).payload())


def buttons(name: str) -> list[str]:
    return labels(campaign_card.render(CARDS[name], now=NOW).payload())


def thread(view: CampaignCard) -> tuple[str, str]:
    """The text and the words of what the thread says."""
    assert view.strategy is not None
    decision = view.strategy.decision
    said = (
        strategy.asked(view, view.strategy)
        if decision is None
        else strategy.given_back(view, view.strategy, decision)
    )
    return said.text, shown(check_message(said))


def test_a_waiting_card_says_who_is_asked_since_when_and_about_what() -> None:
    words = card("awaiting_brand_lead")
    assert "*Waiting for a brand lead* · brief version 1 · due <!date^" in words
    assert "(in 21 h 40 min)" in words
    assert "asked: <@U0BRAND>" in words
    assert "Nothing is written until the strategy is approved." in words
    assert "*Goal:* Bring people back" in words
    assert "*Offer" not in words
    assert buttons("awaiting_brand_lead") == [
        "Approve strategy",
        "Ask for changes",
        "Cancel",
    ]
    payload = campaign_card.render(CARDS["awaiting_brand_lead"], now=NOW).payload()
    assert "Change brief" in menu(payload)


def test_the_buttons_carry_the_brief_they_were_drawn_for() -> None:
    payload = campaign_card.render(CARDS["awaiting_brand_lead"], now=NOW).payload()
    values = {
        each["action_id"]: each["value"]
        for each in walk(payload)
        if each.get("type") == "button"
    }
    assert values[Action.APPROVE_STRATEGY] == values[Action.ASK_FOR_CHANGES] == "81"


def test_a_changed_brief_says_what_changed() -> None:
    words = card("awaiting_brand_lead_again")
    assert "brief version 2" in words
    assert "*Changed since version 1:* goal, offer and A/B test." in words


def test_a_card_that_nobody_can_decide_says_so() -> None:
    words = card("awaiting_brand_lead_nobody_asked")
    assert "nobody but the author holds the role brand lead" in words
    assert "It takes a brand lead who did not write the brief" in words
    # what nobody may press is not there to be pressed
    assert buttons("awaiting_brand_lead_nobody_asked") == ["Look again", "Cancel"]


def test_asked_for_changes_the_card_gives_reason_and_next_step() -> None:
    words = card("changes_asked")
    assert "*Changes asked for by <@U0BRAND>, <!date^" in words
    assert "“Say what the reader gets, not what we want.”" in words
    assert "<@U0MARKETER> changes the brief; then a brand lead is asked again" in words
    assert buttons("changes_asked") == ["Change brief", "Cancel"]


def test_every_later_card_says_who_approved_the_strategy() -> None:
    assert "Strategy approved by <@U0BRAND>, <!date^" in card("strategy_approved")


def test_the_thread_mentions_only_whose_turn_it_is() -> None:
    text, words = thread(CARDS["awaiting_brand_lead"])
    assert text.startswith("<@U0BRAND> #42 Recover stalled demos: the strategy waits")
    assert "<@U0MARKETER>" not in text + words
    text, words = thread(CARDS["awaiting_brand_lead_again"])
    assert "waits for you again" in words
    text, words = thread(CARDS["changes_asked"])
    assert text.startswith("<@U0MARKETER> #42")
    assert "“Say what the reader gets" in words
    text, words = thread(CARDS["awaiting_brand_lead_nobody_asked"])
    assert "<@" not in text


@pytest.mark.parametrize("name", ["changes_asked_hostile"])
def test_hostile_words_stay_words_in_the_thread(name: str) -> None:
    _, words = thread(CARDS[name])
    assert "&lt;!channel&gt;" in words


def test_the_form_for_changes_holds_the_brief_and_asks_for_a_reason() -> None:
    view = check_modal(strategy.changes_form(CampaignId(42), HOSTILE, 81))
    assert (view["callback_id"], view["private_metadata"]) == ("changes_form", "81")
    (reason,) = (each for each in view["blocks"] if each["type"] == "input")
    assert not reason.get("optional")


def test_the_change_form_is_filled_in_and_says_what_was_asked() -> None:
    asked = make_strategy_decision(reason=HOSTILE)
    view = check_modal(brief_form.change_form(AUDIENCES, VERSION, asked))
    assert view["title"]["text"] == "Change brief 42"
    assert view["submit"]["text"] == "Send to brand lead"
    assert view["callback_id"] == Callback.CHANGE_BRIEF_FORM
    assert view["private_metadata"] == "81"
    assert "<@U0BRAND> asks: “&lt;!channel&gt;" in shown(view)
    again = to_json(parse_brief(values_from(typed_in(view))))
    assert changed_fields(BODY, again) == ()


def test_another_call_to_action_takes_the_place_of_the_old_one() -> None:
    state = typed_in(check_modal(brief_form.change_form(AUDIENCES, VERSION)))
    block = brief_block("cta_url")
    state[block][block]["value"] = "https://example.com/new"
    links = parse_brief(values_from(state)).allowed_links
    assert links[0] == "https://example.com/new"
    assert "https://example.com/demo" not in links


@pytest.mark.parametrize(
    ("tier", "label"),
    [("A", "Send to brand lead"), ("B", "Write variants"), ("C", "Write variants")],
)
def test_the_button_of_a_new_brief_says_where_it_goes(tier: str, label: str) -> None:
    view = check_modal(brief_form.form(AUDIENCES, values={**GIVEN, "tier": tier}))
    assert view["submit"]["text"] == label == brief_form.submit_label({"tier": tier})


def test_only_channel_and_tier_act_before_the_form_is_sent() -> None:
    view = brief_form.form(AUDIENCES).to_dict()
    acting = [b["block_id"] for b in view["blocks"] if b.get("dispatch_action")]
    assert acting == [brief_block("channel"), brief_block("tier")]
    assert set(acting) == brief_inputs.ACTS_AT_ONCE


def test_a_card_says_who_has_been_told_that_it_still_waits() -> None:
    assert "Reminded <!date^" in card("awaiting_brand_lead_reminded")
    late = card("awaiting_brand_lead_escalated")
    assert "overdue since <!date^" in late
    assert "Escalated to <@U0ONCALL>, <!date^" in late
    assert "Reminded" not in late
    assert "Escalated to its author" in card("awaiting_brand_lead_nobody_asked")


def nudges(view: CampaignCard) -> dict[str, Message]:
    assert view.strategy is not None
    return {
        "reminded": strategy.reminded(view, view.strategy, now=NOW),
        "escalated": strategy.escalated(
            view, view.strategy, channel="C0CAMPAIGN", now=NOW
        ),
    }


STRATEGY_NUDGES = nudges(CARDS["awaiting_brand_lead_escalated"])


def test_a_reminder_mentions_brand_leads_and_an_escalation_only_others() -> None:
    said = STRATEGY_NUDGES
    for each in said.values():
        check_message(each)
    assert said["reminded"].text.startswith("<@U0BRAND> #42")
    assert said["escalated"].text.startswith("<@U0ONCALL> #42")
    assert "<@U0BRAND>" not in shown(said["escalated"].payload())
    assert "Its card is in <#C0CAMPAIGN>" in shown(said["escalated"].payload())


def test_without_a_brand_lead_the_author_reads_what_to_do() -> None:
    view = CARDS["awaiting_brand_lead_nobody_asked"]
    words = shown(nudges(view)["escalated"].payload())
    assert f"<@{view.author}>: nobody has decided the strategy" in words
    assert "Nobody but the author holds the role brand lead; whoever keeps" in words
