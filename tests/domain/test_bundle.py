from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.bundle import (
    ADS_COLUMNS,
    EXPORTED_IN,
    ApprovedArm,
    ads_row,
    check_exported,
    content,
    manifest,
)
from domain.campaign import Campaign, CampaignId, State
from domain.channel import Channel
from domain.errors import Refused
from domain.variant import Copy, Origin, Revision, RevisionId, VariantId

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
LINK = "https://northwind.example/demo"
CAMPAIGN = Campaign(
    id=CampaignId(42),
    version=3,
    state=State.APPROVED,
    brief_id=7,
    title="Recover stalled demos",
    tier="B",
    author="U0MARKETER",
    team="",
    channel="C0CAMPAIGN",
    brief_channel=Channel.AD,
    slot="sidebar-ad",
    audience_id=1,
    audience_size=10,
    send_at=None,
    stage=None,
    step=0,
    paused_from=None,
    reason=None,
    step_started_at=None,
    decides_at=None,
    created_at=NOW,
    updated_at=NOW,
)


def make_arm(**text: str) -> ApprovedArm:
    given = {"subject": "See the demo", "preheader": "Twenty minutes.", "body": "Come."}
    return ApprovedArm(
        label="A",
        revision=Revision(
            id=RevisionId(5),
            variant_id=VariantId(3),
            number=2,
            parent_id=None,
            text=Copy(**{**given, **text}),
            origin=Origin(model="gpt-x"),
            created_at=NOW,
        ),
        approvals=(),
        html="<p>Come.</p>",
    )


@pytest.mark.parametrize("state", State)
def test_copy_leaves_from_approval_on_and_not_while_it_is_stopped(state: State) -> None:
    campaign = replace(CAMPAIGN, state=state)
    if state in EXPORTED_IN:
        check_exported(campaign)
        return
    with pytest.raises(Refused, match="exported once it is approved"):
        check_exported(campaign)


def test_a_mail_is_never_exported() -> None:
    with pytest.raises(Refused, match="#42 is a mail: it is sent from here"):
        check_exported(replace(CAMPAIGN, brief_channel=Channel.EMAIL))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_no_cell_of_an_ad_is_a_formula(start: str) -> None:
    campaign = replace(CAMPAIGN, title=f"{start}cmd|' /C calc'!A0")
    arm = make_arm(subject=f"{start}1+1", preheader=f"{start}HYPERLINK(1)")
    row = dict(zip(ADS_COLUMNS, ads_row(campaign, arm, cta_url=LINK), strict=True))
    for name in ("Campaign", "Headline 1", "Description 1"):
        assert row[name].startswith(f"'{start}")


def test_a_cell_that_its_guard_makes_too_long_is_refused() -> None:
    fits = "=" + "x" * 28
    assert ads_row(CAMPAIGN, make_arm(subject=fits), cta_url=LINK)[3] == f"'{fits}"
    with pytest.raises(Refused, match="Variant A's headline has 31 characters"):
        ads_row(CAMPAIGN, make_arm(subject=f"{fits}x"), cta_url=LINK)
    with pytest.raises(Refused, match="Variant A's description has 92 characters"):
        ads_row(CAMPAIGN, make_arm(preheader="語" * 46), cta_url=LINK)


def test_the_content_names_the_parts_as_the_channel_does() -> None:
    packed = content(CAMPAIGN, make_arm(), cta_url=LINK, brief_sha256="b" * 64)
    found = json.loads(packed)
    assert found["schema"] == "copydesk.content/1"
    assert found["parts"] == {
        "headline": "See the demo",
        "description": "Twenty minutes.",
        "primary_text": "Come.",
    }
    assert found["revision"] == {
        "number": 2,
        "sha256": make_arm().revision.text.sha256,
    }


def test_a_manifest_does_not_depend_on_the_order_of_its_files() -> None:
    one, other = {"a": b"1", "b": b"2"}, {"b": b"2", "a": b"1"}
    assert manifest(CAMPAIGN, one) == manifest(CAMPAIGN, other)
