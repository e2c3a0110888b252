"""What is encrypted opens in its own row, with the keys that are here, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.services.system.vault import Unreadable, Vault

OLD, NEW = "old-key-0123456789abcdef-0123456789", "new-key-0123456789abcdef-0123456789"


@given(st.text(), st.text(st.characters(blacklist_characters="\0"), min_size=1))
def test_what_was_closed_opens_in_its_row(secret: str, row: str) -> None:
    try:
        secret.encode(), row.encode()
    except UnicodeEncodeError:
        return
    vault = Vault([NEW])

    closed = vault.close(secret, row=row)

    assert vault.open(closed, row=row) == secret
    assert len(secret) < 8 or secret not in closed


@pytest.mark.parametrize("row", ["connection 4 access", "connection 3 refresh", "connection 3 acces", ""])
def test_copied_into_another_row_or_column_it_does_not_open(row: str) -> None:
    """RELIABILITY T13."""
    closed = Vault([NEW]).close("token", row="connection 3 access")

    with pytest.raises(Unreadable):
        Vault([NEW]).open(closed, row=row)


def test_a_secret_cannot_pretend_to_be_of_another_row() -> None:
    closed = Vault([NEW]).close("y\0token", row="row")

    with pytest.raises(Unreadable):
        Vault([NEW]).open(closed, row="row\0y")


def test_a_new_key_closes_and_an_old_one_still_opens() -> None:
    before = Vault([OLD]).close("token", row="row")
    rotated = Vault([NEW, OLD])

    after = rotated.close("token", row="row")

    assert rotated.open(before, row="row") == rotated.open(after, row="row") == "token"
    assert Vault([NEW]).open(after, row="row") == "token"
    with pytest.raises(Unreadable):
        Vault([NEW]).open(before, row="row")


@pytest.mark.parametrize("closed", ["", "x", "gAAAAA==", "é", "\0"])
def test_what_was_never_closed_does_not_open(closed: str) -> None:
    with pytest.raises(Unreadable):
        Vault([NEW]).open(closed, row="row")


def test_one_changed_letter_is_noticed() -> None:
    closed = Vault([NEW]).close("token", row="row")
    middle = len(closed) // 2
    other = "A" if closed[middle] != "A" else "B"

    with pytest.raises(Unreadable):
        Vault([NEW]).open(closed[:middle] + other + closed[middle + 1 :], row="row")


def test_without_a_key_there_is_no_vault() -> None:
    with pytest.raises(ValueError, match="instance"):
        Vault([])
