"""Progress of a long run, saved after each round so that the run can be resumed."""

import json
from collections import Counter
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self


@dataclass(slots=True)
class Progress:
    """Rounds and observations of all parts of a run."""

    rounds: int = 0
    """Number of the next round, which is its seed."""
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    longest_stall_ms: float = 0.0
    stalled_round: int = -1
    """Round with the longest stall; -1: none."""
    largest_growth_mib: float = 0.0
    """Largest growth of a server's memory after its second round."""
    parts: int = 0
    """Number of servers, one for each part of the run."""

    @classmethod
    def load(cls, path: Path | None) -> Self:
        """Return the progress in a file, or a new one."""
        if path is None or not path.exists():
            return cls()
        saved: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return cls(**{**saved, "counts": Counter(saved["counts"])})

    def save(self, path: Path | None) -> None:
        """Replace the file."""
        if path is not None:
            unfinished = path.with_name(f"{path.name}.unfinished")
            unfinished.write_text(
                json.dumps({one.name: getattr(self, one.name) for one in fields(self)}, indent=1), "utf-8"
            )
            unfinished.replace(path)

    def note_stall(self, length_ms: float) -> None:
        """Record the longest stall of the current round."""
        if length_ms > self.longest_stall_ms:
            self.longest_stall_ms, self.stalled_round = length_ms, self.rounds
