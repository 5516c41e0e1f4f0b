"""Outcomes of create_hold requests one after the other, derived from `docs/explanation/retries.md` alone."""

from collections.abc import Iterable
from dataclasses import dataclass, field

TTL_SECONDS = 90
MAX_PER_CALLER = 2
SERVICE_MINUTES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldArguments:
    """Arguments of one create_hold request, and what the client sends with them. Minutes count from midnight."""

    phone: str = ""
    email: str = ""
    call: str = ""
    hash_: str = ""
    connection: str = ""
    service: str = "visit"
    start: int = 600
    minutes: int | None = None
    technician: str | None = None
    key: str = ""
    additional: bool = False
    token_of: int | None = None
    """Number of the hold whose token is sent."""

    @property
    def job(self) -> tuple[object, ...]:
        return self.service, self.start, self.minutes or SERVICE_MINUTES, self.technician

    @property
    def time(self) -> set[int]:
        return set(range(self.start, self.start + (self.minutes or SERVICE_MINUTES)))


@dataclass(slots=True, kw_only=True)
class MadeHold:
    """A hold that a request made. Times are seconds from the first request."""

    by: HoldArguments
    since: int
    expires: int
    latest: int
    is_released: bool = False


@dataclass(slots=True)
class Holds:
    """All holds, by their number, and the uses of keys."""

    made: list[MadeHold] = field(default_factory=list)
    keys: dict[tuple[object, ...], tuple[HoldArguments, int, int]] = field(default_factory=dict)
    """Request, hold and time of the last use of a key, in each scope."""

    def live(self, now: int) -> set[int]:
        """Return the numbers of the live holds."""
        return {number for number, held in enumerate(self.made) if not held.is_released and now < held.expires}

    def decide(self, request: HoldArguments, now: int) -> tuple[str, int | None]:
        """Carry out a request; return "replay", "new", "mismatch", "limit" or "taken", and the hold's number."""
        use = self._use_of_key(request, now)
        if use is not None and (_is_other_customer(request, use[0]) or request.job[:2] != use[0].job[:2]):
            return "mismatch", None
        if use is not None and self._answers(request, self.made[use[1]]):
            return "replay", use[1]
        live = self.live(now)
        repeated = [number for number in sorted(live) if self._repeats(request, number, now)]
        outcome, number = ("replay", repeated[0]) if repeated else self._hold(request, now, live)
        if number is not None:
            self.keys.update((scope, (request, number, now)) for scope in _scopes(request))
        return outcome, number

    def _use_of_key(self, request: HoldArguments, now: int) -> tuple[HoldArguments, int, int] | None:
        use = next((self.keys[scope] for scope in _scopes(request) if scope in self.keys), None)
        if use is None or _owners(request) or _is_secret(request.call) or _is_secret(request.key):
            return use
        is_identical = (request.job[:2], request.hash_) == (use[0].job[:2], use[0].hash_)
        return use if is_identical and now - use[2] < 15 else None

    @staticmethod
    def _answers(request: HoldArguments, held: MadeHold) -> bool:
        return request.job == held.by.job and not held.is_released and (held.by.additional or not request.additional)

    def _repeats(self, request: HoldArguments, number: int, now: int) -> bool:
        held = self.made[number]
        if request.job != held.by.job:
            return False
        is_own = is_same_caller(request, held.by) or request.token_of == number
        is_identical = (request.key, request.additional) == (held.by.key, held.by.additional) and now - held.since < 60
        return (is_own and not request.additional) or (
            is_identical and (is_own or _shares_connection(request, held.by))
        )

    def _hold(self, request: HoldArguments, now: int, live: set[int]) -> tuple[str, int | None]:
        own = {number for number in live if is_same_caller(request, self.made[number].by) or number == request.token_of}
        overlapping = {number for number in own if request.time & self.made[number].by.time}
        replaced = {number for number in own if number == request.token_of}
        if not request.additional:
            replaced |= {number for number in overlapping if self.made[number].by.service == request.service}
        blocking = {number for number in live - replaced if self._blocks(request, number)}
        if blocking - own or (blocking and request.additional):
            return "taken", None
        replaced |= blocking
        latest = min([now + 2 * TTL_SECONDS, *(self.made[number].latest for number in overlapping)])
        if self._reaches_limit(request, live - replaced) or latest - now < 20:
            return "limit", None
        for number in replaced:
            self.made[number].is_released = True
        self.made.append(MadeHold(by=request, since=now, expires=min(now + TTL_SECONDS, latest), latest=latest))
        return "new", len(self.made) - 1

    def _blocks(self, request: HoldArguments, number: int) -> bool:
        """Return whether a hold keeps the requested technician. A hold without one gives way."""
        by = self.made[number].by
        return request.technician is not None and request.technician == by.technician and bool(request.time & by.time)

    def _reaches_limit(self, request: HoldArguments, kept: Iterable[int]) -> bool:
        by = [self.made[number].by for number in kept]
        if _is_secret(request.call):
            return sum(one.call == request.call for one in by) >= MAX_PER_CALLER
        return _is_secret(request.hash_) and sum(one.hash_ == request.hash_ for one in by) >= MAX_PER_CALLER


def is_same_caller(one: HoldArguments, other: HoldArguments) -> bool:
    """Return whether two requests share an identity and contradict in none."""
    if _shares_contact(one, other):
        return True
    if _is_other_customer(one, other):
        return False
    if one.call == other.call and _is_secret(one.call):
        return True
    return one.hash_ == other.hash_ and _is_secret(one.hash_) and not _differ(one.call, other.call)


def _shares_connection(one: HoldArguments, other: HoldArguments) -> bool:
    has_more = any(
        request.phone or request.email or request.call or _is_secret(request.hash_) for request in (one, other)
    )
    return not has_more and one.connection == other.connection != "" and one.hash_ == other.hash_


def _shares_contact(one: HoldArguments, other: HoldArguments) -> bool:
    return "" != one.phone == other.phone or "" != one.email == other.email


def _is_other_customer(one: HoldArguments, other: HoldArguments) -> bool:
    pairs = ((one.phone, other.phone), (one.email, other.email), (one.hash_, other.hash_))
    return not _shares_contact(one, other) and any(_differ(*pair) for pair in pairs)


def _owners(request: HoldArguments) -> list[str]:
    return [
        owner for owner in (request.phone, request.email, request.hash_ if _is_secret(request.hash_) else "") if owner
    ]


def _scopes(request: HoldArguments) -> list[tuple[object, ...]]:
    if not request.key:
        return []
    if _is_secret(request.call):
        return [(request.key, request.call)]
    return [(request.key, request.call, owner) for owner in _owners(request) or [""]]


def _differ(one: str, other: str) -> bool:
    return "" not in {one, other} and one != other


def _is_secret(text: str) -> bool:
    return len(text) >= 16 and len(set(text)) >= 8
