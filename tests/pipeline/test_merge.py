from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.lint import Finding
from domain.personalize import (
    CannotRender,
    Fallback,
    Footer,
    Profile,
    Rendered,
    tokens_of,
)
from domain.privacy import Bucket, FieldClass, FieldRule, Period, Privacy
from domain.variant import Copy
from pipeline.checks.tokens import token_findings
from pipeline.merge import Template, crowd_fields
from pipeline.merge_reading import TemplateBroken, tokens_used

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


def make_rule(path: str, **changes: Any) -> FieldRule:
    given = {
        "about": "It.",
        "kind": FieldClass.PERSONAL,
        "purpose": "To greet.",
        "k": 1,
    }
    return FieldRule(path=path, **{**given, **changes})


def make_privacy(*rules: FieldRule) -> Privacy:
    names = ("first_name", "last_name", "company", "job_title", "city")
    fields = {f"person.{name}": make_rule(f"person.{name}") for name in names}
    return Privacy(fields={**fields, **{each.path: each for each in rules}})


PRIVACY = make_privacy()


def make_template(text: Copy, *rules: FieldRule, **changes: Any) -> Template:
    return Template(text, FOOTER, make_privacy(*rules), **changes)


def render(text: Copy, profile: Profile, footer: Footer = FOOTER) -> Rendered:
    return Template(text, footer, PRIVACY).render(profile)


def validate_tokens(
    subject: str, preheader: str, body: str, privacy: Privacy = PRIVACY
) -> tuple[Finding, ...]:
    texts = {"subject": subject, "preheader": preheader, "body": body}
    return tuple(
        finding
        for field, text in texts.items()
        for finding in token_findings(field, text, tokens_of(privacy))
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
    template = make_template(make_copy())
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
    template = make_template(make_copy(body=body))
    if reason is None:
        template.render(make_profile(**person))
        return
    with pytest.raises(CannotRender, match=reason):
        template.render(make_profile(**person))


def test_a_refusal_holds_no_personal_data() -> None:
    template = make_template(
        make_copy(body="{{ person.first_name }} {{ person.city }}")
    )
    with pytest.raises(CannotRender) as caught:
        template.render(make_profile(first_name="Zebedee"))
    assert "Zebedee" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_subject_cannot_grow_a_header() -> None:
    template = make_template(make_copy(subject="Hi {{ person.city | default: 'x' }}"))
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
        render(
            make_copy(),
            make_profile(),
            Footer(sender_name="A", company="B", postal_address=" "),
        )


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
        make_template(make_copy(body=body)).render(make_profile(city="Oslo"))


def test_no_tag_opens_in_one_field_and_closes_in_another() -> None:
    with pytest.raises(TemplateBroken):
        make_template(make_copy(subject="{% if person.city %}", body="x{% endif %}"))


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


# Blocks that are kept ------------------------------------------------------------

_ANY_PIECE = st.sampled_from(
    [
        "{{ person.first_name | default: 'you' }}",
        "{{ person.first_name }}",
        "{{ person.company | default: person.city }}",
        "{{ person.city | upcase | default: 'x' }}",
        "{{ person.city | strip | default: 'https:/' }}",
        "{{ attributes.plan | default: '/northwind.example/a' }}",
        "{% if person.city %}",
        "{% unless person.company and person.city %}",
        "{% if person.city == 'Oslo' %}",
        "{% else %}",
        "{% endif %}",
        "{% endunless %}",
        "{{ links.cta }}",
        "{{ links.unsubscribe }}",
        "{{- links.cta -}}",
        "{{ sender.name }}",
        "https://northwind.example/a",
        "https://northwind.example/",
        "https:/",
        "http",
        "://",
        "Book now: ",
        "Dear ",
        "Hi ",
        "No",
        "\n\n",
        "\n \n\n",
        "\n",
        "  ",
        " & <b>",
        "100 %s %",
        ". ",
        "(",
        ")",
        "/",
        ":",
        "-",
        ",",
        "\ue000",
    ]
)
_ANY_VALUE = (
    st.none()
    | st.sampled_from(
        [
            "Ada",
            "ne",
            "one",
            "O'Brien & Co",
            "a:",
            "x/",
            "/x",
            "https",
            "s",
            "xhttps:",
            "Oslo-",
            "p",
            "→",
            "A  B",
            "demo",
            "%s",
            "100%",
            "\ue001",
            "Åsa",
            "(",
        ]
    )
    | st.text(max_size=12)
)
_ANY_LINK = st.sampled_from(
    [
        "https://northwind.example/a",
        "https://northwind.example/demo?a=1&b=2",
        "http://northwind.example/",
        "https://northwind.example/x.",
        "https://northwind.example/(x)",
        "https://northwind.example/'x'",
        "https://northwind.example/a b",
        "https://northwind.example/\ue000",
        "javascript:alert(1)",
        "",
    ]
)


def outcome(make: Callable[[Profile], Rendered], profile: Profile) -> Rendered | str:
    try:
        return make(profile)
    except CannotRender as refused:
        return refused.reason


@settings(deadline=None, max_examples=300)
@given(
    st.lists(_ANY_PIECE, max_size=9).map("".join),
    st.lists(_ANY_PIECE, max_size=3).map("".join),
    st.lists(
        st.tuples(_ANY_VALUE, _ANY_VALUE, _ANY_VALUE, _ANY_VALUE, _ANY_LINK, _ANY_LINK),
        min_size=1,
        max_size=6,
    ),
)
def test_every_recipient_reads_what_a_merge_of_their_own_would_have_made(
    body: str,
    subject: str,
    people: list[tuple[str | None, str | None, str | None, str | None, str, str]],
) -> None:
    copy = make_copy(subject=f"So {subject}", body=f"Start. {body}")
    try:
        template = make_template(copy, make_rule("attributes.plan"))
    except TemplateBroken:
        return
    for first, company, city, plan, cta, unsubscribe in people:
        profile = Profile(
            cta_url=cta,
            unsubscribe_url=unsubscribe,
            person={"first_name": first, "company": company, "city": city},
            attributes={"plan": plan},
        )
        kept = outcome(template.render, profile)
        assert kept == outcome(template.render_afresh, profile)


def test_recipients_of_whom_the_same_is_known_share_one_merge() -> None:
    template = make_template(make_copy())
    for number in range(50):
        template.render(make_profile(first_name=f"Ann {number}", company="Cedar"))
    assert template.blocks_kept == 1
    template.render(make_profile())
    assert template.blocks_kept == 2


@pytest.mark.parametrize(
    "body",
    [
        "{% if person.city == 'Oslo' %}Hello Oslo.{% endif %} Hi.",
        "{{ person.city | default: 'you' | upcase }} is far.",
        "{{ person.city.size }} letters.",
        "A \ue000 character of nobody's alphabet.",
    ],
)
def test_a_text_that_looks_at_a_value_is_merged_for_each(body: str) -> None:
    template = make_template(make_copy(body=body))
    for city in ("Oslo", "Bergen"):
        profile = make_profile(city=city)
        assert outcome(template.render, profile) == outcome(
            template.render_afresh, profile
        )
    assert template.blocks_kept == 0


def test_kept_blocks_have_a_bound() -> None:
    uses = " ".join(
        f"{{{{ attributes.a{number} | default: 'x' }}}}" for number in range(8)
    )
    rules = [make_rule(f"attributes.a{number}") for number in range(8)]
    template = make_template(make_copy(body=uses), *rules)
    for known in range(256):
        attributes = {f"a{n}": "y" if known >> n & 1 else "" for n in range(8)}
        profile = Profile(
            cta_url="https://northwind.example/demo",
            unsubscribe_url="https://northwind.example/u/1",
            attributes=attributes,
        )
        assert template.render(profile) == template.render_afresh(profile)
    assert template.blocks_kept == 64


# Privacy ---------------------------------------------------------------------------

COMPANY = "At {{ person.company | default: 'your company' }} now."
PLAN = "You have {{ attributes.plan | default: 'a' }} plan."


def seen(
    body: str, *rules: FieldRule, common: Any = None, **profile: Any
) -> tuple[str, frozenset[Fallback]]:
    template = make_template(make_copy(body=body), *rules, common=common or {})
    links = {
        "cta_url": "https://northwind.example/demo",
        "unsubscribe_url": "https://northwind.example/u/1",
    }
    mail = template.render(Profile(**{**links, **profile}))
    assert mail == template.render_afresh(Profile(**{**links, **profile}))
    return mail.text.splitlines()[0], mail.kept_back


def test_a_column_of_the_list_is_merged_when_privacy_knows_it() -> None:
    attributes = {"plan": "team", "other": "x"}
    rule = make_rule("attributes.plan")
    assert seen(PLAN, rule, attributes=attributes)[0] == "You have team plan."
    assert seen(PLAN, attributes=attributes)[0] == "You have a plan."


def test_outside_the_regions_the_fallback_is_read() -> None:
    rule = make_rule("person.company", regions=frozenset({"emea"}))
    person = {"company": "Cedar Labs"}
    inside = seen(COMPANY, rule, person=person, region=" EMEA ")
    assert inside == ("At Cedar Labs now.", frozenset())
    for region in ("AMER", ""):
        outside = seen(COMPANY, rule, person=person, region=region)
        assert outside == ("At your company now.", frozenset({Fallback.REGION}))


def test_a_value_of_few_is_not_read() -> None:
    rule = make_rule("person.company", k=20)
    person = {"company": "Cedar Labs"}
    common = {"person.company": frozenset({"Cedar Labs"})}
    assert seen(COMPANY, rule, person=person, common=common)[0] == "At Cedar Labs now."
    rare = seen(COMPANY, rule, person=person)
    assert rare == ("At your company now.", frozenset({Fallback.RARE}))


def test_a_value_of_few_does_not_decide_what_a_text_says_either() -> None:
    rule = make_rule("person.city", k=20)
    body = "{% if person.city == 'Oslo' %}Hello, Oslo.{% else %}Hello.{% endif %}"
    assert seen(body, rule, person={"city": "Oslo"})[0] == "Hello."


def test_numbers_and_dates_are_read_coarsely() -> None:
    size = make_rule("attributes.plan", bucket=Bucket(edges=(10, 50, 200)))
    since = make_rule("attributes.plan", bucket=Bucket(period=Period.MONTH))
    assert seen(PLAN, size, attributes={"plan": "120"})[0] == "You have 50-200 plan."
    assert seen(PLAN, size, attributes={"plan": "many"})[0] == "You have a plan."
    shown = seen(PLAN, since, attributes={"plan": "2026-03-14"})[0]
    assert shown == "You have March 2026 plan."


def test_a_field_that_no_text_may_show_is_not_shown_by_an_older_text() -> None:
    rule = make_rule("person.company", in_text=False)
    assert seen(COMPANY, rule, person={"company": "Cedar"}) == (
        "At your company now.",
        frozenset({Fallback.PRIVATE}),
    )


def test_a_recipient_without_a_required_value_gets_no_mail() -> None:
    rule = make_rule("person.company", is_required=True)
    body = "At {{ person.company }} now."
    assert validate_tokens("", "", body, make_privacy(rule)) == ()
    assert validate_tokens("", "", body)[0].rule == "token.fallback_missing"
    with pytest.raises(CannotRender, match="has no value"):
        seen(body, rule)


def test_lint_says_why_a_field_may_not_be_used() -> None:
    rule = make_rule(
        "attributes.income",
        kind=FieldClass.SENSITIVE,
        purpose="To set credit limits.",
        in_text=False,
    )
    privacy = make_privacy(rule)
    for body in (
        "{{ attributes.income | default: 'x' }}",
        "{% if attributes.income %}rich{% endif %}",
    ):
        (found,) = validate_tokens("", "", body, privacy)
        assert found.rule == "token.private"
        assert found.message == (
            "attributes.income may not appear in a text, nor decide what one says: it"
            " is sensitive, and kept for this: To set credit limits."
        )
    (unknown,) = validate_tokens("", "", "{{ attributes.incom }}", privacy)
    assert unknown.message.endswith("Did you mean 'attributes.income'?")


def test_only_fields_that_are_used_and_shared_are_counted() -> None:
    privacy = make_privacy(make_rule("person.city", k=20), make_rule("person.company"))
    text = make_copy(body="{% if person.city %}x{% endif %}{{ person.company }}")
    assert [each.path for each in crowd_fields(text, privacy)] == ["person.city"]


def test_the_account_says_what_was_filled_in_and_what_was_not() -> None:
    template = make_template(
        make_copy(body=f"{COMPANY} {{{{ person.city | default: 'x' }}}}"),
        make_rule("person.city", k=20),
    )
    profile = make_profile(company="Cedar", city="Oslo")
    assert template.account(profile) == {
        "person.city": Fallback.RARE,
        "person.company": "Cedar",
    }


@pytest.mark.parametrize(
    ("copy", "person", "reason"),
    [
        ({"subject": "Hi {{ person.city | default: ' ' }}, see"}, {}, "greeting"),
        (
            {"preheader": "{{ person.city | default: 'x' }}" * 10},
            {"city": "y" * 80},
            "too long",
        ),
        ({"body": "A %{{ person.city | default: '}' }} b"}, {}, "left"),
    ],
)
def test_what_comes_out_is_looked_at_in_every_part(
    copy: dict[str, str], person: dict[str, str], reason: str
) -> None:
    with pytest.raises(CannotRender, match=reason):
        render(make_copy(**copy), make_profile(**person))
