"""Tests of argument validation."""

from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from slotmcp.domain.errors import FieldProblem, InvalidArgument, ProblemKind
from slotmcp.domain.moment import PartOfDay
from slotmcp.tools.argument_reader import read_arguments
from slotmcp.tools.arguments import AnyOf, Arguments, Email, Number, Phone, Text, Time, WholeNumber, argument_schema
from slotmcp.tools.weekdays import read_days

MEGABYTE = 1_000_000


class SomeArguments(Arguments):
    """One field of each kind."""

    some_name: Annotated[str, Text(10)] = Field(description="A name")
    some_notes: Annotated[str, Text(100, multiline=True)] = Field("", description="Notes")
    some_count: Annotated[int, WholeNumber(1, 60)] | None = Field(None, description="A count")
    some_level: Annotated[int, WholeNumber(0, 5)] | None = Field(None, description="A level")
    some_degrees: Annotated[float, Number(-90, 90)] | None = Field(None, description="Degrees")
    some_part: PartOfDay | None = Field(None, description="A part of the day")
    some_time: Time | None = Field(None, description="A time")
    some_flag: bool = Field(default=False, description="A flag")
    some_days: Annotated[frozenset[int], Text(40, read_days, is_plain=True, is_list=True)] | None = Field(
        None, description="Days"
    )


class CustomerArguments(Arguments):
    """Arguments of a customer, one of which is required."""

    customer_name: str = Field("", description="A name")
    customer_phone: Phone = Field("", description="A phone number")
    email: Email = Field("", description="An address")
    any_of = (AnyOf(("customerPhone", "email"), "is required, or email"),)


def read(**given: object) -> SomeArguments:
    return read_arguments(SomeArguments, {"someName": "Ana"} | given)


def problems(**given: object) -> list[FieldProblem]:
    with pytest.raises(InvalidArgument) as refused:
        read(**given)
    return list(refused.value.fields)


@pytest.mark.parametrize("absent", [None, "", "   ", "\n\t"])
@pytest.mark.parametrize("field", ["someCount", "someLevel", "someDegrees", "somePart", "someTime", "someNotes"])
def test_null_and_blank_text_count_as_absent(field: str, absent: object) -> None:
    assert read(**{field: absent}) == read()


@pytest.mark.parametrize("zero", [0, 0.0, "0"])
def test_zero_is_absent_only_if_it_is_below_the_minimum(zero: object) -> None:
    assert read(someCount=zero).some_count is None
    assert read(someLevel=zero).some_level == 0
    assert read(someDegrees=zero).some_degrees == 0


@pytest.mark.parametrize("sixty", [60, "60", " 60 ", 60.0, "60.0"])
def test_a_number_may_arrive_as_text(sixty: object) -> None:
    assert read(someCount=sixty).some_count == 60


@pytest.mark.parametrize(
    "wrong", [61, -1, 10**9, 10**400, 1.5, "1.5", "sixty", True, False, [5], {"a": 1}, "9" * 5000, float("nan")]
)
def test_an_invalid_integer_is_refused_with_its_bounds(wrong: object) -> None:
    assert problems(someCount=wrong) == [FieldProblem("someCount", "must be a whole number from 1 to 60.")]


@pytest.mark.parametrize("wrong", [91, "-90.5", float("nan"), float("inf"), "nan", "inf", "north", True, [1.0]])
def test_an_invalid_coordinate_is_refused_with_its_bounds(wrong: object) -> None:
    assert problems(someDegrees=wrong) == [FieldProblem("someDegrees", "must be a number from -90 to 90.")]


@pytest.mark.parametrize(("number", "digits"), [(5, "5"), (5.0, "5"), (3_035_550, "3035550")])
def test_a_whole_number_counts_as_its_digits(number: object, digits: str) -> None:
    assert read(someName=number).some_name == digits


@pytest.mark.parametrize("wrong", [1.5, -5, 10**40, float("nan"), True, False, ["Ana"], [], {"name": "Ana"}])
def test_other_types_are_not_converted_to_text(wrong: object) -> None:
    assert problems(someName=wrong) == [FieldProblem("someName", "must be text.")]


@pytest.mark.parametrize("wrong", ["noon", "mornings", 3, True, ["morning"]])
def test_an_invalid_choice_is_refused_with_the_choices(wrong: object) -> None:
    assert problems(somePart=wrong) == [FieldProblem("somePart", "must be one of morning, afternoon, evening, night.")]


@pytest.mark.parametrize("text", ["morning", "Morning", " MORNING ", "\u200bmorning\u00a0", "\uff4dorning"])
def test_a_choice_is_recognized_in_any_case(text: str) -> None:
    assert read(somePart=text).some_part is PartOfDay.MORNING


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        (True, True),
        ("true", True),
        (" TRUE ", True),
        ("yes", True),
        (1, True),
        ("no", False),
        ("False", False),
        (0, False),
    ],
)
def test_a_flag_may_arrive_as_text(flag: object, value: object) -> None:
    assert read(someFlag=flag).some_flag is value


@pytest.mark.parametrize("wrong", ["maybe", 2, [True], {}])
def test_an_invalid_flag_is_refused(wrong: object) -> None:
    assert problems(someFlag=wrong) == [FieldProblem("someFlag", "must be true or false.")]


@pytest.mark.parametrize("days", [["mon", "Tuesday"], "Mon, Tuesday", "mon and tue", '["mon", "tue"]', "MON|TUE"])
def test_weekdays_may_arrive_as_a_list(days: object) -> None:
    assert read(someDays=days).some_days == frozenset({0, 1})


def test_an_empty_list_of_weekdays_counts_as_absent() -> None:
    assert read(someDays=[]).some_days is None
    assert read(someDays="[]").some_days is None


@pytest.mark.parametrize("wrong", [["mon", 1], [["mon"]], {"mon": True}, 1, ["someday"]])
def test_other_lists_of_weekdays_are_refused(wrong: object) -> None:
    assert [problem.field for problem in problems(someDays=wrong)] == ["someDays"]


def customer(**given: object) -> CustomerArguments:
    return read_arguments(CustomerArguments, given)


@pytest.mark.parametrize(
    "given",
    [
        {"phone": "303 555 0142", "name": "Kim"},
        {"customerPhone": "303 555 0142", "name": "Kim"},
        {"phone": "303 555 0142", "customerPhone": "(303) 555-0142", "customerName": "Kim", "name": "KIM"},
        {"phone": "303 555 0142", "customerPhone": "", "customerName": "Kim", "name": None},
    ],
)
def test_an_alias_has_the_meaning_of_the_tools_own_name(given: dict[str, object]) -> None:
    args = customer(**given)
    assert (args.customer_phone[-4:], args.customer_name.lower()) == ("0142", "kim")


def test_aliases_work_in_both_directions() -> None:
    assert customer(customerEmail="kim@example.com").email == "kim@example.com"
    assert customer(email="kim@example.com", customerEmail="Kim@Example.com").email == "kim@example.com"


@pytest.mark.parametrize("other", ["720 555 0142", 7_205_550_142, True, [], 10**40])
def test_two_different_values_are_refused_with_both_names(other: object) -> None:
    with pytest.raises(InvalidArgument) as refused:
        customer(phone="303 555 0142", customerPhone=other)
    assert {problem.field for problem in refused.value.fields} >= {"customerPhone", "phone"}


def test_aliases_are_not_published() -> None:
    assert set(argument_schema(CustomerArguments)["properties"]) == {"customerName", "customerPhone", "email"}


def test_one_argument_of_a_group_is_required() -> None:
    with pytest.raises(InvalidArgument) as refused:
        customer(name="Kim")
    expected = FieldProblem("customerPhone", "is required, or email.", ProblemKind.CONTACT)
    assert refused.value.fields == (expected,)


@pytest.mark.parametrize(
    ("unknown", "known"),
    [
        ("some_name", "someName"),
        ("SOMENAME", "someName"),
        ("telephone", "customerPhone"),
        ("phone_number", "customerPhone"),
        ("customerMail", "email"),
        ("full name", "customerName"),
        ("emailAddress", "email"),
    ],
)
def test_an_unknown_argument_is_refused_with_the_one_of_that_meaning(unknown: str, known: str) -> None:
    model = SomeArguments if known == "someName" else CustomerArguments
    with pytest.raises(InvalidArgument) as refused:
        read_arguments(model, {unknown: "x"})
    assert f"Did you mean {known}?" in refused.value.fields[0].problem


def test_a_missing_field_is_reported_with_its_description() -> None:
    for nothing in ({}, {"someName": None}, {"someName": "  "}):
        with pytest.raises(InvalidArgument) as refused:
            read_arguments(SomeArguments, nothing)
        assert refused.value.fields == (FieldProblem("someName", "is required: A name."),)


def test_an_invalid_time_is_refused_with_an_example() -> None:
    (problem,) = problems(someTime="tomorrow at nine")
    assert problem.field == "someTime"
    assert problem.problem.startswith('must be a date and time such as "2026-11-23T09:00"')


@pytest.mark.parametrize(
    ("text", "named"),
    [("a\x00b", "U+0000"), ("a\nb", "U+000A"), ("a\x1b[2J", "U+001B"), ("a\x85b", "U+0085"), ("a\u2028b", "U+2028")],
)
def test_control_characters_are_refused_with_their_code_point(text: str, named: str) -> None:
    assert problems(someName=text) == [FieldProblem("someName", f"must not have control characters ({named}).")]


def test_multiline_text_may_have_line_breaks_but_no_other_control_characters() -> None:
    assert read(someNotes=" dog\n\tgate code 4 ").some_notes == "dog\n\tgate code 4"
    assert problems(someNotes="dog\x07")[0].problem == "must not have control characters (U+0007)."


@pytest.mark.parametrize(
    "text", ["\u202dAna\u202c", "\ufeffAna", "A\u200bna", "\u00a0Ana\u00a0", "An\u00ada", "\u2066Ana\u2069\u200e"]
)
def test_invisible_marks_are_removed(text: str) -> None:
    assert read(someName=text).some_name == "Ana"


def test_text_of_invisible_marks_counts_as_absent() -> None:
    assert read(someNotes="\u200b\u00a0\u202d\u202c\ufeff").some_notes == ""


def test_space_characters_become_plain_spaces() -> None:
    assert read(someName="Ana\u00a0B\u2009C\u3000D").some_name == "Ana B C D"


def test_text_of_any_script_is_kept() -> None:
    assert read(someName="  Zoë 👩‍🔧 李 ").some_name == "Zoë 👩‍🔧 李"


def test_a_lone_surrogate_is_refused() -> None:
    assert problems(someName="a\ud800") == [FieldProblem("someName", "must be valid Unicode text.")]


def test_an_unknown_argument_is_refused_with_the_similar_one() -> None:
    (problem,) = problems(someCuont=5)
    assert problem.field == "someCuont"
    assert "Did you mean someCount?" in problem.problem
    assert "It takes someName, someNotes, someCount" in problem.problem


def test_only_the_names_on_the_wire_are_accepted() -> None:
    (problem,) = problems(some_count=5)
    assert "Did you mean someCount?" in problem.problem


def test_every_invalid_field_is_reported_at_once() -> None:
    assert [problem.field for problem in problems(x=1, someCount="a", somePart="b")] == ["x", "someCount", "somePart"]


@pytest.mark.parametrize("field", ["someName", "someNotes", "someCount", "someDegrees", "somePart", "someTime"])
def test_ten_megabytes_are_refused_immediately_and_not_repeated(field: str) -> None:
    (problem,) = problems(**{field: "7 x" * 10 * MEGABYTE})
    assert problem.field == field
    assert len(problem.problem) < 200


def test_many_unknown_arguments_are_reported_briefly() -> None:
    flood = {f"{number}\ud800" + "x" * 1000: number for number in range(10_000)}
    reported = problems(**flood)
    assert len(reported) == 5
    assert all(len(problem.field) < 200 and problem.field.isascii() for problem in reported)


@given(
    given=st.dictionaries(
        st.sampled_from(["someName", "someNotes", "someCount", "someDegrees", "somePart", "someTime", "other"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text()
        | st.text(st.characters(categories=["Cs", "Cc"]))
        | st.lists(st.integers(), max_size=2)
        | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    )
)
def test_any_input_gives_a_value_or_an_error_sentence(given: dict[str, object]) -> None:
    try:
        args = read_arguments(SomeArguments, given)
    except InvalidArgument as refused:
        problem = refused.message
    else:
        problem = ""
        assert 1 <= len(args.some_name) <= 10
    assert "pydantic" not in problem
    assert "Input should" not in problem


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon", {0}),
        ("mon,tue", {0, 1}),
        ("Monday, Friday", {0, 4}),
        ("sat sun", {5, 6}),
        ("thurs;weds", None),
        ("mo", None),
        ("mon and friday", {0, 4}),
        ("mon/tue;WED", {0, 1, 2}),
        ("mon-fri", None),
        ("weekdays", None),
    ],
)
def test_weekdays_are_parsed_by_their_english_names(text: str, days: set[int] | None) -> None:
    if days is not None:
        assert read_days(text) == frozenset(days)
        return
    with pytest.raises(ValueError, match='must be weekdays such as "mon,tue"'):
        read_days(text)
