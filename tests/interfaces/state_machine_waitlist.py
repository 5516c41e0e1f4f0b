"""Model of the waitlist: read from the file after each call, and compared with its rules."""

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
    """Model of the waitlist: entries, their order and their offers."""

    def _check_waitlist(
        self, *, fulfilled: Sale | None = None, taken: str = "", closed: frozenset[str] = frozenset()
    ) -> None:
        """Read the state of each entry, and check that the rules require it.

        Args:
            fulfilled: the booking that the call made or moved.
            taken: the token that the call used.
            closed: the entries that the call closed.
        """
        before = dict(self.memory.waits)
        for id_, state, token, gone in rows(self.path, _LINE):
            now = replace(before[id_], state=state, token=token, gone=tuple(map(tuple, json.loads(gone))))
            self.memory.waits[id_] = now
            must_be_booked = before[id_].is_open and is_fulfilled(before[id_], fulfilled, taken)
            assert must_be_booked == (before[id_].is_open and state == "booked"), f"{before[id_]} is {state}"
            if before[id_].is_open and state == "expired":
                assert id_ in closed or self._is_past(now.window.last - 1), "sent away early"
            assert before[id_].is_open or now == before[id_], "what is over stays over"
            if before[id_].state == "offered" and not now.is_open:
                self._give_back(before[id_].token)
        for wait in self.memory.waits.values():
            if wait.state == "offered" and wait.token not in self.memory.holds:
                self._check_offer(wait)

    def _sweep(self) -> None:
        """Sweep the waitlist, as every server does each ten seconds: offer the expired times."""
        self.memory.latest_ms = max(self.memory.latest_ms, self.clock.now_ms())
        self.portal.call(self.shop.app.waitlist.sweep)
        self._check_waitlist()

    def _give_back(self, token: str) -> None:
        """Check that no time is held for a closed entry."""
        if self._held(token).state == "released":
            self.memory.holds[token] = replace(self.memory.holds[token], state="released")
        assert not self._is_live(token)

    def _check_offer(self, wait: Waiting) -> None:
        """Check that an offer matches its entry, and that no earlier entry wanted it."""
        held, job = self._held(wait.token), wait.window.job
        assert held.is_live(self.clock.now_ms())
        assert (held.service_id, held.end - held.start) == (job.kind, job.minutes)
        assert held.expires_at_ms == self.clock.now_ms() + OFFER_MS
        assert job.requested == (held.technician_id if held.technician_chosen else None)
        assert wait.window.wants(held.start, wait.gone)
        for other in self.memory.waits.values():
            if other.state == "waiting" and other.window.job == job and other.position_in_line < wait.position_in_line:
                assert not other.window.wants(held.start, other.gone), "an earlier entry was passed over"
        self.memory.holds[wait.token] = StoredHold(
            replace(job, start=held.start),
            wait.known_as[0],
            held.expires_at_ms or 0,
            is_offer=True,
            contacts=frozenset(one for one in wait.known_as if not one.endswith(":hash")),
        )

    def _entries_with_an_available_start(self) -> list[Waiting]:
        """Return the entries with an available start. Travel times may change while other entries get offers."""
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


def is_fulfilled(wait: Waiting, sale: Sale | None, taken: str) -> bool:
    """Return True if a booking fulfills an entry: it used the offer, or matches the requested job."""
    if sale is None:
        return False
    if taken and wait.token == taken:
        return True
    is_theirs = not sale.known_as.isdisjoint(wait.known_as)
    return (
        is_theirs and wait.window.job.kind == sale.job.kind and wait.window.first <= sale.job.start < wait.window.last
    )
