"""Names of arguments: the aliases that are accepted, and the right name for an unknown one."""

import re
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from slotmcp.domain.errors import FieldProblem
from slotmcp.tools.texts import plain

ALIASES: Final = (
    ("phone", "customerPhone"),
    ("email", "customerEmail"),
    ("name", "customerName"),
    ("postalCode", "zip"),
    ("postalCode", "zipCode"),
    ("postalCode", "postcode"),
)
"""Pairs of names with the same meaning. A tool that has one of the two accepts the other."""
_SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    "start": ("start", "from"),
    "starttime": ("start", "from"),
    "startdate": ("start", "from"),
    "startat": ("start", "from"),
    "slot": ("start", "from"),
    "time": ("start", "from"),
    "datetime": ("start", "from"),
    "date": ("from", "start"),
    "day": ("from", "start"),
    "end": ("end", "to"),
    "endtime": ("end", "to"),
    "until": ("to", "end"),
    "service": ("serviceType",),
    "serviceid": ("serviceType",),
    "servicename": ("serviceType",),
    "appointmenttype": ("serviceType",),
    "technician": ("technicianId",),
    "technicianname": ("technicianId",),
    "token": ("holdToken",),
    "holdid": ("holdToken",),
    "id": ("bookingId", "holdToken"),
    "appointmentid": ("bookingId",),
    "confirmationnumber": ("bookingId",),
    "duration": ("durationMinutes",),
    "minutes": ("durationMinutes",),
    "length": ("durationMinutes",),
    "mobile": ("customerPhone", "phone"),
    "telephone": ("customerPhone", "phone"),
    "phonenumber": ("customerPhone", "phone"),
    "tel": ("customerPhone", "phone"),
    "callernumber": ("customerPhone", "phone"),
    "mail": ("customerEmail", "email"),
    "customermail": ("customerEmail", "email"),
    "emailaddress": ("customerEmail", "email"),
    "fullname": ("customerName",),
    "customer": ("customerName", "phone"),
    "customerid": ("customerHash",),
    "callerid": ("customerHash",),
    "tz": ("timezone",),
    "zone": ("timezone",),
    "lat": ("latitude",),
    "lng": ("longitude",),
    "lon": ("longitude",),
    "long": ("longitude",),
    "language": ("locale",),
    "plz": ("postalCode",),
    "zipcode": ("postalCode",),
    "postalcode": ("postalCode",),
    "urgency": ("priority",),
    "urgent": ("priority",),
    "emergency": ("priority",),
    "days": ("daysOfWeek",),
    "weekdays": ("daysOfWeek",),
    "timeofday": ("partOfDay",),
    "count": ("limit",),
    "note": ("notes",),
    "comment": ("notes",),
    "comments": ("notes",),
    "project": ("projectId",),
    "business": ("projectId",),
    "ttl": ("ttlSeconds",),
    "key": ("idempotencyKey",),
}
"""Arguments that agents mean by other names, best first."""
_MAX_NAME_CHARACTERS: Final = 64
"""Length to which an unknown argument's name is cut in an error."""
_MAX_UNKNOWN_NAMES: Final = 5
_MAX_COMPARED_CHARACTERS: Final = 1000
_MAX_COMPARED_NUMBER: Final = 1e20
_NOT_A_LETTER: Final = re.compile(r"[\W_]+")


def resolve_aliases(
    present: Mapping[str, object], allowed: Collection[str]
) -> tuple[dict[str, object], list[FieldProblem]]:
    """Return the arguments under the tool's own names, and a problem for each name of two different values."""
    resolved, problems = dict(present), list[FieldProblem]()
    for own, alias in (pair if pair[0] in allowed else pair[::-1] for pair in ALIASES):
        if own not in allowed or alias in allowed or alias not in resolved:
            continue
        value = resolved.pop(alias)
        if _comparable(resolved.setdefault(own, value)) != _comparable(value):
            problems += [_contradiction(own, alias), _contradiction(alias, own)]
    return resolved, problems


def _comparable(value: object) -> object:
    if isinstance(value, int | float) and abs(value) < _MAX_COMPARED_NUMBER:
        value = f"{value:.0f}"
    if not isinstance(value, str):
        return value
    return _NOT_A_LETTER.sub("", plain(value[:_MAX_COMPARED_CHARACTERS]).casefold())


def _contradiction(name: str, other: str) -> FieldProblem:
    return FieldProblem(name, f"is not the same as {other}, which means the same; give one of the two.")


def unknown_names(names: Iterable[str], allowed: tuple[str, ...]) -> list[FieldProblem]:
    """Return a problem for each of the first unknown arguments."""
    unknown = [name for name in names if name not in allowed]
    return [_unknown_name(name[:_MAX_NAME_CHARACTERS], allowed) for name in unknown[:_MAX_UNKNOWN_NAMES]]


def _unknown_name(name: str, allowed: tuple[str, ...]) -> FieldProblem:
    similar = _suggestion(name, allowed)
    suggestion = f" Did you mean {similar}?" if similar else ""
    problem = f"is not an argument of this tool.{suggestion} It takes {', '.join(allowed)}."
    return FieldProblem(name.encode("ascii", "backslashreplace").decode(), problem)


def _suggestion(name: str, allowed: tuple[str, ...]) -> str | None:
    word = _NOT_A_LETTER.sub("", name).lower()
    by_word = {known.lower(): known for known in allowed}
    if word in by_word:
        return by_word[word]
    if synonym := next((known for known in _SYNONYMS.get(word, ()) if known in allowed), None):
        return synonym
    similar = get_close_matches(word, by_word, n=1)
    return by_word[similar[0]] if similar else None
