"""Snapshot tests of twenty calls as callers hear them. The pages in transcripts/ are meant to be read aloud.

To agree to what is said now: SLOTMCP_REWRITE=1 .venv/bin/pytest tests/interfaces/test_transcripts.py, then read the
difference aloud.
"""

import os
import re
from pathlib import Path

import pytest

from interfaces.transcripts.calls import CALLS, SAMPLE_CALLS, TITLES
from interfaces.transcripts.company import open_company
from interfaces.transcripts.page import Page

FOLDER = Path(__file__).with_name("transcripts")
NEVER_ALOUD = re.compile(r"[{}_]|T\d\d:|\dZ\b|\d:\d\d:\d\d|\b[bt]-[a-z]+|\b20\d\d\b|[0-9A-Z]{20}")
"""Ids, seconds and other machine text; and years, because all calls concern the next days."""


def page_of(title: str) -> Path:
    number = TITLES.index(title) + 1
    return FOLDER / f"{number:02}-{re.sub('[^a-z]+', '-', title.lower())}.md"


@pytest.mark.parametrize("title", TITLES)
async def test_each_transcript_matches_its_page(title: str, tmp_path: Path) -> None:
    page = Page(title)
    if title in SAMPLE_CALLS:
        await SAMPLE_CALLS[title](tmp_path / "calls.db", page)
    else:
        async with open_company(tmp_path / "calls.db") as caller:
            await CALLS[title](caller, page)
    if os.environ.get("SLOTMCP_REWRITE"):
        page_of(title).write_text(page.text(), "utf-8")
    assert page.text() == page_of(title).read_text("utf-8")


@pytest.mark.parametrize("title", TITLES)
def test_no_sentence_contains_machine_text(title: str) -> None:
    spoken = re.findall(r"^[*][*]Agent:[*][*] (.+)$", page_of(title).read_text("utf-8"), re.MULTILINE)
    assert spoken
    assert [sentence for sentence in spoken if NEVER_ALOUD.search(sentence)] == []


def test_every_page_belongs_to_a_call() -> None:
    assert sorted(FOLDER.glob("*.md")) == [page_of(title) for title in TITLES]
