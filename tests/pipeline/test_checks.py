from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.brief import parse_brief
from domain.lint import KNOWN_RULES, Finding, PolicyRefused, Severity, decide
from domain.personalize import Footer
from domain.privacy import Privacy
from domain.variant import Copy
from pipeline.checks import REGISTRY, LintContext, run_checks
from pipeline.checks.length import word_count
from pipeline.checks.pii import passes_luhn, passes_mod97
from pipeline.checks.playbook import load_dictionary, load_footer, load_policy
from pipeline.playbook_privacy import load_privacy

PLAYBOOK = Path(__file__).parents[2] / "playbook"

CLEAN_BODY = """Hi {{ person.first_name | default: 'there' }},

You looked at the Northwind demo last month and stopped halfway. That is fine: \
most teams do, and they come back with two questions.

The first is how long it takes. The demo takes 20 minutes, and you can leave at \
any point. The second is what it costs. Nothing, until you decide to stay.

{% if person.company %}The team at {{ person.company }} can join the call.{% endif %}

Book a demo: {{ links.cta }}

Read the docs first if you prefer: https://northwind.example/docs.

Best,
{{ sender.name }}"""


def make_context(
    *, footer: Footer | None = None, privacy: Privacy | None = None, **brief: object
) -> LintContext:
    raw: dict[str, Any] = {
        "title": "Recover stalled demos",
        "objective": "Book the demo",
        "audience": "stalled",
        "key_message": "A demo takes 20 minutes",
        "cta_url": "https://northwind.example/demo",
        "allowed_links": ["https://northwind.example/docs"],
        "forbidden_phrases": ["game changer"],
    }
    return LintContext(
        policy=load_policy(PLAYBOOK),
        brief=parse_brief({**raw, **brief}),
        footer=footer or load_footer(PLAYBOOK),
        privacy=privacy or load_privacy(PLAYBOOK),
        dictionary=load_dictionary(PLAYBOOK),
    )


def make_copy(**changes: str) -> Copy:
    given_text = {
        "subject": "Still weighing the demo?",
        "preheader": "Two things other teams asked before they decided",
        "body": CLEAN_BODY,
    }
    return Copy(**{**given_text, **changes})


def lint(context: LintContext | None = None, **changes: str) -> tuple[Finding, ...]:
    return run_checks(make_copy(**changes), context or make_context())


def rules(context: LintContext | None = None, **changes: str) -> set[str]:
    return {finding.rule for finding in lint(context, **changes)}


def in_body(text: str) -> set[str]:
    """Rules found when `text` is added to an otherwise clean body."""
    return rules(body=f"{CLEAN_BODY}\n\n{text}")


def test_a_clean_mail_has_nothing_to_report() -> None:
    assert lint() == ()


def test_the_checks_together_report_the_known_rules_and_no_others() -> None:
    reported = set().union(*(check.ids for check in REGISTRY))
    assert reported == set(KNOWN_RULES)


def test_a_bad_mail_is_stopped_for_each_of_its_faults() -> None:
    bad = make_copy(
        subject="RE: act\u200b now",
        preheader="Hi [First Name]",
        body=(
            "Hi {{ person.first_name }}, {{ person.shoe_size }}\n"
            "We gu\u0430rantee it, a game-changer. See http://evil.example/x.\n"
            "Card 4111 1111 1111 1111. You cannot unsubscribe. <b>Now</b>"
        ),
    )
    context = make_context()
    verdict = decide(run_checks(bad, context), context.policy)
    assert verdict.outcome is Severity.HARD
    assert {finding.rule for finding in verdict.hard} == {
        "phrase.banned",
        "phrase.forbidden_by_brief",
        "token.placeholder",
        "token.fallback_missing",
        "token.unknown",
        "link.insecure",
        "link.not_allowed",
        "text.hidden_characters",
        "text.markup",
        "compliance.no_opt_out",
        "compliance.fake_reply",
        "pii.card",
    }


@pytest.mark.parametrize(
    "text",
    [
        "Act now",
        "ACT  NOW",
        "act-now",
        "act\nnow",
        "act\u00a0now",
        "a\u200bct n\u2060ow",
        "\u0430ct now",
        "áct now",
        "guaranteed",
        "100% free",
    ],
)
def test_a_banned_phrase_is_found_in_any_disguise(text: str) -> None:
    assert "phrase.banned" in in_body(f"So {text} and see.")


@pytest.mark.parametrize("text", ["exact nowhere", "fact now", "act nowadays"])
def test_a_banned_phrase_inside_other_words_is_left_alone(text: str) -> None:
    assert "phrase.banned" not in in_body(text)


def test_a_finding_points_at_the_words() -> None:
    (finding,) = [f for f in lint(subject="Why act\u200b now?") if "phrase" in f.rule]
    assert (finding.field, finding.start, finding.end) == ("subject", 4, 12)
    assert finding.message == 'The policy bans "act now".'


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("https://evil.example/demo", "link.not_allowed"),
        ("https://northwind.example/demo/other", "link.not_allowed"),
        ("https://northwind.example.evil.com/demo", "link.not_allowed"),
        ("https://northwind.example/demo?next=//evil.com", "link.not_allowed"),
        ("evil.com/now", "link.not_allowed"),
        ("www.evil.example", "link.not_allowed"),
        ("//evil.com/x", "link.not_allowed"),
        ("[demo](https://evil.com)", "link.not_allowed"),
        ("{{ 'https://evil.com' }}", "link.not_allowed"),
        ("{{ person.city | default: 'https://evil.com' }}", "link.not_allowed"),
        ("https://ev\u200bil.com/", "link.not_allowed"),
        ("https://n\u043erthwind.example/demo", "link.punycode"),
        ("https://xn--nrthwind-x4a.example/demo", "link.punycode"),
        ("http://northwind.example/demo", "link.insecure"),
        ("https://northwind.example@evil.com/", "link.userinfo"),
        ("https://192.168.0.1/demo", "link.ip_host"),
        ("192.168.0.1/demo", "link.ip_host"),
        ("javascript:alert(1)", "link.scheme"),
        ("java\u200bscript:alert(1)", "link.scheme"),
        ("JavaScript : alert(1)", "link.scheme"),
        ("data:text/html;base64,AAAA", "link.scheme"),
        ("ftp://northwind.example/demo", "link.scheme"),
        ("mailto:a@b.example", "link.scheme"),
        ("https://northwind.example/{{ person.city | default: 'x' }}", "token.in_link"),
        ("{{ links.cta }}/extra", "token.in_link"),
        ("{{ links.cta }}{{ person.city | default: 'x' }}", "token.in_link"),
        ("{{ links.cta | downcase }}/extra", "token.in_link"),
        ("{{ links.cta -}} and", "token.in_link"),
        ("{{ links.cta }} {{- person.city | default: 'x' }}", "token.in_link"),
        ("https://northwind.example/docs {{- sender.name }}", "token.in_link"),
        ("https://northwind.example/{% if person.city %}a{% endif %}", "token.in_link"),
        ("{{ person.city | default: 'x' }}.evil.com", "token.in_link"),
        ("www.{{ person.city | default: 'x' }}.example", "token.in_link"),
        ("https:{{ person.city | default: 'x' }}", "token.in_link"),
    ],
)
def test_a_link_that_hides_or_strays_is_reported(text: str, rule: str) -> None:
    assert rule in in_body(f"Look at {text} today.")


@pytest.mark.parametrize(
    "text",
    [
        "https://northwind.example/docs {{ person.city | default: 'there' }}",
        "Come, {{ person.city | default: 'all' }}. It is free. {{ links.cta }}",
        "https://northwind.example/docs",
        "(https://northwind.example/docs).",
        "[The docs](https://northwind.example/docs)",
        "HTTPS://Northwind.Example/docs",
        "Here is the data: we grew. Ends at 9.30, e.g. today, version 2.0.",
    ],
)
def test_an_allowed_link_or_plain_text_is_no_finding(text: str) -> None:
    assert not {rule for rule in in_body(text) if rule.startswith("link.n")}
    assert "link.scheme" not in in_body(text)


def test_too_many_links_and_a_missing_call_to_action_are_notes() -> None:
    body = "Read https://northwind.example/docs\n" * 4
    assert {"link.too_many", "link.cta_missing"} <= rules(body=body)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"subject": ""}, "length.subject_empty"),
        ({"subject": "word " * 17}, "length.subject_long"),
        ({"subject": "word " * 40}, "length.subject_too_long"),
        ({"preheader": " "}, "length.preheader_empty"),
        ({"preheader": "word " * 40}, "length.preheader_long"),
        (
            {"body": "{{ links.cta }} \n".replace("{{ links.cta }}", "")},
            "length.body_empty",
        ),
        ({"body": "word " * 300}, "length.words"),
        ({"body": "word " * 700}, "length.slack_field"),
        ({"body": "word " * 2500}, "length.body_too_long"),
        ({"subject": "one\ntwo"}, "text.line_break"),
        ({"preheader": "hid\u202eden"}, "text.hidden_characters"),
        ({"subject": "Fwd: your demo"}, "compliance.fake_reply"),
    ],
)
def test_each_field_keeps_its_shape(change: dict[str, str], rule: str) -> None:
    assert rule in rules(**change)


def test_a_body_of_exactly_the_limit_is_not_too_long() -> None:
    body = ("word " * 2400)[:12_000]
    assert "length.body_too_long" not in rules(body=body)
    assert "length.body_too_long" in rules(body=f"{body}s")


def test_a_token_counts_as_one_word_and_a_tag_as_none() -> None:
    assert word_count("{% if person.city %}In {{ person.city }}, now{% endif %}") == 3


def test_an_emoji_made_of_several_is_no_hidden_character() -> None:
    assert "text.hidden_characters" not in in_body(
        "Team \U0001f469\u200d\U0001f4bb on it."
    )


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Write to john@corp.example today.", "pii.email"),
        ("Call +1 415 555 2671 today.", "pii.phone"),
        ("Card 4111-1111-1111-1111 is on file.", "pii.card"),
        ("Card 4111\u200b1111 1111 1111 is on file.", "pii.card"),
        ("Pay to GB82 WEST 1234 5698 7654 32 today.", "pii.iban"),
        ("Your number 123-45-6789 is on file.", "pii.ssn"),
    ],
)
def test_personal_data_in_the_text_is_found(text: str, rule: str) -> None:
    assert rule in in_body(text)


@pytest.mark.parametrize(
    "text",
    [
        "Order 4111 1111 1111 1112 shipped.",
        "Code GB82 WEST 1234 5698 7654 33 expired.",
        "In 2026 we grew 14.5 % to 48,200 users.",
        "Ticket 000-45-6789 is closed.",
    ],
)
def test_numbers_that_fail_their_check_digits_are_left_alone(text: str) -> None:
    assert not {rule for rule in in_body(text) if rule.startswith("pii.")}


def test_contact_data_written_in_the_brief_may_be_repeated() -> None:
    context = make_context(offer="Ring +1 415 555 2671 or mail desk@northwind.example")
    body = f"{CLEAN_BODY}\n\nRing +1 415 555 2671 or mail desk@northwind.example"
    assert not {rule for rule in rules(context, body=body) if rule.startswith("pii.")}


def test_check_digits_are_computed_as_the_standards_say() -> None:
    # the worked examples of ISO/IEC 7812-1 and ISO 13616
    assert passes_luhn([int(each) for each in "79927398713"])
    assert not passes_luhn([int(each) for each in "79927398710"])
    assert passes_mod97("GB82WEST12345698765432")
    assert not passes_mod97("GB82WEST12345698765431")


@pytest.mark.parametrize(
    "text",
    ["You cannot unsubscribe.", "You can't opt out", "Unsubscribing is not possible"],
)
def test_denying_the_way_out_is_reported(text: str) -> None:
    assert "compliance.no_opt_out" in in_body(text)


def test_a_footer_without_address_or_way_out_is_reported() -> None:
    footer = Footer(
        sender_name="Ann", company="N", postal_address=" ", unsubscribe_label=""
    )
    found = rules(make_context(footer=footer))
    assert {"compliance.postal_address", "compliance.unsubscribe"} <= found


def test_grammar_is_checked_where_it_stands() -> None:
    body = f"{CLEAN_BODY}\n\nWe could of done it, teh easy way."
    found = {f.quote: f for f in lint(body=body) if f.rule.startswith("grammar.")}
    assert set(found) == {"could of", "teh"}
    for quote, finding in found.items():
        assert body[finding.start : finding.end] == quote


def test_spelling_knows_the_brand_the_brief_codes_and_tokens() -> None:
    context = make_context(offer="Zyntrix for teams")
    body = f"{CLEAN_BODY}\n\nNorthwind's Zyntrix, code SAVE20, for {{{{ person.city | default: 'ypu' }}}}."
    assert "grammar.spelling" not in rules(context, body=body)
    assert "grammar.spelling" in in_body("A zyntrixx is here.")


def test_a_missing_or_broken_policy_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyRefused, match=r"The playbook has no email\.yaml"):
        load_policy(tmp_path)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "email.yaml").write_text("rules: [unclosed")
    with pytest.raises(PolicyRefused, match="not readable YAML"):
        load_policy(tmp_path)


def test_a_misnamed_footer_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "brand").mkdir()
    (tmp_path / "brand" / "footer.yaml").write_text("adress: x")
    with pytest.raises(PolicyRefused, match="postal_address"):
        load_footer(tmp_path)


def test_a_flood_of_one_fault_is_cut_short() -> None:
    found = [f for f in lint(body="<b>bold</b> " * 500) if f.rule == "text.markup"]
    assert len(found) == 20


_PIECES = st.sampled_from(
    [
        "{{", "}}", "{%", "%}", "{{ person.first_name }}", "{% if person.city %}",
        "{% endif %}", "{% for i in (1..9) %}", "https://", "evil.com", "\u200b", "\u202e",
        "act now", "[", "](", "\n\n", "ﬃ", "ß", "4111 1111 1111 1111", "'", "|", "a@b.co",
    ]
)  # fmt: skip
_HOSTILE = st.lists(_PIECES | st.text(max_size=8), max_size=12).map("".join)


@settings(deadline=None, max_examples=60)
@given(_HOSTILE, _HOSTILE)
def test_every_finding_lies_inside_its_field(subject: str, body: str) -> None:
    copy = make_copy(subject=subject, body=body)
    for finding in run_checks(copy, make_context()):
        value = getattr(copy, finding.field)
        assert 0 <= finding.start <= finding.end <= len(value)
        assert finding.rule in KNOWN_RULES
        assert value[finding.start : finding.end].startswith(finding.quote)


@pytest.mark.parametrize(
    "body",
    [
        "{% if person.city %}" * 600,
        "{{" * 6_000,
        "a." * 6_000,
        "https://" * 1_500,
        "1 " * 6_000,
        "x@" * 6_000,
        "{{ a" + "[a" * 4_000 + "]" * 100 + " }}",
        "[your " * 2_000,
        "<b " * 4_000,
        "-" * 12_000,
        "re: " * 3_000,
        "do not " * 1_700,
        "w" * 50_000,
    ],
)
def test_a_hostile_body_is_answered_all_the_same(body: str) -> None:
    context = make_context()
    assert decide(run_checks(make_copy(body=body), context), context.policy).soft
