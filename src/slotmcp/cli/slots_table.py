"""The answer of get_slots, as a table for a person."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from slotmcp.domain.offer import Slot
from slotmcp.services.slots import SlotAnswer
from slotmcp.tools import speech
from slotmcp.tools.spoken_time import label
from slotmcp.tools.viewpoint import Viewpoint


def slots_table(answer: SlotAnswer) -> RenderableType:
    """The sentence that an agent would say, then a row for each start."""
    view = Viewpoint.at(answer.offer.timezone, answer.now_ms)
    if not answer.offer.slots:
        return Text(speech.nothing_free(answer.next_free.start if answer.next_free else None, view))
    starts = [slot.start for slot in answer.offer.slots]
    return Group(speech.free_times(starts, view), "", _table(answer, view), *_more(answer))


def _table(answer: SlotAnswer, view: Viewpoint) -> Table:
    table = Table(
        title=Text(f"{answer.service.name}, {answer.duration_minutes} minutes, {answer.offer.timezone}"),
        title_justify="left",
    )
    table.add_column("Start", no_wrap=True)
    table.add_column("Left", justify="right")
    table.add_column("Who could come, best first")
    names = {technician.id: technician.name for technician in answer.technicians}
    for slot in answer.offer.slots:
        table.add_row(label(view.read(slot.start)), str(slot.capacity), Text(_who(slot, names)))
    return table


def _who(slot: Slot, names: Mapping[str, str]) -> str:
    return ", ".join(names[candidate.technician_id] for candidate in slot.candidates)


def _more(answer: SlotAnswer) -> list[Text]:
    return [Text(f"There is more: --cursor {answer.next_cursor}")] if answer.next_cursor else []
