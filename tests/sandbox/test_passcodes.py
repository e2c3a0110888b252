"""Passcode rules of the stand-in of Zoom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.sandbox.zoom.passcodes import broken_rules, make_passcode
from webapp.sandbox.zoom.records import DIGITS_RULE, PLAIN_RULE

rules = st.fixed_dictionaries(
    {
        "consecutive_characters_length": st.sampled_from([0, 4, 5, 6, 7, 8]),
        "have_letter": st.booleans(),
        "have_number": st.booleans(),
        "have_special_character": st.booleans(),
        "have_upper_and_lower_characters": st.booleans(),
        "length": st.integers(0, 10),
        "only_allow_numeric": st.booleans(),
        "weak_enhance_detection": st.booleans(),
    }
)


@given(rules)
def test_a_made_passcode_keeps_any_rule(rule: dict[str, object]) -> None:
    passcode = make_passcode(rule)

    assert broken_rules(passcode, rule) == []
    assert len(passcode) <= 10


@pytest.mark.parametrize(
    ("change", "bad", "good"),
    [
        ({"length": 8}, "1a2b3c4", "1a2b3c4d"),
        ({"have_letter": True}, "135790", "13579a"),
        ({"have_number": True}, "abcxyz", "abcxy1"),
        ({"have_special_character": True}, "abc123", "abc12_"),
        ({"have_upper_and_lower_characters": True}, "abc123", "Abc123"),
        ({"consecutive_characters_length": 4}, "x1234y", "x123y4"),
        ({"consecutive_characters_length": 4}, "xdcbay", "xdcbya"),
        ({"consecutive_characters_length": 4}, "x7777y", "x777y7"),
        ({"only_allow_numeric": True}, "12345a", "123456"),
        ({"only_allow_numeric": True}, "１２３４５６", "123456"),
    ],
)
def test_each_rule_refuses_what_breaks_it(change: dict[str, object], bad: str, good: str) -> None:
    rule = {**PLAIN_RULE, **change}

    assert len(broken_rules(bad, rule)) == 1
    assert broken_rules(good, rule) == []


def test_all_broken_rules_are_named_together() -> None:
    broken = broken_rules("abc", DIGITS_RULE)

    assert broken == [
        "Password must contain only numeric characters.",
        "Password must be at least 6 characters long.",
    ]
