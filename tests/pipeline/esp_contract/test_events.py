"""Recorded webhooks of every vendor, read into one vocabulary."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Refused
from domain.send import DeliveryEvent
from pipeline.esp import sendgrid_events, ses_events, sparkpost_events
from pipeline.esp.vendors import VENDORS

Normalise = Callable[[Sequence[object]], tuple[DeliveryEvent, ...]]

FOLDER: Final = Path(__file__).parent / "webhooks"
NORMALISE: Final[dict[str, Normalise]] = {
    "sendgrid": sendgrid_events.normalise,
    "sparkpost": sparkpost_events.normalise,
    "ses": ses_events.normalise,
}
TYPES: Final = {
    "sendgrid": set(sendgrid_events.TYPES),
    "sparkpost": set(sparkpost_events.TYPES) - {"amp_initial_open"},
    "ses": set(ses_events.TYPES),
}
AT: Final = datetime.fromtimestamp(1_795_000_000, UTC)


def recorded(vendor: str) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = json.loads((FOLDER / f"{vendor}.json").read_text())
    return read


RECORDED: Final = [
    pytest.param(vendor, one["item"], one["reads"], id=f"{vendor}-{index}")
    for vendor in NORMALISE
    for index, one in enumerate(recorded(vendor))
]


def test_every_vendor_with_a_webhook_has_recordings() -> None:
    assert set(NORMALISE) == {n for n, v in VENDORS.items() if v.has_webhook}


@pytest.mark.parametrize("vendor", NORMALISE)
def test_every_known_type_of_event_is_recorded(vendor: str) -> None:
    text = (FOLDER / f"{vendor}.json").read_text()
    assert {kind for kind in TYPES[vendor] if f'{kind}"' not in _plain(text)} == set()


def _plain(text: str) -> str:
    """Without the quotes of JSON inside JSON."""
    return text.replace("\\", "")


@pytest.mark.parametrize(("vendor", "item", "reads"), RECORDED)
def test_a_recorded_event_reads_as_it_should(
    vendor: str, item: dict[str, Any], reads: dict[str, Any]
) -> None:
    (event,) = NORMALISE[vendor]([item])
    assert (event.send_id, event.campaign_id, event.at) == (4, 7, AT)
    said = {
        "type": event.type,
        "is_hard": event.is_hard,
        "is_machine": event.is_machine,
        "url": event.url,
    }
    assert said == reads


@pytest.mark.parametrize(("vendor", "item", "reads"), RECORDED)
def test_a_copy_of_an_event_is_the_same_event(
    vendor: str, item: dict[str, Any], reads: dict[str, Any]
) -> None:
    first, again = NORMALISE[vendor]([item, copy.deepcopy(item)])
    assert first.event_id == again.event_id
    assert first.event_id.startswith(f"{vendor}:")


@pytest.mark.parametrize(("vendor", "item", "reads"), RECORDED)
def test_no_address_of_a_recipient_is_kept(
    vendor: str, item: dict[str, Any], reads: dict[str, Any]
) -> None:
    assert "@" not in repr(NORMALISE[vendor]([item]))


@pytest.mark.parametrize(("vendor", "item", "reads"), RECORDED)
def test_an_event_of_other_senders_is_left_out(
    vendor: str, item: dict[str, Any], reads: dict[str, Any]
) -> None:
    packed = json.dumps(item).replace("send_id", "x").replace("campaign_id", "y")
    foreign = json.loads(packed)
    assert NORMALISE[vendor]([foreign]) == ()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "msys",
                    "type",
                    "rcpt_meta",
                    "send_id",
                    "campaign_id",
                    "event",
                    "timestamp",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("vendor", NORMALISE)
@given(items=st.lists(_JSON, max_size=3))
def test_whatever_is_posted_is_read_or_refused(vendor: str, items: list[Any]) -> None:
    try:
        read = NORMALISE[vendor](items)
    except Refused as refused:
        assert str(refused).startswith("Item ")  # noqa: PT017 - both ends are fine
    else:
        assert len(read) <= len(items)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("send_id", "four", "send_id is no whole number"),
        ("send_id", True, "send_id is no whole number"),
        ("campaign_id", "9" * 40, "campaign_id is no whole number"),
    ],
)
@pytest.mark.parametrize("vendor", NORMALISE)
def test_a_bad_id_of_ours_is_named(
    vendor: str, field: str, value: object, why: str
) -> None:
    item = json.loads(json.dumps(recorded(vendor)[0]["item"]))
    _put(item, field, value)
    with pytest.raises(Refused, match=rf"Item 0 .*: .*{why}"):
        NORMALISE[vendor]([item])


def _put(item: Any, field: str, value: object) -> None:
    """Set our id, wherever the vendor carries it."""
    if "Message" in item:
        message = json.loads(item["Message"])
        message["mail"]["tags"][field] = [value]
        item["Message"] = json.dumps(message)
    elif "msys" in item:
        next(iter(item["msys"].values()))["rcpt_meta"][field] = value
    else:
        item[field] = value


def test_a_copy_with_another_id_of_sparkposts_is_the_same_event() -> None:
    item = recorded("sparkpost")[0]["item"]
    other = json.loads(json.dumps(item).replace("92356927693813856", "9"))
    first, again = sparkpost_events.normalise([item, other])
    assert first.event_id == again.event_id


def test_two_links_clicked_in_one_second_are_two_events() -> None:
    item = next(
        one["item"] for one in recorded("sparkpost") if '"click"' in json.dumps(one)
    )
    other = json.loads(json.dumps(item).replace("/demo", "/prices"))
    first, second = sparkpost_events.normalise([item, other])
    assert first.event_id != second.event_id


def test_sparkposts_test_of_the_address_is_no_event() -> None:
    assert sparkpost_events.normalise([{"msys": {}}]) == ()


@pytest.mark.parametrize("stamp", ["soon", "", "9" * 17, None, "2026-99-01T00:00:00Z"])
def test_sparkposts_bad_times_are_named(stamp: object) -> None:
    item = json.loads(json.dumps(recorded("sparkpost")[0]["item"]))
    item["msys"]["message_event"]["timestamp"] = stamp
    with pytest.raises(Refused, match=r"Item 0 .*timestamp"):
        sparkpost_events.normalise([item])


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ({"eventType": "Send"}, "mail is no object"),
        ({"eventType": "Send", "mail": []}, "mail is no object"),
        ({"mail": {"tags": {"send_id": ["4"], "campaign_id": ["7"]}}}, "eventType"),
        (
            {"eventType": "Send", "mail": {"tags": {"send_id": ["4"]}}},
            "Timestamp is no time",
        ),
        (
            {
                "eventType": "Send",
                "mail": {"timestamp": AT.isoformat(), "tags": {"send_id": []}},
            },
            "send_id is no whole number",
        ),
    ],
)
def test_what_is_wrong_with_an_event_of_ses_is_named(message: Any, why: str) -> None:
    with pytest.raises(Refused, match=why):
        ses_events.normalise([{"Type": "Notification", "Message": json.dumps(message)}])


@pytest.mark.parametrize(
    "message",
    [
        "Successfully validated SNS topic for Amazon SES event publishing.",
        "[]",
        "[" * 9999,
    ],
)
def test_prose_from_ses_is_no_event(message: str) -> None:
    assert ses_events.normalise([{"Type": "Notification", "Message": message}]) == ()
