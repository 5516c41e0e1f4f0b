"""Which of the languages that can be spoken a wish for one comes down to."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

LOCALES: Final = ("en-US", "en-GB", "es", "fr", "de")
"""BCP 47 tags. The first is the language that the sentences are written in; each other one has a catalogue."""
SOURCE: Final = LOCALES[0]

_TAG: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_AMERICAN: Final = frozenset({"", "us", "ca", "ph", "pr", "gu", "vi"})
"""Where English is spoken as in the United States, as the CLDR has it; elsewhere it is as in Britain."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The language of an answer."""

    locale: str
    """One of LOCALES."""
    note: str = ""
    """For the agent, where its caller hears something else than was asked for."""


@lru_cache(maxsize=1024)
def choose_locale(asked: str, usual: str) -> Choice:
    """The asked language, or else the business's usual one, or else American English; any text is understood somehow.

    Whoever gets another language than they asked for, or than is usual, is told; a region's own way of speaking is told
    only to who asked for it by name.
    """
    for wanted in filter(None, (asked, usual)):
        if found := _match(wanted):
            is_as_wanted = wanted == asked and found.lower() == _parts_joined(wanted)
            is_as_usual = not asked
            return Choice(found, "" if is_as_wanted or is_as_usual else _note(asked, found))
    return Choice(SOURCE, _note(asked or usual, SOURCE) if asked or usual else "")


def _match(wanted: str) -> str | None:
    return next((one for one in _candidates(wanted) if one in LOCALES), None)


def _candidates(wanted: str) -> Iterator[str]:
    if not _TAG.fullmatch(wanted):
        return
    language, *rest = _parts_joined(wanted).split("-")
    if language == "en":
        region = next((part for part in rest if len(part) == _REGION_LETTERS), "")
        yield "en-US" if region in _AMERICAN else "en-GB"
    yield language


_REGION_LETTERS: Final = 2


def _parts_joined(tag: str) -> str:
    return tag.replace("_", "-").lower()


def _note(wanted: str, given: str) -> str:
    named = wanted if _TAG.fullmatch(wanted) else "that locale"
    return f"There are no sentences in {named}, so these are in {given}. There are: {', '.join(LOCALES)}."
