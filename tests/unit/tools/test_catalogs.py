"""Completeness of the catalogs: every sentence of the source, and no other, in every language."""

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

from slotmcp.domain.attention import AttentionCause
from slotmcp.domain.reasons import Reason
from slotmcp.tools.speech import attention, reasons, voice
from slotmcp.tools.speech.locales import BASES, LOCALES, SOURCE
from slotmcp.web.dashboard.labels import ATTENTION

TOOLS = Path(voice.__file__).parents[1]
CATALOGS = TOOLS / "speech" / "catalogs"
TRANSLATED = [locale for locale in LOCALES if locale != SOURCE]
COMPLETE = [locale for locale in TRANSLATED if locale not in BASES]
"""Locales with a catalog that is not based on another one."""
KEYS = {"say": 1, "say_as": 2, "say_count": 2, "message": 1, "phrase": 3}
"""Number of leading arguments that identify the sentence, by function."""

UNTRANSLATED = {
    "nouns within a sentence",
    "words before which or changes",
    "words before which and changes",
    "contractions",
    "length",
    "title",
    "title of a woman",
}
"""Contexts of conventions and words that are the same in several languages."""
WITHOUT_HOUR = {"at, past midnight", "bare, past midnight"}
REASON_TABLES = ("FOR_TEAM", "FOR_TECHNICIAN", "UNTIL_CLOCK", "UNTIL_TIME")
"""Names of the tables of sentences in `speech/reasons.py`."""

TABLES = (*REASON_TABLES, "SENTENCES")
"""Names of all tables of sentences."""

Key = tuple[str | None, str, str | None]
"""Context, sentence, and its plural, as gettext knows it."""


def function_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(TOOLS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and function_of(node) in KEYS and not is_from_table(node, path.name):
                yield f"{path.name}:{node.lineno}", node


def is_from_table(call: ast.Call, module: str) -> bool:
    """True for `say(TABLE[key])`, and in `say_phrase`: entries of tables are marked by calls of their own."""
    first = call.args[0]
    if module == "voice.py" and isinstance(first, ast.Attribute):
        return True
    return isinstance(first, ast.Subscript) and isinstance(first.value, ast.Name) and first.value.id in TABLES


def texts_of(call: ast.Call) -> list[object]:
    return [getattr(argument, "value", None) for argument in call.args[: KEYS[function_of(call)]]]


@cache
def sentences() -> frozenset[Key]:
    keys: set[Key] = set()
    for _, call in calls():
        first, *others = map(str, texts_of(call))
        match function_of(call):
            case "say" | "message":
                keys.add((None, first, None))
            case "say_as":
                keys.add((first, others[0], None))
            case "phrase":
                keys.add((first, others[0], others[1] if len(others) > 1 else None))
            case _:
                keys.add((None, first, others[0]))
    return frozenset(keys)


@cache
def catalog(locale: str) -> Catalog:
    with (CATALOGS / f"{locale}.po").open("rb") as file:
        return read_po(file, locale=locale.replace("-", "_"), abort_invalid=True)


def messages(locale: str) -> list[Message]:
    return [message for message in catalog(locale) if message.id]


def forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ())


def placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def words(text: str) -> str:
    return re.sub(r"\{\w+\}|\W|\d", "", text)


def test_every_language_except_that_of_the_source_has_a_catalog() -> None:
    assert sorted(path.stem for path in CATALOGS.glob("*.po")) == sorted(TRANSLATED)


def test_every_sentence_is_a_literal_in_the_source() -> None:
    built = [where for where, call in calls() if not all(isinstance(text, str) for text in texts_of(call))]
    assert built == [], "a sentence must be a literal, or the catalogs cannot contain it"


def test_the_entries_of_every_table_are_marked_as_sentences() -> None:
    tables = [*(getattr(reasons, table) for table in REASON_TABLES), attention.SENTENCES]
    assert {(None, sentence, None) for table in tables for sentence in table.values()} <= sentences()


def test_every_reason_has_a_sentence_for_the_team_and_for_a_technician() -> None:
    assert set(reasons.FOR_TEAM) == set(reasons.FOR_TECHNICIAN) == set(Reason)
    assert set(reasons.UNTIL_CLOCK) == set(reasons.UNTIL_TIME)


def test_every_cause_of_attention_has_a_sentence_and_a_label() -> None:
    assert set(attention.SENTENCES) == set(ATTENTION) == set(AttentionCause)


def translated(locale: str) -> dict[Key, tuple[str, ...]]:
    """Return the translations of a catalog, by the keys of their sentences."""
    entries: dict[Key, tuple[str, ...]] = {}
    for message in messages(locale):
        one, *many = forms(message.id)
        entries[message.context, one, many[0] if many else None] = forms(message.string)
    return entries


@pytest.mark.parametrize("locale", COMPLETE)
def test_every_sentence_is_in_every_language(locale: str) -> None:
    keys = translated(locale).keys()
    assert {"missing": sentences() - keys, "left over": keys - sentences()} == {"missing": set(), "left over": set()}


@pytest.mark.parametrize("locale", BASES)
def test_a_catalog_that_is_based_on_another_has_only_what_differs(locale: str) -> None:
    base = {key: tuple(filter(None, key[1:])) for key in sentences()} | (
        {} if BASES[locale] == SOURCE else translated(BASES[locale])
    )
    assert [key for key, texts in translated(locale).items() if base.get(key, texts) == texts] == []


@pytest.mark.parametrize("locale", TRANSLATED)
def test_every_sentence_is_translated_with_all_its_plurals(locale: str) -> None:
    for message in messages(locale):
        assert not message.fuzzy, message.id
        assert all(forms(message.string)), message.id
        assert len(forms(message.string)) == (catalog(locale).num_plurals if message.pluralizable else 1), message.id
    assert catalog(locale).obsolete == {}


@pytest.mark.parametrize("locale", TRANSLATED)
def test_the_placeholders_are_the_same_in_every_language(locale: str) -> None:
    for message in messages(locale):
        allowed = [placeholders(form) for form in forms(message.id)]
        first, *others = forms(message.string)
        if message.pluralizable or message.context in WITHOUT_HOUR:  # "one person" needs no number
            allowed.append(sorted(set(allowed[0]) - {"count", "hour"}))
        assert placeholders(first) in allowed, message.id
        assert all(placeholders(other) in allowed[:2] for other in others), message.id


@pytest.mark.parametrize("locale", COMPLETE)
def test_no_sentence_is_left_in_english(locale: str) -> None:
    for message in messages(locale):
        if words(forms(message.id)[0]) and message.context not in UNTRANSLATED:
            assert not set(forms(message.id)) & set(forms(message.string)), message.id


@pytest.mark.parametrize("locale", TRANSLATED)
def test_the_hours_of_a_clock_are_12_or_24(locale: str) -> None:
    for dial in ("hours on the clock that is said", "hours on the clock that is read"):
        assert voice.voice_of(locale).say_as(dial, "12") in {"12", "24"}


def test_american_english_needs_neither_a_catalog_nor_babel() -> None:
    probe = """
import sys
from datetime import date
from slotmcp.tools.speech.times import full_date
from slotmcp.tools.speech.voice import voice_of
english = voice_of("en-US")
print(full_date(date(2026, 11, 22), english), english.city("America/New_York"), "babel" in sys.modules)
print(full_date(date(2026, 11, 22), voice_of("es")), "babel" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603  ourselves
    assert done.stdout.splitlines() == [
        "Sunday, November 22, 2026 New York False",
        "domingo, 22 de noviembre de 2026 True",
    ]


def test_german_sentences_never_inflect_a_service() -> None:
    """A service's spoken name is in the nominative, so that it follows a colon, a comma or nothing."""
    texts = [form for message in messages("de") for form in forms(message.string)]
    assert [text for text in texts if re.search(r"\w \{services?\}", text)] == []
