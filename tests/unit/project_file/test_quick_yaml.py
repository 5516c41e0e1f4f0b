"""The quick reader of YAML accepts only what the complete reader accepts, with the same values and positions."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slotmcp.project_file import SAMPLES, ProjectFileError, dump_project, sample_text
from slotmcp.project_file.document import Node, read_completely, read_quickly
from slotmcp.project_file.problems import Problem
from slotmcp.services.imports import ProjectPlan
from unit.project_file.files import GOOD, WITH_RULES, problems
from unit.project_file.plans import WORDS_OF_YAML, plans
from unit.project_file.test_unreadable_files import BILLION_LAUGHS

DRAWS = settings().max_examples

STARTS = ["", "a: ", "a:\n  ", "a:\n  - ", "- ", "{a: ", "{a: [", "a: [", 'a: "', "a: '", "a: |", "a: >-\n  ", '{"a":']
ENDS = ["", "", "}", "]", "]}", '"', "'", "\n", "\nz: 1\n"]
FRAGMENTS = [
    *"abc:,-?[]{}#&*!|>'\"%@`~.0 1\n\n   \t\r\x85\u2028\ufeff\xa0é😀",
    *("\r\n", "---", "...", "- ", "? ", ": ", "key: ", "a: b\n", "  - x\n", "\n  ", "\n    ", "\n\n", "# c\n", " #"),
    *("|\n", ">-\n", "|2\n", "|+\n", "&a ", "*a", "*a ", "&a b\nc: *a", "!!str ", "! ", "<<: ", "%YAML 1.1\n---\n"),
    *(
        "\\n",
        "\\/",
        "\\x41",
        "\\u0041",
        "\\ud83d\\ude00",
        "\\\n",
        "''",
        '""',
        "no",
        "12:30",
        "{a: b}",
        "[a, b]",
        "{a, b}",
    ),
    *("[a: b]", '{"a":b}', "http://x", "? a\n: b\n", "a:b", ":a", "-a", "?a", "[?a]", "{a:b}", "[-]", "[:]", "'a':b"),
    *("x" * 1030, "x" * 1020 + ": y\n", *WORDS_OF_YAML),
]
SOUP = st.builds(
    lambda start, parts, end: start + "".join(parts) + end,
    st.sampled_from(STARTS),
    st.lists(st.sampled_from(FRAGMENTS), max_size=12),
    st.sampled_from(ENDS),
)
LINES = "".join([GOOD, WITH_RULES, *map(sample_text, SAMPLES)]).splitlines(keepends=True)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Return some lines of a valid file, with characters inserted, removed or repeated."""
    first = draw(st.integers(0, len(LINES) - 1))
    text = "".join(LINES[first : first + draw(st.integers(1, 12))])
    for _ in range(draw(st.integers(0, 3))):
        at, length = draw(st.integers(0, len(text))), draw(st.integers(0, 4))
        text = text[:at] + draw(st.sampled_from(FRAGMENTS)) + text[at + length :]
    return text


def completely(text: str) -> tuple[Node, tuple[Problem, ...]] | None:
    """Return the result of the complete reader, or None if it cannot read the text."""
    try:
        return read_completely(text, source="test.yaml")
    except ProjectFileError:
        return None


def assert_same(text: str) -> None:
    """Assert that the quick reader leaves a text to the complete one, or reads the same values and positions."""
    quick = read_quickly(text)
    assert quick is None or repr(completely(text)) == repr((quick, ()))


@settings(max_examples=2 * DRAWS)
@given(st.one_of(SOUP, damaged()))
def test_a_text_that_is_read_quickly_is_read_the_same_completely(text: str) -> None:
    assert_same(text)


@settings(max_examples=DRAWS // 3)
@given(plans())
def test_every_exported_file_is_read_quickly(any_plan: ProjectPlan) -> None:
    text = dump_project(any_plan)
    if not any(character in text for character in "\x85\u2028\u2029\ufeff"):
        assert read_quickly(text) is not None
    assert_same(text)


@pytest.mark.parametrize("text", [GOOD, WITH_RULES, *map(sample_text, SAMPLES)], ids=["good", "rules", *SAMPLES])
def test_files_in_the_usual_notation_are_read_quickly(text: str) -> None:
    assert read_quickly(text) is not None
    assert_same(text)


@pytest.mark.parametrize("word", [*WORDS_OF_YAML, "no", "off", "y", "12:30", "1:30:00", "017", "0o17", "0b1", "1_000"])
@pytest.mark.parametrize("form", ["a: {}", "a: [{}]", "a: {{{}: x}}", "{}: a", 'a: "{}"', "a: '{}'", "a:\n  - {}"])
def test_words_that_are_values_in_yaml_1_1_are_text(word: str, form: str) -> None:
    assert_same(form.format(word))


@pytest.mark.parametrize(
    "text",
    [
        BILLION_LAUGHS,
        "[" * 100_000,
        "{a: " * 100_000,
        "- " * 10_000,
        "a: " * 1_000,
        f"a: {'x' * 1_000_000}",
        f"a: '{'x ' * 500_000}'",
        f"{'x' * 1_025}: y",
        "a: b\na: c",
        "a: &x b\nc: *x",
        "a: *x",
        "a: &x {b: *x}",
        "a:\n\t- b",
        "a: b\n---\nc: d",
        "",
    ],
    ids=lambda text: str(text)[:12],
)
def test_adversarial_texts_have_the_same_result(text: str) -> None:
    assert_same(text)


@pytest.mark.parametrize(
    "line",
    ["  name: [a", '  name: "a', "  name: a: b", "  name: !!str a", "  id: x\n  id: y", "  <<: {a: b}", "\tname: a"],
)
def test_a_problem_of_the_yaml_is_reported_by_the_complete_reader(line: str) -> None:
    text = f"project:\n{line}\n"
    assert read_quickly(text) is None
    assert problems(text)


def test_positions_count_characters() -> None:
    root = read_quickly("é😀: {name: x, ü: 😀😀, z: 1}")
    assert root is not None
    (group,) = root.children()
    columns = [child.mark.column for _, child in group[1].children()]
    assert columns == [12, 18, 25]
    assert all(left < right for left, right in pairwise(columns))
