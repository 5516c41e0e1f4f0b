"""Rules of callers on the waitlist: they join, check their position, accept an offer or leave."""

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
from support.small_shop_tools import code_of

WINDOWS = (
    *[("10:00", "10:30")] * 4,
    *[("10:00", "11:00")] * 2,
    ("09:00", "12:00"),
    ("10:30", "12:30"),
    ("08:00", "08:20"),
)
"""Strategy of mostly narrow windows, in which nothing is free."""
wishes = st.builds(
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
        wishes=st.lists(wishes, min_size=1, max_size=4),
    )
    def a_busy_morning(self, job_lists: tuple[list[Job], list[Job]], wishes: list[WaitRequest]) -> Any:  # noqa: ANN401  tokens
        """Start with bookings, holds and waitlist entries, so that there is something to change."""
        sold, held = job_lists
        for job in sold:
            self._book_directly(job, "kim", "both", 0, "none")
        tokens = [self._create_hold(job, "lee", "none") for job in held]
        for number, window in enumerate(wishes):
            self._join_waitlist(window, ("kim", "lee")[number % 2], "phone", 0, "none", has_hash=True)
        return multiple(*(token for token in tokens if token))

    @rule(
        target=ChangingRules.tokens,
        window=wishes,
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
        error = self._lacks_skill(window.job) or self._mismatch(memory.wait_keys, used, (*request, frozenset(known_as)))
        known = "" if error else self._waits_already(used, request, known_as)
        if not error and not known:
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
        body = self._call("join_waitlist", arguments, changes=not error and (not known or is_new))
        assert code_of(body) == error
        if error:
            return ""
        id_ = str(body["waitId"])
        assert body["replayed"] is bool(known)
        if known:
            assert id_ == known
        else:
            memory.waits[id_] = Waiting(len(memory.waits), window, known_as)
        if is_new:
            memory.wait_keys.update(dict.fromkeys(scopes, ((*request, frozenset(known_as)), id_)))
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

    def _waits_already(self, key: str, request: tuple[object, ...], known_as: tuple[str, ...]) -> str:
        """Return the entry that a key made, or the open one of the same customer and window; else ""."""
        if key in self.memory.wait_keys:
            return self.memory.wait_keys[key][1]
        for id_, one in self.memory.waits.items():
            what = (
                one.window.job.kind,
                one.window.job.minutes,
                one.window.first,
                one.window.last,
                one.window.job.requested,
            )
            if one.is_open and what == request and not set(known_as).isdisjoint(one.known_as):
                return id_
        return ""

    def _is_nothing_to_wait_for(self, window: WaitRequest) -> str | None:
        if self._is_past(window.last - 1):
            return "invalid_argument"
        starts = range(max(FIRST_GRID, window.first), min(LAST_GRID, window.last), GRID)
        return "slots_available" if any(self._available(window.job, start)[0] for start in starts) else None
