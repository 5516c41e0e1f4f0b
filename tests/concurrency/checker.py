"""Checker of a rush: its promises are verified from wire messages and database rows only."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from itertools import combinations
from typing import Final, Literal

from concurrency.business import MINUTES_A_DAY, Business
from concurrency.evidence import Entry, Rows, made_in
from concurrency.wire import LOST, NOT_SENT, OK, Attempt, Body, Request, made_by, minute_of, requests_in, token_in

Kind = Literal["sold twice", "promise broken", "key", "answer", "alternative", "silence", "order"]

BELIEVED_MS: Final = 1_500
"""Maximum age of the availability that a server may offer from."""
MAKING: Final = frozenset({"create_hold", "book_slot"})
"""Tools that create something."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A violated promise."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A time that was certainly sold, with its technician and its period."""

    booking: str
    technician: str
    service: str
    start: int
    end: int
    from_ms: float
    to_ms: float


@dataclass(frozen=True)
class Case:
    """Wire messages and database rows of a rush."""

    business: Business
    history: Sequence[Attempt]
    rows: Rows

    @cached_property
    def requests(self) -> list[Request]:
        """In the order of creation."""
        return requests_in(self.history)

    @cached_property
    def sales(self) -> list[Sale]:
        """Every time that was sold, also if it was released later."""
        return [sale for booking in self.reported_bookings for sale in self._sales_of(booking)]

    @cached_property
    def reported_bookings(self) -> dict[str, Request]:
        """The creating request, by booking id."""
        return {one.made: one for one in self.requests if one.tool == "book_slot" and one.success}

    @cached_property
    def reported_holds(self) -> dict[str, Request]:
        """The creating request, by hold token."""
        return {one.made: one for one in self.requests if one.tool == "create_hold" and one.success}

    @cached_property
    def ended_ms(self) -> float:
        """Time of the last response."""
        return max(one.answered_ms for one in self.history)

    def changes_of(self, booking: str) -> list[Request]:
        """Requests about a booking after its creation."""
        return [one for one in self.requests if one.arguments.get("bookingId") == booking]

    def service_of(self, request: Request) -> str:
        """Id of the subject of a request; empty if there was no response."""
        arguments = request.arguments
        booking_id, token = arguments.get("bookingId", ""), arguments.get("holdToken", "")
        made = self.reported_bookings.get(booking_id) or self.reported_holds.get(token)
        return self.service_of(made) if made else str(arguments.get("serviceType", ""))

    def _sales_of(self, booking: str) -> Iterator[Sale]:
        changes = self.changes_of(booking)
        steps = [self.reported_bookings[booking], *(one for one in changes if one.tool == "reschedule_booking")]
        for step in steps:
            if step.success is None:
                continue
            reported, sold_ms = step.success.body["booking"], step.success.answered_ms
            later = [
                one.asked_ms
                for one in changes
                if one is not step and one.tool != "update_booking" and one.asked_ms >= sold_ms
            ]
            yield Sale(
                booking=booking,
                technician=reported["technicianId"],
                service=reported["serviceType"],
                start=minute_of(reported["start"]),
                end=minute_of(reported["end"]),
                from_ms=sold_ms,
                to_ms=min(later, default=float("inf")),
            )


def check(business: Business, history: Sequence[Attempt], rows: Rows) -> list[Problem]:
    """Return all problems of a rush."""
    case = Case(business, history, rows)
    return [problem for look in LOOKS for problem in look(case)]


def nobody_is_in_two_places(case: Case) -> Iterator[Problem]:
    """Check the database: no overlap per technician, every skill, only working hours."""
    taking = [entry for entry in case.rows.entries.values() if entry.takes_time]
    for one, other in combinations(taking, 2):
        if one.technician == other.technician and _meet(one, other):
            yield Problem("sold twice", f"{one} and {other}")
    for entry in taking:
        if not _can(case.business, entry.technician, entry.service, entry.start, entry.end):
            yield Problem("sold twice", f"{entry} is beyond its technician")


def nothing_was_sold_twice_on_the_way(case: Case) -> Iterator[Problem]:
    """Check the responses: two callers who certainly had a time at once had different technicians."""
    by_technician = defaultdict(list)
    for sale in case.sales:
        by_technician[sale.technician].append(sale)
    for sales in by_technician.values():
        for one, other in combinations(sales, 2):
            if one.booking != other.booking and _both_had(one, other) and _collide(case.business, one, other):
                yield Problem("sold twice", f"{one} and {other}")


def every_hold_was_kept(case: Case) -> Iterator[Problem]:
    """Check that a hold is bookable until it expires, unless it was released."""
    for token, made in case.reported_holds.items():
        uses = [one for one in case.requests if one.arguments.get("holdToken") == token]
        entry = next((one for one in case.rows.entries.values() if one.token == token), None)
        if entry is None:
            yield Problem("promise broken", f"the hold of {made} is nowhere")
        elif entry.state in {"withdrawn", "lapsed"} and case.ended_ms < made.expires_ms:
            yield Problem("promise broken", f"{entry} is gone before its time")
        for use in uses:
            yield from _kept(made, use, uses)


def every_key_had_one_effect(case: Case) -> Iterator[Problem]:
    """Check that a request sent twice was executed once, with the same response and one receipt.

    A request to hold a time that arrives after the hold was released may hold it again.
    """
    released = {one.arguments["holdToken"] for one in case.requests if one.tool == "release_hold"}
    alike: dict[tuple[str, str | int], list[Body]] = defaultdict(list)
    for number, request in enumerate(case.requests):
        if not released & {answer.get("holdToken") for answer in request.successes}:
            alike[request.tool, request.arguments.get("idempotencyKey", number)] += request.successes
    for (tool, key), answers in alike.items():
        if len({made_by(one) for one in answers}) > 1:
            yield Problem("key", f"{tool} {key} was answered in {len(answers)} ways")
        if sum(one.get("replayed") is False for one in answers) > 1:
            yield Problem("key", f"{tool} {key} was done more than once")
    remembered = Counter((use_case, made_in(answer)) for use_case, _, answer in case.rows.receipts)
    for (tool, key), answers in alike.items():
        if tool in MAKING and answers and isinstance(key, str) and not remembered[tool, made_by(answers[0])]:
            yield Problem("key", f"{tool} {key} is not remembered")
    there = {one.token for one in case.rows.entries.values()} | case.rows.entries.keys()
    for use_case, made in remembered:
        if use_case in MAKING and made not in there:
            yield Problem("key", f"{use_case} reports {made}, which does not exist")


def what_was_told_is_there(case: Case) -> Iterator[Problem]:
    """Check that every reported booking is stored as last reported, and every stored one was reported."""
    reported = case.reported_bookings
    for booking, made in reported.items():
        yield from _stands(case, booking, made)
    open_requests = {
        one.arguments["customerEmail"] for one in case.requests if one.tool == "book_slot" and one.in_doubt
    }
    for booking, (email, _) in case.rows.bookings.items():
        if booking not in reported and email not in open_requests:
            yield Problem("answer", f"booking {booking} of {email} was not reported")
    known = {token_in(answer) for one in case.requests for answer in one.successes}
    known |= {one.token for one in case.rows.offers}
    unknown = {entry.token for entry in case.rows.entries.values() if entry.token} - known
    doubtful = sum(one.tool == "create_hold" and one.in_doubt for one in case.requests)
    if len(unknown) > doubtful:
        yield Problem("answer", f"{len(unknown)} holds were not reported, and {doubtful} callers are in doubt")


def alternatives_were_real(case: Case) -> Iterator[Problem]:
    """Check that every refused caller got alternatives, none of them sold before."""
    for request in case.requests:
        for attempt in request.attempts:
            if attempt.error == "slot_unavailable":
                yield from _offered(case, request, attempt)


def everybody_was_answered(case: Case) -> Iterator[Problem]:
    """Check that every request got a response, and only expected ones."""
    foreseen = {"", "slot_unavailable", "slots_available", "hold_expired", "booking_closed"}
    for request in case.requests:
        if not request.finals:
            yield Problem("silence", f"{request} was never answered")
        for attempt in request.finals:
            if attempt.error not in foreseen:
                yield Problem("answer", f"{request} was answered with {attempt.body}")
    for attempt in case.history:
        if attempt.status not in {NOT_SENT, LOST, OK, HTTPStatus.SERVICE_UNAVAILABLE}:
            yield Problem("answer", f"{attempt.tool} was answered with status {attempt.status}")


def _kept(made: Request, use: Request, uses: Sequence[Request]) -> Iterator[Problem]:
    """Return whether the use of a hold succeeded while it was live."""
    before = [one for one in uses if one is not use and one.asked_ms <= use.attempts[-1].answered_ms]
    if use.tool == "release_hold" or use.success or any(one.tool == "release_hold" or one.success for one in before):
        return
    for attempt in use.finals:
        if attempt.answered_ms < made.expires_ms:
            yield Problem("promise broken", f"{use} was refused before {made.expires_ms}: {attempt.body}")


def _stands(case: Case, booking: str, made: Request) -> Iterator[Problem]:
    """Return whether a booking is as last reported."""
    entry = case.rows.entries.get(booking)
    email, status = case.rows.bookings.get(booking, ("", ""))
    if entry is None or email != made.arguments["customerEmail"]:
        yield Problem("answer", f"booking {booking} of {made} is not there")
        return
    changes = case.changes_of(booking)
    if any(one.in_doubt for one in changes):
        return
    is_cancelled = any(one.tool == "cancel_booking" and one.success for one in changes)
    if (entry.state, status == "cancelled") != ("cancelled" if is_cancelled else "booked", is_cancelled):
        yield Problem("answer", f"{entry} has status {status}")
    last = max((sale for sale in case.sales if sale.booking == booking), key=lambda sale: sale.from_ms)
    if (entry.technician, entry.start, entry.end) != (last.technician, last.start, last.end):
        yield Problem("answer", f"{entry} was reported as {last}")


def _offered(case: Case, request: Request, attempt: Attempt) -> Iterator[Problem]:
    """Return whether all alternatives were bookable, as far as is known."""
    others = attempt.body["error"]["alternatives"]
    if not others and not case.business.can_be_full:
        yield Problem("alternative", f"{request} was offered nothing instead")
    service = case.service_of(request)
    for other in others:
        start, end = minute_of(other["start"]), minute_of(other["end"])
        sold = [
            sale
            for sale in case.sales
            if sale.from_ms < attempt.asked_ms - BELIEVED_MS
            and attempt.answered_ms < sale.to_ms
            and sale.booking != request.arguments.get("bookingId")
        ]
        if not any(_is_free(case.business, one, service, start, end, sold) for one in case.business.technicians):
            yield Problem("alternative", f"{request} was offered {other['start']}, which no technician can take")


def _is_free(  # noqa: PLR0913, PLR0917  who, what, when
    business: Business, technician: str, service: str, start: int, end: int, sold: Sequence[Sale]
) -> bool:
    """Return whether a technician could take a time, as far as is known."""
    if start % business.grid or not _can(business, technician, service, start, end):
        return False
    wanted = Sale(
        booking="", technician=technician, service=service, start=start, end=end, from_ms=0, to_ms=float("inf")
    )
    return not any(sale.technician == technician and _collide(business, wanted, sale) for sale in sold)


def _can(business: Business, technician: str, service: str, start: int, end: int) -> bool:
    """Return whether a technician has the skills and works then."""
    opens = start // MINUTES_A_DAY * MINUTES_A_DAY + business.opens
    has_skills = business.jobs[service].skills <= business.technicians[technician]
    return has_skills and opens <= start < end <= opens - business.opens + business.closes


def _meet(one: Entry, other: Entry) -> bool:
    """Return whether two rows overlap, with their buffers."""
    return one.start - one.before < other.end + other.after and other.start - other.before < one.end + one.after


def _collide(business: Business, one: Sale, other: Sale) -> bool:
    """Return whether two times overlap, with their services' buffers."""
    job, next_job = business.jobs[one.service], business.jobs[other.service]
    return one.start - job.before < other.end + next_job.after and other.start - next_job.before < one.end + job.after


def _both_had(one: Sale, other: Sale) -> bool:
    """Return whether both times were sold at some moment."""
    return one.from_ms < other.to_ms and other.from_ms < one.to_ms


LOOKS: Final[tuple[Callable[[Case], Iterator[Problem]], ...]] = (
    nobody_is_in_two_places,
    nothing_was_sold_twice_on_the_way,
    every_hold_was_kept,
    every_key_had_one_effect,
    what_was_told_is_there,
    alternatives_were_real,
    everybody_was_answered,
)
