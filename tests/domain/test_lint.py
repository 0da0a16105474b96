from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.folding import clean, drop_unseen, fold
from domain.link import normalised, problem
from domain.lint import (
    KNOWN_LIMITS,
    KNOWN_RULES,
    Finding,
    Policy,
    PolicyRefused,
    Severity,
    decide,
    mark,
    parse_policy,
)

ORDER = [Severity.PASS, Severity.SOFT, Severity.HARD]


def make_policy_raw(**changes: object) -> dict[str, Any]:
    raw: dict[str, Any] = {
        "name": "email",
        "version": 3,
        "review_due": date(2027, 2, 1),
        "rules": dict.fromkeys(KNOWN_RULES, "soft"),
        "banned_phrases": ["act now"],
    }
    return {**raw, **changes}


def make_finding(rule: str = "pii.card") -> Finding:
    return Finding(rule=rule, field="body", message="It is there.")


def refusal(**changes: object) -> str:
    with pytest.raises(PolicyRefused) as caught:
        parse_policy(make_policy_raw(**changes))
    return str(caught.value)


def test_a_policy_is_read_with_default_limits_and_a_hash() -> None:
    policy = parse_policy(make_policy_raw(limits={"body": 500}))
    assert policy.version == 3
    assert policy.limits == {**KNOWN_LIMITS, "body": 500}
    assert policy.review_due == date(2027, 2, 1)
    assert len(policy.hash) == 64


def test_an_unknown_rule_is_refused_with_the_nearest_one() -> None:
    rules = {**dict.fromkeys(KNOWN_RULES, "soft"), "pii.crad": "hard"}
    assert refusal(rules=rules) == (
        "There is no rule 'pii.crad'. Did you mean 'pii.card'?"
    )


def test_a_rule_without_severity_is_refused() -> None:
    rules = dict.fromkeys(KNOWN_RULES, "soft")
    del rules["pii.card"]
    assert refusal(rules=rules) == "The policy gives no severity to pii.card."


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (
            {"rules": {**dict.fromkeys(KNOWN_RULES, "soft"), "pii.card": "loud"}},
            "'loud'",
        ),
        ({"rules": {**dict.fromkeys(KNOWN_RULES, "soft"), "pii.card": ["x"]}}, "['x']"),
        ({"rules": []}, "needs rules"),
        ({"limits": {"bodi": 3}}, "Did you mean 'body'?"),
        ({"limits": {"body": 0}}, "at least 1"),
        ({"limits": [1]}, "limits must be a table"),
        ({"version": True}, "needs a version"),
        ({"name": ""}, "needs a name"),
        ({"review_due": "soon"}, "needs review_due"),
        ({"banned_phrases": "act now"}, "must be a list"),
        ({"banned_phrases": [""]}, "must be a list"),
        ({"rule": {}}, "Did you mean 'rules'?"),
    ],
)
def test_a_wrong_policy_says_what_is_wrong(change: dict[str, Any], part: str) -> None:
    assert part in refusal(**change)


def test_the_hash_follows_content() -> None:
    first = parse_policy(make_policy_raw())
    same = parse_policy(dict(reversed(make_policy_raw().items())))
    other = parse_policy(make_policy_raw(banned_phrases=[]))
    assert first.hash == same.hash != other.hash


def test_nothing_found_passes() -> None:
    policy = parse_policy(make_policy_raw())
    verdict = decide([], policy)
    assert verdict.outcome is Severity.PASS
    assert (verdict.policy_version, verdict.policy_hash) == (3, policy.hash)


def test_a_rule_the_policy_does_not_name_stops_the_draft() -> None:
    policy = Policy(name="old", version=1, rules={})
    assert decide([make_finding()], policy).outcome is Severity.HARD


_FINDINGS = st.lists(st.sampled_from(sorted(KNOWN_RULES)).map(make_finding))
_RULES = st.fixed_dictionaries(
    {rule: st.sampled_from(list(Severity)) for rule in KNOWN_RULES}
)


@given(_FINDINGS, _FINDINGS, _RULES)
def test_more_findings_never_make_a_better_outcome(
    some: list[Finding], more: list[Finding], rules: dict[str, Severity]
) -> None:
    policy = Policy(name="p", version=1, rules=rules)
    fewer, all_of_them = decide(some, policy), decide(some + more, policy)
    assert ORDER.index(fewer.outcome) <= ORDER.index(all_of_them.outcome)
    assert set(fewer.hard) <= set(all_of_them.hard)


@given(_FINDINGS, _RULES, st.sampled_from(sorted(KNOWN_RULES)))
def test_a_stricter_rule_never_makes_a_better_outcome(
    findings: list[Finding], rules: dict[str, Severity], rule: str
) -> None:
    policy = Policy(name="p", version=1, rules=rules)
    stricter = Policy(name="p", version=2, rules={**rules, rule: Severity.HARD})
    before, after = decide(findings, policy), decide(findings, stricter)
    assert ORDER.index(before.outcome) <= ORDER.index(after.outcome)


@given(st.text(), st.integers(-5, 300), st.integers(-5, 300))
def test_a_mark_is_always_inside_the_text(text: str, start: int, end: int) -> None:
    found = mark("pii.card", "body", text, (start, end), "It is there.")
    assert 0 <= found.start <= found.end <= len(text)
    assert text[found.start : found.end].startswith(found.quote)


@given(st.text(), st.data())
def test_a_folded_span_lies_inside_the_original(text: str, data: st.DataObject) -> None:
    for folded in (fold(text), drop_unseen(text)):
        start = data.draw(st.integers(0, len(folded.text)))
        end = data.draw(st.integers(start, len(folded.text)))
        first, last = folded.span(start, end)
        assert 0 <= first <= last <= len(text)


@pytest.mark.parametrize(
    "disguise",
    [
        "GUARANTEE",
        "guar\u200bantee",
        "gu\u0430r\u0430ntee",
        "\uff47uar\uff41ntee",
        "guarántée",
    ],
)
def test_folding_sees_through_a_disguise(disguise: str) -> None:
    assert fold(disguise).text == "guarantee"


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = clean(text, multiline=True)
    assert clean(once, multiline=True) == once
    once.encode()


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("https://x.example/a?b=c#d", None),
        ("https://x.example", None),
        ("http://x.example", "link.insecure"),
        ("data:text/html,x", "link.scheme"),
        ("//x.example", "link.scheme"),
        ("https://a@x.example", "link.userinfo"),
        ("https://x.example@evil.example/", "link.userinfo"),
        ("https://10.0.0.1/", "link.ip_host"),
        ("https://[::1]/", "link.ip_host"),
        ("https://2130706433/", "link.ip_host"),
        ("https://xn--80ak6aa92e.com/", "link.punycode"),
        ("https://x.example:99999/", "link.malformed"),
        ("https:///path", "link.malformed"),
        ("https://localhost/", "link.malformed"),
        ("https://x.example\\@evil.example", "link.malformed"),
        ("https://x.example/" + "a" * 2000, "link.malformed"),
    ],
)
def test_an_unfit_link_is_named(url: str, rule: str | None) -> None:
    found = problem(url)
    assert (found and found[0]) == rule


def test_links_that_browsers_take_as_one_are_equal() -> None:
    assert normalised("HTTPS://X.Example:443/") == normalised("https://x.example")
    assert normalised("https://x.example/A") != normalised("https://x.example/a")


@given(st.text())
def test_no_text_breaks_the_link_reader(text: str) -> None:
    problem(text)
    normalised(text)
    problem(f"https://{text}")
