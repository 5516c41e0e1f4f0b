"""Argument with a caller's answers to the questions of a service, as texts such as "pets: a dog"."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from slotmcp.domain.booking import Answer
from slotmcp.tools import texts

_FORM: Final = 'as "questionId: answer"'
_LIST: Final = f"must be a list of texts, each {_FORM}"
_JSON_STARTS: Final = ("[", "{")
_MAX_JSON_CHARACTERS: Final = 10_000
_MAX_QUOTED_CHARACTERS: Final = 60
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_CONTROL_CHARACTER: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class AnswerList:
    """Type of a list of answers. One text, JSON text, and an object of answers by question are accepted, too."""

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        listed = core_schema.list_schema(core_schema.str_schema())
        converted = core_schema.no_info_before_validator_function(_as_list, listed)
        return core_schema.no_info_after_validator_function(read_answers, converted)


Answers: TypeAlias = Annotated[tuple[Answer, ...], AnswerList(), Field(description='"questionId: answer" each')]


def read_answers(entries: Sequence[str]) -> tuple[Answer, ...]:
    """Read answers. Empty ones are left out.

    Raises:
        ValueError: an entry has another form, or a question is answered twice.
    """
    answers = dict[str, Answer]()
    for answer in _read_entries(entries):
        if answers.setdefault(answer.question_id.casefold(), answer) is not answer:
            raise ValueError(f"has two answers to {_quoted(answer.question_id)}; give one for each question")
    return tuple(answers.values())


def show_answers(answers: Iterable[Answer]) -> list[str]:
    """Return answers in the form of the argument."""
    return [f"{answer.question_id}: {answer.text}" for answer in answers]


def _read_entries(entries: Sequence[str]) -> Iterator[Answer]:
    for number, entry in enumerate(entries, 1):
        if texts.is_blank(entry):
            continue
        id_, colon, text = texts.clean(entry).partition(":")
        question_id, text = id_.strip(), text.strip()
        if not colon or not question_id:
            raise ValueError(f"must have each answer {_FORM}; entry {number} has no question")
        if not texts.is_blank(text):
            yield Answer(question_id=question_id, text=_checked(question_id, text))


def _checked(question_id: str, text: str) -> str:
    if _SURROGATE.search(question_id + text):
        raise ValueError("must be valid Unicode text")
    if match := _CONTROL_CHARACTER.search(question_id + text):
        raise ValueError(f"must not have control characters (U+{ord(match[0]):04X})")
    return text


def _as_list(value: object) -> object:
    """Return the list of texts that a value means."""
    if isinstance(value, str):
        value = _from_json(value)
    if isinstance(value, Mapping):
        value = [f"{id_}: {_text(answer)}" for id_, answer in value.items()]
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise ValueError(_LIST)
    return value


def _from_json(text: str) -> object:
    if text.lstrip().startswith(_JSON_STARTS) and len(text) <= _MAX_JSON_CHARACTERS:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return [text]
    return [text]


def _text(answer: object) -> str:
    """Return an answer that an agent sent as text, number, flag or null.

    Raises:
        ValueError: it is a list or an object.
    """
    if answer is None:
        return ""
    if isinstance(answer, bool | int | float):
        return json.dumps(answer)
    if not isinstance(answer, str):
        raise ValueError(_LIST)  # noqa: TRY004  pydantic reports it as the field's problem
    return answer


def _quoted(question_id: str) -> str:
    return repr(question_id[:_MAX_QUOTED_CHARACTERS])
