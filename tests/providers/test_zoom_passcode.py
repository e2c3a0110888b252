"""Passcodes keep every rule that Zoom can set, at the first try."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from passcode_rules import broken, longest_run

from webapp.providers.base import PasscodeRule
from webapp.providers.zoom.passcode import has_run, make_passcode

RULES = st.builds(
    PasscodeRule,
    length=st.integers(0, 12),
    have_letter=st.booleans(),
    have_number=st.booleans(),
    have_special_character=st.booleans(),
    only_allow_numeric=st.booleans(),
    have_upper_and_lower_characters=st.booleans(),
    consecutive_characters_length=st.integers(0, 10),
)


@given(RULES)
@example(PasscodeRule(10, True, True, True, False, True, 4))
@example(PasscodeRule(10, True, True, True, True, True, 2))
def test_each_passcode_keeps_its_rule(rule: PasscodeRule) -> None:
    """R92, R94: F1."""
    passcode = make_passcode(rule)

    assert broken(passcode, rule) == []
    assert 8 <= len(passcode) <= 10
    assert longest_run(passcode) < 4


@given(RULES.filter(lambda rule: not rule.only_allow_numeric))
def test_without_a_digits_rule_there_are_letters_and_digits(rule: PasscodeRule) -> None:
    """R92"""
    passcode = make_passcode(rule)

    assert set(passcode) & set(string.ascii_letters)
    assert set(passcode) & set(string.digits)


def test_a_free_rule_gives_eight_small_letters_and_digits_that_are_easy_to_type() -> None:
    passcodes = {make_passcode(PasscodeRule()) for _ in range(200)}

    assert len(passcodes) == 200
    assert {len(passcode) for passcode in passcodes} == {8}
    assert set("".join(passcodes)) <= set(string.ascii_lowercase + string.digits) - set("lo01")


@pytest.mark.parametrize("text", ["x1111", "a1234z", "dCbA", "7QwErx", "trewq", "7890", "@ABC"])
def test_runs_are_noticed(text: str) -> None:
    """F1: consecutive characters, equal, rising, falling or side by side on the keyboard."""
    assert has_run(text, 4)
    assert longest_run(text) >= 4


@pytest.mark.parametrize("text", ["123", "a1b2c3d4", "112233", "qwe7rty", ""])
def test_short_runs_are_let_through(text: str) -> None:
    assert not has_run(text, 4)
