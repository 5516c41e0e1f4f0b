"""The generated columns are those of the tables."""

from project.generate_columns import PATH, generated


def test_the_generated_module_is_up_to_date() -> None:
    assert PATH.read_text(encoding="utf-8") == generated(), "run `make generate`"
