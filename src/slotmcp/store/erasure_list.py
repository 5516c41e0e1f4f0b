"""Implementation of the port ErasureList: a file with one JSON object per line, without any contact."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from slotmcp.domain.erasure import Erasure
from slotmcp.domain.errors import FixSetup
from slotmcp.store.private_files import PRIVATE_FOLDER, append


class FileErasureList:
    """File of erasures, which only its owner can read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def add(self, erasures: Sequence[Erasure]) -> None:
        """Append erasures durably."""
        await asyncio.to_thread(self._add, erasures)

    def read(self) -> tuple[Erasure, ...]:
        """Return all erasures in order; none if the file does not exist.

        Raises:
            FixSetup: the file cannot be read.
        """
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise self._unusable("cannot be read", error) from error
        return tuple(self._parse(number, line) for number, line in enumerate(lines, 1) if line.strip())

    def _add(self, erasures: Sequence[Erasure]) -> None:
        lines = b"".join(orjson.dumps(_fields(erasure), option=orjson.OPT_APPEND_NEWLINE) for erasure in erasures)
        try:
            self._path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            append(self._path, lines)
        except OSError as error:
            raise self._unusable("cannot be written, so nothing was erased", error) from error

    def _parse(self, number: int, line: bytes) -> Erasure:
        try:
            fields: Any = orjson.loads(line)
            project_id, key, at_ms = fields["projectId"], fields["key"], fields["atMs"]
        except (ValueError, TypeError, KeyError) as error:
            raise FixSetup(f"Line {number} of the list of erasures {self._path} is not valid.") from error
        return Erasure(project_id=str(project_id), key=str(key), at_ms=int(at_ms))

    def _unusable(self, problem: str, error: OSError) -> FixSetup:
        return FixSetup(f"The list of erasures {self._path} {problem}: {error.strerror}.")


def _fields(erasure: Erasure) -> dict[str, object]:
    return {"projectId": erasure.project_id, "key": erasure.key, "atMs": erasure.at_ms}
