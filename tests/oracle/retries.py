"""Outcome of a second booking request after a first one, derived from `docs/explanation/retries.md` alone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

_MARKS = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_END_OF_WORD = re.compile(r"[.,;:!?]+(?=\s|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class BookArguments:
    """Arguments of one book_slot request. Minutes count from midnight."""

    name: str = "Kim Doe"
    phone: str = ""
    email: str = ""
    service: str = "visit"
    start: int = 600
    minutes: int | None = None
    technician: str | None = None
    address: str = ""
    notes: str = ""
    answer: str = ""
    """Answer to the only question of each service; empty: not answered."""
    place: tuple[float, float] | None = None
    additional: bool = False
    key: str = ""
    call: str = ""
    """Value of the header X-Call-Id."""
    credential: str = "agent"
    uses_token: bool = False
    """True if it books the hold that the first request booked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeBooking:
    """Booking that a first request made, with what happened to it since."""

    by: BookArguments
    technician: str
    status: str = "confirmed"
    start: int
    has_begun: bool = False
    is_forgotten: bool = False
    """True if the customer was erased."""
    original: BookArguments | None = None
    """Request that made the booking, if its contacts were replaced since. `by` has the present ones."""
    former: frozenset[str] = frozenset()
    """Replaced contacts."""

    @property
    def minutes(self) -> int:
        return self.by.minutes or SERVICE_MINUTES


SERVICE_MINUTES = 60
ACTIVE = {"confirmed", "rescheduled"}


def outcome(second: BookArguments, made: MadeBooking) -> str:
    """Return "replay", "complete", "ask", "mismatch" or "new" for a request after one that made a booking."""
    first = made.original or made.by
    by_key = shares_key(second, first)
    found, _ = outcome_among(
        second,
        {"it": made},
        key_of="it" if by_key or (second.uses_token and first.uses_token) else "",
        is_repeated=by_key and second == first,
        is_first_start_known=by_key or made.status == "confirmed",
    )
    return found


def outcome_among(
    second: BookArguments,
    bookings: Mapping[str, MadeBooking],
    *,
    key_of: str = "",
    is_repeated: bool = False,
    is_first_start_known: bool = True,
) -> tuple[str, str]:
    """Return the outcome of a request, and the id of the booking that it means; empty: none.

    Args:
        second: the request.
        bookings: all bookings by id, by start and id.
        key_of: id of the booking that the request's key or token made.
        is_repeated: True if the key was used for a request with the same arguments.
        is_first_start_known: True if the start for which the key was used is known.
    """
    counts = False
    if key_of:
        made = bookings[key_of]
        if is_repeated:
            return "replay", key_of
        if not _is_of_key(second, made, compares_start=is_first_start_known):
            return "mismatch", ""
        counts = not second.additional or _is_same_additional(second, made.by)
        if counts and (made.status not in ACTIVE or made.is_forgotten):
            return "replay", key_of
    alike = {id_: made for id_, made in bookings.items() if _is_alike(second, made) or id_ == key_of}
    there = {id_: made for id_, made in alike.items() if _is_at_start(second, made)}
    there = {key_of: bookings[key_of], **there} if counts else there
    if second.additional:
        is_new = (second.key or second.uses_token) and not counts
        return ("new", "") if is_new else _outcome_of_additional(second, there)
    return _outcome_at_start(second, there) or _outcome_of_others(second, there, alike)


def _outcome_of_additional(second: BookArguments, there: Mapping[str, MadeBooking]) -> tuple[str, str]:
    """Apply rule 6."""
    same = {id_: made for id_, made in there.items() if _is_same_additional(second, made.by)}
    if not same:
        return "new", ""
    return _outcome_at_start(second, same) or ("replay", next(iter(same)))


def _outcome_at_start(second: BookArguments, there: Mapping[str, MadeBooking]) -> tuple[str, str] | None:
    """Apply rules 7 and 8."""
    for wanted in ("replay", "complete"):
        fitting = [id_ for id_, made in there.items() if _compared(second, made) == wanted]
        if fitting:
            return wanted, min(fitting, key=lambda id_: _count_new(_without_former(second, there[id_]), there[id_].by))
    return None


def _outcome_of_others(
    second: BookArguments, there: Mapping[str, MadeBooking], alike: Mapping[str, MadeBooking]
) -> tuple[str, str]:
    """Apply rules 9 and 10."""
    overlapping = {id_: made for id_, made in alike.items() if _overlaps(second, made)}
    asked = [id_ for id_, made in {**there, **overlapping}.items() if made.status in ACTIVE]
    return ("ask", asked[0]) if asked else ("new", "")


def _is_of_key(second: BookArguments, made: MadeBooking, *, compares_start: bool) -> bool:
    first = made.by
    is_same_customer = made.is_forgotten or _is_customer(second, made)
    is_same_start = second.start == first.start or not compares_start
    return is_same_customer and second.service == first.service and is_same_start


def _is_alike(second: BookArguments, made: MadeBooking) -> bool:
    return _is_customer(second, made) and second.service == made.by.service


def _is_customer(second: BookArguments, made: MadeBooking) -> bool:
    return _shares_contact(second, made.by) or not made.former.isdisjoint({second.phone, second.email.lower()})


def _without_former(second: BookArguments, made: MadeBooking) -> BookArguments:
    """Return the request as if it did not give the contacts that were replaced."""
    phone = "" if second.phone in made.former else second.phone
    return replace(second, phone=phone, email="" if second.email.lower() in made.former else second.email)


def _is_at_start(second: BookArguments, made: MadeBooking) -> bool:
    return made.start == second.start and made.status != "cancelled"


def shares_key(second: BookArguments, first: BookArguments) -> bool:
    """Return whether the key of the second request is that of the first one, in the same scope."""
    if not second.key or (second.key, second.credential) != (first.key, first.credential):
        return False
    if _is_secret(second.call) or _is_secret(first.call):
        return second.call == first.call
    return second.call == first.call and _shares_contact(second, first)


def _compared(second: BookArguments, made: MadeBooking) -> str:
    first, second = made.by, _without_former(second, made)
    if not _same_text(second.name, first.name):
        return "ask"
    if second.minutes not in {None, made.minutes} or second.technician not in {None, made.technician}:
        return "ask"
    pairs = [
        (second.phone, first.phone, second.phone == first.phone),
        (second.email, first.email, second.email.lower() == first.email.lower()),
        (second.address, first.address, _same_text(second.address, first.address)),
        (second.place, first.place, _near(second.place, first.place)),
        (second.answer, first.answer, _same_text(second.answer, first.answer)),
    ]
    if any(new and old and not is_same for new, old, is_same in pairs):
        return "ask"
    known_lines = {_plain(line) for line in first.notes.split("\n")}
    lines_are_new = any(_plain(line) not in known_lines for line in second.notes.split("\n") if _plain(line))
    if not lines_are_new and not any(new and not old for new, old, _ in pairs):
        return "replay"
    return "ask" if made.has_begun or made.status not in ACTIVE else "complete"


def _count_new(second: BookArguments, first: BookArguments) -> int:
    names = ("phone", "email", "address", "answer")
    new = [getattr(second, name) and not getattr(first, name) for name in names]
    places = 2 if second.place and not first.place else 0
    return sum(map(bool, new)) + places + (_plain(second.notes) not in {"", _plain(first.notes)})


def _shares_contact(one: BookArguments, other: BookArguments) -> bool:
    return (one.phone != "" and one.phone == other.phone) or (
        one.email != "" and one.email.lower() == other.email.lower()
    )


def _is_same_additional(second: BookArguments, first: BookArguments) -> bool:
    is_same_address = not _plain(second.address) or _same_text(second.address, first.address)
    return first.additional and _same_text(second.name, first.name) and is_same_address


def _overlaps(second: BookArguments, made: MadeBooking) -> bool:
    occupied = set(range(made.start, made.start + made.minutes))
    return not occupied.isdisjoint(range(second.start, second.start + (second.minutes or SERVICE_MINUTES)))


def _same_text(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    return " ".join(_END_OF_WORD.sub("", _MARKS.sub("", text)).lower().split())


def _near(one: tuple[float, float] | None, other: tuple[float, float] | None) -> bool:
    return one is not None and other is not None and all(abs(a - b) <= 0.002 for a, b in zip(one, other, strict=True))


def _is_secret(text: str) -> bool:
    return len(text) >= 16 and len(set(text)) >= 8


def moved(made: MadeBooking, start: int) -> MadeBooking:
    """Return a booking after a move."""
    return replace(made, start=start, status="rescheduled")


def corrected(made: MadeBooking, *, phone: str = "", email: str = "") -> MadeBooking:
    """Return a booking after its contacts were replaced."""
    by = made.by
    pairs = [(by.phone, phone), (by.email.lower(), email)]
    replaced = {known for known, new in pairs if new and known not in {"", new}}
    now = replace(by, phone=phone or by.phone, email=email or by.email)
    former = (made.former | replaced) - {now.phone, now.email.lower()}
    return replace(made, by=now, original=made.original or by, former=former)
