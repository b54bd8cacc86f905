"""Words in a person's language."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from scheduler.i18n import translations, translator


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Catalogues for German and for Swiss German."""
    for locale, word in (("de", "Termin"), ("de_CH", "Termin (CH)")):
        catalog = Catalog(locale=locale)
        catalog.add("Appointment", word)
        path = tmp_path / locale / "LC_MESSAGES" / "messages.mo"
        path.parent.mkdir(parents=True)
        with path.open("wb") as file:
            write_mo(file, catalog)
    return tmp_path


@pytest.mark.parametrize(
    ("locale", "word"),
    [
        ("de", "Termin"),
        ("de-CH", "Termin (CH)"),
        ("de_CH", "Termin (CH)"),
        ("de-AT", "Termin"),
        ("en", "Appointment"),
        ("xx-unheard-of", "Appointment"),
        ("", "Appointment"),
        ("../../de", "Appointment"),
    ],
)
def test_a_word_comes_from_the_nearest_language(folder: Path, locale: str, word: str) -> None:
    assert translations(locale, folder).gettext("Appointment") == word


def test_what_is_not_translated_stays_english(folder: Path) -> None:
    assert (
        translations("de", folder).gettext("A sentence nobody translated") == "A sentence nobody translated"
    )


def test_the_shipped_words_are_found_without_a_catalogue() -> None:
    assert translator("xx")("Appointment") == "Appointment"
