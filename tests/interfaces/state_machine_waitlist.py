"""The waitlist as the model sees it: read from the file after each call, and held to its rules."""

import json
from dataclasses import replace
from typing import Final

from support.small_shop import FIRST_GRID, GRID, LAST_GRID, entry_of
from support.small_shop_memory import Sale, StoredHold, Waiting
from support.small_shop_rules import workers_for
from support.small_shop_tools import SmallShopTools
from support.sqlite_file import Entry, rows

OFFER_MS: Final = 15 * 60_000
_LINE: Final = "SELECT id, state, hold_token, let_go FROM waits ORDER BY number"


class SmallShopWaitlist(SmallShopTools):
    """Who waits, in which order, and what they were offered."""

    def _check_waitlist(
        self, *, fulfilled: Sale | None = None, taken: str = "", remaining: frozenset[str] = frozenset()
    ) -> None:
        """See what became of everybody who waits, and that it had to.

        Args:
            fulfilled: a booking that was made or moved just now.
            taken: the token by which that was done.
            left: the waits that were given up.
        """
        before = dict(self.memory.waits)
        for id_, state, token, gone in rows(self.path, _LINE):
            now = replace(before[id_], state=state, token=token, gone=tuple(map(tuple, json.loads(gone))))
            self.memory.waits[id_] = now
            must_be_booked = before[id_].is_open and _is_fulfilled(before[id_], fulfilled, taken)
            assert must_be_booked == (before[id_].is_open and state == "booked"), f"{before[id_]} is {state}"
            if before[id_].is_open and state == "expired":
                assert id_ in remaining or self._is_past(now.window.last - 1), "sent away early"
            assert before[id_].is_open or now == before[id_], "what is over stays over"
            if before[id_].state == "offered" and not now.is_open:
                self._give_back(before[id_].token)
        for wait in self.memory.waits.values():
            if wait.state == "offered" and wait.token not in self.memory.holds:
                self._check_offer(wait)

    def _sweep(self) -> None:
        """What every server does each ten seconds: whatever expired is offered to whoever waits."""
        self.memory.latest_ms = max(self.memory.latest_ms, self.clock.now_ms())
        self.portal.call(self.shop.app.waitlist.sweep)
        self._check_waitlist()

    def _give_back(self, token: str) -> None:
        """Nothing is kept for somebody who waits no more."""
        if self._held(token).state == "released":
            self.memory.holds[token] = replace(self.memory.holds[token], state="released")
        assert not self._is_live(token)

    def _check_offer(self, wait: Waiting) -> None:
        """It is what they wait for, and nobody before them would have had it."""
        held, job = self._held(wait.token), wait.window.job
        assert held.is_live(self.clock.now_ms())
        assert (held.service_id, held.end - held.start) == (job.kind, job.minutes)
        assert held.expires_at_ms == self.clock.now_ms() + OFFER_MS
        assert job.requested == (held.technician_id if held.technician_chosen else None)
        assert wait.window.wants(held.start, wait.gone)
        for other in self.memory.waits.values():
            if other.state == "waiting" and other.window.job == job and other.position_in_line < wait.position_in_line:
                assert not other.window.wants(held.start, other.gone), "somebody was passed over"
        hold = StoredHold(replace(job, start=held.start), wait.known_as[0], held.expires_at_ms or 0, is_offer=True)
        self.memory.holds[wait.token] = hold

    def _entries_with_an_available_start(self) -> list[Waiting]:
        """Those who wait though something is free for them. How far it is may change while others are asked."""
        live = self._live()
        return [
            wait
            for wait in self.memory.waits.values()
            if wait.state == "waiting" and wait.window.job.place is None and self._is_something_free(wait, live)
        ]

    def _is_something_free(self, wait: Waiting, live: list[Entry]) -> bool:
        job = wait.window.job
        return any(
            wait.window.wants(start, wait.gone)
            and not self._is_past(start)
            and workers_for(self.memory.staff, live, entry_of(replace(job, start=start)), job.requested)
            for start in range(FIRST_GRID, LAST_GRID, GRID)
        )


def _is_fulfilled(wait: Waiting, sale: Sale | None, taken: str) -> bool:
    """Whether a booking ends a wait: it took its offer, or is what its customer waits for."""
    if sale is None:
        return False
    if taken and wait.token == taken:
        return True
    is_theirs = not sale.known_as.isdisjoint(wait.known_as)
    return (
        is_theirs and wait.window.job.kind == sale.job.kind and wait.window.first <= sale.job.start < wait.window.last
    )
