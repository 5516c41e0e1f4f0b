"""The answer of get_slots, as a table for a person."""

from collections.abc import Mapping

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from slotmcp.domain.offer import Slot
from slotmcp.services.slots import SlotAnswer
from slotmcp.tools.slots import describe_slots
from slotmcp.tools.speech.times import label
from slotmcp.tools.speech.viewpoint import Viewpoint


def show_slots(answer: SlotAnswer, *, goes_on: bool = False) -> None:
    """Print the sentence that an agent would say, then a row for each start; `goes_on` after a cursor."""
    console = Console()
    view = Viewpoint.of(answer.offer.project, answer.now_ms, timezone=answer.offer.timezone)
    console.print(describe_slots(answer, view, is_continued=goes_on), markup=False, highlight=False, soft_wrap=True)
    if answer.offer.slots:
        console.print(Padding(_table(answer, view), (1, 0)))
    if answer.next_cursor:
        console.print(f"There is more: --cursor {answer.next_cursor}", markup=False, highlight=False, soft_wrap=True)


def _table(answer: SlotAnswer, view: Viewpoint) -> Table:
    title = f"{answer.service.name}, {answer.duration_minutes} minutes, {answer.offer.timezone}"
    table = Table(title=Text(title), title_justify="left")
    table.add_column("Start", no_wrap=True)
    table.add_column("Left", justify="right")
    table.add_column("Who could come, best first")
    names = {technician.id: technician.name for technician in answer.technicians}
    for slot in answer.offer.slots:
        table.add_row(label(view.local(slot.start), view.voice), str(slot.capacity), Text(_who(slot, names)))
    return table


def _who(slot: Slot, names: Mapping[str, str]) -> str:
    return ", ".join(names[candidate.technician_id] for candidate in slot.candidates)
