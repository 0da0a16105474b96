"""Approving in one go: each text as if by itself."""

from __future__ import annotations

import pytest

from domain.errors import AlreadyDecided, Refused
from pipeline import record
from tests.pipeline.lab import CASPAR, CLEO, Lab


def test_one_of_many_is_approved_as_if_by_itself(desk: Lab) -> None:
    number = desk.brief(tier="C")
    desk.drain()
    request, *_ = desk.requests(number)
    desk.write(record.approve_passing, desk.deps.playbook, request.id, actor=CLEO)
    assert desk.request(request.id).decided_by == CLEO
    assert "variant_approved" in desk.events(number)
    with pytest.raises(AlreadyDecided, match=f"<@{CLEO}>"):
        desk.write(record.approve_passing, desk.deps.playbook, request.id, actor=CASPAR)


def test_a_higher_tier_is_never_approved_in_one_go(desk: Lab) -> None:
    number = desk.brief(tier="B")
    desk.drain()
    request, *_ = desk.requests(number)
    with pytest.raises(Refused, match="only tier C is approved together"):
        desk.write(record.approve_passing, desk.deps.playbook, request.id, actor=CLEO)
    assert desk.request(request.id).closed_at is None
