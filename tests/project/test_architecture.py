"""The page on the architecture: its picture and its file names are those of the code."""

import re

from comparison.picture import PICTURE, draw
from project.repository import ROOT

PAGE = ROOT / "docs" / "explanation" / "architecture.md"


def test_the_picture_shows_the_imports_of_the_code() -> None:
    assert PICTURE.read_text("utf-8") == draw(), (
        "run .venv/bin/python tests/comparison/picture.py and look at the picture"
    )


def test_every_file_that_the_page_names_exists() -> None:
    named = re.findall(r"`((?:\w+/)+\w+\.py)`", PAGE.read_text("utf-8"))
    assert len(named) > 20
    assert [
        name for name in named if not any((folder / name).is_file() for folder in (ROOT, ROOT / "src/slotmcp"))
    ] == []
