"""Encoding of schedules as compressed MessagePack."""

import hashlib
import zlib
from dataclasses import fields, is_dataclass
from typing import get_args, get_type_hints

from slotmcp.domain.schedule import Schedule

_LEVEL = 1
"""Fastest zlib level: half a millisecond for a fifteenth of the size."""
_FINGERPRINT_DIGITS = 8


class ScheduleCodec:
    """Encoder and decoder of schedules."""

    def __init__(self) -> None:
        import msgspec  # noqa: PLC0415  most installations have no Redis

        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(Schedule)
        self._errors = (zlib.error, msgspec.MsgspecError)
        self.schema = schema_of(Schedule)
        """Fingerprint of the encoded types. Versions with other types do not read these snapshots."""

    def encode(self, schedule: Schedule) -> bytes:
        """Return a schedule as bytes."""
        return zlib.compress(self._encoder.encode(schedule), _LEVEL)

    def decode(self, encoded: bytes, project_id: str, revision: int) -> Schedule | None:
        """Return the encoded schedule; None if it is invalid, or of another project or revision."""
        try:
            schedule = self._decoder.decode(zlib.decompress(encoded))
        except self._errors:
            return None
        return schedule if (schedule.project.id, schedule.revision) == (project_id, revision) else None


def schema_of(kind: type) -> str:
    """Return a fingerprint of the names and types of all fields of a dataclass and of those nested in it."""
    return hashlib.sha256("\n".join(_field_lines(kind, set())).encode()).hexdigest()[:_FINGERPRINT_DIGITS]


def _field_lines(kind: object, seen: set[object]) -> list[str]:
    """Return a line for each field of a dataclass and of those nested in it."""
    if kind in seen:
        return []
    seen.add(kind)
    if not (is_dataclass(kind) and isinstance(kind, type)):
        return [line for part in get_args(kind) for line in _field_lines(part, seen)]
    hints = get_type_hints(kind)
    lines = [f"{kind.__name__}.{field.name}: {hints[field.name]}" for field in fields(kind)]
    return [*lines, *(line for hint in hints.values() for line in _field_lines(hint, seen))]
