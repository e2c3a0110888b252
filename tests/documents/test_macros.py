"""Macros: one pass over an allow-list, each value safe for its place, and whoever mistypes one is helped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from webapp.documents.macros import Value, Values, as_html, as_line, as_text, check, names_in
from webapp.errors import Invalid
from webapp.i18n import sentence

LINK = "https://linden.zoom.example/j/91422837710?pwd=a1B2"
SHARED = {"FirstName": Value("Rosa"), "E_NAME": Value("Fall <Conferences>")}
MIA = {"Teacher": Value("Folake Adeyemi"), "Student": Value("Mia"), "Room": Value(LINK, LINK)}
LEO = {"Teacher": Value("Jonas Eriksen"), "Student": Value("Leo"), "Room": Value("12")}


def refused(template: str) -> str:
    with pytest.raises(Invalid) as caught:
        check("body", template)
    assert caught.value.field == "body"
    return sentence(caught.value)


def test_each_macro_stands_for_its_value_in_any_case() -> None:
    assert as_text("$(firstname), $(E_NAME)", SHARED, []) == "Rosa, Fall <Conferences>"


def test_room_may_be_written_without_brackets() -> None:
    """R56"""
    assert as_text("Where: $Room.", SHARED, [MIA]) == f"Where: {LINK}."
    assert names_in("$Room") == {"Room"}
    assert as_text("$Rooms $(Room)", SHARED, [LEO]) == "$Rooms 12"


def test_a_paragraph_that_names_an_appointment_is_repeated_for_each() -> None:
    text = as_text("Hello $(FirstName),\n\n$(Teacher)\nWhere: $(Room)\n\nBye", SHARED, [MIA, LEO])

    assert text == f"Hello Rosa,\n\nFolake Adeyemi\nWhere: {LINK}\n\nJonas Eriksen\nWhere: 12\n\nBye"


def test_a_subject_is_one_line_and_speaks_of_the_first() -> None:
    assert as_line("$(Teacher),\r\n $(E_NAME)", SHARED, [MIA, LEO]) == "Folake Adeyemi, Fall <Conferences>"


def test_in_html_words_are_escaped_and_an_address_is_a_link() -> None:
    html = as_html(Markup("<p>$(E_NAME): $(Room)</p>"), SHARED, [MIA])

    assert html == f'<p>Fall &lt;Conferences&gt;: <a href="{LINK}">{LINK}</a></p>'


def test_in_an_attribute_only_an_address_lands() -> None:
    """MACRO-016"""
    template = Markup('<a href="$(Room)">Join</a>')

    assert as_html(template, {}, [MIA]) == f'<a href="{LINK}">Join</a>'
    assert as_html(template, {}, [{"Room": Value("javascript:alert(1)")}]) == '<a href="">Join</a>'


@pytest.mark.parametrize(
    "literal",
    [
        "{{7*7}}",
        "{u.__init__.__globals__[SECRET]}",
        "%(SECRET_KEY)s , ${SECRET} , #{x} , <%= x %>",
        "$ (Room) $[Room] $5",
    ],
    ids=["MACRO-001", "MACRO-003", "MACRO-004", "no-macro"],
)
def test_what_is_no_macro_is_literal_text(literal: str) -> None:
    """MACRO-001, MACRO-003, MACRO-004"""
    check("body", literal)
    assert as_text(literal, SHARED, [MIA]) == literal


def test_a_macro_without_its_end_is_shown_where_it_begins() -> None:
    """MACRO-006"""
    assert "$(Room and more" in refused("Where: $(Room and more")


def test_a_macro_within_a_macro_is_refused() -> None:
    """MACRO-007"""
    assert "$($(FirstName))" in refused("$($(FirstName))")


@pytest.mark.parametrize(
    ("typed", "nearest"), [("Rom", "Room"), ("teachr", "Teacher"), ("E_NAM", "E_NAME"), ("Student_Name", "Student")]
)
def test_an_unknown_macro_is_refused_with_the_nearest_name(typed: str, nearest: str) -> None:
    """R50"""
    assert f"Did you mean $({nearest})?" in refused(f"Hello $({typed})")


def test_a_name_of_another_language_is_unknown() -> None:
    """MACRO-027: there is no such field, in no language."""
    assert "$(Zimmernummer)" in refused("$(Zimmernummer)")
    assert "$(OtherFamily)" in refused("$(OtherFamily)")


@pytest.mark.parametrize("name", ["$(Link)", "$(Room)", "$Room", "$(FirstName)"])
def test_a_person_who_is_named_like_a_macro_stays_literal(name: str) -> None:
    """MACRO-009, MACRO-010"""
    family = {**MIA, "Student": Value(name)}

    assert as_text("$(Student) $(Teacher)", SHARED, [family]) == f"{name} Folake Adeyemi"
    assert as_line("$(Student)", SHARED, [family]) == name
    assert as_html(Markup("$(Student)"), SHARED, [family]) == name


@given(st.text(), st.text(), st.text())
def test_whatever_a_name_holds_it_is_written_once_and_escaped(first: str, teacher: str, room: str) -> None:
    values: Values = {"Teacher": Value(teacher), "Room": Value(room)}

    assert as_text("$(FirstName)|$(Teacher)", {"FirstName": Value(first)}, [values]) == f"{first}|{teacher}"
    html = as_html(Markup("<p>$(Room)</p>"), {}, [values])
    assert html == Markup("<p>{}</p>").format(room)


@given(st.text(alphabet="$()RoomTeachr \n", max_size=60))
def test_what_passes_the_check_leaves_no_macro_behind(template: str) -> None:
    try:
        check("body", template)
    except Invalid:
        return
    assert not names_in(as_text(template, {}, [{"Room": Value("12"), "Teacher": Value("A")}]))
