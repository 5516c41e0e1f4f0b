"""Rules of callers who book: a held start or a free one, with retries."""

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from interfaces.state_machine_holding import SOMEWHERE, HoldingRules, contacts, customers, jobs, key_choices, notations
from support.server import Body
from support.shop import at
from support.small_shop import Job, entry_of, location
from support.small_shop_memory import Contact, Keys, Sale, Sent, customer_arguments, job_arguments, references
from support.small_shop_rules import workers_for
from support.small_shop_tools import code_of


class SellingRules(HoldingRules):
    """Rules of callers who book."""

    @precondition(lambda self: self.memory.sent)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        """Check that a retry returns the first response and changes nothing."""
        sent = data.draw(st.sampled_from(self.memory.sent))
        body = self._call(sent.tool, sent.arguments, changes=False)
        assert code_of(body) == self._error_of_retry(sent)
        if not code_of(body):
            assert body["replayed"] is True
            made = body["booking"]["bookingId"] if "booking" in body else body.get("holdToken") or body["waitId"]
            assert made == sent.made

    @rule(
        token=HoldingRules.tokens,
        who=customers,
        contact=contacts,
        notation=notations,
        key_choice=key_choices,
        place=st.sampled_from(SOMEWHERE),
    )
    def book_a_hold(  # noqa: PLR0913, PLR0917  all arguments of the tool
        self, token: str, who: str, contact: Contact, notation: int, key_choice: str, place: str | None
    ) -> None:
        memory, hold = self.memory, self.memory.holds[token]
        key = self._key(key_choice, memory.book_keys)
        request = ("hold", token, who, contact)
        error, replay = self._recall((key, f"hold:{token}"), None, request)
        job = replace(hold.job, place=hold.job.place or place)
        able = [] if error or replay else self._owner_of(token, job)
        if not error and not replay and not able:
            error = "hold_expired"
        where = location(place)
        arguments = {
            "holdToken": token,
            "idempotencyKey": key,
            **({"latitude": where.latitude, "longitude": where.longitude} if where else {}),
            **customer_arguments(who, contact, notation),
        }
        body = self._call("book_slot", arguments, changes=not error and not replay, ignores_travel=self._is_live(token))
        assert code_of(body) == error
        if error:
            return
        self._check_booking(body, replay, job)
        if not replay:
            assert body["booking"]["technicianId"] in able
            memory.holds[token] = replace(hold, state="booked")
            known_as = {hold.known_as if hold.is_offer else "", *references(who, contact)} - {""}
            self._remember_sale(body, Sale(job, frozenset(known_as)), (key, f"hold:{token}"), request, token=token)
            self._record_call("book_slot", arguments, str(body["booking"]["bookingId"]), job)

    @rule(job=jobs, who=customers, contact=contacts, notation=notations, key_choice=key_choices)
    def book_directly(self, job: Job, who: str, contact: Contact, notation: int, key_choice: str) -> None:
        self._book_directly(job, who, contact, notation, key_choice)

    def _book_directly(self, job: Job, who: str, contact: Contact, notation: int, key_choice: str) -> None:
        key = self._key(key_choice, self.memory.book_keys)
        request = ("start", replace(job, place=None), who, contact)
        used = key or f"start:{job.kind} {job.start} {who} {contact}"
        error = self._lacks_skill(job)
        replay = None
        if not error:
            error, replay = self._recall((key, "" if key else used), job.start, request)
        if not error and not replay and not self._available(job, job.start)[0]:
            error = "slot_unavailable"
        arguments = {"idempotencyKey": key, **customer_arguments(who, contact, notation), **job_arguments(job)}
        body = self._call("book_slot", arguments, changes=not error and not replay)
        assert code_of(body) == error
        if error:
            self._check_alternatives(body, job)
            return
        self._check_booking(body, replay, job)
        if not replay:
            self._remember_sale(body, Sale(job, frozenset(references(who, contact))), (used,), request)
            if key:
                self._record_call("book_slot", arguments, str(body["booking"]["bookingId"]), job)

    # -- expectations of the model ---------------------------------------------------------------

    def _error_of_retry(self, sent: Sent) -> str | None:
        """Check the arguments before the key. A token without a key is void once its booking is canceled."""
        if "holdToken" not in sent.arguments and sent.tool != "reschedule_booking":
            return self._lacks_skill(sent.job)
        is_off = sent.tool == "book_slot" and self.memory.sold[sent.made].status == "cancelled"
        return "hold_expired" if is_off and not sent.arguments["idempotencyKey"] else None

    def _recall(
        self, keys: tuple[str, str], start: int | None, request: object
    ) -> tuple[str | None, tuple[object, str] | None]:
        """Return the error or the first response of a key. The implied key counts while its booking is active."""
        known: Keys = self.memory.book_keys
        own, implied = keys
        key = own if own in known else implied
        if key not in known:
            return None, None
        sale = self.memory.sold[known[key][1]]
        if key == implied and (sale.status == "cancelled" or start not in {None, sale.job.start}):
            return None, None
        return (error, None) if (error := self._mismatch(known, key, request)) else (None, known[key])

    def _owner_of(self, token: str, job: Job, but: str = "") -> list[str]:
        """Return the technicians who can serve an unbooked hold: at least one while it is live, any free one later."""
        hold, is_live = self.memory.holds[token], self._is_live(token)
        if hold.state != "held" or (not is_live and self._is_past(job.start)):
            return []
        own = self._held(token)
        others = [one for one in self._live() if one.id not in {own.id, but}]
        staff, requested = self.memory.staff, own.technician_id if own.technician_chosen else None
        able = workers_for(staff, others, entry_of(job), requested)
        if not able and is_live:
            able = workers_for(staff, others, entry_of(replace(job, place=None)), requested)
            assert able or own.id in self.memory.stranded, "a live hold cannot be kept"
        return able

    def _check_booking(self, body: Body, replay: tuple[object, str] | None, job: Job) -> None:
        booking = body["booking"]
        assert body["replayed"] is bool(replay)
        if replay:
            assert booking["bookingId"] == replay[1]
            assert booking["status"] == self.memory.sold[replay[1]].status
            job = self.memory.sold[replay[1]].job
        assert (at(booking["start"]), at(booking["end"])) == (job.start, job.end)
        if not replay:
            assert job.requested in {None, booking["technicianId"]}

    def _remember_sale(
        self, body: Body, sale: Sale, used_keys: tuple[str, ...], request: object, *, token: str = ""
    ) -> None:
        booking = str(body["booking"]["bookingId"])
        self.memory.sold[booking] = sale
        self.memory.book_keys.update({key: (request, booking) for key in used_keys if key})
        self._check_waitlist(fulfilled=sale, taken=token)
