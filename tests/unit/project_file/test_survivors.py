"""Places in what is left of a file lead back to the file, in no more time for a long one."""

from time import process_time

from slotmcp.project_file.document import Node
from slotmcp.project_file.survivors import Survivors
from slotmcp.project_file.yaml_events import Mark

HERE = Mark(1, 1)
MANY = 20_000


def listed(count: int) -> Survivors:
    return Survivors(Node(HERE, {"a": Node(HERE, [Node(HERE, number) for number in range(count)])}))


def test_what_is_taken_out_is_gone_and_the_rest_leads_back() -> None:
    survivors = listed(5)
    survivors.take_out(("a", 1))
    assert survivors.original(("a", 1)) == ("a", 2)
    survivors.take_out(("a", 3))
    assert survivors.values() == {"a": [0, 2, 4]}
    assert [survivors.original(("a", index)) for index in range(3)] == [("a", 0), ("a", 2), ("a", 4)]


def test_a_key_is_taken_out_and_filled_in_again() -> None:
    survivors = listed(2)
    survivors.take_out(("a",))
    assert survivors.values() == {}
    survivors.fill_in(("a",), [7])
    assert survivors.values() == {"a": [7]}
    assert survivors.original(("a", 0)) == ("a", 0)


def test_every_place_of_a_long_list_leads_back_in_a_moment() -> None:
    survivors = listed(MANY)
    survivors.take_out(("a", 0))
    began = process_time()
    originals = [survivors.original(("a", index)) for index in range(MANY - 1)]
    assert process_time() - began < 2
    assert originals[-1] == ("a", MANY - 1)
