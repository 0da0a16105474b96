"""Two stages asked at the same time, and a team of its own, through the signed app."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from blocks.ids import Action, Field
from domain.checklist import Question
from domain.rejection import RejectReason
from domain.review import ReviewRequest
from domain.variant import VariantState
from pipeline import record
from storage.store import Store
from tests.bot.bot_lab import CLEO, MARA, Lab, lab
from tests.bot.stages import in_review
from tests.bot.test_approve import at_tier_a
from tests.bot.test_home import home, press_on, shown

ROOT = Path(__file__).parents[2]
DEV, LENA = "U0DELIVER", "U0LEGAL"


@pytest.fixture
def playbook(tmp_path: Path) -> Path:
    """The shipped one; deliverability and legal side by side, and a team of its own."""
    folder = tmp_path / "playbook"
    shutil.copytree(ROOT / "playbook", folder)
    path = folder / "review.yaml"
    review = yaml.safe_load(path.read_text(encoding="utf-8"))
    review["tiers"]["A"] = ["copy", ["deliverability", "legal"], "stakeholder"]
    path.write_text(yaml.safe_dump(review, sort_keys=False), encoding="utf-8")
    return folder


@pytest.fixture
async def side(tmp_path: Path, playbook: Path) -> AsyncIterator[Lab]:
    async with lab(tmp_path, playbook=playbook) as desk:
        yield desk


def through_copy(store: Store, playbook: Any) -> None:
    for request in at_tier_a(store, playbook):
        record.approve(store, playbook, request, actor=CLEO, answered=tuple(Question))


def asked(desk: Lab, stage: str) -> list[ReviewRequest]:
    return [
        each
        for each in desk.write(lambda store: store.reviews.open_requests(1))
        if each.stage == stage
    ]


async def test_each_side_has_its_own_approve_and_both_are_needed(side: Lab) -> None:
    side.write(through_copy, side.deps.playbook)
    await press_on(side, await home(side, by=LENA), "Open", by=LENA)
    window = side.view(LENA)
    assert "Deliverability asked:" in shown(window)
    assert "Legal asked:" in shown(window)
    before = len(asked(side, "legal"))
    await press_on(side, window, "Approve legal", by=LENA)
    assert len(asked(side, "legal")) == before - 1
    # the text waits for the other side
    assert len(asked(side, "deliverability")) == before
    assert side.campaign().stage == "deliverability and legal"


async def test_one_sides_button_is_not_the_other_sides(side: Lab) -> None:
    side.write(through_copy, side.deps.playbook)
    (first, *_) = asked(side, "deliverability")
    await side.press(Action.APPROVE, first.id, by=LENA)
    assert "Only deliverability can decide" in side.whispers(LENA)[-1]
    assert asked(side, "deliverability")[0] == first


async def test_either_side_rejects_with_the_one_button(side: Lab) -> None:
    side.write(through_copy, side.deps.playbook)
    (first, *_) = asked(side, "deliverability")
    await side.press(Action.REJECT, first.id, by=LENA)
    code = {
        "text": {"type": "plain_text", "text": "Legal"},
        "value": RejectReason.LEGAL,
    }
    report = await side.submit(
        {
            Field.REASON_CODE: {"type": "static_select", "selected_option": code},
            Field.REASON: "The offer needs its terms.",
        },
        by=LENA,
    )
    assert report["closed"] is True
    variant = side.write(lambda store: store.variants.get(first.variant_id))
    assert variant.state is VariantState.REJECTED
    assert first not in asked(side, "deliverability")


async def test_a_team_that_is_added_while_the_desk_runs_decides_for_itself(
    side: Lab, playbook: Path
) -> None:
    team = {
        "name": "EMEA",
        "channel": "C0CAMPAIGN",
        "people": {
            MARA: {"name": "mara", "roles": ["marketer"]},
            DEV: {"name": "dev", "roles": ["copy_editor"]},
            LENA: {"name": "lena", "roles": ["copy_editor"]},
        },
    }
    (playbook / "teams").mkdir()
    path = playbook / "teams" / "emea.yaml"
    path.write_text(yaml.safe_dump(team, sort_keys=False), encoding="utf-8")
    first, *_ = side.write(in_review, side.deps.playbook)
    assert side.campaign().team == "emea"
    await side.press(Action.APPROVE, first, by=CLEO)
    assert "Only copy editor can decide" in side.whispers(CLEO)[-1]
    assert side.count("decisions") == 0
    await side.press(Action.APPROVE, first, by=DEV)
    assert side.count("decisions") == 1


async def test_a_team_that_would_weaken_the_centre_changes_nothing(
    side: Lab, playbook: Path
) -> None:
    team = {
        "name": "EMEA",
        "channel": "C0CAMPAIGN",
        "people": {MARA: {"name": "mara", "roles": ["marketer", "copy_editor"]}},
        "review": {"tiers": {"B": ["copy"]}},
    }
    (playbook / "teams").mkdir()
    path = playbook / "teams" / "emea.yaml"
    path.write_text(yaml.safe_dump(team, sort_keys=False), encoding="utf-8")
    side.write(in_review, side.deps.playbook)
    assert side.deps.playbook.teams == {}
    assert side.campaign().team == ""
