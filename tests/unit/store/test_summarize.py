"""The log of a transaction with many changes: one entry for each technician."""

from slotmcp.store.schedules import CATALOG, PATCHED_CLAIMS, summarize


def test_few_changes_stay_and_many_become_one_for_each_technician() -> None:
    few = {("ana", f"b-{number}") for number in range(PATCHED_CLAIMS)}
    many = {("ben", f"b-{number}") for number in range(PATCHED_CLAIMS + 1)}
    assert summarize(few | many | {CATALOG}) == few | {("ben", ""), CATALOG}


def test_a_technician_who_changed_completely_stays_so() -> None:
    assert summarize({("ana", ""), ("ana", "b-1")}) == {("ana", ""), ("ana", "b-1")}
