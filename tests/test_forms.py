"""A form keeps what was typed, gives typed values, and says at each field what is wrong with it."""

import datetime as dt
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, Field, model_validator
from werkzeug.datastructures import MultiDict

from webapp.errors import Invalid
from webapp.forms import Form


def not_reserved(text: str) -> str:
    if text == "plain":
        raise ValueError("Not this one.")
    return text


class Shape(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=10), AfterValidator(not_reserved)]
    password: str = ""
    minutes: Annotated[int, Field(ge=5, le=240)] = 15
    day: dt.date | None = None
    at: dt.time | None = None
    kind: Literal["P", "V"] = "V"
    is_open: bool = False
    teachers: Annotated[list[int], Field(min_length=1)] = Field(default_factory=lambda: [1])


class Whole(BaseModel):
    picks: Annotated[list[str], Field(min_length=1)]

    @model_validator(mode="after")
    def _fits(self) -> "Whole":
        if "never" in self.picks:
            raise ValueError("At most 100 % of these.")
        return self


GOOD = [("name", "Mia"), ("teachers", "4")]


def sent(*pairs: tuple[str, str]) -> Form[Shape]:
    replaced = {name for name, _ in pairs}
    return Form.sent(Shape, MultiDict([*(pair for pair in GOOD if pair[0] not in replaced), *pairs]))


def test_a_good_form_gives_typed_values() -> None:
    form = sent(
        ("minutes", "20"),
        ("day", "2026-12-03"),
        ("at", "16:30"),
        ("is_open", "on"),
        ("teachers", "4"),
        ("teachers", "7"),
    )

    assert form
    value = form.value
    assert (value.name, value.minutes, value.is_open, value.teachers) == ("Mia", 20, True, [4, 7])
    assert (value.day, value.at) == (dt.date(2026, 12, 3), dt.time(16, 30))


def test_what_is_left_out_has_its_default_and_an_absent_box_is_not_ticked() -> None:
    form = sent(("minutes", " "), ("day", ""))

    assert form
    assert (form.value.minutes, form.value.day, form.value.is_open) == (15, None, False)


def test_spaces_around_are_dropped_but_not_from_a_password() -> None:
    form = sent(("name", "  Mia \n"), ("password", " two words "))

    assert (form.value.name, form.value.password) == ("Mia", " two words ")


def test_unknown_fields_are_ignored() -> None:
    assert not hasattr(sent(("level", "5"), ("__class__", "x")).value, "level")


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("name", " ", "Fill this in."),
        ("name", "x" * 11, "Use at most 10 characters."),
        ("name", "plain", "Not this one."),
        ("minutes", "ten", "Type a whole number."),
        ("minutes", "4", "Type 5 or more."),
        ("minutes", "241", "Type 240 or less."),
        ("minutes", "9" * 5000, "This cannot be used. Check it."),
        ("day", "32.12.2026", "Choose a day."),
        ("day", "2026-02-30", "Choose a day."),
        ("at", "25:00", "Type a time such as 16:30."),
        ("kind", "X", "Choose one of the list."),
        ("teachers", "x", "Type a whole number."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_stays_to_be_mended(field: str, typed: str, words: str) -> None:
    form = sent((field, typed))

    assert not form
    assert form.errors == {field: words}
    assert form[field] in (typed.strip(), [typed])


def test_every_wrong_field_has_its_message_and_only_the_first() -> None:
    form = Form.sent(Shape, MultiDict([("minutes", "x"), ("kind", "y"), ("name", "")]))

    assert form.errors.keys() == {"minutes", "kind", "name", "teachers"}


def test_the_value_of_a_bad_form_cannot_be_used_by_mistake() -> None:
    with pytest.raises(AssertionError):
        _ = sent(("minutes", "x")).value


def test_a_fresh_form_shows_defaults_and_nothing_where_there_is_none() -> None:
    form = Form(Shape)

    assert (form["name"], form["minutes"], form["day"], form["teachers"]) == ("", 15, "", [1])


def test_a_refusal_of_the_service_stands_at_its_field_or_above_the_form() -> None:
    at_field, above, stranger = sent(), sent(), sent()

    at_field.refuse(Invalid("%(n)s is too much.", field="minutes", n=7))
    above.refuse(Invalid("Closed."))
    stranger.refuse(Invalid("Elsewhere.", field="not_here"))

    assert (at_field.errors, at_field.problem) == ({"minutes": "7 is too much."}, "")
    assert [(form.errors, form.problem) for form in (above, stranger)] == [({}, "Closed."), ({}, "Elsewhere.")]
    assert not any((at_field, above, stranger))


@pytest.mark.parametrize("where", ["name", "password", "teachers", "unknown"])
def test_a_character_that_no_database_keeps_is_refused(where: str) -> None:
    form = sent((where, "4\0"))

    assert not form
    assert form.problem == "This cannot be used. Check it."


def test_it_is_refused_in_each_of_several_values() -> None:
    form = Form.sent(Whole, MultiDict([("picks", "a"), ("picks", "b\0")]))

    assert form.problem == "This cannot be used. Check it."


def test_what_does_not_fit_together_is_said_above_the_form() -> None:
    form = Form.sent(Whole, MultiDict({"picks": "never"}))

    assert not form
    assert (form.errors, form.problem) == ({}, "At most 100 % of these.")


def test_at_least_one_has_to_be_chosen_and_a_box_is_ticked_by_being_there() -> None:
    assert Form.sent(Whole, MultiDict()).errors == {"picks": "Choose at least one."}
    assert sent(("is_open", "")).value.is_open


_texts = st.text(max_size=30)


@given(st.lists(st.tuples(st.sampled_from([*Shape.model_fields]) | _texts, _texts), max_size=12))
def test_whatever_is_sent_the_form_is_good_or_says_why(pairs: list[tuple[str, Any]]) -> None:
    form = Form.sent(Shape, MultiDict(pairs))

    assert bool(form) == (not form.errors and not form.problem)
    assert form.errors.keys() <= Shape.model_fields.keys()
    assert not form or form.value
    assert all(form[name] is not None for name in Shape.model_fields)
