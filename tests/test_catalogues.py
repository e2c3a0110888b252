"""Each language says all that families read, fills the same places, and keeps nothing that nobody says any more."""

import catalogues
import pytest
from catalogues import Words

from webapp import i18n

OTHERS = [language for language in i18n.LANGUAGES if language != "en"]

each_language = pytest.mark.parametrize("language", OTHERS)


def pairs(language: str) -> list[tuple[Words, Words]]:
    return list(catalogues.messages(catalogues.catalogue(language)).items())


@each_language
def test_every_word_of_the_families_pages_mails_and_files_is_translated_and_no_other(language: str) -> None:
    said, known = catalogues.messages(catalogues.template()).keys(), dict(pairs(language))

    assert len(said) > 250
    assert said - known.keys() == set(), f"python tests/catalogues.py {language}"
    assert known.keys() - said == set(), f"python tests/catalogues.py {language}"
    assert [message for message, string in known.items() if not all(catalogues.forms(string))] == []


@each_language
def test_a_translation_fills_the_same_places_and_has_the_plural_forms_of_its_language(language: str) -> None:
    catalogue = catalogues.catalogue(language)

    for message, string in pairs(language):
        wanted, forms = catalogues.places(catalogues.forms(message)[-1]), catalogues.forms(string)
        assert catalogues.places(forms[-1]) == wanted, message
        # One of something may do without its number.
        assert all(set(catalogues.places(form)) <= set(wanted) for form in forms), message
        assert len(forms) == (1 if isinstance(message, str) else catalogue.num_plurals), message


@each_language
def test_no_translation_is_a_guess_or_a_remainder(language: str) -> None:
    catalogue = catalogues.catalogue(language)

    assert not any(message.fuzzy for message in catalogue)
    assert not catalogue.obsolete


@each_language
def test_a_translation_begins_and_ends_as_its_message_does(language: str) -> None:
    """Where words are put together, a space or a line that is lost runs two of them into one."""
    for message, string in pairs(language):
        for form in catalogues.forms(string):
            assert form == form.strip(), message
            assert form.count("\n") == catalogues.first_of(message).count("\n"), message


def test_a_language_without_a_catalogue_does_not_pass_for_one() -> None:
    with pytest.raises(FileNotFoundError):
        i18n._catalogue("tlh")
