"""Terms of holds as JSON of the column `hold_terms`. Empty fields are left out."""

from typing import Any, Final

import orjson

from slotmcp.domain.caller import CallerIdentity
from slotmcp.domain.claim import HoldTerms, MovingBooking
from slotmcp.store.values import json_text

_CALLS: Final = ("calls", "guessable_calls")
_TEXTS: Final = ("phone", "email", "reference", "guessable_reference", "connection")


def terms_json(terms: HoldTerms) -> str:
    """Return the terms of a hold as JSON."""
    return json_text(
        {
            "caller": _caller_values(terms.caller),
            "created_at_ms": terms.created_at_ms,
            "latest_expiry_ms": terms.latest_expiry_ms,
            "credential": terms.credential,
            "token_key": terms.token_key,
            "request_key": terms.request_key,
            "is_additional": terms.is_additional,
            "moving": terms.moving,
        }
    )


def terms_of(stored: str) -> HoldTerms:
    """Return the terms that a column holds."""
    values: dict[str, Any] = orjson.loads(stored)
    moving = values.pop("moving")
    return HoldTerms(
        caller=_caller_of(values.pop("caller")), moving=None if moving is None else MovingBooking(**moving), **values
    )


def _caller_values(caller: CallerIdentity) -> dict[str, object]:
    texts = {name: text for name in _TEXTS if (text := getattr(caller, name))}
    return texts | {name: sorted(calls) for name in _CALLS if (calls := getattr(caller, name))}


def _caller_of(values: dict[str, Any]) -> CallerIdentity:
    return CallerIdentity(**values | {name: frozenset(values[name]) for name in _CALLS if name in values})
