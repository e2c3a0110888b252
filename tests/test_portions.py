"""Prove that a long list is cut without losing, repeating or reordering anything."""

from hypothesis import given
from hypothesis import strategies as st

from webapp.portions import portions


@given(st.lists(st.integers(), max_size=40), st.integers(1, 12))
def test_portions_hold_everything_once_in_its_order_and_none_is_empty_or_too_long(values: list[int], most: int) -> None:
    cut = list(portions(values, most))
    assert [value for some in cut for value in some] == values
    assert all(len(some) == most for some in cut[:-1])
    assert all(0 < len(some) <= most for some in cut)
