"""Error codes: one definition, and an error class for each."""

from collections.abc import Iterator

import pytest

from slotmcp.domain.errors import ErrorCode, SlotmcpError


def error_classes(base: type[SlotmcpError] = SlotmcpError) -> Iterator[type[SlotmcpError]]:
    for error_class in base.__subclasses__():
        yield error_class
        yield from error_classes(error_class)


@pytest.mark.parametrize("code", sorted(set(ErrorCode) - {ErrorCode.INTERNAL}))
def test_every_code_except_internal_has_an_error_class(code: ErrorCode) -> None:
    assert [error_class for error_class in error_classes() if vars(error_class).get("code") is code]


def test_a_code_is_its_text_on_every_interface() -> None:
    assert [f"{code}" for code in ErrorCode] == [code.value for code in ErrorCode]
