"""Errors of calls among many projects: short, and cheap to compute."""

from difflib import SequenceMatcher

import pytest

from slotmcp.domain.access import MAX_LISTED_PROJECTS, only_project
from slotmcp.domain.errors import InvalidArgument, NotFound

MANY = [f"shop-{number:04}" for number in range(5000)]


def test_a_call_without_a_project_lists_all_of_a_few() -> None:
    with pytest.raises(InvalidArgument, match=r"name one of the projects: a, b\.$"):
        only_project(["a", "b"], 2)


def test_a_call_without_a_project_lists_the_first_of_many_with_their_number() -> None:
    with pytest.raises(InvalidArgument, match="name one of the 5,000 projects, of which the first are: ") as refused:
        only_project(MANY[:MAX_LISTED_PROJECTS], len(MANY))
    assert [name for name in MANY if name in refused.value.message] == MANY[:MAX_LISTED_PROJECTS]


def test_an_unknown_project_is_compared_with_a_few_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    ratio = SequenceMatcher.ratio

    def counted(matcher: SequenceMatcher[str]) -> float:
        nonlocal compared
        compared += 1
        return ratio(matcher)

    monkeypatch.setattr(SequenceMatcher, "ratio", counted)
    missing = NotFound.among("projectId", "project", "shop-27182", MANY)
    assert missing.nearest[0] in {"shop-2718", "shop-2782", "shop-2712"}
    assert 0 < compared <= 2 * 200  # each is asked twice for its ratio
    assert len(missing.message) < 300
