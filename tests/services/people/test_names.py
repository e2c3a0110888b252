"""Tests of the name that a family gives once."""

import pytest
from pydantic import ValidationError

from webapp.models import Contact
from webapp.services.booking.family import named_child
from webapp.services.people.contacts import ContactInput
from webapp.services.people.folding import holds
from webapp.services.people.names import NameInput, keep_name, needs_name


def test_the_first_name_given_is_kept_whatever_an_older_form_says() -> None:
    contact = Contact(school_id=1)

    keep_name(contact, NameInput(first=" Ana ", last="Alvarez"))
    keep_name(contact, NameInput(first="Eve", last="Else"))

    assert contact.name == "Ana Alvarez"
    assert not needs_name(contact)


@pytest.mark.parametrize("typed", ["علی\u200cرضا", "ශ්\u200dරී"])
def test_a_name_keeps_what_joins_its_letters_or_does_not(typed: str) -> None:
    """Persian and Sinhala are not written rightly without."""
    assert NameInput(first=typed, last="Alvarez").first == typed
    assert ContactInput(first=typed).first == typed
    assert named_child(f"{typed} Alvarez").name == f"{typed} Alvarez"
    assert holds(f"{typed} Alvarez", typed.replace("\u200c", "").replace("\u200d", ""))


@pytest.mark.parametrize(
    "typed", ["", "  ", "\u200b", "A\u202eb", "\u200cAna", "Ana\u200d", "Ana\nBcc: x", "--", "x" * 101]
)
def test_a_name_has_letters_and_nothing_invisible(typed: str) -> None:
    with pytest.raises(ValidationError):
        NameInput(first=typed, last="Alvarez")
