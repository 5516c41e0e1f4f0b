"""How things stand with a calendar, in words that every way of showing it has in common."""

from slotmcp.domain.calendar import DeferredEvent, Push


def describe_push(push: Push) -> str:
    """How it stands with a booking that the calendar has to be told of."""
    if push.refused:
        return f"refused: {push.refused}. It is tried again when the booking changes."
    return "waits for another try" if push.attempts else "is about to be told"


def describe_deferred(deferred: DeferredEvent) -> str:
    """What somebody has to do about an event that was put aside, and whose it is."""
    hosts = [one.email or f"user {one.user_id}" for one in deferred.event.hosts]
    return f"{deferred.why} (Host: {', '.join(hosts) or 'not told'}.)"
