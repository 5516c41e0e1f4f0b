"""Mapping from a file's rules and texts of services, areas and closures to the domain, with their checks."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from slotmcp.domain.booking_rules import (
    BookableSpan,
    Closure,
    Price,
    Priority,
    Reserve,
    ServiceArea,
    ServiceQuestion,
)
from slotmcp.domain.catalog import Location
from slotmcp.domain.interval import MINUTES_PER_DAY
from slotmcp.domain.recurrence import WallSpan
from slotmcp.project_file.checks import KnownIds, Problems, check_repeated
from slotmcp.project_file.field_types import DAYS
from slotmcp.project_file.rule_schema import (
    AreaEntry,
    BookableEntry,
    ClosureEntry,
    PriceEntry,
    QuestionEntry,
    ReserveEntry,
    WindowEntry,
)
from slotmcp.project_file.schema import HomeEntry
from slotmcp.project_file.times import write_clock
from slotmcp.services.countries import currency_decimals

MAX_CLOSURE_DAYS = 366
_MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY


def closures_of(entries: Sequence[ClosureEntry], problems: Problems) -> tuple[Closure, ...]:
    """Return closures, and report wrong dates."""
    check_repeated(entries, problems)
    return tuple(_closure(entry, problems.at(index)) for index, entry in enumerate(entries))


def _closure(entry: ClosureEntry, problems: Problems) -> Closure:
    if entry.last < entry.first:
        problems.at("to").add(f"this is before from; write {entry.first} or a later date")
    elif (days := (entry.last - entry.first).days + 1) > MAX_CLOSURE_DAYS:
        problems.at("to").add(f"the closure has {days} days; write at most {MAX_CLOSURE_DAYS}, or two closures")
    return entry.to(Closure, span=_part_of_date(entry, problems))


def _part_of_date(entry: ClosureEntry, problems: Problems) -> WallSpan | None:
    """Return the part of each date that is closed; None if the whole date is."""
    if entry.start is not None and entry.end is not None:
        return span_between(entry.start, entry.end, problems)
    if entry.start is not None or entry.end is not None:
        missing, there = ("start", "end") if entry.start is None else ("end", "start")
        if not problems.at(missing).exist:
            problems.at(missing).add(f'{missing} is missing; add it, such as "12:00", or remove {there} for whole days')
    return None


def areas_of(entries: Sequence[AreaEntry], known: KnownIds, problems: Problems) -> tuple[ServiceArea, ...]:
    """Return areas, and report unknown technicians, and ids and postal codes that are there twice."""
    _check_unique([entry.id for entry in entries], problems)
    _check_postal_codes(entries, problems)
    return tuple(_area(entry, known, problems.at(index)) for index, entry in enumerate(entries))


def _area(entry: AreaEntry, known: KnownIds, problems: Problems) -> ServiceArea:
    check_repeated(entry.postal_codes, problems.at("postalCodes"))
    check_repeated(entry.technician_ids, problems.at("technicians"))
    check_repeated(entry.days, problems.at("days"))
    for index, technician_id in enumerate(entry.technician_ids):
        known.check("technicians", technician_id, problems.at("technicians", index))
    return entry.to(
        ServiceArea,
        postal_codes=tuple(entry.postal_codes),
        technician_ids=tuple(entry.technician_ids),
        days=frozenset(entry.days),
    )


def _check_postal_codes(entries: Sequence[AreaEntry], problems: Problems) -> None:
    """Report postal codes, prefixes and ranges that an earlier area has too."""
    places: dict[str, tuple[int, int]] = {}
    for index, entry in enumerate(entries):
        for number, code in enumerate(entry.postal_codes):
            first, first_number = places.setdefault(code, (index, number))
            if first != index:
                line = problems.at(first, "postalCodes", first_number).line
                sentence = f"{code} is already in the area {entries[first].id} on line {line}; remove one of them"
                problems.at(index, "postalCodes", number).add(sentence)


def price_of(entry: PriceEntry | None, problems: Problems) -> Price | None:
    """Return the price of a service, if there is one, and report incomplete ones."""
    if entry is None:
        return None
    at_amount, at_currency = problems.at("from"), problems.at("currency")
    if entry.amount is None and not at_amount.exist:
        _check_no_amount(entry, problems)
    elif entry.amount is not None and not entry.currency and not at_currency.exist:
        problems.add("currency is missing; add it, such as currency: USD")
    elif entry.amount is not None and not at_currency.exist:
        decimals = currency_decimals(entry.currency)
        if entry.amount != round(entry.amount, decimals):
            places = f"at most {decimals} decimal places" if decimals else "no decimal places"
            at_amount.add(f"amounts in {entry.currency} have {places}; write {entry.amount:.{decimals}f}")
    return entry.to(Price)


def _check_no_amount(entry: PriceEntry, problems: Problems) -> None:
    if entry.currency or entry.per:
        key = "currency" if entry.currency else "per"
        problems.add(f"from is missing; add it, such as from: 89, or remove {key}")
    elif not entry.text and not problems.exist:
        problems.add("the price is empty; write from and currency, or text, such as {from: 89, currency: USD}")


def questions_of(entries: Sequence[QuestionEntry], problems: Problems) -> tuple[ServiceQuestion, ...]:
    """Return questions, and report ids that are there twice."""
    _check_unique([entry.id for entry in entries], problems)
    return tuple(entry.to(ServiceQuestion) for entry in entries)


def bookable_of(entries: Sequence[BookableEntry], problems: Problems) -> tuple[BookableSpan, ...]:
    """Return the spans in which a service can start, and report overlaps of one priority."""
    spans = tuple(_bookable_span(entry, problems.at(index)) for index, entry in enumerate(entries))
    for priority in Priority:
        weekly = sorted(
            week_span
            for index, span in enumerate(spans)
            if span.priority is priority and not problems.at(index).exist
            for week_span in _week_spans(index, span)
        )
        _check_overlaps(weekly, problems)
    return spans


def _bookable_span(entry: BookableEntry, problems: Problems) -> BookableSpan:
    check_repeated(entry.days, problems.at("days"))
    return entry.to(BookableSpan, days=frozenset(entry.days), span=wall_span_of(entry, problems))


class _WeekSpan(NamedTuple):
    """One occurrence of a span in the week, in minutes from Monday."""

    start: int
    end: int
    number: int
    """Index of the span in the file."""
    text: str


def _week_spans(number: int, bookable: BookableSpan) -> Iterator[_WeekSpan]:
    """Yield the occurrences of a span. One past the end of the week continues on Monday."""
    span = bookable.span
    end_clock = write_clock(span.end_minute - MINUTES_PER_DAY * (span.end_minute > MINUTES_PER_DAY))
    for day in bookable.days:
        text = f"{DAYS[day]} {write_clock(span.start_minute)}-{end_clock}"
        start, end = day * MINUTES_PER_DAY + span.start_minute, day * MINUTES_PER_DAY + span.end_minute
        yield _WeekSpan(start, min(end, _MINUTES_PER_WEEK), number, text)
        if end > _MINUTES_PER_WEEK:
            yield _WeekSpan(0, end - _MINUTES_PER_WEEK, number, text)


def _check_overlaps(spans: Sequence[_WeekSpan], problems: Problems) -> None:
    """Report overlaps of spans, which are sorted by start."""
    latest: _WeekSpan | None = None
    for span in spans:
        if latest is not None and span.start < latest.end:
            first, second = sorted((span, latest), key=lambda one: one.number)
            line = problems.at(first.number).line
            sentence = f"{second.text} overlaps {first.text} on line {line}; change one of them, or write them as one"
            problems.at(second.number).add(sentence)
        latest = span if latest is None else max(latest, span, key=lambda one: one.end)


def reserves_of(entries: Sequence[ReserveEntry], problems: Problems) -> tuple[Reserve, ...]:
    """Return reserves, and report those that are released at the same time."""
    times = [(entry.priority, entry.until_minutes) for entry in entries]
    for index, (_, until_minutes) in enumerate(times):
        if (first := times.index(times[index])) != index:
            line = problems.at(first).line
            sentence = f"line {line} already has a reserve until {until_minutes}; write one with the sum of the places"
            problems.at(index, "until").add(sentence)
    return tuple(entry.to(Reserve) for entry in entries)


def home_of(entry: HomeEntry | None, problems: Problems) -> Location | None:
    """Return the coordinates of a home, if there are any, and report incomplete ones."""
    if entry is None:
        return None
    latitude, longitude = entry.latitude, entry.longitude
    if latitude is not None and longitude is not None:
        return Location(latitude, longitude)
    if problems.at("latitude").exist or problems.at("longitude").exist:
        return None
    if latitude is not None:
        problems.at("longitude").add("longitude is missing; add it, such as longitude: -104.9903")
    elif longitude is not None:
        problems.at("latitude").add("latitude is missing; add it, such as latitude: 39.7392")
    elif not entry.postal_code and not problems.at("postalCode").exist:
        problems.add("the home is empty; write latitude and longitude, or postalCode")
    return None


def wall_span_of(entry: WindowEntry, problems: Problems) -> WallSpan:
    """Return the time span of a window, and report an empty one."""
    return span_between(entry.start, entry.end, problems)


def span_between(start: int, end: int, problems: Problems) -> WallSpan:
    """Return the time span of a start and an end, and report equal ones."""
    if start == MINUTES_PER_DAY:
        problems.at("start").add('nothing can start at 24:00; write "00:00" on the next day')
    elif start == end:
        sentence = 'this equals the start; write a later time, or for the whole day "00:00" to "24:00"'
        if start:
            clock = write_clock(start)
            sentence += f'; for 24 hours write "{clock}" to "24:00", and "00:00" to "{clock}" on the next day'
        problems.at("end").add(sentence)
    return WallSpan(start_minute=start, end_minute=end + MINUTES_PER_DAY * (end < start))


def _check_unique(ids: Sequence[str], problems: Problems) -> None:
    for index, name in enumerate(ids):
        if (first := ids.index(name)) != index:
            line = problems.at(first, "id").line
            problems.at(index, "id").add(f'"{name}" is already the id on line {line}; use another one')
