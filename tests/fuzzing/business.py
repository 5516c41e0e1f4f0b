"""Business of the fuzzed server: the small one in Denver, with areas, questions, prices and a reserve."""

from dataclasses import replace
from typing import Final

from slotmcp.domain.booking_rules import BookableSpan, Price, Priority, Reserve, ServiceArea, ServiceQuestion
from slotmcp.domain.recurrence import WallSpan
from support.denver import AC_REPAIR, ANA, BEN, FURNACE, PLAN, WEEKDAYS

CITY: Final = ServiceArea(id="city", postal_codes=("802*",), fee="$10 trip charge")
HILLS: Final = ServiceArea(
    id="hills", postal_codes=("80401..80499",), technician_ids=("t-ana",), days=frozenset({1, 3}), extra_minutes=20
)
REPAIR: Final = replace(
    AC_REPAIR,
    terms="Cancel in time, or the visit is charged.",
    questions=(ServiceQuestion(id="age", ask="How old is it?"), ServiceQuestion(id="pets", ask="Do you have pets?")),
    reserves=(Reserve(places=1, until_minutes=120),),
    max_bookings_per_day=20,
)
CHECK: Final = replace(
    FURNACE,
    price=Price(text="The visit is 89 dollars."),
    questions=(ServiceQuestion(id="age", ask="How old is it?", is_required=True),),
    bookable=(
        BookableSpan(days=WEEKDAYS, span=WallSpan(start_minute=480, end_minute=900)),
        BookableSpan(days=WEEKDAYS, span=WallSpan(start_minute=900, end_minute=960), priority=Priority.EMERGENCY),
    ),
)
BUSINESS: Final = replace(
    PLAN,
    project=replace(PLAN.project, areas=(CITY, HILLS), cancel_notice_minutes=1440),
    services=(REPAIR, CHECK),
    technicians=(replace(ANA, on_call=ANA.shifts), BEN),
)
