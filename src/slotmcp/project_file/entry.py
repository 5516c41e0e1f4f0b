"""Base class of the entries in a project file, with the generic mapping to and from the domain."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, get_args

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


class Entry(BaseModel):
    """Base class of a group of keys. Unknown keys are rejected.

    Each field has the name of its field in the domain.
    """

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        defer_build=True,
        use_attribute_docstrings=True,
    )

    exported_defaults: ClassVar[frozenset[str]] = frozenset()
    """Fields that an export writes even when they have their default value."""
    planned: ClassVar[Mapping[str, str]] = {}
    """Keys that do not exist yet, each with the sentence that rejects it."""

    def to(self, cls: type[T], **values: Any) -> T:  # noqa: ANN401  each value has the type of its field
        """Build a domain value from the fields of the same names; `values` adds or replaces fields."""
        shared = _shared_names(type(self), cls)
        return cls(**{name: getattr(self, name) for name in shared if name not in values}, **values)

    @classmethod
    def export(cls, domain: object, **values: object) -> dict[str, Any]:
        """Return the keys of a domain value in the file's order; `values` adds or replaces fields.

        Default values become None, which leaves the key out.
        """
        left_out = cls._left_out()
        return {
            key: None if name in left_out and value == left_out[name] else value
            for key, name in cls._names().items()
            for value in [values[name] if name in values else getattr(domain, name)]
        }

    @classmethod
    def keys(cls) -> list[str]:
        """Return the keys in file notation."""
        return list(cls._names())

    @classmethod
    def field(cls, key: str) -> FieldInfo | None:
        """Return the field of a key, if there is one."""
        name = cls._names().get(key)
        return None if name is None else cls.model_fields[name]

    @classmethod
    def example(cls, key: str) -> str:
        """Return an example value of a required key in file notation."""
        field = cls.field(key)
        return _as_yaml(((field and field.examples) or ["..."])[0])

    @classmethod
    @cache
    def _names(cls) -> Mapping[str, str]:
        return {field.alias or name: name for name, field in cls.model_fields.items()}

    @classmethod
    @cache
    def _left_out(cls) -> Mapping[str, Any]:
        """Return the default values that an export leaves out, by field."""
        return {name: field.default for name, field in cls.model_fields.items() if name not in cls.exported_defaults}


@cache
def _shared_names(entry: type[Entry], cls: type["DataclassInstance"]) -> Sequence[str]:
    return [field.name for field in fields(cls) if field.name in entry.model_fields]


def entry_at(root: type[Entry], place: tuple[str | int, ...]) -> type[Entry]:
    """Return the entry type of a place below a root entry."""
    entry = root
    for step in place:
        field = entry.field(step) if isinstance(step, str) else None
        entry = (field and _entry_in(field.annotation)) or entry
    return entry


def _entry_in(annotation: object) -> type[Entry] | None:
    if isinstance(annotation, type) and issubclass(annotation, Entry):
        return annotation
    return next((entry for arg in get_args(annotation) if (entry := _entry_in(arg)) is not None), None)


def _as_yaml(example: object) -> str:
    match example:
        case dict():
            return "{" + ", ".join(f"{key}: {_as_yaml(value)}" for key, value in example.items()) + "}"
        case list():
            return "[" + ", ".join(map(_as_yaml, example)) + "]"
        case str() if ":" in example and len(example) == len("08:00"):
            return f'"{example}"'
        case _:
            return str(example)
