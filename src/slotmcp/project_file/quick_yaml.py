"""Quick reader of YAML, by libyaml, which is written in C.

libyaml reads YAML 1.1 and ruamel.yaml 1.2. The quick reader refuses every notation that the two read differently, and
every value that a project file must not contain. The complete reader then decides, and its messages are reported.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from slotmcp.project_file.yaml_reader import Kind, Position, YamlEvent, kind_of, value_of

_UNUSUAL: Final = re.compile(
    r"[\t\r\x85\u2028\u2029\ufeff]"  # tabs, and line breaks of other systems
    r"|^%|^\.\.\.|(?!\A)^---"  # directives and further documents
    r"|[&*][^\s,\[\]{}]*:"  # colons in the names of anchors
    r"|[|>][-+]*[0-9#]"  # indentation of block text, and comments at once after its indicator
    r"|[|>][-+]* *(?:#.*)?\n *\n",  # block text that begins with a blank line
    re.MULTILINE,
)


class UnusualNotationError(Exception):
    """The quick reader might read the text differently from the complete reader."""


def read_events_quickly(text: str) -> Iterator[YamlEvent]:
    """Yield the events of a text as `read_events` does, except the positions of ends.

    Raises:
        UnusualNotationError: the complete reader has to read the text; events before were yielded.
    """
    import yaml  # noqa: PLC0415  a starting server never reads YAML

    if not yaml.__with_libyaml__ or _UNUSUAL.search(text):
        raise UnusualNotationError
    parser = yaml.CBaseLoader(text)
    opened: Position | None = None
    """Position of the braces that the last event opened."""
    try:
        while parser.check_event():
            parsed: Any = parser.get_event()
            event = _event(parsed)
            if event is None:
                continue
            if event.mark == opened:  # a pair without braces, as in [a: b]
                raise UnusualNotationError
            opened = event.mark if event.kind is Kind.MAPPING and parsed.flow_style else None
            yield event
    except (yaml.YAMLError, UnicodeError) as error:
        raise UnusualNotationError from error


def _event(event: Any) -> YamlEvent | None:  # noqa: ANN401  events share no type with these attributes
    """Return an event of libyaml in the form of the complete reader."""
    kind = kind_of(event)
    if kind is None:
        return None
    mark = event.start_mark
    position = Position(mark.line + 1, mark.column + 1)
    if kind is Kind.END or kind is Kind.DOCUMENT:
        return YamlEvent(kind, position)
    if kind is Kind.ALIAS:
        return YamlEvent(kind, position, anchor=event.anchor)
    if event.tag is not None:
        raise UnusualNotationError
    if kind is Kind.SCALAR:
        return _scalar(event, position)
    return YamlEvent(kind, position, anchor=event.anchor)


def _scalar(event: Any, position: Position) -> YamlEvent:  # noqa: ANN401
    text: str = event.value
    if not event.implicit[0]:
        return YamlEvent(Kind.SCALAR, position, text, text, event.anchor)
    if not text:  # a missing value, whose position the two readers see differently
        raise UnusualNotationError
    return YamlEvent(Kind.SCALAR, position, text, value_of(text), event.anchor)
