from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.brief import (
    BY_NAME,
    FIELDS,
    Brief,
    BriefInvalid,
    brief_sha256,
    canonical,
    json_schema,
    parse_brief,
    to_json,
)


def make_raw(**changes: object) -> dict[str, Any]:
    raw: dict[str, Any] = {
        "title": "Recover stalled demos",
        "objective": "Book the demo they started",
        "audience": "stalled-demo",
        "key_message": "A demo takes 20 minutes",
        "cta_url": "https://northwind.example/demo",
    }
    return {**raw, **changes}


def errors_of(**changes: object) -> dict[str, str]:
    with pytest.raises(BriefInvalid) as caught:
        parse_brief(make_raw(**changes))
    return caught.value.errors


def test_a_short_brief_gets_every_default() -> None:
    brief = parse_brief(make_raw())
    assert brief.channel == "email"
    assert (brief.variants, brief.arms, brief.tier) == (3, 1, "B")
    assert brief.send_at is None
    assert brief.allowed_links == ("https://northwind.example/demo",)


def test_every_field_of_the_table_is_a_field_of_the_brief() -> None:
    assert [each.name for each in FIELDS] == list(Brief.__dataclass_fields__)


def test_no_field_is_longer_than_a_slack_input() -> None:
    assert all(each.max_length <= 3000 for each in FIELDS)


def test_all_wrong_fields_are_named_at_once() -> None:
    errors = errors_of(title="", variants=9, tier="D", cta_url="ftp://x.example")
    assert set(errors) == {"title", "variants", "tier", "cta_url"}
    assert errors["variants"] == "Variants must be from 1 to 8."
    assert errors["tier"] == "Tier must be A or B or C, not 'D'."
    assert errors["cta_url"].startswith("Only https links may be used.")


def test_an_unknown_field_is_named_with_the_nearest_one() -> None:
    errors = errors_of(forbiden_phrases=["x"])
    assert errors == {
        "forbiden_phrases": "There is no such field. Did you mean 'forbidden_phrases'?"
    }


def test_other_channels_are_refused_in_words() -> None:
    assert errors_of(channel="sms") == {
        "channel": "Channel must be email or landing_page or ad or chat, not 'sms'."
    }


def test_copy_that_is_no_mail_names_its_slot() -> None:
    assert errors_of(channel="landing_page") == {
        "slot": "Landing page copy needs the slot that shows it."
    }
    assert parse_brief(make_raw(channel="chat", slot="chat-pricing")).slot


def test_a_mail_has_no_slot() -> None:
    assert errors_of(slot="home-hero") == {
        "slot": "A mail is shown in no slot; leave it empty."
    }


@pytest.mark.parametrize(
    ("field", "value", "part"),
    [
        ("title", 5, "must be text, not '5'"),
        ("title", "x" * 81, "has 81 characters; at most 80 fit"),
        ("title", "\u200b\u202e", "is needed"),
        ("personas", {"a": 1}, "must be a list of texts, not an object"),
        ("personas", ["ok", 3], "must be text"),
        ("personas", ["p"] * 11, "has 11 entries; at most 10 fit"),
        ("max_words", "many", "must be a whole number"),
        ("max_words", 10.5, "must be a whole number"),
        ("max_words", True, "must be a whole number, not true or false"),
        ("max_words", float("inf"), "must be a whole number"),
        ("metric_target", "nan", "must be a number"),
        ("plain_text_part", "maybe", "must be true or false"),
        ("send_at", "2026-12-01T09:00:00", "needs a time zone"),
        ("send_at", "tomorrow", "must be a time such as"),
        ("send_at", 10**20, "must be a time such as"),
        ("send_at", ["x"], "must be a time such as"),
        ("cta_url", "https://me:pw@x.example/", "hides its real host"),
        ("cta_url", "https://127.0.0.1/", "bare IP address"),
        ("cta_url", "https://0x7f.1/", "bare IP address"),
        ("cta_url", "https://nоrthwind.example/", "another script"),  # noqa: RUF001 - the Cyrillic letter is the case
        ("cta_url", "javascript:alert(1)", "Only https links"),
        ("cta_url", "http://x.example/", "can be changed on the way"),
        ("cta_url", "https://[::1", "cannot be read as a link"),
        ("allowed_links", "not a link", "cannot be read as a link"),
    ],
)
def test_a_wrong_value_is_explained(field: str, value: object, part: str) -> None:
    assert part in errors_of(**{field: value})[field]


def test_what_a_form_gives_is_read_like_json() -> None:
    brief = parse_brief(
        make_raw(
            forbidden_phrases="act now\n\n  game changer ",
            allowed_links="https://A.example\nhttps://b.example/x",
            max_words="150",
            plain_text_part="no",
            send_at=1_796_115_600,
        )
    )
    assert brief.forbidden_phrases == ("act now", "game changer")
    assert brief.allowed_links[1:] == ("https://a.example", "https://b.example/x")
    assert brief.max_words == 150
    assert brief.plain_text_part is False
    assert brief.send_at == datetime.fromtimestamp(1_796_115_600, UTC)


def test_hidden_characters_are_stripped_from_text() -> None:
    brief = parse_brief(make_raw(title="Re\u200bcover\u202e \x07demos\ud800"))
    assert brief.title == "Recover demos"


def test_arms_need_as_many_variants_and_something_that_differs() -> None:
    assert "at least 4 variants" in errors_of(arms=4, ab_variable="body")["arms"]
    assert "ab_variable" in errors_of(arms=2)
    assert errors_of(ab_variable="subject") == {
        "arms": "An A/B test needs 2 arms or more, as many as there are variants."
    }


def test_every_variant_may_be_an_arm() -> None:
    brief = parse_brief(make_raw(arms=8, variants=8, ab_variable="subject"))
    assert brief.arms == brief.variants == 8
    assert "from 1 to 8" in errors_of(arms=9, variants=8)["arms"]


def test_the_hash_depends_on_content_not_on_order() -> None:
    raw = make_raw()
    backwards = dict(reversed(raw.items()))
    assert brief_sha256(parse_brief(raw)) == brief_sha256(parse_brief(backwards))
    assert brief_sha256(parse_brief(raw)) != brief_sha256(
        parse_brief(make_raw(tier="A"))
    )


def test_the_schema_is_valid_and_accepts_what_a_brief_writes() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    jsonschema.validate(to_json(parse_brief(make_raw())), json_schema())


def test_the_schema_refuses_what_the_parser_refuses() -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    for change in ({"tier": "D"}, {"variants": 9}, {"nope": 1}, {"title": ""}):
        assert not validator.is_valid(make_raw(**change))
        errors_of(**change)


_WORDS = st.text(min_size=1, max_size=60)


def parsed_or_mistakes(raw: dict[str, Any]) -> Brief | dict[str, str]:
    try:
        return parse_brief(raw)
    except BriefInvalid as invalid:
        return invalid.errors


@given(
    title=_WORDS,
    personas=st.lists(_WORDS, max_size=10),
    target=st.none() | st.floats(0, 1e9),
    when=st.none() | st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
)
def test_a_brief_survives_writing_and_reading(
    title: str, personas: list[str], target: float | None, when: str | None
) -> None:
    raw = make_raw(title=f"t{title}", personas=personas, metric_target=target)
    brief = parse_brief({**raw, "send_at": when})
    assert parse_brief(to_json(brief)) == brief
    canonical(brief).encode()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*BY_NAME, "other"]), _JSON))
def test_any_json_object_is_a_brief_or_a_list_of_mistakes(raw: dict[str, Any]) -> None:
    answer = parsed_or_mistakes(raw)
    if not isinstance(answer, Brief):
        assert answer
        assert all(text.endswith((".", "?")) for text in answer.values())
