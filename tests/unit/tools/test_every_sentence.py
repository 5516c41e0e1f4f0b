"""Snapshot tests of every sentence in every language. The pages in spoken/ are meant to be read aloud.

To agree to what is said now: SLOTMCP_REWRITE=1 .venv/bin/pytest tests/unit/tools/test_every_sentence.py, then read the
difference aloud.
"""

import os
import re
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from slotmcp.domain.reasons import Reason
from slotmcp.tools.speech import reasons, sentences
from slotmcp.tools.speech.locales import LOCALES, SOURCE
from slotmcp.tools.speech.sentences import MAX_WORDS, count_words
from unit.tools.spoken.situations import OFFERS, minute, operator_situations, situations, view_of
from unit.tools.test_catalogs import sentences as keys

FOLDER = Path(__file__).with_name("spoken")
MAX_CHOICES = 3
MACHINE_TEXT = re.compile(r"[{}()\[\]/&_<>#*]|T\d\d:|\dZ\b|\d:\d\d:\d\d|(?<!-)\bt-[a-z]+|\b(?:UTC|GMT|None|null)\b")
ABBREVIATION = re.compile(r"\b(?:[Dd]ra?|[Jj]r|[Mm]in|[Ss]td|hrs?)\b")
PUNCTUATION = re.compile(r"  | [.,]|[.,;:!?]{2}")
ENDS = re.compile(r"[.?!]$")
REPEATED_WORD = re.compile(r"\b(\w+) \1\b", re.IGNORECASE)
NOT_CONTRACTED = {
    "es": re.compile(r"\bde el (?!C)|\ba el |\bo (?:h?o|8|11)|\by h?i", re.IGNORECASE),
    "fr": re.compile(r"\b(?:de|que) [AEÉIOU]|\b(?:de|à) le docteur"),
}
CLOCK = re.compile(r"\d+(?::\d\d| heures? \d+| Uhr \d+| y (?:cuarto|media|\d+))?|\b(?:noon|midday|midi|ein Uhr)\b")
LATE = "2026-12-01T10:30"
IN_OTHER_ZONE = re.compile("Cairo|Caire|Kairo")


@cache
def pages(locale: str) -> dict[str, dict[str, None]]:
    """Return what callers and operators hear, without duplicates, by the heading of the situation."""
    headings: dict[str, dict[str, None]] = {}
    for heading, said in (*situations(locale), *operator_situations(locale)):
        headings.setdefault(heading, {})[said] = None
    return headings


@cache
def said_to_callers(locale: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(said for _, said in situations(locale)))


def text_of(locale: str) -> str:
    return "\n".join(f"## {heading}\n\n" + "\n".join(said) + "\n" for heading, said in pages(locale).items())


@pytest.mark.parametrize("locale", LOCALES)
def test_every_sentence_matches_its_page(locale: str) -> None:
    page = FOLDER / f"{locale}.md"
    if os.environ.get("SLOTMCP_REWRITE"):
        page.write_text(text_of(locale), "utf-8")
    assert text_of(locale) == page.read_text("utf-8")


def test_every_sentence_of_the_source_is_in_a_situation() -> None:
    page = text_of(SOURCE)
    texts = {text for context, *texts in keys() if context is None for text in texts if text}
    unspoken = [text for text in sorted(texts) if not re.search(pattern_of(text), page)]
    assert unspoken == []


def pattern_of(text: str) -> str:
    return re.sub(r"\\\{\w+\\\}", ".+", re.escape(text))


@pytest.mark.parametrize("locale", LOCALES)
def test_no_response_is_longer_than_a_caller_remembers(locale: str) -> None:
    """A response in another zone names a city, and may be longer; each of its sentences is not."""
    responses = [said for said in said_to_callers(locale) if not IN_OTHER_ZONE.search(said)]
    abroad = [one for said in said_to_callers(locale) for one in re.split(r"(?<=[.?!]) (?=[A-ZÀ-Þ¿])", said)]
    assert {said: count_words(said) for said in (*responses, *abroad) if count_words(said) > MAX_WORDS} == {}


@pytest.mark.parametrize("pattern", [MACHINE_TEXT, ABBREVIATION, PUNCTUATION, REPEATED_WORD])
@pytest.mark.parametrize("locale", LOCALES)
def test_no_sentence_contains_text_that_is_only_written(locale: str, pattern: re.Pattern[str]) -> None:
    assert [said for said in said_to_callers(locale) if pattern.search(said.replace("p.m.", "p"))] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_every_sentence_begins_with_a_capital_letter_and_ends(locale: str) -> None:
    assert [said for said in said_to_callers(locale) if not ENDS.search(said) or said.lstrip("¿¡")[0].islower()] == []


@pytest.mark.parametrize("locale", ["es", "es-US", "fr"])
def test_words_are_contracted(locale: str) -> None:
    pattern = NOT_CONTRACTED[locale[:2]]
    assert [said for said in said_to_callers(locale) if pattern.search(said)] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_at_most_three_times_are_offered(locale: str) -> None:
    offers = [
        sentences.free_times([minute(text) for text in texts], view_of(locale))
        for texts in (*OFFERS, [f"2026-11-24T{hour:02}:00" for hour in range(8, 17)])
        if texts[-1] < "2026-11-28"
    ]
    assert [said for said in offers if not 1 <= len(CLOCK.findall(said)) <= MAX_CHOICES] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_a_reason_with_what_is_possible_instead_is_short_enough(locale: str) -> None:
    view, late = view_of(locale), minute(LATE)
    causes = [
        *((reasons.for_team(reason, view),) * 2 for reason in Reason),
        *((reasons.for_technician("Ben Okafor", reason, view),) * 2 for reason in Reason),
        *(
            (
                reasons.for_technician("Ben Okafor", reason, view, start=0, until=late),
                reasons.for_technician("Ben Okafor", reason, view),
            )
            for reason in reasons.UNTIL_TIME
        ),
    ]
    changes = [
        reasons.other_start(late, view),
        reasons.other_technicians(["Ana Ruiz", "Ben Okafor"], view),
        reasons.shorter_fits(45, view),
        reasons.open_for_emergencies(view),
    ]
    responses = [
        *(reasons.instead(*pair, change, view) for pair, change in product(causes, changes)),
        *(reasons.next_free(cause, start, Reason.BOOKED, view) for (_, cause), start in product(causes, (late, None))),
    ]
    assert {said: count_words(said) for said in responses if count_words(said) > MAX_WORDS} == {}
