"""Labels and remedies of the reasons that no time was available."""

from typing import Final

from slotmcp.domain.reasons import PerReason

REASONS: Final = PerReason(
    skill_missing="missing skill",
    inactive="technician unavailable",
    past="in the past",
    horizon="too far ahead",
    too_long="longer than the working hours",
    holiday="closed for a holiday",
    outside_shift="outside working hours",
    time_off="time off",
    break_="on a break, or no room left for one",
    booked="already booked",
    held="held for another caller",
    own_hold="held for this caller",
    busy="busy (calendar)",
    day_full="daily booking limit reached",
    travel="not enough travel time",
    notice="too short notice",
    off_grid="not one of the offered start times",
    outside_area="address outside the service areas",
    closed="closed for these dates",
    on_call_only="only on call, for emergencies",
    reserved="kept free for emergencies",
    area_day="area not served on that day",
    not_bookable_then="outside the bookable hours of the service",
    emergency_only="hours only for emergencies",
    service_day_full="daily limit of the service reached",
)
"""Labels of the main reason that no time was available for a request."""

REMEDIES: Final = PerReason(
    skill_missing="Train a technician, or hire one",
    inactive="Make a technician available",
    past="Give the voice agent today's date",
    horizon="Extend the booking horizon of the service or the project",
    too_long="Shorten the service, or work longer without a break",
    holiday="Add an override for that date",
    outside_shift="Extend the working hours",
    time_off="Arrange cover",
    break_="Stagger the breaks, or widen the time in which they may float",
    booked="Add technicians or hours",
    held="Shorten the holds",
    own_hold="None is needed: the caller has that time",
    busy="Free up the calendars",
    day_full="Raise the daily booking limit of the technicians",
    travel="Add a technician who lives closer",
    notice="Shorten the minimum notice of the service or the project",
    off_grid="Offer start times more often",
    outside_area="Add the postal codes to an area, or technicians to the area",
    closed="Shorten the closure, or add an override",
    on_call_only="Add a shift, or ask callers if it is an emergency",
    reserved="Reserve fewer places, or release them earlier",
    area_day="Serve the area on more days",
    not_bookable_then="Add bookable hours to the service",
    emergency_only="Open these hours to all callers, or ask if it is an emergency",
    service_day_full="Raise the daily limit of the service",
)
"""Changes that would make times available, by main reason."""
