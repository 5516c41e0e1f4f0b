"""Plain values of a file, for readers other than the project file's."""

from slotmcp.project_file.document import Node, read_document


def plain_values(text: str) -> object:
    """Return mappings, lists and scalars; dates are text."""
    return _plain(read_document(text, source="test.yaml")[0])


def _plain(node: Node) -> object:
    match node.value:
        case dict() as mapping:
            return {key: _plain(one) for key, one in mapping.items()}
        case list() as items:
            return [_plain(one) for one in items]
        case scalar:
            return scalar
