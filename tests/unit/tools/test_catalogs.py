"""The catalogues say every sentence of the source, and no other, in every language."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from slotmcp.tools.speech import voice
from slotmcp.tools.speech.voice import LOCALES, SOURCE

TOOLS = Path(voice.__file__).parents[1]
CATALOGS = TOOLS / "speech" / "catalogs"
TRANSLATED = [locale for locale in LOCALES if locale != SOURCE]
FOREIGN = [locale for locale in TRANSLATED if not locale.startswith("en")]
KEYS = {"say": 1, "say_as": 2, "say_count": 2, "message": 1}
"""Number of leading arguments that identify the sentence, by function."""

Key = tuple[str | None, str, str | None]
"""Context, sentence, and its plural, as gettext knows it."""


def calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(TOOLS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in KEYS:
                yield f"{path.name}:{node.lineno}", node


def texts_of(call: ast.Call) -> list[object]:
    assert isinstance(call.func, ast.Attribute)
    return [getattr(argument, "value", None) for argument in call.args[: KEYS[call.func.attr]]]


@cache
def sentences() -> frozenset[Key]:
    found: set[Key] = set()
    for _, call in calls():
        assert isinstance(call.func, ast.Attribute)
        first, *others = map(str, texts_of(call))
        match call.func.attr:
            case "say":
                found.add((None, first, None))
            case "say_as":
                found.add((first, others[0], None))
            case _:
                found.add((None, first, others[0]))
    return frozenset(found)


@cache
def catalogue(locale: str) -> Catalog:
    with (CATALOGS / f"{locale}.po").open("rb") as file:
        return read_po(file, locale=locale.replace("-", "_"), abort_invalid=True)


def messages(locale: str) -> list[Message]:
    return [message for message in catalogue(locale) if message.id]


def forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ())


def placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def words(text: str) -> str:
    return re.sub(r"\{\w+\}|\W|\d", "", text)


def test_there_is_a_catalogue_for_each_language_but_the_one_the_source_is_in() -> None:
    assert sorted(path.stem for path in CATALOGS.glob("*.po")) == sorted(TRANSLATED)


def test_every_sentence_stands_in_the_source_as_it_is() -> None:
    built = [where for where, call in calls() if not all(isinstance(text, str) for text in texts_of(call))]
    assert built == [], "a sentence has to be a literal, or no catalogue can have it"


@pytest.mark.parametrize("locale", TRANSLATED)
def test_every_sentence_is_in_every_language(locale: str) -> None:
    said: set[Key] = set()
    for message in messages(locale):
        one, *many = forms(message.id)
        said.add((message.context, one, many[0] if many else None))
    assert {"missing": sentences() - said, "left over": said - sentences()} == {"missing": set(), "left over": set()}


@pytest.mark.parametrize("locale", TRANSLATED)
def test_every_sentence_is_done_and_has_all_its_plurals(locale: str) -> None:
    for message in messages(locale):
        assert not message.fuzzy, message.id
        assert all(forms(message.string)), message.id
        assert len(forms(message.string)) == (catalogue(locale).num_plurals if message.pluralizable else 1), message.id
    assert catalogue(locale).obsolete == {}


@pytest.mark.parametrize("locale", TRANSLATED)
def test_what_is_filled_in_is_the_same_in_every_language(locale: str) -> None:
    for message in messages(locale):
        allowed = [placeholders(form) for form in forms(message.id)]
        for form in forms(message.string):
            assert placeholders(form) in allowed, message.id


@pytest.mark.parametrize("locale", FOREIGN)
def test_nothing_is_left_in_english(locale: str) -> None:
    for message in messages(locale):
        if words(forms(message.id)[0]):
            assert not set(forms(message.id)) & set(forms(message.string)), message.id


@pytest.mark.parametrize("locale", TRANSLATED)
def test_the_hours_of_a_clock_are_12_or_24(locale: str) -> None:
    for dial in ("hours on the clock that is said", "hours on the clock that is read"):
        assert voice.voice_of(locale).say_as(dial, "12") in {"12", "24"}


def test_american_english_is_said_without_reading_what_other_languages_need() -> None:
    probe = """
import sys
from datetime import date
from slotmcp.tools.speech.voice import voice_of
english = voice_of("en-US")
sunday = date(2026, 11, 22)
print(english.say("today"), english.weekday(sunday), english.city("America/New_York"), "babel" in sys.modules)
print(voice_of("es").say("today"), voice_of("es").weekday(sunday), "babel" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603  ourselves
    assert done.stdout.splitlines() == ["today Sunday New York False", "hoy domingo True"]
