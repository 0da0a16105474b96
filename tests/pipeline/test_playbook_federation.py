"""teams/*.yaml: read, laid over the centre's rules, and refused where it is weaker."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.channel import Channel
from pipeline.playbook import Playbook, load_playbook
from pipeline.playbook_values import PlaybookRefused

ROOT = Path(__file__).parents[2]
EMEA: dict[str, Any] = {
    "name": "EMEA",
    "channel": "C0EMEA",
    "people": {
        "U0EMEAONE": {"name": "ella", "roles": ["marketer"]},
        "U0EMEATWO": {"name": "enzo", "roles": ["copy_editor"]},
        "U0EMEATRE": {"name": "edda", "roles": ["copy_editor"]},
    },
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "playbook"
    shutil.copytree(ROOT / "playbook", copy)
    (copy / "teams").mkdir(exist_ok=True)
    return copy


def load(folder: Path, **more: Any) -> Playbook:
    text = yaml.safe_dump({**EMEA, **more}, sort_keys=False)
    (folder / "teams" / "emea.yaml").write_text(text, encoding="utf-8")
    return load_playbook(folder, time_scale=1)


def test_a_team_reviews_by_the_centres_rules_unless_it_says_more(folder: Path) -> None:
    central = load(folder)
    emea = central.of("emea")
    assert emea.stages == central.stages
    assert emea.rules == central.rules
    assert emea.team.channel == "C0EMEA"
    assert emea.team.holders("copy_editor") == ("U0EMEATWO", "U0EMEATRE")
    # nobody of the team is legal, so the centre's are
    assert emea.team.holders("legal") == central.team.holders("legal")
    assert "U0EMEATWO" not in central.team.people
    assert central.everyone.has_any_role("U0EMEATWO")


def test_a_team_may_ask_for_more(folder: Path) -> None:
    playbook = load(
        folder,
        review={
            "hours": {"zone": "Asia/Tokyo", "opens": "09:00", "closes": "18:00"},
            "stages": {"copy": {"approvals": 2, "ask": "everyone", "sla": "2 h"}},
            "tiers": {"C": ["copy", "deliverability"]},
            "raise": [{"words": ["giveaway"], "tier": "B"}],
        },
    )
    emea = playbook.of("emea")
    copy = emea.stages["B"][0]
    assert (copy.approvals, copy.sla) == (2, timedelta(hours=2))
    assert [stage.name for stage in emea.stages["C"]] == ["copy", "deliverability"]
    assert len(emea.rules.raises) == len(playbook.rules.raises) + 1
    assert str(emea.rules.hours.zone) == "Asia/Tokyo"
    # the centre's are as they were
    assert playbook.stages["B"][0].approvals == 1


def test_an_unknown_team_is_the_centre(folder: Path) -> None:
    playbook = load(folder)
    assert playbook.of("") is playbook
    assert playbook.of("gone") is playbook
    assert playbook.of("emea").of("emea").team == playbook.of("emea").team


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "fewer stages": (
        {"review": {"tiers": {"A": ["copy"]}}},
        (
            "teams/emea.yaml would weaken review.yaml: tier A leaves out the"
            " deliverability stage. A team may only be stricter."
        ),
    ),
    "more time": (
        {"review": {"stages": {"copy": {"sla": "5 h"}}}},
        "tier A has the copy stage due later than the centre",
    ),
    "no spot checks": (
        {"review": {"spot_check": 0}},
        "spot_check is 0, and the centre's is 0.1",
    ),
    "another role": (
        {"review": {"stages": {"legal": {"role": "copy_editor"}}}},
        "asks copy_editor, and the centre asks legal",
    ),
    "a role of the centre's": (
        {"people": {"U0EMEAONE": {"name": "ella", "roles": ["marketer", "legal"]}}},
        (
            "teams/emea.yaml gives the role legal, and reserved_roles in review.yaml"
            " keeps it for the centre's people."
        ),
    ),
    "not enough people": (
        {"review": {"stages": {"copy": {"approvals": 3, "ask": "everyone"}}}},
        (
            "teams/emea.yaml, with what it changes: review.yaml: at tier A the copy"
            " stage may need"
        ),
    ),
    "an unknown key": (
        {"review": {"speed": "fast"}},
        "teams/emea.yaml, with what it changes: review.yaml does not know speed",
    ),
    "an unknown key of the file": ({"colour": "red"}, "emea.yaml does not know colour"),
    "no people": ({"people": {}}, "teams/emea.yaml: people must name at least one"),
    "no channel": ({"channel": None}, "teams/emea.yaml"),
    "review is a word": ({"review": "strict"}, "teams/emea.yaml, review"),
}


@pytest.mark.parametrize(("more", "why"), REFUSED.values(), ids=REFUSED)
def test_a_team_file_that_does_not_hold_together_is_refused(
    folder: Path, more: dict[str, Any], why: str
) -> None:
    with pytest.raises(PlaybookRefused) as refused:
        load(folder, **more)
    assert why in str(refused.value)


def test_a_prompt_says_its_risk_before_it_begins(folder: Path) -> None:
    path = folder / "prompts" / "email.md"
    prompt = path.read_text(encoding="utf-8")
    assert load(folder).rules.prompt_risks == {}
    path.write_text(f"---\nrisk: high\n---\n{prompt}", encoding="utf-8")
    playbook = load(folder)
    assert playbook.rules.prompt_risks == {"email": "high"}
    assert playbook.of("emea").rules.prompt_risks == {"email": "high"}
    assert playbook.prompt(Channel.EMAIL).text == prompt
    for wrong, why in {
        "risk: huge": 'prompts/email.md, risk is "huge"',
        "model: x": "prompts/email.md does not know model",
        "high": "prompts/email.md must be a table",
    }.items():
        path.write_text(f"---\n{wrong}\n---\n{prompt}", encoding="utf-8")
        with pytest.raises(PlaybookRefused, match=why):
            load(folder)


def test_the_example_of_the_documents_loads(folder: Path) -> None:
    told = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    example = told.partition("```yaml\nname: EMEA")[2].partition("```")[0]
    path = folder / "teams" / "emea.yaml"
    path.write_text(f"name: EMEA{example}", encoding="utf-8")
    emea = load_playbook(folder, time_scale=1).of("emea")
    assert emea.team.holders("copy_editor") == ("U0123ENZO", "U0123EDDA")
    assert len(emea.rules.raises) > 1
