"""What the documents say is what the code does; `python -m tests.test_docs` mends a table."""

from __future__ import annotations

import ast
import re
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from cli.main import COMMANDS
from domain.campaign import MOVES, Event, State
from domain.canary import breach_count, detectable_rate, tail
from domain.canary_policy import CanaryPolicy
from domain.canary_words import percent_up
from pipeline.playbook import load_playbook
from pipeline.playbook_values import PlaybookRefused
from pipeline.settings import Settings
from practice.slack import config

ROOT = Path(__file__).resolve().parents[1]
ARCHITECTURE = ROOT / "docs" / "architecture.md"
README = ROOT / "README.md"
OPERATIONS = ROOT / "docs" / "operations.md"
GLOSSARY = ROOT / "docs" / "glossary.md"
BEGIN, END = "<!-- moves:begin -->\n", "<!-- moves:end -->"
LAYERS = ("bot", "pipeline", "storage", "blocks", "domain", "practice", "cli")

WORDS = """
brief campaign tier draft writer variant revision arm finding policy playbook stage role
decision audience segment recipient suppression step ladder cohort canary chunk send intent
unknown judge verdict window gate expand extend hold revoke spared leaked incident park
advance record outbox job task broker relay deadline inbox projection card seal failpoint
practice desk
""".split()  # noqa: SIM905 - a list of words reads best as words
PURE = {
    "__future__", "array", "bisect", "collections", "dataclasses", "datetime", "difflib",
    "enum", "functools", "hashlib", "heapq", "html", "ipaddress", "itertools", "json", "math",
    "re", "statistics", "string", "types", "typing", "unicodedata", "urllib", "zoneinfo",
}  # fmt: skip
EDGES = {"bot/errors.py", "pipeline/broker.py", "pipeline/relay.py"}
UNIQUE_ROWS = (README, OPERATIONS, GLOSSARY)
REPORTING = (250, 500, 1_000, 2_500, 5_000, 10_000)


def documents() -> list[Path]:
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def sources(*folders: str) -> Iterator[tuple[str, list[ast.AST]]]:
    """Each module of these folders and every node in it."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), nodes(path)


@pytest.mark.parametrize("path", UNIQUE_ROWS, ids=lambda path: path.name)
def test_a_table_says_each_thing_once(path: Path) -> None:
    for table in re.split(r"\n(?!\|)", path.read_text(encoding="utf-8")):
        cells = re.findall(r"^\|([^|]+)\|", table, re.MULTILINE)
        assert len(cells) == len(set(cells)), sorted(cells)


@pytest.mark.parametrize("path", UNIQUE_ROWS, ids=lambda path: path.name)
def test_a_heading_stands_apart_and_no_sentence_is_begun_twice(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert re.findall(r"[^\n]\n(#+ .*)", text) == []
    begun = [line[:45] for line in text.splitlines() if len(line) > 45]
    prose = [line for line in begun if not line.startswith("|")]
    assert len(prose) == len(set(prose))


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def moves_table() -> str:
    """`MOVES` as Markdown: each state, what may happen in it, and where that leads."""
    rows = ["| In state | Event | Becomes |", "|---|---|---|"]
    for state in State:
        for event in Event:
            if (state, event) in MOVES:
                after = MOVES[state, event]
                rows.append(f"| {state} | {event} | {after or 'where it was'} |")
    return "\n".join(rows) + "\n"


def canary_rows() -> list[str]:
    """What a first step can see, by how many of its recipients can report."""
    policy = CanaryPolicy()
    rows = []
    for n in REPORTING:
        k = breach_count(
            n, ok=policy.ok_rate, limit=policy.limit_rate, alpha=policy.alpha_first
        )
        seen = percent_up(detectable_rate(n, k))
        disaster = round(100 * tail(n, k, policy.disaster_rate))
        rows.append(f"| {n:,} | {k} | {seen} | {disaster} in 100 |")
    return rows


def anchors(text: str) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-")
        for head in heads
    }


def linked(path: Path) -> Iterator[tuple[str, str]]:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:", target):
            file, _, anchor = target.partition("#")
            yield file, anchor


def test_the_table_of_moves_in_the_architecture_is_the_code_s() -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    written = text.partition(BEGIN)[2].partition(END)[0]
    assert written == moves_table(), "Run: python -m tests.test_docs"


def test_the_readme_says_what_a_canary_can_see_as_the_judge_does() -> None:
    text = README.read_text(encoding="utf-8")
    assert [row for row in canary_rows() if row not in text] == []


def test_every_setting_is_documented() -> None:
    text = OPERATIONS.read_text(encoding="utf-8")
    names = [str(field.alias) for field in Settings.model_fields.values()]
    assert [name for name in names if f"| `{name}` |" not in text] == []


def test_every_command_is_documented() -> None:
    text = OPERATIONS.read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"`copydesk {name}" not in text] == []


def test_every_make_target_that_is_named_exists() -> None:
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", made, re.MULTILINE))
    named = {
        name
        for path in documents()
        for name in re.findall(r"`make ([a-z-]+)", path.read_text(encoding="utf-8"))
    }
    assert named - targets == set()


def test_the_glossary_has_the_words_that_code_and_cards_use() -> None:
    text = GLOSSARY.read_text(encoding="utf-8")
    assert [word for word in WORDS if f"| **{word}** |" not in text] == []


def test_the_glossary_defines_each_word_once() -> None:
    words = re.findall(
        r"^\| \*\*(.+?)\*\* \|", GLOSSARY.read_text("utf-8"), re.MULTILINE
    )
    assert sorted(set(words)) == sorted(words)


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_links_and_images_lead_somewhere(path: Path) -> None:
    broken = []
    for file, anchor in linked(path):
        target = (path.parent / file).resolve() if file else path
        is_there = target.exists()
        if is_there and anchor:
            is_there = anchor in anchors(target.read_text(encoding="utf-8"))
        if not is_there:
            broken.append(f"{file}#{anchor}")
    assert broken == []


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_no_document_names_a_folder_of_one_machine(path: Path) -> None:
    found = re.findall(
        r"(?<![\w.])/(?:home|root|tmp|work|Users)/\S*", path.read_text("utf-8")
    )
    assert found == []


def test_every_decision_is_listed_and_names_what_enforces_it() -> None:
    listed = ARCHITECTURE.read_text(encoding="utf-8")
    for path in sorted((ROOT / "docs" / "decisions").glob("*.md")):
        assert f"(decisions/{path.name})" in listed
        assert "**Enforced by.**" in path.read_text(encoding="utf-8")


def test_a_test_file_that_a_document_names_exists() -> None:
    for path in documents():
        for name in re.findall(r"`(tests/[\w/.]+)`", path.read_text(encoding="utf-8")):
            assert (ROOT / name).exists(), f"{path.name} names {name}"


def test_only_advance_swaps_a_campaign_s_state() -> None:
    callers = {
        name
        for name, tree in sources(*LAYERS)
        for node in tree
        if isinstance(node, ast.Attribute)
        and node.attr == "swap"
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "campaigns"
    }
    assert callers == {"pipeline/advance.py"}


def test_nothing_below_the_edge_is_asynchronous() -> None:
    found = {
        name
        for name, tree in sources("domain", "blocks", "pipeline", "storage")
        for node in tree
        if isinstance(node, ast.AsyncFunctionDef)
    }
    assert found <= {"storage/reader.py"}


def test_only_the_edges_catch_every_exception() -> None:
    found = {
        name
        for name, tree in sources(*LAYERS)
        for node in tree
        if isinstance(node, ast.ExceptHandler)
        and (
            node.type is None
            or (isinstance(node.type, ast.Name) and node.type.id == "Exception")
        )
    }
    assert found <= EDGES


def test_the_domain_imports_only_what_is_pure() -> None:
    for name, tree in sources("domain"):
        for node in tree:
            modules: list[str] = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            tops = {module.partition(".")[0] for module in modules}
            assert tops <= PURE | {"domain"}, f"{name} imports {tops}"


def test_every_package_belongs_to_a_layer() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages <= {*LAYERS, "tests", "benchmarks"}


def test_the_practice_people_are_those_of_the_team() -> None:
    team = yaml.safe_load((ROOT / "playbook" / "team.yaml").read_text(encoding="utf-8"))
    there = {
        person.id: person.name
        for person in config.PEOPLE
        # whom no entry could give a role
        if not person.is_restricted and person.team_id == config.TEAM_ID
    }
    assert there == {user: who["name"] for user, who in team["people"].items()}


def test_the_shipped_playbook_loads_and_every_tier_has_a_person() -> None:
    playbook = load_playbook(ROOT / "playbook", time_scale=1)
    assert all(playbook.stages[tier] for tier in "ABC")


def test_a_tier_without_a_stage_does_not_load(tmp_path: Path) -> None:
    folder = tmp_path / "playbook"
    shutil.copytree(ROOT / "playbook", folder)
    review = folder / "review.yaml"
    text = review.read_text(encoding="utf-8")
    review.write_text(text.replace("C: [copy]", "C: []"), encoding="utf-8")
    with pytest.raises(PlaybookRefused, match="tier C needs at least one stage"):
        load_playbook(folder, time_scale=1)


@pytest.mark.parametrize("name", ["runtime.txt", "dev.txt", "ses.txt"])
def test_every_requirement_is_pinned_and_hashed_and_names_no_address(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    joined = text.replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line and line[0] not in " #"]
    assert all("==" in line and "--hash=sha256:" in line for line in lines)
    assert "://" not in text


def test_the_extra_for_ses_is_what_is_tested() -> None:
    pins = {
        name: set(
            re.findall(
                r"^[\w.-]+==[\w.]+",
                (ROOT / "requirements" / name).read_text(),
                re.MULTILINE,
            )
        )
        for name in ("ses.txt", "dev.txt", "runtime.txt")
    }
    assert pins["ses.txt"] <= pins["dev.txt"]
    assert not any(pin.startswith("boto3==") for pin in pins["runtime.txt"])


def main() -> int:
    """Write the table of moves into the architecture."""
    text = ARCHITECTURE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    ARCHITECTURE.write_text(f"{before}{BEGIN}{moves_table()}{END}{after}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
