"""The glossary: one word a concept, and the code keeps to it."""

import re

import pytest

from project.repository import ROOT, prose
from slotmcp.domain import access, booking, catalog, claim, offer, reasons, schedule, waitlist

TERMS = re.findall(r"(?:^|\. )\*\*(.+?)\*\*", prose(ROOT / "docs" / "reference" / "glossary.md"), re.MULTILINE)
ALIASES = {"service type": "service", "busy time": "busy time"}
PARTS = {
    *(
        "assignment reason",
        "booking status",
        "claim state",
        "date override",
        "ranking key",
        "slot alignment",
        "technician reason",
        "technician status",
        "travel mode",
        "travel policy",
    ),
    *("access key", "anonymous", "combined_reasons", "informative_reasons", "local", "only_project"),
    *("unavailable technician", "without_missing_skills"),
    *("visit", "waitlist entry", "waitlist state", "wall span", "weekly span"),
}
"""Parts and kinds of what the glossary has, named after it."""


def words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def test_each_term_is_there_once() -> None:
    lowered = [term.lower() for term in TERMS]
    assert sorted(set(lowered)) == sorted(lowered)
    assert len(lowered) > 30


@pytest.mark.parametrize(
    "module", [access, schedule, booking, catalog, claim, offer, reasons, waitlist], ids=lambda module: module.__name__
)
def test_what_the_domain_names_is_in_the_glossary(module: object) -> None:
    own = [
        words(name)
        for name, value in vars(module).items()
        if getattr(value, "__module__", "") == vars(module)["__name__"]
    ]
    known = {*(term.lower() for term in TERMS), *PARTS}
    assert [name for name in own if ALIASES.get(name, name) not in known] == []


@pytest.mark.parametrize("synonym", ["reservation", "timeslot", "time slot", "employee", "staff", "tentative booking"])
def test_no_second_word_is_used_for_a_concept(synonym: str) -> None:
    used = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "src").rglob("*.py")
        if re.search(rf"\b{synonym}s?\b", path.read_text(encoding="utf-8"), re.IGNORECASE)
    ]
    assert used == []
