"""Every kind of mistake: the reported problem, its line, its path, and the valid form.

`bad_files.txt` has them in blocks: a name, what is replaced (-) in good.yaml by what (+), with a line break as ⏎,
the line and path that are reported (!), and the sentence (=). With ~ calcom the file is of a project that is connected.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from unit.project_file.files import GOOD, edited, plan, problems

FOREIGN_WORDS = ("pydantic", "ruamel", "http", "validation", "value_error", "none_required", "traceback", "dict")


@dataclass(frozen=True, slots=True)
class Bad:
    """The valid file with one edit, and the problem of the result."""

    name: str
    old: str
    new: str
    reported: str
    is_connected: bool

    @classmethod
    def of_block(cls, block: str) -> Self:
        name, old, new, where, sentence, *connected = block.split("\n")
        reported = f"{where[2:]}: {sentence[2:]}"
        return cls(name, old[2:].replace("⏎", "\n"), new[2:].replace("⏎", "\n"), reported, connected == ["~ calcom"])

    @property
    def text(self) -> str:
        """Text of the edited file."""
        text = edited(self.old, self.new)
        return text.replace(*CONNECTED) if self.is_connected else text


CONNECTED = "  holdTtlSeconds: 90\n", "  holdTtlSeconds: 90\n  calcom: {apiKeyEnv: KEY}\n"


BLOCKS = (Path(__file__).parent / "bad_files.txt").read_text(encoding="utf-8").strip().split("\n\n")
KINDS = [Bad.of_block(block) for block in BLOCKS]


def test_there_are_many_mistakes_and_the_unedited_file_is_valid() -> None:
    assert len({bad.name for bad in KINDS}) == len(KINDS) > 200
    assert len(plan(GOOD).bookings) == 2


@pytest.mark.parametrize("bad", KINDS, ids=lambda bad: bad.name)
def test_a_mistake_is_reported_once_at_its_line_with_the_valid_form(bad: Bad) -> None:
    reported = [f"{one.line} {one.path}: {one.problem}" for one in problems(bad.text)]
    assert reported == [bad.reported]
    assert not [word for word in FOREIGN_WORDS if word in bad.reported]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("priority: 1", f"priority: {'9' * 5000}", "from 1 to 1000, such as 1; found the number"),
        ("id: t-ben", f"id: {'b' * 65}", "at most 64 characters"),
        ("name: Ben", f"name: {'B' * 201}", "in at most 200 characters, not 201"),
        ("name: Ben", f"name: {'B' * 3_900_000}", "in at most 200 characters, not 3,900,000"),
        ('start: "22:00"', f'start: "{"2" * 90_000}"', 'such as "08:00"'),
        ("timezone: America/Denver", f"timezone: {'A' * 90_000}", "there is no time zone"),
        ("priority: 1", f"{'p' * 900}: 1", "there is no key"),
    ],
    ids=["digits", "id", "name", "name of 4 MB", "time", "zone", "key"],
)
def test_a_far_too_long_value_is_reported_in_few_words(old: str, new: str, sentence: str) -> None:
    (problem,) = problems(edited(old, new))
    assert sentence in problem.problem
    assert len(problem.problem) < 250


PROJECT, SERVICE = "holdTtlSeconds: 90", "bufferAfterMinutes: 15"


def many(template: str, count: int) -> str:
    """Return a list of entries, in each of which N is a number of five digits."""
    return ", ".join(template.replace("N", str(number)) for number in range(10_000, 10_000 + count))


CLOSURE = "{from: 2026-12-24, to: 2026-12-24, reason: rN}"


@pytest.mark.parametrize(
    ("old", "prefix", "count", "template"),
    [
        (PROJECT, "closures: ", 100, CLOSURE),
        (PROJECT, "areas: ", 50, '{id: aN, postalCodes: ["N"]}'),
        (PROJECT, "areas: [{id: city, postalCodes: ", 500, '"N"'),
        (SERVICE, "questions: ", 10, "{id: qN, ask: How old is it?}"),
        (SERVICE, "reserve: ", 10, "{places: 1, until: N}"),
    ],
)
def test_a_list_that_is_too_long_is_reported_with_its_limit(old: str, prefix: str, count: int, template: str) -> None:
    closing = "}]" * prefix.count("[{")
    longest = edited(old, f"{prefix}[{many(template, count)}]{closing}")
    assert plan(longest).services
    (problem,) = problems(edited(old, f"{prefix}[{many(template, count + 1)}]{closing}"))
    assert problem.problem == f"write at most {count} here, not {count + 1}"


def test_too_many_bookable_spans_are_reported_with_their_limit() -> None:
    spans = [
        f'{{days: [{day}], start: "{hour:02}:00", end: "{hour:02}:30"}}'
        for day in ("mon", "tue", "wed")
        for hour in range(17)
    ]
    assert plan(edited(SERVICE, f"bookable: [{', '.join(spans[:50])}]")).services
    (problem,) = problems(edited(SERVICE, f"bookable: [{', '.join(spans)}]"))
    assert problem.problem == "write at most 50 here, not 51"


@pytest.mark.parametrize(
    ("old", "new", "longest"),
    [
        (SERVICE, "description: TEXT", 500),
        (SERVICE, "guidance: TEXT", 500),
        (SERVICE, "terms: TEXT", 300),
        (SERVICE, "questions: [{id: age, ask: TEXT}]", 200),
        (SERVICE, "price: {text: TEXT}", 200),
        (SERVICE, "price: {from: 1, currency: USD, per: TEXT}", 40),
        (PROJECT, 'areas: [{id: city, postalCodes: ["80202"], fee: TEXT}]', 100),
        (PROJECT, "closures: [{from: 2026-12-24, to: 2026-12-24, reason: TEXT}]", 200),
    ],
)
def test_a_text_that_is_too_long_is_reported_with_its_limit(old: str, new: str, longest: int) -> None:
    assert plan(edited(old, new.replace("TEXT", "a" * longest))).services
    (problem,) = problems(edited(old, new.replace("TEXT", "a" * (longest + 1))))
    assert f"in at most {longest} characters, not {longest + 1}" in problem.problem
