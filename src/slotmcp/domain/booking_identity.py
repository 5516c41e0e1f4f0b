"""Identity of booking requests: decides if a request repeats, completes or contradicts a booking, or is new.

`docs/explanation/retries.md` specifies the decision; comments cite its rules.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum, auto
from typing import Final

from slotmcp.domain.booking import MAX_ANSWERS, Answer, Booking, BookingStatus, Customer, Visit
from slotmcp.domain.catalog import Location
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import MS_PER_MINUTE, Minute

MAX_NOTES_CHARACTERS: Final = 2000
SAME_PLACE_DEGREES: Final = 0.002
_EXTENSION: Final = " ext. "
_INVISIBLE: Final = "Cf"
"""Unicode category of marks that take no space, such as those that set the direction of text."""


class Outcome(StrEnum):
    """Decision about a request."""

    REPLAY = auto()
    """The request is an earlier one again."""
    COMPLETE = auto()
    """The request adds details to a booking."""
    ASK = auto()
    """The customer has a similar booking, and only the caller knows if the request corrects it."""
    MISMATCH = auto()
    """The key or token belongs to another request."""
    NEW = auto()
    """The request is for another visit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedVisit:
    """Requested visit, with everything that is compared with bookings. None or empty text: not given."""

    phone_key: str = ""
    """Keyed hash of the phone number."""
    email_key: str = ""
    """Keyed hash of the email address."""
    customer: Customer
    service_id: str
    start: Minute
    end: Minute
    names_start: bool = True
    """False if the start is only that of the request's hold."""
    duration_minutes: int | None = None
    technician_id: str | None = None
    visit: Visit
    location: Location | None = None
    postal_code: str = ""
    answers: tuple[Answer, ...] = ()
    is_additional: bool = False
    """True if the caller wants it in addition to another visit at the time."""

    @property
    def contact_keys(self) -> frozenset[str]:
        """Keyed hashes of the contacts."""
        return frozenset(filter(None, (self.phone_key, self.email_key)))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedBooking:
    """Booking of the request's key or token."""

    booking: Booking
    first_start: Minute | None
    """Start for which the key was used; None: unknown, because the booking was moved since."""
    is_same_request: bool = False
    """True if the key was used for a request with the same arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Decision about a request, with the booking that it concerns."""

    outcome: Outcome
    booking: Booking | None = None
    """The present booking; None if the outcome is MISMATCH or NEW."""
    completed: Booking | None = None
    """The booking with its new details, if the outcome is COMPLETE."""


NEW: Final = Decision(outcome=Outcome.NEW)
MISMATCH: Final = Decision(outcome=Outcome.MISMATCH)


def decide(
    request: RequestedVisit,
    bookings: Sequence[Booking],
    keyed: KeyedBooking | None = None,
    *,
    has_unused_key: bool = False,
    now_ms: int,
) -> Decision:
    """Decide if a request repeats, completes or contradicts a booking, or is new.

    Args:
        request: the requested visit.
        bookings: bookings with a contact key of the request, present or former, of any service, time and status.
        keyed: booking of the request's key or token.
        has_unused_key: True if the request has a key that is not known, or the token of a hold that is not booked.
        now_ms: current time.
    """
    same_start = [booking for booking in bookings if _is_at_start(request, booking)]
    if keyed is not None:
        if keyed.is_same_request:  # rule 1
            return Decision(outcome=Outcome.REPLAY, booking=keyed.booking)
        if not _is_of_same_request(request, keyed):  # rule 2
            return MISMATCH
        if request.is_additional and not _is_same_additional(request, keyed.booking):  # rule 3
            has_unused_key = True
        elif not keyed.booking.is_active or keyed.booking.customer is None:  # rule 4
            return Decision(outcome=Outcome.REPLAY, booking=keyed.booking)
        else:
            same_start = [keyed.booking, *(booking for booking in same_start if booking != keyed.booking)]
    if request.is_additional:
        return NEW if has_unused_key else _decide_additional(request, same_start, now_ms)
    return _decide_same_start(request, same_start, now_ms) or _decide_overlap(request, bookings, same_start)


def comparable(text: str) -> str:
    """Return a name, address or line of notes in the form that is compared.

    It has no case, no invisible marks, single spaces, and no punctuation at the end of words.
    """
    visible = "".join(character for character in text if unicodedata.category(character) != _INVISIBLE)
    words = unicodedata.normalize("NFKC", visible).casefold().split()
    return " ".join(filter(None, map(_without_trailing_punctuation, words)))


def new_details(before: Booking, after: Booking) -> tuple[str, ...]:
    """Return the arguments whose values a booking gained."""
    old, new = _details(before), _details(after)
    return tuple(name for name in new if new[name] != old[name])


def with_new_details(request: RequestedVisit, booking: Booking) -> Booking | None:
    """Return the booking with the details that only the request has; None if a detail contradicts.

    A booking without new details is returned unchanged, as the same object.
    """
    claim = booking.claim
    if request.duration_minutes not in {None, claim.end - claim.start}:
        return None
    if request.technician_id not in {None, claim.technician_id}:
        return None
    customer = _merged_customer(booking.customer, _without_former_contacts(request, booking))
    visit = _merged_visit(booking.visit, request.visit)
    answers = _merged_answers(booking.answers, request.answers)
    if customer is None or visit is None or answers is None or not _is_same_place(claim.location, request.location):
        return None
    if request.postal_code and claim.postal_code not in {"", request.postal_code}:
        return None
    location, postal_code = claim.location or request.location, claim.postal_code or request.postal_code
    known = (booking.customer, booking.visit, booking.answers, claim.location, claim.postal_code)
    if (customer, visit, answers, location, postal_code) == known:
        return booking
    place = replace(claim, location=location, postal_code=postal_code)
    return replace(booking, customer=customer, visit=visit, answers=answers, claim=place)


def _decide_additional(request: RequestedVisit, same_start: Iterable[Booking], now_ms: int) -> Decision:
    """Apply rule 6."""
    same = [booking for booking in same_start if _is_same_additional(request, booking)]
    if not same:
        return NEW
    return _decide_same_start(request, same, now_ms) or Decision(outcome=Outcome.REPLAY, booking=same[0])


def _decide_same_start(request: RequestedVisit, same_start: Iterable[Booking], now_ms: int) -> Decision | None:
    """Apply rules 7 and 8; return None if neither applies."""
    open_pairs = []
    for booking in same_start:
        completed = with_new_details(request, booking)
        if completed is booking:
            return Decision(outcome=Outcome.REPLAY, booking=booking)
        if completed is not None and booking.is_active and now_ms < booking.claim.start * MS_PER_MINUTE:
            open_pairs.append((booking, completed))
    if not open_pairs:
        return None
    booking, completed = min(open_pairs, key=lambda pair: len(new_details(*pair)))
    return Decision(outcome=Outcome.COMPLETE, booking=booking, completed=completed)


def _decide_overlap(request: RequestedVisit, bookings: Iterable[Booking], same_start: Iterable[Booking]) -> Decision:
    """Apply rules 9 and 10."""
    overlapping = (booking for booking in bookings if _overlaps(request, booking.claim))
    for booking in (*same_start, *overlapping):
        if booking.is_active:
            return Decision(outcome=Outcome.ASK, booking=booking)
    return NEW


def _is_of_same_request(request: RequestedVisit, keyed: KeyedBooking) -> bool:
    booking = keyed.booking
    known_keys = (*booking.contact_keys, *booking.former_keys)
    is_same_customer = booking.customer is None or not request.contact_keys.isdisjoint(known_keys)
    return (
        is_same_customer
        and request.service_id == booking.claim.service_id
        and (not request.names_start or keyed.first_start in {None, request.start})
    )


def _is_at_start(request: RequestedVisit, booking: Booking) -> bool:
    claim = booking.claim
    is_same_time = (claim.service_id, claim.start) == (request.service_id, request.start)
    return is_same_time and booking.status is not BookingStatus.CANCELLED


def _overlaps(request: RequestedVisit, claim: Claim) -> bool:
    return claim.service_id == request.service_id and claim.start < request.end and request.start < claim.end


def _is_same_additional(request: RequestedVisit, booking: Booking) -> bool:
    name = booking.customer.name if booking.customer else ""
    return (
        booking.is_additional
        and comparable(request.customer.name) == comparable(name)
        and comparable(request.visit.address) in {"", comparable(booking.visit.address)}
    )


def _without_former_contacts(request: RequestedVisit, booking: Booking) -> Customer:
    """Return the request's customer without contacts that were replaced in the booking."""
    customer, former = request.customer, booking.former_keys
    return Customer(
        name=customer.name,
        phone="" if request.phone_key in former else customer.phone,
        email="" if request.email_key in former else customer.email,
    )


def _merged_customer(known: Customer | None, new: Customer) -> Customer | None:
    if known is None:
        return None
    name = _merged(known.name, new.name, is_same=comparable(known.name) == comparable(new.name))
    phone = _merged_phone(known.phone, new.phone)
    email = _merged(known.email, new.email, is_same=known.email.casefold() == new.email.casefold())
    if name is None or phone is None or email is None:
        return None
    return Customer(name=name, phone=phone, email=email)


def _merged_visit(known: Visit, new: Visit) -> Visit | None:
    address = _merged(known.address, new.address, is_same=comparable(known.address) == comparable(new.address))
    notes = _merged_notes(known.notes, new.notes)
    if address is None or len(notes) > max(MAX_NOTES_CHARACTERS, len(known.notes)):
        return None
    return Visit(address=address, notes=notes)


def _merged_answers(known: tuple[Answer, ...], new: tuple[Answer, ...]) -> tuple[Answer, ...] | None:
    """Return the known answers, followed by those to other questions; None if they contradict or are too many."""
    if not new:
        return known
    texts = {answer.question_id: comparable(answer.text) for answer in known}
    added = [answer for answer in new if answer.question_id not in texts]
    if any(texts[answer.question_id] != comparable(answer.text) for answer in new if answer not in added):
        return None
    return None if added and len(known) + len(added) > MAX_ANSWERS else (*known, *added)


def _merged(known: str, new: str, *, is_same: bool) -> str | None:
    """Return the known text, or the new one if none is known; None if they contradict."""
    if not new or is_same:
        return known
    return None if known else new


def _merged_phone(known: str, new: str) -> str | None:
    """Return a phone number with its extension; None if they contradict."""
    number, _, extension = known.partition(_EXTENSION)
    new_number, _, new_extension = new.partition(_EXTENSION)
    if not known or not new or number != new_number:
        return _merged(known, new, is_same=False)
    extension_now = _merged(extension, new_extension, is_same=extension == new_extension)
    if extension_now is None:
        return None
    return f"{number}{_EXTENSION}{extension_now}" if extension_now else number


def _merged_notes(known: str, new: str) -> str:
    """Return the known notes, followed by the lines that they lack."""
    lines = {comparable(line) for line in known.splitlines()} | {""}
    missing = [line for line in new.splitlines() if comparable(line) not in lines]
    return "\n".join(filter(None, (known, *dict.fromkeys(missing))))


def _is_same_place(known: Location | None, new: Location | None) -> bool:
    if known is None or new is None:
        return True
    differences = (abs(known.latitude - new.latitude), abs(known.longitude - new.longitude))
    return max(differences) <= SAME_PLACE_DEGREES


def _details(booking: Booking) -> dict[str, object]:
    customer = booking.customer or Customer(name="")
    location = booking.claim.location
    return {
        "customerName": customer.name,
        "customerPhone": customer.phone,
        "customerEmail": customer.email,
        "address": booking.visit.address,
        "latitude": location and location.latitude,
        "longitude": location and location.longitude,
        "postalCode": booking.claim.postal_code,
        "notes": booking.visit.notes,
        "answers": booking.answers,
    }


def _without_trailing_punctuation(word: str) -> str:
    while word and unicodedata.category(word[-1]).startswith("P"):
        word = word[:-1]
    return word
