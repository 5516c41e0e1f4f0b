"""Tests of the choice of a locale."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotmcp.domain.catalog import Project
from slotmcp.tools.speech.locales import LOCALES, choose_locale
from slotmcp.tools.speech.viewpoint import Viewpoint


@pytest.mark.parametrize(
    ("requested", "usual", "expected"),
    [
        ("", "", "en-US"),
        ("", "de", "de"),
        ("", "es-MX", "es-US"),
        ("es-MX", "en-US", "es-US"),
        ("es_419", "en-US", "es-US"),
        ("es-AR", "es", "es-US"),
        ("es-us", "de", "es-US"),
        ("es", "es-MX", "es"),
        ("fr", "de", "fr"),
        ("en-gb", "de", "en-GB"),
        ("EN_us", "de", "en-US"),
    ],
)
def test_a_supported_locale_has_no_note(requested: str, usual: str, expected: str) -> None:
    choice = choose_locale(requested, usual)
    assert (choice.locale, choice.note) == (expected, "")


@pytest.mark.parametrize(
    ("requested", "usual", "expected"),
    [
        ("es-ES", "en-US", "es"),
        ("fr-CA", "en-US", "fr"),
        ("de-CH-1996", "en-US", "de"),
        ("en", "de", "en-US"),
        ("en-CA", "de", "en-US"),
        ("en-AU", "de", "en-GB"),
        ("en-IE", "de", "en-GB"),
        ("pt-BR", "es-MX", "es-US"),
        ("pt-BR", "ja-JP", "en-US"),
        ("est", "de", "de"),
        ("", "pt-BR", "en-US"),
    ],
)
def test_an_unsupported_locale_is_noted_with_the_supported_ones(requested: str, usual: str, expected: str) -> None:
    choice = choose_locale(requested, usual)
    assert choice.locale == expected
    assert choice.note == (
        f"There are no sentences in {requested or usual}, so these are in {expected}. There are: {', '.join(LOCALES)}."
    )


@pytest.mark.parametrize("requested", ["Spanish, please", "🐙", "es; DROP TABLE", "-", "e" * 35, "{x}"])
def test_an_invalid_locale_is_not_repeated(requested: str) -> None:
    choice = choose_locale(requested, "fr")
    assert choice.locale == "fr"
    assert choice.note.startswith("There are no sentences in that locale, so these are in fr.")


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_accepted_as_a_locale(requested: str, usual: str) -> None:
    assert choose_locale(requested, usual).locale in LOCALES


def test_a_view_defaults_to_the_language_of_the_business() -> None:
    project = Project(id="p", name="P", timezone="America/Denver", locale="es-MX")
    assert Viewpoint.of(project, 0).voice.locale == "es-US"
    requested = Viewpoint.of(project, 0, locale="fr")
    assert (requested.voice.locale, requested.business_voice.locale, requested.note) == ("fr", "es-US", "")
    assert Viewpoint.of(project, 0, locale="fr-CA").note.startswith("There are no sentences in fr-CA")


def test_a_zone_is_foreign_if_it_is_not_the_businesss() -> None:
    project = Project(id="p", name="P", timezone="America/Denver")
    assert not Viewpoint.of(project, 0).has_foreign_zone
    assert not Viewpoint.of(project, 0, timezone="America/Denver").has_foreign_zone
    assert Viewpoint.of(project, 0, timezone="America/New_York").has_foreign_zone


def test_the_cache_of_locales_is_bounded() -> None:
    for number in range(3000):
        choose_locale(f"x-{number}", "en-US")
    assert choose_locale.cache_info().currsize < 3000
