"""Text that turns a model into a business's receptionist: the prompt `phone_receptionist`, and `slotmcp prompt`.

The instructions are in English, as the names and descriptions of the tools are. They name the language to speak, and
the sentences to say are in that language.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Final

from slotmcp.domain.catalog import Project, ServiceType, TravelMode, Wording
from slotmcp.domain.interval import Interval
from slotmcp.services.opening_days import OpeningDay
from slotmcp.services.projects import CatalogAnswer
from slotmcp.tools.catalog import show_hours
from slotmcp.tools.instructions import READ_ONLY, RULES
from slotmcp.tools.service_views import shorten
from slotmcp.tools.speech import receptionist
from slotmcp.tools.speech.locales import LOCALES, SOURCE
from slotmcp.tools.speech.times import full_date
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.speech.voice import voice_of
from slotmcp.tools.weekdays import NAMES

MAX_CHARACTERS: Final = 8_000
"""Length of the text, about 2,000 tokens. A voice agent's model reads it in every turn."""
LANGUAGES: Final = {
    "en-US": "American English",
    "en-GB": "British English",
    "es": "Spanish",
    "es-US": "American Spanish",
    "fr": "French",
    "de": "German",
}
_MAX_NAME_CHARACTERS: Final = 80
_MAX_GUIDANCE_CHARACTERS: Final = 240
_MAX_HOURS_CHARACTERS: Final = 600
_SEE_LIST_SERVICES: Final = "list_services has them."


def receptionist_prompt(
    answer: CatalogAnswer, *, locale: str = "", is_dated: bool = True, is_read_only: bool = False
) -> str:
    """Return the text for a project, with at most MAX_CHARACTERS.

    It lists as many services as fit. Without `is_dated`, it says nothing that is true only for some days.
    """
    view = Viewpoint.of(answer.project, answer.now_ms, locale=locale)
    name = shorten(answer.project.name, _MAX_NAME_CHARACTERS)
    sections = [
        _role(name),
        _section("How to speak", _manner(name, view)),
        _section("The business", _facts(answer, view, is_dated=is_dated)),
        f"How to use the tools\n{RULES}",
        _section("What else to do", _duties(answer.project, is_read_only=is_read_only)),
    ]
    room = MAX_CHARACTERS - sum(len(section) + 2 for section in sections)
    sections.insert(3, _section("Services", _service_lines(answer.services, room)))
    return "\n\n".join(sections) + "\n"


def _role(name: str) -> str:
    return (
        f"You are the receptionist of {name}, and speak with callers on the phone. You find, hold, book, move and "
        "cancel appointments with the tools of slotmcp. Never say that you did something unless a tool did it."
    )


def _section(title: str, lines: Iterable[str]) -> str:
    return "\n".join([title, *(f"- {line}" for line in lines)])


def _manner(name: str, view: Viewpoint) -> Iterator[str]:
    locale = view.voice.locale
    yield (
        f'Speak {LANGUAGES[locale]}, and pass the locale "{locale}" in every tool call. If the caller speaks another '
        f"language, speak that one, and pass its locale, if it is one of {', '.join(LOCALES)}."
    )
    if view.note:
        yield f"{view.note} Translate them for the caller."
    yield f'Begin with: "{receptionist.greeting(name, view)}"'
    yield "Say one or two short sentences at a time, ask one question at a time, and offer at most three times."
    yield f'Before you look for times or book, say: "{receptionist.one_moment(view)}"'
    yield f'If a tool takes longer than three seconds, say: "{receptionist.still_looking(view)}"'
    yield "Never speak of tools, ids or error codes."


def _facts(answer: CatalogAnswer, view: Viewpoint, *, is_dated: bool) -> Iterator[str]:
    zone_key = answer.project.timezone
    if is_dated:
        yield f"Today is {_write_date(view.today)}, in the time zone {zone_key}. Use a later date of an answer instead."
    else:
        yield f"The time zone is {zone_key}. Call list_services at the beginning of each call: it has today's date."
    yield _bounded(f"Usual hours: {_write_week(answer.days)}.", "Usual hours")
    changed_days = [day for day in answer.days if day.hours != day.usual_hours]
    if is_dated and changed_days:
        yield _bounded(f"Other hours: {_write_dates(changed_days)}.", "Other hours on the next days")
    if any(day.emergency_hours for day in answer.days):
        yield "Emergencies can also be booked at other times: list_services has them."
    yield f'Pass the projectId "{answer.project.id}" in every tool call.'


def _bounded(line: str, subject: str) -> str:
    return line if len(line) <= _MAX_HOURS_CHARACTERS else f"{subject}: {_SEE_LIST_SERVICES}"


def _write_date(day: date) -> str:
    return full_date(day, voice_of(SOURCE))


def _write_dates(days: Iterable[OpeningDay]) -> str:
    return "; ".join(f"{_write_date(day.date)} {_write_hours(day.hours)}" for day in days)


def _write_week(days: Sequence[OpeningDay]) -> str:
    """Return the usual hours by weekday, such as "Monday to Friday 08:00-17:00; Saturday to Sunday closed"."""
    by_weekday = sorted((day.date.weekday(), _write_hours(day.usual_hours)) for day in days)
    spans = [(hours, [number for number, _ in group]) for hours, group in groupby(by_weekday, key=lambda day: day[1])]
    return "; ".join(f"{_write_weekdays(numbers)} {hours}" for hours, numbers in spans)


def _write_hours(spans: Sequence[Interval]) -> str:
    return show_hours(spans).replace(",", " and ")


def _write_weekdays(numbers: Sequence[int]) -> str:
    first, last = (NAMES[number].title() for number in (numbers[0], numbers[-1]))
    return first if first == last else f"{first} to {last}"


def _service_lines(services: Sequence[ServiceType], room: int) -> Iterator[str]:
    """Describe the first services, as many as fit into a number of characters, and count the others."""
    for number, service in enumerate(services):
        line = _write_service(service)
        rest = f"And {len(services) - number} more: {_SEE_LIST_SERVICES}"
        room -= len(line) + 3
        if room < len(rest):
            yield rest
            return
        yield line
    if not services:
        yield "There is nothing to book yet."


def _write_service(service: ServiceType) -> str:
    name = shorten(service.name, _MAX_NAME_CHARACTERS)
    line = f'{name}: serviceType "{service.id}", {service.duration_minutes} minutes.'
    return f"{line} {shorten(service.guidance or service.description, _MAX_GUIDANCE_CHARACTERS)}".rstrip()


def _duties(project: Project, *, is_read_only: bool) -> Iterator[str]:
    if is_read_only:
        yield READ_ONLY
    yield "If you are not sure which service a caller means, call list_services with its serviceType."
    if project.areas:
        yield "Ask for the postal code before you look for times, and pass it as postalCode in every tool call."
    if project.wording is Wording.VISIT:
        yield "Ask for the address of the visit before you book, and pass it to book_slot."
    if project.travel.mode is not TravelMode.NONE:
        yield "If you know the coordinates of the address, pass them as latitude and longitude in every tool call."
    yield "If the caller asks why a time is not available, call explain_slot."
    yield (
        "On already_booked, ask whether to change that booking or to book a further visit. Pass additional: true only "
        "for a further visit."
    )
    yield "Pass priority: emergency only if the caller has an emergency, and then in every tool call."
    yield "If the caller wants a person, or something that no tool does, say so and promise nothing."
