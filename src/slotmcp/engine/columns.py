"""Many integers, read column by column."""

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import or_

_DIGIT_TO_BIT = bytes.maketrans(b"01", b"\x00\x01")


def columns(rows: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """The bits that any row has: their numbers, ascending, each with a byte per row that is 1 where the row has it."""
    anybody = reduce(or_, rows, 0)
    if not anybody:
        return
    width = anybody.bit_length()
    table = "".join([format(row, f"0{width}b") for row in rows]).encode().translate(_DIGIT_TO_BIT)
    lowest = (anybody & -anybody).bit_length() - 1
    for bit in range(lowest, width):
        if anybody >> bit & 1:
            yield bit, table[width - 1 - bit :: width]


def bits_of(row: int) -> list[int]:
    """The numbers of the bits that are set, ascending."""
    return [bit for bit, digit in enumerate(reversed(format(row, "b"))) if digit == "1"]
