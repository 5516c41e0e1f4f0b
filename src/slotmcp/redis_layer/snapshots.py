"""Books as bytes: MessagePack, straight from the domain's dataclasses and back, compressed."""

import hashlib
import zlib
from dataclasses import fields, is_dataclass
from typing import get_args, get_type_hints

from slotmcp.domain.schedule import Schedule

_LEVEL = 1
"""Fast: a fifteenth of the size in half a millisecond."""
_DIGITS = 8


class ScheduleCodec:
    """Turns books into bytes and back."""

    def __init__(self) -> None:
        import msgspec  # noqa: PLC0415  whoever has no Redis need not wait for it

        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(Schedule)
        self._faults = (zlib.error, msgspec.MsgspecError)
        self.schema = schema_of(Schedule)
        """What distinguishes the books of this version from those of another that is being replaced."""

    def encode(self, schedule: Schedule) -> bytes:
        """A book as bytes."""
        return zlib.compress(self._encoder.encode(schedule), _LEVEL)

    def decode(self, told: bytes, project_id: str, revision: int) -> Schedule | None:
        """The book that bytes stand for; None unless they are one, of this project at this revision."""
        try:
            schedule = self._decoder.decode(zlib.decompress(told))
        except self._faults:
            return None
        return schedule if (schedule.project.id, schedule.revision) == (project_id, revision) else None


def schema_of(kind: type) -> str:
    """A fingerprint of a dataclass and of all that it is made of: the names and the types of their fields."""
    return hashlib.sha256("\n".join(_described(kind, set())).encode()).hexdigest()[:_DIGITS]


def _described(kind: object, seen: set[object]) -> list[str]:
    """A line for each field of a dataclass, and of those that it is made of."""
    if kind in seen:
        return []
    seen.add(kind)
    if not (is_dataclass(kind) and isinstance(kind, type)):
        return [line for part in get_args(kind) for line in _described(part, seen)]
    hints = get_type_hints(kind)
    lines = [f"{kind.__name__}.{field.name}: {hints[field.name]}" for field in fields(kind)]
    return [*lines, *(line for hint in hints.values() for line in _described(hint, seen))]
