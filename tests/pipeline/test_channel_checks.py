"""Lint of copy that is no mail: own limits, no tokens, nothing of a mail's law."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from domain.brief import parse_brief
from domain.channel import Channel
from domain.errors import Refused
from domain.lint import PolicyRefused, Severity, decide, rules_of
from domain.personalize import Footer
from domain.variant import Copy
from pipeline.checks import LintContext, run_checks
from pipeline.checks.playbook import load_policies, load_policy
from pipeline.playbook import load_playbook
from pipeline.playbook_privacy import load_privacy

PLAYBOOK = Path(__file__).parents[2] / "playbook"
SHOWN = tuple(each for each in Channel if not each.is_mailed)
LINK = "https://northwind.example/demo"


def make_context(channel: Channel) -> LintContext:
    return LintContext(
        policy=load_policy(PLAYBOOK, channel),
        channel=channel,
        brief=parse_brief(
            {
                "channel": channel,
                "slot": "s",
                "title": "Recover stalled demos",
                "objective": "Book the demo",
                "audience": "stalled",
                "key_message": "A demo takes 20 minutes",
                "cta_url": LINK,
            }
        ),
        # a page has no footer of ours, so nothing of one is asked for
        footer=Footer(sender_name="", company="", postal_address=""),
        privacy=load_privacy(PLAYBOOK),
    )


def make_copy(**changes: str) -> Copy:
    given = {
        "subject": "See the demo",
        "preheader": "It takes twenty minutes.",
        "body": f"A demo takes twenty minutes. Book it: {LINK}",
    }
    return Copy(**{**given, **changes})


def hard(channel: Channel, **changes: str) -> set[str]:
    context = make_context(channel)
    found = run_checks(make_copy(**changes), context)
    return {each.rule for each in decide(found, context.policy).hard}


@pytest.mark.parametrize("channel", SHOWN)
def test_clean_copy_has_nothing_to_report(channel: Channel) -> None:
    assert run_checks(make_copy(), make_context(channel)) == ()


@pytest.mark.parametrize("channel", SHOWN)
@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Hi {{ person.first_name | default: 'there' }}", "token.no_recipient"),
        ("{{ links.cta }}", "token.no_recipient"),
        ("{% if person.city %}x{% endif %}", "token.no_recipient"),
        ("Hello {{ person.city", "token.syntax"),
        ("Hello [First Name]", "token.placeholder"),
        ("<script>alert(1)</script>", "text.markup"),
        ("javascript:alert(1)", "link.scheme"),
        ("https://evil.example/demo", "link.not_allowed"),
        ("safe \u202etxt.exe", "text.hidden_characters"),
        ("a\u200bct now", "phrase.banned"),
        ("Card 4111 1111 1111 1111", "pii.card"),
    ],
)
def test_hostile_copy_is_stopped_in_every_part(
    channel: Channel, text: str, rule: str
) -> None:
    for part in ("subject", "preheader", "body"):
        assert rule in hard(channel, **{part: text}), part


@pytest.mark.parametrize(
    ("part", "text", "rule"),
    [
        ("subject", "x" * 30, None),
        ("subject", "x" * 31, "length.subject_too_long"),
        ("subject", "語" * 15, None),
        ("subject", "語" * 16, "length.subject_too_long"),
        ("preheader", "x" * 90, None),
        ("preheader", "x" * 91, "length.preheader_long"),
        ("preheader", "", "length.preheader_empty"),
        ("body", "", "length.body_empty"),
    ],
)
def test_an_ad_has_the_lengths_of_google_ads(
    part: str, text: str, rule: str | None
) -> None:
    assert hard(Channel.AD, **{part: text}) == ({rule} if rule else set())


@pytest.mark.parametrize(
    ("channel", "words", "said"),
    [
        (Channel.LANDING_PAGE, 301, "The body has 301 words; the policy allows 300."),
        (Channel.AD, 26, "The primary text has 26 words; the policy allows 25."),
        (Channel.CHAT, 81, "The reply has 81 words; the policy allows 80."),
    ],
)
def test_a_channel_has_a_word_limit_and_the_stricter_one_counts(
    channel: Channel, words: int, said: str
) -> None:
    context = make_context(channel)
    wide = replace(context, brief=replace(context.brief, max_words=2000))
    text = make_copy(body="word " * words)
    found = {each.rule: each for each in run_checks(text, wide)}
    assert found["length.words"].message == said
    tight = replace(context, brief=replace(context.brief, max_words=20))
    found = {each.rule: each for each in run_checks(text, tight)}
    assert "the brief allows 20" in found["length.words"].message


def test_every_shipped_policy_names_the_rules_of_its_channel_and_no_others() -> None:
    policies = load_policies(PLAYBOOK)
    assert set(policies) == set(Channel)
    for channel, policy in policies.items():
        assert set(policy.rules) == set(rules_of(channel))
        assert policy.name == channel
        assert policy.rules["text.hidden_characters"] is Severity.HARD
    assert len({each.hash for each in policies.values()}) == len(Channel)


def test_a_rule_about_mail_is_refused_in_an_ads_policy(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(PLAYBOOK, tmp_path / "playbook"))
    path = folder / "policies" / "ad.yaml"
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    raw["rules"]["compliance.unsubscribe"] = "hard"
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    with pytest.raises(PolicyRefused, match=r"no rule 'compliance\.unsubscribe'"):
        load_policies(folder)


@pytest.mark.parametrize("file", ["prompts/ad.md", "policies/ad.yaml"])
def test_a_playbook_without_an_ads_file_writes_everything_else(
    tmp_path: Path, file: str
) -> None:
    folder = Path(shutil.copytree(PLAYBOOK, tmp_path / "playbook"))
    (folder / file).unlink()
    playbook = load_playbook(folder, time_scale=1)
    playbook.check_writes(Channel.CHAT)
    with pytest.raises(Refused, match=f"writes no ad copy: its playbook has no {file}"):
        playbook.check_writes(Channel.AD)
