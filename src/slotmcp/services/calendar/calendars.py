"""Calendars: what their webhooks say is in the book at once; what nobody understands is put aside."""

from dataclasses import dataclass
from typing import Final

from slotmcp.domain.calendar import UNDATED, CalendarEvent, DeferredEvent, Delivery
from slotmcp.domain.catalog import Project
from slotmcp.domain.errors import NotFound
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.domain.schedule import Schedule
from slotmcp.ports import Ids, Store, Transaction
from slotmcp.ports.calendar import Calendar, CalendarView, InvalidSignature, Secrets
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.calendar.apply import ApplyResult, Effect, apply_event, apply_no_show
from slotmcp.services.calendar.conflicts import Conflict, find_conflicts
from slotmcp.services.unit_of_work import UnitOfWork

OLDEST_MS: Final = 30 * 24 * 60 * MS_PER_MINUTE
"""What was said longer ago does nothing: so long it is remembered which deliveries came before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictsAnswer:
    """The conflicts of a project, by technician and time, and the book as it is now."""

    schedule: Schedule
    conflicts: tuple[Conflict, ...]
    now_ms: int

    @property
    def project(self) -> Project:
        """Whose they are."""
        return self.schedule.project


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult:
    """What came of an event that was put aside."""

    uid: str
    effect: Effect


class CalendarService:
    """Hears what calendars say."""

    def __init__(
        self, *, store: Store, availability_cache: AvailabilityCache, ids: Ids, calendar: Calendar, secrets: Secrets
    ) -> None:
        self._store = store
        self._availability_cache = availability_cache
        self._ids = ids
        self._calendar = calendar
        self._secrets = secrets

    async def receive(self, project_id: str, body: bytes, signature: str) -> ApplyResult:
        """Take a delivery, and keep it with its effect, or not at all. One that came before does nothing.

        Raises:
            InvalidSignature: it is not signed with a secret of the project, or there is no such project.
            MalformedDelivery: it is, and cannot be read.
            Unavailable: nothing was kept.
        """
        if not self._calendar.has_valid_signature(body, signature, await self._secrets_of(project_id)):
            raise InvalidSignature
        delivery = self._calendar.parse_delivery(body)

        async def unit(transaction: Transaction) -> ApplyResult:
            return await self._take(transaction, delivery)

        return await self._store.write(project_id, unit)

    async def view(self, asked: str | None) -> CalendarView:
        """What is kept of a project's calendar.

        Raises:
            InvalidArgument, NotFound, Unavailable.
        """
        return await self._store.calendar((await self._availability_cache.availability(asked)).schedule.project.id)

    async def conflicts(self, asked: str | None) -> ConflictsAnswer:
        """What a calendar has on time that is promised or sold here.

        Raises:
            InvalidArgument, NotFound, Unavailable.
        """
        availability = await self._availability_cache.availability(asked)
        schedule, now_ms = availability.schedule, availability.now_ms
        return ConflictsAnswer(schedule=schedule, conflicts=find_conflicts(schedule, now_ms), now_ms=now_ms)

    async def replay(self, asked: str | None, uid: str = "") -> tuple[ReplayResult, ...]:
        """Apply what was put aside: one event, or all.

        Raises:
            NotFound: it was not put aside.
            InvalidArgument, Unavailable.
        """
        project_id = await self._availability_cache.project_id(asked)
        deferred = [one for one in (await self._store.calendar(project_id)).deferred if uid in {"", one.event.uid}]
        if uid and not deferred:
            raise NotFound("uid", "No event with that uid was put aside; without a uid all are shown.", wanted=uid)
        return tuple([await self._replay(project_id, one) for one in deferred])

    async def _replay(self, project_id: str, deferred: DeferredEvent) -> ReplayResult:
        async def unit(transaction: Transaction) -> ApplyResult:
            await transaction.lapse_holds()
            return await apply_event(UnitOfWork(transaction, self._availability_cache, self._ids), deferred.event)

        applied = await self._store.write(project_id, unit)
        return ReplayResult(uid=deferred.event.uid, effect=applied.effect)

    async def _secrets_of(self, project_id: str) -> list[str]:
        """The secrets that sign now; none where there is no such project, or it is not connected."""
        if not project_id.isprintable():
            return []  # anybody may ask, and not every database can look for that
        try:
            schedule = (await self._availability_cache.availability(project_id)).schedule
        except NotFound:
            return []
        connection = schedule.project.calcom
        return [self._secrets(name) for name in connection.webhook_secret_envs] if connection else []

    async def _take(self, transaction: Transaction, delivery: Delivery) -> ApplyResult:
        said = delivery.said
        if said is None or UNDATED < said.at_ms < transaction.now_ms - OLDEST_MS:
            return ApplyResult(effect=Effect.IGNORED)
        if not await transaction.calendar.record_delivery(delivery.digest):
            return ApplyResult(effect=Effect.KNOWN)
        await transaction.lapse_holds()
        if isinstance(said, CalendarEvent):
            return await apply_event(UnitOfWork(transaction, self._availability_cache, self._ids), said)
        return await apply_no_show(transaction, said)
