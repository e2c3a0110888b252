"""Prove that `misled` sees each way in which Enter can press a button that nobody meant."""

import pytest
from enter import misled

FIELD = '<input name="words">'
SAVE = '<button class="btn primary">Save</button>'


@pytest.mark.parametrize(
    "source",
    [
        f'<form id="f">{FIELD}<button class="btn">Reset</button>{SAVE}</form>',
        f'<form id="f">{FIELD}<button class="btn" formaction="/reset">Reset</button></form>',
        f'<button form="f">More</button><form id="f">{FIELD}{SAVE}</form>',
    ],
)
def test_another_button_before_the_form_s_own_is_found(source: str) -> None:
    assert misled(source) == ["f"]


@pytest.mark.parametrize(
    "source",
    [
        f'<form id="f">{FIELD}{SAVE}<button class="btn">Reset</button></form>',
        f'<form id="f">{FIELD}<button type="button">Macro</button><button form="g">Reset</button>{SAVE}</form>',
        f'<form id="f">{FIELD}<input type="search" name="q"><button name="find">Search</button>{SAVE}</form>',
        f'<form id="f"><input type="hidden" name="csrf"><button>One</button>{SAVE}</form>',
        f'<button form="f" class="primary">Save</button><button form="f">More</button><form id="f">{FIELD}</form>',
    ],
)
def test_what_enter_may_press_is_left_alone(source: str) -> None:
    assert misled(source) == []
