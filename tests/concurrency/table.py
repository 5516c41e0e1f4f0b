"""Tables for the documentation."""

from collections.abc import Sequence


def print_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table in Markdown, its columns aligned."""
    texts = [[str(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    first, *others = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in texts]
    rule = " | ".join("-" * width for width in widths)
    for line in (first, rule, *others):
        print(f"| {line} |", flush=True)  # noqa: T201  a script's answer
