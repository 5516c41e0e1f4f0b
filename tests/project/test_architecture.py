"""The picture of the architecture: it shows the packages and the imports of the code as it is."""

from comparison.picture import PICTURE, draw


def test_the_picture_shows_the_imports_of_the_code() -> None:
    assert PICTURE.read_text("utf-8") == draw(), "run python tests/comparison/picture.py and look at the picture"
