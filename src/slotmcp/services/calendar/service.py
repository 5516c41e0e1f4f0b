"""Use cases of calendars: webhook deliveries, conflicts, and events that could not be applied."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from slotmcp.domain.calendar import UNDATED, CalendarEvent, DeferredEvent, Delivery, NoShow, Push, SeatChange
from slotmcp.domain.catalog import Project
from slotmcp.domain.errors import NotFound
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE
from slotmcp.domain.schedule import Schedule
from slotmcp.ports.calendar import Calendar, CalendarView, InvalidSignature, Secrets
from slotmcp.services.calendar.apply import ApplyResult, Effect, apply_event, apply_no_show
from slotmcp.services.calendar.conflicts import Conflict, find_conflicts
from slotmcp.services.calendar.seats import apply_seat_change
from slotmcp.services.unit_of_work import ProjectWriter, UnitOfWork

MAX_AGE_MS: Final = 30 * MINUTES_PER_DAY * MS_PER_MINUTE
"""Age after which a delivery is ignored. Digests of deliveries are stored for the same time, to detect replays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictsAnswer:
    """Conflicts of a project, by technician and time, with its current schedule."""

    schedule: Schedule
    conflicts: tuple[Conflict, ...]
    now_ms: int

    @property
    def project(self) -> Project:
        """Project of the schedule."""
        return self.schedule.project


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult:
    """Effect of applying a deferred event again."""

    uid: str
    effect: Effect


class CalendarService:
    """Use cases of webhook deliveries, conflicts and deferred events."""

    def __init__(self, writer: ProjectWriter, *, calendar_factory: Callable[[], Calendar], secrets: Secrets) -> None:
        self._writer = writer
        self._store = writer.store
        self._availability_cache = writer.availability_cache
        self._calendar_factory = calendar_factory
        self._secrets = secrets

    async def receive(self, project_id: str, body: bytes, signature: str) -> ApplyResult:
        """Apply a webhook delivery and record it, in one transaction. A repeated delivery has no effect.

        Raises:
            InvalidSignature: no secret of the project made the signature, or the project does not exist.
            MalformedDelivery: the signed body cannot be parsed.
            Unavailable: nothing was saved.
        """
        calendar = self._calendar_factory()
        if not calendar.has_valid_signature(body, signature, await self._webhook_secrets(project_id)):
            raise InvalidSignature
        delivery = calendar.parse_delivery(body)
        return await self._writer.write(project_id, lambda unit: _apply_delivery(unit, delivery))

    async def view(self, project_id: str | None) -> CalendarView:
        """Return the stored sync state, pending pushes and deferred events of a project.

        Raises:
            InvalidArgument, NotFound, Unavailable.
        """
        availability = await self._availability_cache.availability(project_id)
        return await self._store.calendar(availability.schedule.project.id)

    async def conflicts(self, project_id: str | None) -> ConflictsAnswer:
        """Return the holds and bookings that overlap calendar events or busy times.

        Raises:
            InvalidArgument, NotFound, Unavailable.
        """
        availability = await self._availability_cache.availability(project_id)
        schedule, now_ms = availability.schedule, availability.now_ms
        return ConflictsAnswer(schedule=schedule, conflicts=find_conflicts(schedule, now_ms), now_ms=now_ms)

    async def replay(self, project_id: str | None, uid: str = "") -> tuple[ReplayResult, ...]:
        """Apply a deferred event again, or all of them.

        Raises:
            NotFound: no deferred event has the uid.
            InvalidArgument, Unavailable.
        """
        project_id = await self._availability_cache.project_id(project_id)
        view = await self._store.calendar(project_id)
        deferred = [event for event in view.deferred if uid in {"", event.event.uid}]
        if uid and not deferred:
            raise NotFound("uid", "No deferred event has that uid; leave out the uid to list all.", wanted=uid)
        return tuple([await self._replay(project_id, event) for event in deferred])

    async def _replay(self, project_id: str, deferred: DeferredEvent) -> ReplayResult:
        async def work(unit: UnitOfWork) -> ApplyResult:
            await unit.transaction.lapse_holds()
            return await apply_event(unit, deferred.event)

        return ReplayResult(uid=deferred.event.uid, effect=(await self._writer.write(project_id, work)).effect)

    async def _webhook_secrets(self, project_id: str) -> list[str]:
        """Return the project's current webhook secrets; empty if it does not exist or is not connected."""
        if not project_id.isprintable():
            return []  # unauthenticated input that some databases cannot store
        try:
            schedule = (await self._availability_cache.availability(project_id)).schedule
        except NotFound:
            return []
        settings = schedule.project.calcom
        return [self._secrets(name) for name in settings.webhook_secret_envs] if settings else []


async def _apply_delivery(unit: UnitOfWork, delivery: Delivery) -> ApplyResult:
    change, transaction = delivery.change, unit.transaction
    if change is None or UNDATED < _time_of(change) < transaction.now_ms - MAX_AGE_MS:
        return ApplyResult(effect=Effect.IGNORED)
    if not await transaction.calendar.record_delivery(delivery.digest):
        return ApplyResult(effect=Effect.KNOWN)
    await transaction.lapse_holds()
    if isinstance(change, CalendarEvent):
        return await apply_event(unit, change)
    if isinstance(change, NoShow):
        return await apply_no_show(transaction, change)
    return await apply_seat_change(unit, change)


def _time_of(change: CalendarEvent | SeatChange | NoShow) -> int:
    return change.event.at_ms if isinstance(change, SeatChange) else change.at_ms


def describe_push(push: Push) -> str:
    """Return the status of a push for operators."""
    if push.refused:
        return f"Rejected: {push.refused}. Retried when the booking changes."
    return "Waiting for a retry" if push.attempts else "Waiting to be sent"


def describe_deferred(deferred: DeferredEvent) -> str:
    """Return the action that an operator can take on a deferred event, with the event's hosts."""
    hosts = [host.email or f"user {host.user_id}" for host in deferred.event.hosts]
    return f"{deferred.why} (Host: {', '.join(hosts) or 'unknown'}.)"
