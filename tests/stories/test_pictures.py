"""The screenshots and their index agree."""

from tests.stories.pictures import files
from tests.stories.stage import IMAGES


def test_the_index_lists_every_screenshot_and_no_other() -> None:
    there = {str(path.relative_to(IMAGES)) for path in IMAGES.rglob("*.png")}
    assert there == set(files())
    index = (IMAGES / "index.md").read_text(encoding="utf-8")
    assert [name for name in files() if f"({name})" not in index] == []


def test_the_screenshots_stay_small() -> None:
    assert sum(path.stat().st_size for path in IMAGES.rglob("*.png")) < 5_000_000
