"""Counting and listing the bits of many integers, column by column."""

from collections.abc import Iterable, Iterator

_BITS_OF_BYTE = tuple(tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256))
_PLANES_PER_BYTE = 8


def count_columns(rows: Iterable[int], width: int) -> list[int]:
    """How many rows have each bit, for bits 0 to width - 1.

    A carry-save adder: plane k holds bit k of every column's count, so that a row costs a few operations on
    whole integers however wide it is.
    """
    planes: list[int] = []
    for row in rows:
        carry = row
        for k, plane in enumerate(planes):
            planes[k], carry = plane ^ carry, plane & carry
            if not carry:
                break
        if carry:
            planes.append(carry)
    low = _as_bytes(planes[:_PLANES_PER_BYTE], width)
    if len(planes) <= _PLANES_PER_BYTE:
        return list(low)
    high = _as_bytes(planes[_PLANES_PER_BYTE:], width)
    return [below + (above << _PLANES_PER_BYTE) for below, above in zip(low, high, strict=True)]


def bits_of(row: int) -> Iterator[int]:
    """The numbers of the bits that are set, ascending."""
    base = 0
    for byte in row.to_bytes((row.bit_length() + 7) // 8, "little"):
        for bit in _BITS_OF_BYTE[byte]:
            yield base + bit
        base += 8


def bits_at(numbers: Iterable[int]) -> int:
    """The integer with these bits set."""
    row = 0
    for number in numbers:
        row |= 1 << number
    return row


def _as_bytes(planes: list[int], width: int) -> bytes:
    """One byte a column, from planes of bits."""
    total = 0
    for k, plane in enumerate(planes):
        digits = format(plane, f"0{width}b").encode().translate(_DIGIT_TO_BIT)
        total += int.from_bytes(digits, "big") << k
    return total.to_bytes(width, "little")


_DIGIT_TO_BIT = bytes.maketrans(b"01", b"\x00\x01")
