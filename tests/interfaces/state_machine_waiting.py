"""Rules of callers on the waitlist: they join, check their position, accept an offer or leave."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, multiple, precondition, rule

from interfaces.state_machine_changing import ChangingRules
from interfaces.state_machine_holding import contacts, customers, jobs, key_choices, notations
from support.shop import at
from support.small_shop import FIRST_GRID, GRID, LAST_GRID, Job
from support.small_shop_memory import (
    HASHES,
    Contact,
    Waiting,
    WaitRequest,
    customer_arguments,
    job_arguments,
    references,
    scoped,
    text,
)
from support.small_shop_rules import suits
from support.small_shop_tools import code_of

WINDOWS = (
    *[("10:00", "10:30")] * 4,
    *[("10:00", "11:00")] * 2,
    ("09:00", "12:00"),
    ("10:30", "12:30"),
    ("08:00", "08:20"),
)
"""Strategy of mostly narrow windows, in which nothing is free."""
windows = st.builds(
    lambda job, window: WaitRequest(job, at(window[0]), at(window[1])),
    st.sampled_from(
        [
            *[Job("gas", 0, 60)] * 6,
            Job("water", 0, 30),
            Job("gas", 0, 60, "ana"),
            Job("gas", 0, 60, None, "b"),
            Job("any", 0, 90),
        ]
    ),
    st.sampled_from(WINDOWS),
)


class WaitingRules(ChangingRules):
    """Rules of callers on the waitlist."""

    @initialize(
        target=ChangingRules.tokens,
        job_lists=st.tuples(*[st.lists(jobs, min_size=2, max_size=4)] * 2),
        windows=st.lists(windows, min_size=1, max_size=4),
    )
    def a_busy_morning(self, job_lists: tuple[list[Job], list[Job]], windows: list[WaitRequest]) -> Any:  # noqa: ANN401  tokens
        """Start with bookings, holds and waitlist entries, so that there is something to change."""
        sold, held = job_lists
        for job in sold:
            self._book_directly(job, "kim", "both", 0, "none")
        tokens = [self._create_hold(job, "lee", "none") for job in held]
        for number, window in enumerate(windows):
            self._join_waitlist(window, ("kim", "lee")[number % 2], "phone", 0, "none", has_hash=True)
        return multiple(*(token for token in tokens if token))

    @rule(
        target=ChangingRules.tokens,
        window=windows,
        who=customers,
        contact=contacts,
        notation=notations,
        has_hash=st.booleans(),
        key_choice=key_choices,
    )
    def join_waitlist(  # noqa: PLR0913, PLR0917  all arguments of the tool
        self,
        window: WaitRequest,
        who: str,
        contact: Contact,
        notation: int,
        has_hash: bool,  # noqa: FBT001  drawn by name
        key_choice: str,
    ) -> Any:  # noqa: ANN401  the token of the offer
        """Join once per request; a repetition returns the state and the offer."""
        token = self._join_waitlist(window, who, contact, notation, key_choice, has_hash=has_hash)
        return multiple(*([token] if token else []))

    def _join_waitlist(  # noqa: PLR0913  all arguments of the tool
        self, window: WaitRequest, who: str, contact: Contact, notation: int, key_choice: str, *, has_hash: bool
    ) -> str:
        memory = self.memory
        known_as = (*([f"{who}:hash"] if has_hash else []), *references(who, contact))
        request = (window.job.kind, window.job.minutes, window.first, window.last, window.job.requested)
        key = self._key(key_choice, memory.wait_keys)
        scopes = [scoped(key, by) for by in references(who, contact) if key]
        used = next((scope for scope in scopes if scope in memory.wait_keys), "")
        error = self._lacks_skill(window.job) or self._mismatch_of_wait(used, window, known_as)
        known = "" if error else self._waits_already(used, window, known_as)
        place = window.job.place
        is_same_request = used and memory.wait_keys[used][0] == (*request, frozenset(known_as), place)
        corrected = self._corrected(known, window, known_as) if known and not is_same_request else None
        if not error and (not known or (corrected and _details(corrected) != _details(memory.waits[known]))):
            error = self._is_nothing_to_wait_for(window)
        arguments = {
            **job_arguments(window.job),
            "start": None,
            "from": text(window.first),
            "to": text(window.last),
            "idempotencyKey": key,
            "customerHash": HASHES[who] if has_hash else None,
            **customer_arguments(who, contact, notation),
        }
        is_new = bool(key) and not used
        changes = not error and (not known or corrected is not None or is_new)
        body = self._call("join_waitlist", arguments, changes=changes)
        assert code_of(body) == error
        if error:
            return ""
        id_ = str(body["waitId"])
        assert body["replayed"] is bool(known)
        if known:
            assert id_ == known
            self._correct(id_, corrected)
        else:
            memory.waits[id_] = Waiting(len(memory.waits), window, known_as)
        if is_new:
            memory.wait_keys.update(dict.fromkeys(scopes, ((*request, frozenset(known_as), place), id_)))
            self._record_call("join_waitlist", arguments, id_, window.job)
        self._check_waitlist()
        wait = memory.waits[id_]
        assert body["state"] == wait.state
        return wait.token if wait.state == "offered" else ""

    @precondition(lambda self: self.memory.waits)
    @rule(data=st.data())
    def leave_the_waitlist(self, data: st.DataObject) -> None:
        """Leave the waitlist; the held offer goes to the next entry."""
        memory, id_ = self.memory, data.draw(st.sampled_from(list(self.memory.waits)))
        wait = memory.waits[id_]
        body = self._call("release_hold", {"holdToken": id_}, changes=wait.is_open)
        assert body["released"] is wait.is_open
        self._check_waitlist(closed=frozenset({id_}))

    def _mismatch_of_wait(self, key: str, window: WaitRequest, known_as: tuple[str, ...]) -> str | None:
        """Return the error for a key that made a wait for another visit."""
        if key not in self.memory.wait_keys:
            return None
        request, id_ = self.memory.wait_keys[key]
        if request == (*_request(window), frozenset(known_as), window.job.place):
            return None
        return None if _is_same_visit(self.memory.waits[id_], window, known_as) else "idempotency_mismatch"

    def _waits_already(self, key: str, window: WaitRequest, known_as: tuple[str, ...]) -> str:
        """Return the entry of a key, the open one for the same visit, or the equal one that ended with a booking."""
        if key in self.memory.wait_keys:
            return self.memory.wait_keys[key][1]
        same = {id_: one for id_, one in self.memory.waits.items() if _is_same_visit(one, window, known_as)}
        equal = [id_ for id_, one in same.items() if _request(one.window) == _request(window)]
        open_ones = [id_ for id_ in (*equal, *same) if same[id_].is_open]
        booked = [id_ for id_ in equal if same[id_].state == "booked" and self._is_still_booked(same[id_])]
        return next(iter((*open_ones, *booked)), "")

    def _is_still_booked(self, wait: Waiting) -> bool:
        """Return True if the booking that ended a wait is not canceled."""
        if wait.token and (held := self._held(wait.token)).state in {"booked", "cancelled"}:
            return held.state == "booked"
        return any(
            sale.status != "cancelled"
            and sale.job.kind == wait.window.job.kind
            and wait.window.first <= sale.job.start < wait.window.last
            and not sale.known_as.isdisjoint(wait.known_as)
            for sale in self.memory.sold.values()
        )

    def _corrected(self, id_: str, window: WaitRequest, known_as: tuple[str, ...]) -> Waiting | None:
        """Return the entry with the details of a request; None if they are not new, or the entry is over."""
        wait = self.memory.waits[id_]
        job = replace(window.job, place=window.job.place or wait.window.job.place)
        corrected = replace(
            wait,
            window=replace(window, job=job),
            known_as=(*wait.known_as, *(one for one in known_as if one not in wait.known_as)),
        )
        new = {one for one in known_as if not one.endswith(":hash")} - {*wait.known_as}
        is_new = bool(new) or _details(corrected) != _details(wait) or job.place != wait.window.job.place
        return corrected if wait.is_open and is_new else None

    def _correct(self, id_: str, corrected: Waiting | None) -> None:
        if corrected is None:
            return
        wait = self.memory.waits[id_]
        self.memory.waits[id_] = corrected
        if wait.state == "offered":
            held, job = self._held(wait.token), corrected.window.job
            fits = corrected.window.first <= held.start < corrected.window.last
            if not (fits and held.end - held.start == job.minutes and job.requested in {None, held.technician_id}):
                self._give_back(wait.token)

    def _is_nothing_to_wait_for(self, window: WaitRequest) -> str | None:
        if self._is_past(window.last - 1):
            return "invalid_argument"
        job = window.job
        grid = range(max(FIRST_GRID, window.first), min(LAST_GRID, window.last), GRID)
        starts = [start for start in grid if not self._is_past(start)]
        if any(self._available(job, start)[0] for start in starts):
            return "slots_available"
        staff = [one for name, one in self.memory.staff.items() if job.requested in {None, name}]
        can_open = any(suits(one, job.kind, start, start + job.minutes) for one in staff for start in starts)
        return None if can_open else "slot_unavailable"


def _request(window: WaitRequest) -> tuple[object, ...]:
    return window.job.kind, window.job.minutes, window.first, window.last, window.job.requested


def _details(wait: Waiting) -> tuple[object, ...]:
    return _request(wait.window)


def _is_same_visit(wait: Waiting, window: WaitRequest, known_as: tuple[str, ...]) -> bool:
    """Return True if a request is of the same customer and service, and its window overlaps that of the entry."""
    overlaps = wait.window.first < window.last and window.first < wait.window.last
    return overlaps and wait.window.job.kind == window.job.kind and not set(known_as).isdisjoint(wait.known_as)
