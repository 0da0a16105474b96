import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.text import (
    capital,
    clock,
    count,
    date,
    due,
    escape,
    everyone,
    in_words,
    line,
    percent,
    plural,
    relative,
    sentence,
    truncate,
    who,
)

AT = datetime(2026, 11, 24, 14, 47, 9, tzinfo=UTC)
WORDS = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cf"]))


@given(st.text("ab *_~`<>&\n", max_size=60), st.integers(1, 40))
def test_foreign_words_never_close_or_open_a_mark_of_ours(text: str, most: int) -> None:
    shown = line(text, most)
    assert not set(shown) & set("*~`")
    # an underscore is read as a mark only at the edge of a word
    assert not re.search(r"(?<![^\W_])_", shown)


def test_marks_in_foreign_words_look_as_they_were_typed() -> None:
    assert line("50 * 2 `off` _now_ first_name ~maybe~") == (
        "50 \u2217 2 \u02cboff\u02cb \u02cdnow\u02cd first_name \u223cmaybe\u223c"
    )


@given(WORDS, st.integers(1, 200))
def test_truncated_text_is_never_over_the_limit(text: str, limit: int) -> None:
    assert len(truncate(text, limit)) <= limit


@given(WORDS, st.integers(1, 200))
def test_what_was_cut_ends_with_an_ellipsis_and_the_rest_is_untouched(
    text: str, limit: int
) -> None:
    cut = truncate(text, limit)
    assert cut == text if len(text) <= limit else cut.endswith("…")


@given(WORDS, st.integers(1, 40))
def test_a_cut_never_breaks_an_entity(text: str, limit: int) -> None:
    cut = truncate(escape(text), limit).removesuffix("…")
    assert escape(unescape(cut)) == cut or "&" in text


@given(st.lists(st.sampled_from(["&", "<", ">", "a", " "])), st.integers(1, 40))
def test_what_is_left_of_escaped_marks_reads_as_the_start_of_them(
    marks: list[str], limit: int
) -> None:
    text = "".join(marks)
    cut = truncate(escape(text), limit).removesuffix("…")
    assert text.startswith(unescape(cut).rstrip())


def test_a_cut_never_breaks_a_mention_or_a_date() -> None:
    assert truncate("asked <@U0123456> now", 12) == "asked…"
    assert truncate(f"due {date(AT)}", 20) == "due…"


@given(WORDS)
def test_escaping_is_reversible_and_leaves_no_token(text: str) -> None:
    escaped = escape(text)
    assert "<" not in escaped
    assert ">" not in escaped
    assert (
        escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text
    )


def test_direction_marks_become_visible() -> None:
    assert escape("a\u202eb\u2066c") == "a\ufffdb\ufffdc"


def test_foreign_text_stays_on_one_line() -> None:
    assert line("a\n\n <b>\tc") == "a &lt;b&gt; c"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.4, "0.4 s"),
        (1.94, "1.9 s"),
        (12, "12 s"),
        (59.7, "1 min"),
        (23 * 60 + 5, "23 min"),
        (11_400, "3 h 10 min"),
        (7_200, "2 h"),
        (86_400 + 7_200, "1 d 2 h"),
        (86_400 + 120, "1 d"),
    ],
)
def test_a_length_of_time_is_said_in_its_two_largest_units(
    seconds: float, words: str
) -> None:
    assert in_words(timedelta(seconds=seconds)) == words


def test_a_time_is_a_token_with_a_fallback() -> None:
    stamp = int(AT.timestamp())
    assert clock(AT) == f"<!date^{stamp}^{{time}}|14:47 UTC>"
    assert date(AT) == (
        f"<!date^{stamp}^{{date_short_pretty}} {{time}}|24 Nov 2026 14:47 UTC>"
    )
    assert date(AT, "{time_secs}").endswith("|14:47:09 UTC>")


def test_a_deadline_says_when_it_has_passed() -> None:
    assert due(AT, AT - timedelta(hours=3)).endswith("(in 3 h)")
    assert due(AT, AT + timedelta(minutes=5)).startswith("overdue since <!date^")


def test_a_moment_close_to_now_is_just_now() -> None:
    assert relative(AT, AT) == "just now"
    assert relative(AT, AT + timedelta(minutes=2)) == "2 min ago"
    assert relative(AT, AT - timedelta(minutes=2)) == "in 2 min"


def test_numbers_carry_separators_units_and_denominators() -> None:
    assert count(48_200) == "48,200"
    assert plural(1, "mail") == "1 mail"
    assert plural(1200, "mail was", "mails were") == "1,200 mails were"
    assert percent(11, 476) == "2.3 %"
    assert percent(1, 0) == "-"


def test_a_slack_user_is_mentioned_and_a_machine_is_named() -> None:
    assert who("U0COPYONE") == "<@U0COPYONE>"
    assert who("pipeline.rollback <x>") == "pipeline.rollback &lt;x&gt;"
    assert who("") == "somebody"
    assert everyone(["U0A1", "U0B2", "judge"]) == "<@U0A1>, <@U0B2> and judge"


def test_a_sentence_is_closed_once() -> None:
    assert sentence("off brand") == "off brand."
    assert sentence("Off brand.") == "Off brand."
    assert sentence("") == ""
    assert capital("copy review") == "Copy review"
