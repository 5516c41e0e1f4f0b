"""Tree of a file's values, each with its position."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from slotmcp.project_file.problems import Place, Problem, ProjectFileError, path_of
from slotmcp.project_file.quick_yaml import UnusualNotationError, read_events_quickly
from slotmcp.project_file.yaml_reader import Kind, Position, Scalar, YamlEvent, read_events

MAX_DEPTH = 24
MAX_VALUES = 600_000
"""Maximum number of values, with every alias expanded."""

_TOO_MANY = f"the file has more than {MAX_VALUES:,} values once its *aliases are expanded; leave some out"

_EMPTY = "the file is empty; write at least project, services and technicians"


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the file. An alias is represented by the node that it refers to."""

    mark: Position
    value: "Scalar | list[Node] | dict[str, Node]"
    key_marks: Mapping[str, Position] = field(default_factory=dict)
    """Positions of a mapping's keys."""
    size: int = 1

    def child(self, step: str | int) -> "Node | None":
        """Return the value at a key or index, if there is one."""
        if isinstance(self.value, dict) and isinstance(step, str):
            return self.value.get(step)
        if isinstance(self.value, list) and isinstance(step, int) and step < len(self.value):
            return self.value[step]
        return None

    def children(self) -> "Iterable[tuple[str | int, Node]]":
        """Return the contained values by key or index; none for a scalar."""
        if isinstance(self.value, dict):
            return self.value.items()
        return enumerate(self.value) if isinstance(self.value, list) else ()


def locate(root: Node, place: Place, *, at_key: bool = False) -> Position:
    """Return the position of a place in the text; if it is missing, the position of its parent."""
    node, mark = root, root.mark
    for step in place:
        child = node.child(step)
        if child is None:
            return mark
        mark = node.key_marks[step] if at_key and isinstance(step, str) else child.mark
        node = child
    return mark


def read_document(text: str, *, source: str) -> tuple[Node, tuple[Problem, ...]]:
    """Return the tree of a text that contains one mapping, and the YAML problems that do not prevent reading.

    Raises:
        ProjectFileError: the text cannot be read to the end.
    """
    root = read_quickly(text)
    return read_completely(text, source=source) if root is None else (root, ())


def read_quickly(text: str) -> Node | None:
    """Return the tree of a text in the usual notation; None if its YAML has problems, or is unusual."""
    composer = _Composer(read_events_quickly(text), "")
    try:
        root = composer.document()
    except (UnusualNotationError, ProjectFileError):
        return None
    return None if composer.problems else root


def read_completely(text: str, *, source: str) -> tuple[Node, tuple[Problem, ...]]:
    """Return the same as `read_document`. It takes thirty times as long as reading quickly.

    Raises:
        ProjectFileError: the text cannot be read to the end.
    """
    composer = _Composer(read_events(text, source=source), source)
    try:
        root = composer.document()
    except ProjectFileError as error:
        raise ProjectFileError(source, (*error.problems, *composer.problems)) from None
    return root, tuple(composer.problems)


class _Composer:
    """Builder of the tree. It stops as soon as the tree exceeds a limit."""

    def __init__(self, events: Iterator[YamlEvent], source: str) -> None:
        self.problems: list[Problem] = []
        self._events = events
        self._source = source
        self._anchors: dict[str, Node] = {}
        self._values = 0

    def document(self) -> Node:
        for event in self._events:
            if event.kind is not Kind.DOCUMENT:
                root = self._node(event, ())
                self._expect_end()
                return self._mapping_only(root)
        return self._refuse(Position(1, 1), (), _EMPTY)

    def _expect_end(self) -> None:
        for event in self._events:
            if event.kind is Kind.DOCUMENT:
                self._refuse(event.mark, (), "a second document starts here; a file has one project: remove the ---")

    def _mapping_only(self, root: Node) -> Node:
        if isinstance(root.value, dict):
            return root
        if root.value is None:
            self._refuse(root.mark, (), _EMPTY)
        kind = "a list" if isinstance(root.value, list) else "a single value"
        return self._refuse(root.mark, (), f"the file is {kind}; write the keys project, services and technicians")

    def _node(self, event: YamlEvent, place: Place) -> Node:
        self._check_event(event, place)
        match event.kind:
            case Kind.ALIAS:
                return self._alias(event, place)
            case Kind.LIST:
                node = self._list(event, place)
            case Kind.MAPPING:
                node = self._mapping(event, place)
            case _:
                node = Node(event.mark, event.value)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _check_event(self, event: YamlEvent, place: Place) -> None:
        self._count(event, place, 1)
        if len(place) > MAX_DEPTH:
            self._refuse(event.mark, (), f"values are nested more than {MAX_DEPTH} levels deep; a project file needs 6")
        if event.tag is not None:
            self._report(event.mark, place, f"tags are not supported; remove {event.tag}, and quote text")

    def _count(self, event: YamlEvent, place: Place, more: int) -> None:
        self._values += more
        if self._values > MAX_VALUES:
            self._refuse(event.mark, place[:2], _TOO_MANY)

    def _alias(self, event: YamlEvent, place: Place) -> Node:
        node = self._anchors.get(event.anchor or "")
        if node is None:
            self._report(
                event.mark,
                place,
                f"there is no complete &{event.anchor} before this *{event.anchor}; write the value out",
            )
            return Node(event.mark, "")
        self._count(event, place, node.size)
        return node

    def _list(self, event: YamlEvent, place: Place) -> Node:
        items: list[Node] = []
        while (item := next(self._events)).kind is not Kind.END:
            items.append(self._node(item, (*place, len(items))))
        return Node(event.mark, items, size=1 + sum(item.size for item in items))

    def _mapping(self, event: YamlEvent, place: Place) -> Node:
        values: dict[str, Node] = {}
        marks: dict[str, Position] = {}
        while (key := next(self._events)).kind is not Kind.END:
            name = self._key(key, place)
            value = self._node(next(self._events), (*place, name))
            if name in values:
                self._report_duplicate(key, (*place, name), marks[name])
            else:
                values[name], marks[name] = value, key.mark
        return Node(event.mark, values, marks, 1 + sum(value.size for value in values.values()))

    def _key(self, event: YamlEvent, place: Place) -> str:
        if event.kind is not Kind.SCALAR:
            self._refuse(event.mark, place, "a key must be a word such as name, not a list, a mapping or an *alias")
        self._check_event(event, (*place, event.text))
        if event.text == "<<":
            self._report(event.mark, (*place, "<<"), "<< is not part of YAML 1.2; write the keys out")
        return event.text

    def _report_duplicate(self, key: YamlEvent, place: Place, first: Position) -> None:
        self._report(key.mark, place, f"{key.text} is defined twice, first on line {first.line}; keep one of them")

    def _report(self, mark: Position, place: Place, sentence: str) -> None:
        self.problems.append(Problem(mark.line, mark.column, path_of(place), sentence))

    def _refuse(self, mark: Position, place: Place, sentence: str) -> NoReturn:
        raise ProjectFileError(self._source, [Problem(mark.line, mark.column, path_of(place), sentence)])
