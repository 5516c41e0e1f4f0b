"""The glossary defines each term once, and the code uses these terms."""

import re

import pytest

from project.repository import ROOT, prose
from slotmcp.domain import access, booking, catalog, claim, offer, reasons, schedule, waitlist

GLOSSARY = prose(ROOT / "docs" / "reference" / "glossary.md")
TERMS = re.findall(r"^\*\*(.+?)\*\*: ", GLOSSARY, re.MULTILINE)
GROUPS = [re.findall(r"^\*\*(.+?)\*\*: ", group, re.MULTILINE) for group in GLOSSARY.split("\n## ")[1:]]
ALIASES = {
    "assignment reason": "assignment",
    "change verification": "verification",
    "parts of day": "part of day",
    "per reason": "reason",
    "range reasons": "reason",
    "service type": "service",
    "technician reason": "reason",
}
PROPERTIES = ("alignment", "key", "mode", "policy", "state", "status")
"""Last words of types that describe a property of a term, such as the status of a booking."""


def words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def is_defined(name: str) -> bool:
    term = ALIASES.get(name, name)
    owner, _, last_word = term.rpartition(" ")
    defined = {term.lower() for term in TERMS}
    travel_or_slot = {"travel": "travel time"}
    return term in defined or (last_word in PROPERTIES and travel_or_slot.get(owner, owner) in defined)


def test_each_term_is_defined_once() -> None:
    lowered = [term.lower() for term in TERMS]
    assert sorted(set(lowered)) == sorted(lowered)
    assert len(lowered) > 100
    assert lowered == [term.lower() for term in re.findall(r"\*\*(.+?)\*\*", GLOSSARY)]


def test_the_terms_of_each_group_are_in_alphabetical_order() -> None:
    assert len(GROUPS) > 5
    for group in GROUPS:
        assert group == sorted(group, key=str.lower)


@pytest.mark.parametrize(
    "module", [access, schedule, booking, catalog, claim, offer, reasons, waitlist], ids=lambda module: module.__name__
)
def test_each_type_of_the_domain_is_a_term(module: object) -> None:
    types = [
        words(name)
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == vars(module)["__name__"]
    ]
    assert types
    assert [name for name in types if not is_defined(name)] == []


@pytest.mark.parametrize("synonym", ["reservation", "timeslot", "time slot", "employee", "staff", "tentative booking"])
def test_no_synonym_of_a_term_is_used(synonym: str) -> None:
    used = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "src").rglob("*.py")
        if re.search(rf"\b{synonym}s?\b", path.read_text(encoding="utf-8"), re.IGNORECASE)
    ]
    assert used == []
