from __future__ import annotations

from pathlib import Path

import pytest

from domain.channel import Channel, Slot
from pipeline.playbook_slots import load_slots
from pipeline.playbook_values import PlaybookRefused

SHIPPED = Path(__file__).resolve().parents[2] / "playbook"


def write(folder: Path, text: str) -> Path:
    (folder / "slots.yaml").write_text(text, encoding="utf-8")
    return folder


def test_the_shipped_slots_take_every_channel_that_is_no_mail() -> None:
    slots = load_slots(SHIPPED)
    assert {each.channel for each in slots.values()} == set(Channel) - {Channel.EMAIL}
    assert slots["sidebar-ad"] == Slot(
        key="sidebar-ad", title="Blog, sidebar ad", channel=Channel.AD
    )


def test_a_slot_may_have_a_ladder_of_its_own(tmp_path: Path) -> None:
    said = "{title: T, channel: ad, ladder: [0.5, 100], exposures: [300, 900]}"
    slot = load_slots(write(tmp_path, f"slots: {{a: {said}}}"))["a"]
    assert (slot.ladder, slot.exposures, slot.generation) == (
        (0.5, 100.0),
        (300, 900),
        1,
    )


def test_a_playbook_without_the_file_has_no_slot(tmp_path: Path) -> None:
    assert load_slots(tmp_path) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("slots: [a]", "slots.yaml, slots must be a table of names and values."),
        ("slots: {a b: {title: T, channel: ad}}", "slots.yaml, a b: a slot's key has"),
        ("slots: {-a: {title: T, channel: ad}}", "slots.yaml, -a: a slot's key has"),
        (
            "slots: {a: {title: T, channel: email}}",
            'channel is "email"; landing_page, ad, chat are allowed',
        ),
        ("slots: {a: {title: T, channel: ad, x: 1}}", "slots.yaml, a does not know x"),
        ("slots: {a: {channel: ad}}", "slots.yaml, a: title must be a text"),
        (
            "slots: {a: {title: T, channel: ad, ladder: [5, 3, 100]}}",
            "slots.yaml, a: ladder must rise from above 0 up to 100",
        ),
        (
            "slots: {a: {title: T, channel: ad, ladder: [60, 100], exposures: [1, 2]}}",
            "ladder must begin with 50 per cent at most",
        ),
        (
            "slots: {a: {title: T, channel: ad, ladder: [.inf, .nan]}}",
            "ladder must rise from above 0 up to 100",
        ),
        (
            "slots: {a: {title: T, channel: ad, ladder: [true, 100]}}",
            'a, ladder holds "True"; numbers are allowed',
        ),
        (
            "slots: {a: {title: T, channel: ad, exposures: [500, 2000]}}",
            "exposures must rise, one number for each step of the ladder",
        ),
        (
            "slots: {a: {title: T, channel: ad, exposures: 5}}",
            "a, exposures must be a list of up to 10 numbers",
        ),
        (
            "slots: {a: {title: T, channel: ad, generation: 0}}",
            'a, generation is "0"; a whole number from 1 is allowed',
        ),
        ("places: {}", "slots.yaml does not know places"),
    ],
)
def test_a_slot_that_cannot_be_is_refused_by_name(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(PlaybookRefused) as refused:
        load_slots(write(tmp_path, text))
    assert said in str(refused.value)
