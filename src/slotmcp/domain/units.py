"""Units of amounts other than time."""

from typing import Final

BYTES_PER_MB: Final = 1_000_000
