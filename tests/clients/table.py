"""Page docs/reference/clients.md from the reports of clients."""

from collections.abc import Mapping, Sequence
from typing import Final

from clients.matrix import Report

INTRODUCTION: Final = """\
# Clients

`make clients` has written this page. It runs each client below in an environment of its own,
without a model. Each one lists the tools, asks for times, holds one, books it, books with an
unknown hold, and sends an argument of a wrong type.

- **Answer**, **error**: what the client hands to the model, with the same content in each form.
  *Text* is the JSON text, *structured* the object, and *both* all of the result. *JSON in JSON* is
  the text block as JSON, and *repr* the printed Python object.
- **Marked**: how the client tells the model that a call failed; *no* means that only the text says
  so.
- **Next step seen**: whether the model sees the sentence of the error that says what to do.
- **Instructions**: whether the client hands over the server's instructions. Where it does not,
  paste the text of `slotmcp prompt`.

| client | version | tools | answer | error | marked | next step seen | instructions |
|---|---|---|---|---|---|---|---|
"""


def page_of(reports: Sequence[Report], failures: Mapping[str, str]) -> str:
    """Return the page; `failures` are the clients without a report, with the reason."""
    rows = "".join(map(_row, sorted(reports, key=lambda report: report.package.lower())))
    failed = "".join(f"- {name}: {reason}\n" for name, reason in sorted(failures.items()))
    return INTRODUCTION + rows + (f"\nWithout a report:\n\n{failed}" if failed else "")


def _row(report: Report) -> str:
    cells = (
        f"`{report.package}`",
        report.version,
        str(report.tools),
        report.success,
        report.error,
        report.flag or "no",
        _yes(report.sentence and report.wrong),
        _yes(report.instructions),
    )
    return f"| {' | '.join(cells)} |\n"


def _yes(value: bool) -> str:  # noqa: FBT001  the value itself
    return "yes" if value else "no"
