"""Places in the valid values of a file map back to the file, quickly for a long one."""

from time import process_time

from slotmcp.project_file.document import Node
from slotmcp.project_file.shape import ValidValues
from slotmcp.project_file.yaml_reader import Position

HERE = Position(1, 1)
MANY = 20_000


def listed(count: int) -> ValidValues:
    return ValidValues(Node(HERE, {"a": Node(HERE, [Node(HERE, number) for number in range(count)])}))


def test_taken_out_values_are_gone_and_others_map_back_to_the_file() -> None:
    valid_values = listed(5)
    valid_values.remove(("a", 1))
    assert valid_values.original(("a", 1)) == ("a", 2)
    valid_values.remove(("a", 3))
    assert valid_values.values() == {"a": [0, 2, 4]}
    assert [valid_values.original(("a", index)) for index in range(3)] == [("a", 0), ("a", 2), ("a", 4)]


def test_a_key_can_be_taken_out_and_filled_in_again() -> None:
    valid_values = listed(2)
    valid_values.remove(("a",))
    assert valid_values.values() == {}
    valid_values.insert(("a",), [7])
    assert valid_values.values() == {"a": [7]}
    assert valid_values.original(("a", 0)) == ("a", 0)


def test_mapping_back_all_places_of_a_long_list_is_fast() -> None:
    valid_values = listed(MANY)
    valid_values.remove(("a", 0))
    began = process_time()
    originals = [valid_values.original(("a", index)) for index in range(MANY - 1)]
    assert process_time() - began < 2
    assert originals[-1] == ("a", MANY - 1)
