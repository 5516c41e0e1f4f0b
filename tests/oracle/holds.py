"""Outcomes of create_hold requests one after the other, derived from `docs/explanation/retries.md` alone."""

from collections.abc import Iterable
from dataclasses import dataclass, field

TTL_SECONDS = 90
MAX_PER_CALLER = 2
SERVICE_MINUTES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
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
class Held:
    """A hold that a request made. Times are seconds from the first request."""

    by: Ask
    since: int
    expires: int
    latest: int
    is_released: bool = False


@dataclass(slots=True)
class Holds:
    """All holds, by their number, and the uses of keys."""

    made: list[Held] = field(default_factory=list)
    keys: dict[tuple[object, ...], tuple[Ask, int, int]] = field(default_factory=dict)
    """Request, hold and time of the last use of a key, in each scope."""

    def live(self, now: int) -> set[int]:
        """Return the numbers of the live holds."""
        return {number for number, held in enumerate(self.made) if not held.is_released and now < held.expires}

    def ask(self, ask: Ask, now: int) -> tuple[str, int | None]:
        """Carry out a request; return "replay", "new", "mismatch", "limit" or "taken", and the hold's number."""
        use = self._use_of_key(ask, now)
        if use is not None and (_is_other_customer(ask, use[0]) or ask.job[:2] != use[0].job[:2]):
            return "mismatch", None
        if use is not None and self._answers(ask, self.made[use[1]]):
            return "replay", use[1]
        live = self.live(now)
        repeated = [number for number in sorted(live) if self._repeats(ask, number, now)]
        outcome, number = ("replay", repeated[0]) if repeated else self._hold(ask, now, live)
        if number is not None:
            self.keys.update((scope, (ask, number, now)) for scope in _scopes(ask))
        return outcome, number

    def _use_of_key(self, ask: Ask, now: int) -> tuple[Ask, int, int] | None:
        use = next((self.keys[scope] for scope in _scopes(ask) if scope in self.keys), None)
        if use is None or _owners(ask) or _is_secret(ask.call) or _is_secret(ask.key):
            return use
        is_identical = (ask.job[:2], ask.hash_) == (use[0].job[:2], use[0].hash_)
        return use if is_identical and now - use[2] < 15 else None

    @staticmethod
    def _answers(ask: Ask, held: Held) -> bool:
        return ask.job == held.by.job and not held.is_released and (held.by.additional or not ask.additional)

    def _repeats(self, ask: Ask, number: int, now: int) -> bool:
        held = self.made[number]
        if ask.job != held.by.job:
            return False
        is_own = is_same_caller(ask, held.by) or ask.token_of == number
        is_identical = (ask.key, ask.additional) == (held.by.key, held.by.additional) and now - held.since < 60
        return (is_own and not ask.additional) or (is_identical and (is_own or _shares_connection(ask, held.by)))

    def _hold(self, ask: Ask, now: int, live: set[int]) -> tuple[str, int | None]:
        own = {number for number in live if is_same_caller(ask, self.made[number].by) or number == ask.token_of}
        overlapping = {number for number in own if ask.time & self.made[number].by.time}
        replaced = {number for number in own if number == ask.token_of}
        if not ask.additional:
            replaced |= {number for number in overlapping if self.made[number].by.service == ask.service}
        blocking = {number for number in live - replaced if self._blocks(ask, number)}
        if blocking - own or (blocking and ask.additional):
            return "taken", None
        replaced |= blocking
        latest = min([now + 2 * TTL_SECONDS, *(self.made[number].latest for number in overlapping)])
        if self._reaches_limit(ask, live - replaced) or latest - now < 20:
            return "limit", None
        for number in replaced:
            self.made[number].is_released = True
        self.made.append(Held(by=ask, since=now, expires=min(now + TTL_SECONDS, latest), latest=latest))
        return "new", len(self.made) - 1

    def _blocks(self, ask: Ask, number: int) -> bool:
        """Return whether a hold keeps the requested technician. A hold without one gives way."""
        by = self.made[number].by
        return ask.technician is not None and ask.technician == by.technician and bool(ask.time & by.time)

    def _reaches_limit(self, ask: Ask, kept: Iterable[int]) -> bool:
        by = [self.made[number].by for number in kept]
        if _is_secret(ask.call):
            return sum(one.call == ask.call for one in by) >= MAX_PER_CALLER
        return _is_secret(ask.hash_) and sum(one.hash_ == ask.hash_ for one in by) >= MAX_PER_CALLER


def is_same_caller(one: Ask, other: Ask) -> bool:
    """Return whether two requests share an identity and contradict in none."""
    if _shares_contact(one, other):
        return True
    if _is_other_customer(one, other):
        return False
    if one.call == other.call and _is_secret(one.call):
        return True
    return one.hash_ == other.hash_ and _is_secret(one.hash_) and not _differ(one.call, other.call)


def _shares_connection(one: Ask, other: Ask) -> bool:
    has_more = any(ask.phone or ask.email or ask.call or _is_secret(ask.hash_) for ask in (one, other))
    return not has_more and one.connection == other.connection != "" and one.hash_ == other.hash_


def _shares_contact(one: Ask, other: Ask) -> bool:
    return "" != one.phone == other.phone or "" != one.email == other.email


def _is_other_customer(one: Ask, other: Ask) -> bool:
    pairs = ((one.phone, other.phone), (one.email, other.email), (one.hash_, other.hash_))
    return not _shares_contact(one, other) and any(_differ(*pair) for pair in pairs)


def _owners(ask: Ask) -> list[str]:
    return [owner for owner in (ask.phone, ask.email, ask.hash_ if _is_secret(ask.hash_) else "") if owner]


def _scopes(ask: Ask) -> list[tuple[object, ...]]:
    if not ask.key:
        return []
    if _is_secret(ask.call):
        return [(ask.key, ask.call)]
    return [(ask.key, ask.call, owner) for owner in _owners(ask) or [""]]


def _differ(one: str, other: str) -> bool:
    return "" not in {one, other} and one != other


def _is_secret(text: str) -> bool:
    return len(text) >= 16 and len(set(text)) >= 8
