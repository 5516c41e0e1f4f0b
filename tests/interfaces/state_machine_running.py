"""Rules for events outside of calls: time passes, the owner imports a file, technicians become absent."""

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from interfaces.state_machine_waiting import WaitingRules
from support.shop import at
from support.small_shop import CHANGES, STAFF, Span, Worker, placeless
from support.small_shop_memory import text
from support.small_shop_rules import can_take, workers_for
from support.sqlite_file import Entry

spans = st.sampled_from([("09:00", "10:30"), ("10:00", "11:00"), ("10:30", "12:00"), ("09:00", "12:00")])

MOST_ABSENCES = 2


class RunningRules(WaitingRules):
    """Rules that move the clock and change the business."""

    @rule(seconds=st.sampled_from([0.001, 1, 1, 29, 30, 30, 60, 60, 89.999, 90, 900]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)
        self._sweep()

    @rule(seconds=st.sampled_from([0.001, 1, 45]))
    def the_clock_is_put_back(self, seconds: float) -> None:
        """Move the clock back, but not so far that an expired hold becomes live again."""
        now_ms = self.clock.now_ms()
        expired = [hold.expires_at_ms for hold in self.memory.holds.values() if hold.expires_at_ms <= now_ms]
        self.clock.set_ms(max(now_ms - round(seconds * 1000), *expired, 0))
        self._sweep()

    @precondition(lambda self: self.memory.holds)
    @rule(before_ms=st.sampled_from([0, 1]), token=WaitingRules.tokens)
    def a_hold_is_about_to_expire(self, token: str, before_ms: int) -> None:
        """Move the clock to the millisecond at which a hold expires, or to the one before."""
        expires_at_ms = self.memory.holds[token].expires_at_ms - before_ms
        self.clock.set_ms(max(self.clock.now_ms(), expires_at_ms))
        self._sweep()

    @rule(change=st.sampled_from(CHANGES))
    def the_owner_changes_a_technician(self, change: tuple[str, Worker]) -> None:
        """Import a file. It defines everything except time off, which it does not contain."""
        staff, live = self.memory.staff, self._live()
        for name, worker in staff.items():
            known = change[1] if name == change[0] else worker
            staff[name] = replace(known, is_off=False, away=worker.away)
        self.portal.call(self._import)
        self._strand()
        self._check_arrivals(live, ignores_travel=True)
        unsuitable = [one for one in live if one.state == "held" and not self._suits(one)]
        self._check_moved_holds(unsuitable)
        self._check_waitlist()

    @rule(data=st.data(), may_be_off=st.booleans())
    def set_technician_status(self, data: st.DataObject, may_be_off: bool) -> None:  # noqa: FBT001  drawn by name
        """Make at most one technician inactive, so that enough work remains."""
        name = self._any_worker(data)
        is_off = may_be_off and not any(worker.is_off for worker in self.memory.staff.values())
        self._change(
            name,
            replace(self.memory.staff[name], is_off=is_off),
            None,
            "set_technician_status",
            {"status": "off" if is_off else "active"},
        )

    @precondition(lambda self: sum(len(worker.away) for worker in self.memory.staff.values()) < MOST_ABSENCES)
    @rule(data=st.data(), span=spans)
    def add_time_off(self, data: st.DataObject, span: tuple[str, str]) -> None:
        name = self._any_worker(data)
        worker, away = self.memory.staff[name], (at(span[0]), at(span[1]))
        if away[1] * 60_000 <= self.clock.now_ms():
            return
        known = worker.away if away in worker.away else (*worker.away, away)
        self._change(
            name, replace(worker, away=known), away, "add_time_off", {"start": text(away[0]), "end": text(away[1])}
        )

    def _any_worker(self, data: st.DataObject) -> str:
        """Choose a technician, preferably one with a hold."""
        holders = [one.technician_id for one in self._live() if one.state == "held"]
        return data.draw(st.sampled_from([*holders, *holders, *STAFF]), "technician")

    def _change(self, name: str, worker: Worker, span: Span | None, tool: str, arguments: dict[str, str]) -> None:
        """Check that bookings are kept and listed, and that holds are reassigned or withdrawn."""
        before = [one for one in self._live() if one.technician_id == name and self._is_to_come(one, span)]
        self.memory.staff[name] = worker
        live = self._live()
        body = self._read(tool, {"technicianId": name, **arguments})
        self._strand()
        self._check_arrivals(live, ignores_travel=True)
        self._check_listed({one["bookingId"] for one in body["bookings"]}, before)
        in_the_way = [one for one in before if one.state == "held" and worker.is_absent(one.start, one.end)]
        moved, withdrawn = self._check_moved_holds(in_the_way)
        assert (body["holdsMoved"], body["holdsWithdrawn"]) == (moved, withdrawn)
        self._check_waitlist()

    def _check_listed(self, listed: set[str], before: list[Entry]) -> None:
        """Check the bookings that a change lists: those that have not begun and do not fit any more.

        A booking that had begun when the technician became absent is not marked, even if the clock is put back.
        """
        booked = {one.id: one for one in before if one.state == "booked"}
        assert listed <= {id_ for id_, one in booked.items() if self._is_future(one, self.clock.now_ms())}
        absent = {id_ for id_, one in booked.items() if self._worker(one).is_absent(one.start, one.end)}
        assert listed >= {id_ for id_ in absent if self._is_future(booked[id_], self.memory.latest_ms)}
        for id_ in listed - absent:  # it was marked by an import
            others = [one for one in before if one.id != id_]
            assert not can_take(self._worker(booked[id_]), others, booked[id_]), "it fits"

    def _check_moved_holds(self, unsuitable: list[Entry]) -> tuple[int, int]:
        """Check that holds whose technician cannot serve them were moved or withdrawn; return both numbers."""
        withdrawn = [one for one in unsuitable if self._held(one.token or "").state == "withdrawn"]
        for one in withdrawn:
            token = one.token or ""
            self.memory.holds[token] = replace(self.memory.holds[token], state="withdrawn")
            alone = one.technician_chosen or not workers_for(self.memory.staff, self._live(), placeless(one), None)
            assert alone, "another technician could have come"
        moved = [one for one in unsuitable if one not in withdrawn]
        assert all(self._held(one.token or "").technician_id != one.technician_id for one in moved)
        return len(moved), len(withdrawn)

    def _worker(self, one: Entry) -> Worker:
        return self.memory.staff[one.technician_id]

    def _is_future(self, one: Entry, now_ms: int) -> bool:
        return one.start * 60_000 > now_ms

    def _is_to_come(self, one: Entry, span: Span | None) -> bool:
        return one.end * 60_000 > self.clock.now_ms() and (span is None or (one.start < span[1] and span[0] < one.end))
