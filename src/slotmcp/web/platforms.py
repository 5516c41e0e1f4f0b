"""Messages of voice platforms: the phone call that a message names, its objects, texts, and size."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from slotmcp.domain.access import ANONYMOUS, CallId
from slotmcp.domain.errors import InvalidArgument
from slotmcp.services.current_principal import acting_as, current_principal
from slotmcp.web.authentication import read_call_ids
from slotmcp.web.limits import MAX_VALUES

_CALL, _CHAT, _SESSION = "x-call-id", "x-chat-id", "x-session-id"
"""Headers with the same meaning as ids in a message."""


@contextmanager
def within_call_of(message: Mapping[str, object]) -> Iterator[None]:
    """Run a block in the phone call or chat that a message names. Its ids take precedence over those of headers."""
    named = read_call_ids(dict(_ids_of(message)))
    principal = current_principal(ANONYMOUS)
    headers = {call_id.header for call_id in named}
    others: list[CallId] = [call_id for call_id in principal.call_ids if call_id.header not in headers]
    with acting_as(principal.within(*named, *others)):
        yield


def object_at(message: Mapping[str, object], key: str) -> Mapping[str, object]:
    """Return the object with a key; an empty one if there is none."""
    value = message.get(key)
    return value if isinstance(value, dict) else {}


def text_at(message: Mapping[str, object], *keys: str) -> str:
    """Return the text with the first of the keys that has one, else an empty text."""
    return next((value for key in keys if isinstance(value := message.get(key), str) and value), "")


def too_many_values(arguments: Sequence[object]) -> InvalidArgument | None:
    """Return the error if the arguments of a message's calls have more values than the body of one call may have.

    Args:
        arguments: an object for each call, or its JSON text.
    """
    pending, number = list(arguments), 0
    while pending and number <= MAX_VALUES:
        value = pending.pop()
        number += 1 + (value.count(",") if isinstance(value, str) else 0)
        pending.extend(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())
    if number <= MAX_VALUES:
        return None
    return InvalidArgument("arguments", f"must have at most {MAX_VALUES} values in one message.")


def _ids_of(message: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    chat = object_at(message, "chat")
    yield _CALL, text_at(object_at(message, "call"), "id", "call_id")
    yield _CHAT, text_at(chat, "id", "chat_id")
    yield _SESSION, text_at(chat, "sessionId")
