from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.personalize import CannotRender, Footer, Profile
from domain.variant import Copy
from pipeline.merge import (
    Template,
    TemplateBroken,
    render,
    tokens_used,
    validate_tokens,
)

FOOTER = Footer(
    sender_name="Ada",
    company="Northwind & Sons",
    postal_address="12 Harbour St\nBristol",
)
BODY = (
    "Hi {{ person.first_name | default: 'there' }},\n\n"
    "{% if person.company %}{{ person.company }} can join.{% endif %}\n\n"
    "A plain paragraph with <angle> & ampersand.\n\n"
    "Book a demo: {{ links.cta }}\n\nBest,\n{{ sender.name }}"
)


def make_copy(**changes: str) -> Copy:
    texts = {"subject": "Still here?", "preheader": "Two things", "body": BODY}
    return Copy(**{**texts, **changes})


def make_profile(**person: str | None) -> Profile:
    return Profile(
        cta_url="https://northwind.example/demo?a=1&b=2",
        unsubscribe_url="https://northwind.example/u/t0k",
        person=person,
    )


def rules(body: str) -> list[str]:
    return sorted(each.rule for each in validate_tokens("Subject", "Preheader", body))


def test_a_recipient_with_values_sees_them() -> None:
    mail = render(make_copy(), make_profile(first_name="Åsa", company="AT&T"), FOOTER)
    assert mail.text.startswith("Hi Åsa,\n\nAT&T can join.\n\nA plain")
    assert "AT&amp;T can join." in mail.html


def test_a_recipient_without_values_sees_the_fallback() -> None:
    mail = render(make_copy(), make_profile(first_name=None, company=""), FOOTER)
    assert mail.text.startswith("Hi there,\n\nA plain paragraph")
    assert "can join" not in mail.html


def test_both_parts_carry_address_and_unsubscribe_link() -> None:
    mail = render(make_copy(), make_profile(), FOOTER)
    for part in (mail.text, mail.html):
        assert "12 Harbour St, Bristol" in part
        assert "https://northwind.example/u/t0k" in part


def test_the_html_part_is_well_formed_and_escaped() -> None:
    mail = render(make_copy(), make_profile(first_name="O'Brien"), FOOTER)
    page = ET.fromstring(mail.html.removeprefix("<!DOCTYPE html>\n"))  # noqa: S314 - our own text
    assert page.get("lang") == "en"
    assert page.findtext("head/title") == "Still here?"
    paragraphs = ["".join(each.itertext()) for each in page.iterfind("body/main/p")]
    assert "A plain paragraph with <angle> & ampersand." in paragraphs
    assert "Hi O'Brien," in paragraphs


def test_a_paragraph_that_is_the_call_to_action_becomes_a_button() -> None:
    for line in ("Book a demo: {{ links.cta }}", "[Book a demo]({{ links.cta }})"):
        mail = render(make_copy(body=f"Hello.\n\n{line}"), make_profile(), FOOTER)
        assert (
            '<a class="button" href="https://northwind.example/demo?a=1&amp;b=2">'
            "Book a demo</a>" in mail.html
        )
        assert "Book a demo: https://northwind.example/demo?a=1&b=2" in mail.text


def test_a_link_in_a_sentence_keeps_its_full_stop_outside() -> None:
    body = (
        "Read https://northwind.example/docs. Then (https://northwind.example/b).\n"
        "See https://northwind.example/a_(b), too."
    )
    mail = render(make_copy(body=body), make_profile(), FOOTER)
    assert 'href="https://northwind.example/docs">' in mail.html
    assert 'href="https://northwind.example/b">' in mail.html
    assert 'href="https://northwind.example/a_(b)">' in mail.html


def test_one_template_serves_many_recipients_apart() -> None:
    template = Template(make_copy(), FOOTER)
    first = template.render(make_profile(first_name="Ann"))
    second = template.render(make_profile())
    assert "Ann" in first.text
    assert "Ann" not in second.text
    assert template.render(make_profile(first_name="Ann")) == first


@pytest.mark.parametrize(
    ("body", "person", "reason"),
    [
        ("Hi {{ person.first_name }}, see.", {}, "without fallback has no value"),
        ("Hi {{ person.nick }}, see.", {"first_name": "Ann"}, "no value"),
        ("Hi {{ person.city | default: '' }}, see.", {}, "greeting has no name"),
        ("See {{ person.city | default: 'None' }}", {}, None),
        (
            "{{ person.city | default: '{' }}{{ person.city | default: '{' }}",
            {},
            "left",
        ),
        ("{% if person.city %}See.{% endif %}", {}, "subject or body is empty"),
        ("{{ person.city | default: 'https:/' }}/evil.example/x y", {}, "link nobody"),
    ],
)
def test_a_mail_that_would_come_out_wrong_is_not_made(
    body: str, person: dict[str, str], reason: str | None
) -> None:
    template = Template(make_copy(body=body), FOOTER)
    if reason is None:
        template.render(make_profile(**person))
        return
    with pytest.raises(CannotRender, match=reason):
        template.render(make_profile(**person))


def test_a_refusal_holds_no_personal_data() -> None:
    template = Template(
        make_copy(body="{{ person.first_name }} {{ person.city }}"), FOOTER
    )
    with pytest.raises(CannotRender) as caught:
        template.render(make_profile(first_name="Zebedee"))
    assert "Zebedee" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_subject_cannot_grow_a_header() -> None:
    template = Template(
        make_copy(subject="Hi {{ person.city | default: 'x' }}"), FOOTER
    )
    mail = template.render(make_profile(city="Oslo\r\nBcc: all@corp.example"))
    assert mail.subject == "Hi x"


def test_a_link_that_is_not_on_the_web_is_refused() -> None:
    profile = Profile(
        cta_url="javascript:alert(1)", unsubscribe_url="https://x.example"
    )
    with pytest.raises(CannotRender, match="not a web link"):
        render(make_copy(), profile, FOOTER)


def test_a_footer_without_address_cannot_send() -> None:
    with pytest.raises(CannotRender, match="postal address"):
        Template(make_copy(), Footer(sender_name="A", company="B", postal_address=" "))


@pytest.mark.parametrize(
    "body",
    [
        "{% for i in (1..100000000) %}x{% endfor %}",
        "{% assign a = 'x' %}{{ a }}",
        "{% include 'secrets' %}",
        "{% raw %}{{ x }}{% endraw %}",
        "{% if person.city %}",
        "{{ person.city | append: 'x' }}",
        "{{ person.city",
    ],
)
def test_what_is_not_allowed_never_runs(body: str) -> None:
    with pytest.raises((TemplateBroken, CannotRender)):
        Template(make_copy(body=body), FOOTER).render(make_profile(city="Oslo"))


def test_no_tag_opens_in_one_field_and_closes_in_another() -> None:
    with pytest.raises(TemplateBroken):
        Template(make_copy(subject="{% if person.city %}", body="x{% endif %}"), FOOTER)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (BODY, []),
        ("{{ person.first_name }}", ["token.fallback_missing"]),
        ("{{ person.first_name | default: '' }}", ["token.fallback_missing"]),
        ("{{ person.city | upcase | default: 'x' }}", ["token.fallback_missing"]),
        ("{{ person.city | default: person.company }}", ["token.fallback_missing"] * 2),
        ("{% if person.city %}{{ person.city }}{% endif %}", []),
        (
            "{% if person.city and person.company %}{{ person.city }}{% endif %}",
            [],
        ),
        (
            "{% if person.city or person.company %}{{ person.city }}{% endif %}",
            ["token.fallback_missing"],
        ),
        (
            "{% if person.city %}x{% else %}{{ person.city }}{% endif %}",
            ["token.fallback_missing"],
        ),
        (
            "{% unless person.city %}{{ person.city }}{% endunless %}",
            ["token.fallback_missing"],
        ),
        ("{% if person.age %}x{% endif %}", ["token.unknown"]),
        ("{{ person.email }}", ["token.unknown"]),
        ("{{ person[links.cta] }}", ["token.unknown"]),
        ("{{ 'text' }}", ["token.unknown"]),
        ("{{ sender.name | append: 'x' }}", ["token.filter_not_allowed"]),
        ("{{ sender.name | nosuch }}", ["token.filter_not_allowed"]),
        ("{% for i in (1..9) %}x{% endfor %}", ["token.tag_not_allowed"] * 2),
        ("{% raw %}x{% endraw %}", ["token.tag_not_allowed"] * 2),
        ("{{ {{ sender.name }} }}", ["token.syntax"] * 3),
        ("{{ person.first_name", ["token.syntax"] * 2),
        ("person.first_name }}", ["token.syntax"]),
        ("{% if person.city %}x", ["token.syntax"]),
        ("Dear [Your Name]", ["token.placeholder"]),
        ("Dear *|FNAME|*", ["token.placeholder"]),
        ("Dear %FIRST_NAME%", ["token.placeholder"]),
        ("Dear {first_name}", ["token.placeholder"]),
        ("Dear ${name}", ["token.placeholder"]),
        ("Dear <<name>>", ["token.placeholder"]),
    ],
)
def test_a_template_fault_is_found_before_anyone_reviews(
    body: str, expected: list[str]
) -> None:
    assert rules(body) == expected


def test_the_fix_is_in_the_message() -> None:
    (unknown,) = validate_tokens("{{ person.firstname }}", "", "")
    assert unknown.message == (
        "There is no merge token person.firstname. Did you mean 'person.first_name'?"
    )
    (bare,) = validate_tokens("", "", "Hi {{ person.city }}!")
    assert bare.quote == "{{ person.city }}"
    assert "{{ person.city | default: '...' }}" in bare.message


def test_token_uses_carry_path_fallback_and_place() -> None:
    (use,) = tokens_used("Hi {{ person.city | default: 'you' | upcase }}")
    assert (use.path, use.fallback, use.filters) == (
        "person.city",
        "you",
        ("default", "upcase"),
    )
    assert use.start == 6


_PIECE = st.sampled_from(
    [
        "{{ person.first_name | default: 'you' }}",
        "{% if person.city %}",
        "{% else %}",
        "{% endif %}",
        " {{ links.cta }} ",
        "Hello there. ",
        "\n\n",
        "{{ person.city }}",
        "<i>",
        "{{",
        "99999",
    ]
)
_VALUE = st.none() | st.text(max_size=30)


@settings(deadline=None)
@given(st.lists(_PIECE, max_size=10).map("".join), _VALUE, _VALUE)
def test_what_validates_renders_for_everyone_or_is_refused_in_words(
    body: str, name: str | None, city: str | None
) -> None:
    copy = make_copy(body=f"Start. {body}")
    if validate_tokens(copy.subject, copy.preheader, copy.body):
        return
    mail = render(copy, make_profile(first_name=name, city=city), FOOTER)
    assert "{{" not in mail.text
    ET.fromstring(mail.html.removeprefix("<!DOCTYPE html>\n"))  # noqa: S314 - our own text
