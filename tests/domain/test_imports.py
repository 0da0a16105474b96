"""The shape of the house, read from the source: who imports what, and what is async."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PURE = frozenset(
    {
        "__future__",
        "array",
        "bisect",
        "collections",
        "dataclasses",
        "datetime",
        "difflib",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "html",
        "ipaddress",
        "itertools",
        "json",
        "math",
        "operator",
        "re",
        "statistics",
        "string",
        "textwrap",
        "types",
        "typing",
        "unicodedata",
        "urllib",
    }
)
"""Modules of the standard library that touch nothing of the world."""

IMPURE_PARTS = frozenset({"urllib.request", "urllib.error", "urllib.robotparser"})
MAY_BE_ASYNC = ("bot/", "practice/", "cli/", "tests/", "benchmarks/")
EDGE_OF_STORAGE = "storage/reader.py"
"""The web process's reader: the one asynchronous way into the database."""


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", modules("domain"), ids=lambda p: p.name)
def test_domain_imports_nothing_that_touches_the_world(path: Path) -> None:
    names = set(imported(path))
    tops = {name.split(".")[0] for name in names}
    assert tops <= PURE | {"domain"}
    assert not names & IMPURE_PARTS


@pytest.mark.parametrize("path", modules("domain"), ids=lambda p: p.name)
def test_domain_does_not_look_at_the_clock(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"\b(?:datetime\.now|utcnow|date\.today)\(", source)


def layers() -> set[str]:
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = configured["tool"]["importlinter"]["contracts"]
    (layered,) = [c for c in contracts if c["type"] == "layers"]
    return {
        name.strip() for layer in layered["layers"] for name in re.split(r"[|:]", layer)
    }


def test_every_package_stands_in_the_layers() -> None:
    outside = {"practice", "tests", "benchmarks"}
    packages = {
        path.name
        for path in ROOT.iterdir()
        if path.is_dir()
        and not path.name.startswith(".")
        and next(path.glob("*.py"), None) is not None
    }
    assert packages - outside == layers()


def test_async_lives_at_the_edge() -> None:
    found = set()
    for path in ROOT.glob("*/**/*.py"):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith((*MAY_BE_ASYNC, ".")):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.AsyncFunctionDef) for node in ast.walk(tree)):
            found.add(name)
    assert found == {EDGE_OF_STORAGE}


def test_practice_imports_nothing_of_ours() -> None:
    ours = layers()
    for path in modules("practice"):
        tops = {name.split(".")[0] for name in imported(path)}
        assert not tops & ours, path.name
