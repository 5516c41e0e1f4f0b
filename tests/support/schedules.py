"""Sample data: a project with three technicians, and claims on their time."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Final, Protocol

from slotmcp.domain.attention import Attention, AttentionCause
from slotmcp.domain.booking import Answer, AssignmentReason, Booking, BookingStatus, Customer, Visit
from slotmcp.domain.booking_rules import (
    BookableSpan,
    Closure,
    OutsideAreas,
    Price,
    Priority,
    Reserve,
    ServiceArea,
    ServiceQuestion,
)
from slotmcp.domain.calcom import CalcomConnection, CalcomHost, ConnectedCalendar
from slotmcp.domain.calendar import (
    CalendarEntry,
    CalendarEvent,
    DeferredEvent,
    EventKind,
    EventStatus,
    HostReference,
    Push,
    SyncState,
)
from slotmcp.domain.caller import CallerIdentity
from slotmcp.domain.catalog import (
    ChangeVerification,
    DateOverride,
    Location,
    Project,
    RankingKey,
    ServiceType,
    SlotAlignment,
    Technician,
    TechnicianStatus,
    TimeOff,
    TravelMode,
    TravelPolicy,
    Wording,
)
from slotmcp.domain.claim import BusyTime, Claim, ClaimState, Hold, HoldTerms, MovingBooking
from slotmcp.domain.recurrence import FloatingBreak, PartsOfDay, RecurringTimeOff, WallSpan, WeeklySpan
from slotmcp.domain.waitlist import WaitlistEntry, WaitlistState
from slotmcp.ports import Receipt, Store, Transaction
from support.clock import NOW_MS

NOON: Final = NOW_MS // 60_000
"""Current minute, from which the helpers below count."""

HOLD_SECONDS: Final = 90
CUSTOMER: Final = Customer(name="Kim Doe", phone="+1 303 555 0142", email="kim@example.com")

PROJECT: Final = Project(id="shop", name="Shop", timezone="America/Denver")
FULL_PROJECT: Final = Project(
    id="full",
    name="Every field 🛠",
    timezone="Asia/Kathmandu",
    locale="ne-NP",
    slot_interval_minutes=20,
    slot_alignment=SlotAlignment.OPENING,
    min_notice_minutes=45,
    horizon_days=14,
    hold_ttl_seconds=120,
    max_holds_per_customer=2,
    candidate_ranking=(RankingKey.LOAD,),
    assignment_ranking=(RankingKey.PRIORITY, RankingKey.ETA),
    travel=TravelPolicy(mode=TravelMode.ESTIMATED, speed_kmh=25.5, minutes_per_stop=7, road_factor=1.45),
    default_service_id="full",
    holiday_regions=("US", "US-CO"),
    closed_dates=(date(2026, 12, 24), date(2027, 1, 2)),
    calcom=CalcomConnection(
        api_key_env="CALCOM_API_KEY", webhook_secret_envs=("SECRET_NOW", "SECRET_BEFORE"), pending_blocks=False
    ),
    country="NP",
    verify_changes=ChangeVerification.NONE,
    parts_of_day=PartsOfDay(
        morning=WallSpan(start_minute=300, end_minute=660),
        afternoon=WallSpan(start_minute=690, end_minute=1080),
        evening=WallSpan(start_minute=1080, end_minute=1440),
    ),
    wording=Wording.APPOINTMENT,
    closures=(
        Closure(first=date(2026, 12, 21), last=date(2027, 1, 2), reason="winter break"),
        Closure(first=date(2026, 12, 20), last=date(2026, 12, 20), span=WallSpan(start_minute=720, end_minute=1440)),
    ),
    areas=(
        ServiceArea(id="city", postal_codes=("80202", "803*")),
        ServiceArea(
            id="hills",
            postal_codes=("80400..80499",),
            technician_ids=("ana", "ben"),
            days=frozenset({1, 3}),
            extra_minutes=30,
            fee="$45 trip charge",
        ),
    ),
    outside_areas=OutsideAreas.ACCEPT,
    cancel_notice_minutes=1440,
)
"""Project in which no field has its default."""

REPAIR: Final = ServiceType(id="repair", name="Repair", duration_minutes=60)
CHECK: Final = ServiceType(id="check", name="Check", duration_minutes=30)
FULL_SERVICE: Final = ServiceType(
    id="full",
    name="Full",
    duration_minutes=45,
    buffer_before_minutes=5,
    buffer_after_minutes=10,
    skills=frozenset({"gas", "hvac"}),
    calcom_event_type_id=1042,
    min_duration_minutes=20,
    spoken={"es": "todo 🛠", "en-GB": "the full works"},
    description="Everything that there is.",
    guidance="Use it for all words.",
    price=Price(amount=Decimal("89.50"), currency="USD", per="visit", text="The visit is $89.50."),
    terms="Cancel a day before.",
    questions=(
        ServiceQuestion(id="pets", ask="Do you have pets?"),
        ServiceQuestion(id="age", ask="How old?", is_required=True),
    ),
    min_notice_minutes=0,
    horizon_days=5,
    max_bookings_per_day=10,
    bookable=(
        BookableSpan(days=frozenset({0, 4}), span=WallSpan(start_minute=480, end_minute=960)),
        BookableSpan(
            days=frozenset({5}), span=WallSpan(start_minute=1320, end_minute=1500), priority=Priority.EMERGENCY
        ),
    ),
    reserves=(Reserve(places=1, until_minutes=240),),
)


def technician(technician_id: str, **facts: Any) -> Technician:  # noqa: ANN401  a Technician's fields
    """Return a technician who works on weekdays from 8 to 17."""
    span = WallSpan(start_minute=480, end_minute=1020)
    usual: dict[str, Any] = {
        "name": technician_id.title(),
        "timezone": "America/Denver",
        "shifts": (WeeklySpan(days=frozenset(range(5)), span=span),),
    }
    return Technician(id=technician_id, **{**usual, **facts})


ANA, BEN, CLEO = map(technician, ("ana", "ben", "cleo"))
FULL_TECHNICIAN: Final = Technician(
    id="full",
    name="Full",
    timezone="Australia/Lord_Howe",
    priority=3,
    status=TechnicianStatus.OFF,
    skills=frozenset({"gas", "hvac"}),
    home=Location(39.7392, -104.9903),
    home_postal_code="80202",
    max_bookings_per_day=6,
    shifts=(
        WeeklySpan(
            days=frozenset({0, 6}),
            span=WallSpan(start_minute=1320, end_minute=1800),
            valid_from=date(2026, 1, 1),
            valid_until=date(2026, 12, 31),
            every_weeks=2,
        ),
        WeeklySpan(
            days=frozenset(),
            span=WallSpan(start_minute=540, end_minute=600),
            valid_from=date(2026, 1, 1),
            rrule="FREQ=MONTHLY;BYDAY=1MO",
        ),
    ),
    floating_breaks=(
        FloatingBreak(
            window=WeeklySpan(days=frozenset({0}), span=WallSpan(start_minute=690, end_minute=840)), minutes=30
        ),
    ),
    breaks=(WeeklySpan(days=frozenset({2}), span=WallSpan(start_minute=720, end_minute=780)),),
    on_call=(WeeklySpan(days=frozenset({5}), span=WallSpan(start_minute=0, end_minute=1440)),),
    overrides=(
        DateOverride(date=date(2026, 11, 27)),
        DateOverride(date=date(2026, 11, 28), windows=(WallSpan(start_minute=540, end_minute=780),)),
    ),
    time_off=(
        TimeOff(start=NOON, end=NOON + 60, reason="dentist"),
        TimeOff(start=NOON + 60, end=NOON + 90, by_operator=True),
    ),
    recurring_time_off=(
        RecurringTimeOff(rrule="FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", first=date(2026, 12, 4), reason="school"),
        RecurringTimeOff(rrule="FREQ=DAILY", first=date(2026, 12, 4), span=WallSpan(start_minute=720, end_minute=1020)),
    ),
    calcom=CalcomHost(
        email="full@example.com",
        user_id=7,
        event_type_ids={"full": 2042},
        calendars=(ConnectedCalendar(credential_id=3, external_id="full@group.calendar.example.com"),),
    ),
)


def claim(claim_id: str, technician_id: str = "ana", *, at: int = 60, minutes: int = 60, **facts: Any) -> Claim:  # noqa: ANN401
    """Return a claim of an hour, `at` minutes from now: of a booking unless it expires."""
    return Claim(
        id=claim_id,
        technician_id=technician_id,
        service_id=facts.pop("service_id", "repair"),
        start=NOON + at,
        end=NOON + at + minutes,
        **facts,
    )


def hold(claim_id: str, technician_id: str = "ana", *, customer: str = "kim", **facts: Any) -> Hold:  # noqa: ANN401
    """Return a hold whose token is its claim's id with a prefix."""
    facts = {"expires_at_ms": NOW_MS + HOLD_SECONDS * 1000, **facts}
    return Hold(
        claim=claim(claim_id, technician_id, **facts),
        token=token(claim_id),
        state=ClaimState.HELD,
        customer_pseudonym=customer,
    )


FULL_TERMS: Final = HoldTerms(
    caller=CallerIdentity(
        phone="a phone",
        email="an e-mail",
        calls=frozenset({"call-1", "call-2"}),
        guessable_calls=frozenset({"short"}),
        reference="a hash",
        guessable_reference="caller",
        connection="stdio",
    ),
    created_at_ms=NOW_MS - 5,
    latest_expiry_ms=NOW_MS + 180_000,
    credential="credential",
    token_key="a token",  # noqa: S106  a test's own
    request_key="key",
    is_additional=True,
    moving=MovingBooking(booking_id="full", start=NOON, end=NOON + 60),
)
"""Terms in which no field has its default."""


def token(claim_id: str) -> str:
    """Return the token of a hold that `hold` made."""
    return f"token-{claim_id}"


def booking(claim_id: str, technician_id: str = "ana", **facts: Any) -> Booking:  # noqa: ANN401  a Claim's fields
    """Return a booking of a customer."""
    return Booking(claim=claim(claim_id, technician_id, **facts), customer=CUSTOMER)


DOWNTOWN: Final = Location(39.7, -104.94)
AIRPORT: Final = Location(39.86, -104.67)

FULL_BOOKING: Final = Booking(
    claim=claim(
        "full",
        "cleo",
        at=600,
        buffer_before_minutes=5,
        buffer_after_minutes=10,
        service_id="gone",
        technician_chosen=True,
        location=DOWNTOWN,
        postal_code="80202",
        priority=Priority.EMERGENCY,
    ),
    customer=CUSTOMER,
    visit=Visit(address="1 Main St", notes="Beware of the dog 🐕"),
    answers=(Answer(question_id="pets", text="a dog 🐕"),),
    reason=AssignmentReason(
        policy=(RankingKey.LOAD, RankingKey.PRIORITY),
        values={RankingKey.LOAD: 2, RankingKey.PRIORITY: 1},
        considered=3,
        wished=True,
        kept=True,
    ),
    status=BookingStatus.RESCHEDULED,
    contact_keys=("phone", "email", "a hash"),
    former_keys=("an old phone", "an old email"),
    call_keys=("a call", "a chat"),
    cancel_reason="no time",
    attention=Attention.of(AttentionCause.TIME_OFF, AttentionCause.PUSH_REJECTED, detail="It is in the past there."),
    is_additional=True,
)


def wait(wait_id: str, **facts: Any) -> WaitlistEntry:  # noqa: ANN401  a WaitlistEntry's fields
    """Return a waitlist entry of Kim for a repair within a day from now."""
    usual: dict[str, Any] = {
        "service_id": "repair",
        "duration_minutes": 60,
        "start_from": NOON,
        "start_to": NOON + 1440,
        "customer": CUSTOMER,
        "customer_pseudonym": "kim",
        "joined_at_ms": NOW_MS,
    }
    return WaitlistEntry(id=wait_id, **{**usual, **facts})


FULL_WAIT: Final = wait(
    "full",
    technician_id="ana",
    location=AIRPORT,
    postal_code="80249",
    priority=Priority.EMERGENCY,
    contact_keys=("phone", "email"),
    state=WaitlistState.OFFERED,
    hold_token="token-h",  # noqa: S106  a test's own
    declined_times=((NOON + 60, NOON + 120), (NOON, NOON + 60)),
)


def busy(technician_id: str = "ana", *, at: int = 60, minutes: int = 60, source: str = "calendar") -> BusyTime:
    """Return a busy time, `at` minutes from now."""
    return BusyTime(technician_id=technician_id, start=NOON + at, end=NOON + at + minutes, source=source)


def event(uid: str, *, at: int = 60, minutes: int = 60, **facts: Any) -> CalendarEvent:  # noqa: ANN401  its fields
    """Return an accepted calendar event, `at` minutes from now."""
    usual: dict[str, Any] = {"status": EventStatus.ACCEPTED, "at_ms": NOW_MS}
    return CalendarEvent(uid=uid, start=NOON + at, end=NOON + at + minutes, **{**usual, **facts})


FULL_EVENT: Final = event(
    "full",
    status=EventStatus.PENDING,
    kind=EventKind.ABSENCE,
    hosts=(HostReference(email="ana@example.com", user_id=7), HostReference(email="ben@example.com")),
    series="series@Cal.com",
    sequence=2,
    event_type_id=1042,
    replaces="earlier",
    customer=CUSTOMER,
    visit=Visit(address="1 Main St", notes="Beware of the dog 🐕"),
    booking_id="full",
)
FULL_ENTRY: Final = CalendarEntry(
    event=FULL_EVENT,
    booking_id="full",
    busy=(BusyTime(technician_id="ana", start=NOON, end=NOON + 60, source="calcom:full"),),
    contact_keys=("phone", "email"),
    no_show_at_ms=NOW_MS + 2,
)
FULL_DEFERRED: Final = DeferredEvent(
    event=FULL_EVENT, why="No technician has this email address.", at_ms=NOW_MS, contact_keys=("phone",)
)
FULL_PUSH: Final = Push(
    booking_id="full",
    version=1,
    since_ms=NOW_MS - 5,
    due_ms=NOW_MS + 5,
    attempts=2,
    tried_at_ms=NOW_MS - 3,
    tried_start=NOON + 600,
    refused="It is in the past there.",
    renews=True,
)
FULL_SYNC: Final = SyncState(
    watermark_ms=NOW_MS - 1000, worker="w", worker_until_ms=NOW_MS + 1, finished_ms=NOW_MS - 2, problem="away"
)


def receipt(key: str = "key", **facts: Any) -> Receipt:  # noqa: ANN401  a Receipt's fields
    """Return the receipt of an idempotency key."""
    usual: dict[str, Any] = {
        "use_case": "book_slot",
        "credential": "local",
        "request": "fingerprint",
        "answer": '{"bookingId":"b"}',
    }
    return Receipt(key=key, **{**usual, **facts})


class HasId(Protocol):
    """Booking, claim or waitlist entry."""

    @property
    def id(self) -> str: ...


def ids_of(items: Iterable[HasId]) -> list[str]:
    """Return the ids of items in order."""
    return [item.id for item in items]


async def set_up(transaction: Transaction) -> None:
    """Save the shop with Ana, Ben and Cleo."""
    await transaction.save_project(PROJECT)
    await transaction.save_services([REPAIR, CHECK])
    await transaction.save_technicians([ANA, BEN, CLEO])


async def open_shop(store: Store) -> None:
    """Create the shop in a store."""
    await store.write(PROJECT.id, set_up, create=True)
