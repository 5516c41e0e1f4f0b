"""Writer of YAML: ruamel.yaml for a project's catalog, and a quick writer for lists that may be long.

ruamel.yaml takes a millisecond and 15 kB for each entry of a list. The quick writer returns the same text for values in
usual notation, and leaves every other entry to ruamel.yaml.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from functools import cache
from io import StringIO
from typing import Any, Final, TypeAlias

Keys: TypeAlias = dict[str, Any]
"""Keys and values in the order of the file. None: left out."""

_MAX_WIDTH: Final = 1_000_000
"""Line width, so large that a value is never moved to another line than its key."""

_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""Text without any character that has a meaning in YAML."""
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}Z")
"""Date and time without seconds, which is text in YAML, not a timestamp."""
_QUOTABLE: Final = re.compile(r"[A-Za-z0-9 -]+")
"""Text that needs no escapes between quotes."""
_TEXT_TAG: Final = "tag:yaml.org,2002:str"


class Flow(Keys):
    """Keys that are written on one line."""


class Quoted(str):
    """Text that is quoted, because a YAML reader could parse it as a number."""

    __slots__ = ()


def to_yaml(keys: Keys) -> str:
    """Return keys as YAML, without those that are empty."""
    from ruamel.yaml import YAML  # noqa: PLC0415  takes 0.1 s, and a starting server never writes YAML

    yaml = YAML()
    yaml.width = _MAX_WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = StringIO()
    yaml.dump(_styled(keys), out)
    return out.getvalue()


def to_yaml_lines(name: str, entries: Iterable[Keys]) -> Iterator[str]:
    """Yield the lines of a list with its key, one line for each entry; none if it is empty."""
    heading = f"{name}:\n"
    for number, entry in enumerate(entries):
        if number == 0:
            yield heading
        text = quick_text(entry)
        yield to_yaml({name: [Flow(entry)]}).removeprefix(heading) if text is None else f"  - {text}\n"


def quick_text(value: object) -> str | None:
    """Return a value as ruamel writes it within one line, or None if its notation is unusual."""
    match value:
        case bool() | int():
            return str(value).lower()
        case float():
            text = repr(value)
            return text if text.strip("-.0123456789") == "" else None
        case Quoted():
            return f'"{value}"' if _QUOTABLE.fullmatch(value) else None
        case str():
            return _word_text(str(value))
        case dict():
            return _flow_text(value)
        case _:
            return None


def _flow_text(keys: Keys) -> str | None:
    texts: list[str] = []
    for key, value in keys.items():
        if not _is_empty(value):
            text = quick_text(value)
            if text is None:
                return None
            texts.append(f"{key}: {text}")
    return f"{{{', '.join(texts)}}}"


def _word_text(text: str) -> str | None:
    if _INSTANT.fullmatch(text):
        return text
    if not _WORD.fullmatch(text):
        return None
    return text if _tag_of()(text) == _TEXT_TAG else f"'{text}'"


@cache
def _tag_of() -> Callable[[str], str]:
    """Return the function with which ruamel finds the type of a word without quotes."""
    from ruamel.yaml import YAML, ScalarNode  # noqa: PLC0415

    resolver = YAML().resolver
    return lambda text: str(resolver.resolve(ScalarNode, text, (True, False)))


def _styled(value: object) -> object:
    """Return a value for ruamel, without empty values, and with lists of scalars in flow style."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq  # noqa: PLC0415
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString  # noqa: PLC0415

    match value:
        case Quoted():
            return DoubleQuotedScalarString(value)
        case str() if value.startswith(("?", ":")):  # ruamel cannot read these back unquoted in flow style
            return DoubleQuotedScalarString(value)
        case StrEnum():
            return value.value
        case dict():
            mapping = CommentedMap({key: _styled(child) for key, child in value.items() if not _is_empty(child)})
            if isinstance(value, Flow):
                mapping.fa.set_flow_style()
            return mapping
        case list():
            sequence = CommentedSeq(_styled(child) for child in value)
            if not any(isinstance(child, dict) for child in value):
                sequence.fa.set_flow_style()
            return sequence
        case _:
            return value


def _is_empty(value: object) -> bool:
    return value is None or value == [] or (isinstance(value, dict) and all(map(_is_empty, value.values())))
