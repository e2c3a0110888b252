"""Hold one submission: what was typed, the typed value, and a message per field."""

import json
from collections.abc import Mapping
from typing import Any, Generic, TypeVar, get_origin

from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import MultiDict

from webapp.errors import N_, DomainError
from webapp.i18n import gettext, sentence

Shape = TypeVar("Shape", bound=BaseModel)

_EXACT = frozenset({"password", "again"})
"""Spaces at the ends of a password are part of it."""

SHOWN = "shown"
"""The field by which a page says what it showed."""

_UNUSABLE = N_("This cannot be used. Check it.")
_WORDS = {
    "missing": N_("Fill this in."),
    "string_too_short": N_("Fill this in."),
    "string_too_long": N_("Use at most %(max_length)s characters."),
    "int_parsing": N_("Type a whole number."),
    "int_type": N_("Type a whole number."),
    "greater_than_equal": N_("Type %(ge)s or more."),
    "less_than_equal": N_("Type %(le)s or less."),
    "literal_error": N_("Choose one of the list."),
    "date_from_datetime_parsing": N_("Choose a day."),
    "date_parsing": N_("Choose a day."),
    "time_parsing": N_("Type a time such as 16:30."),
    "string_pattern_mismatch": N_("This does not have the right form."),
    "too_short": N_("Choose at least one."),
}


class Form(Generic[Shape]):
    """A pydantic shape, declared by the service, filled from a request; falsy while a message stands."""

    def __init__(self, shape: type[Shape], typed: Mapping[str, Any] | None = None) -> None:
        self.shape = shape
        self.typed: dict[str, Any] = dict(typed or {})
        self.errors: dict[str, str] = {}
        self.problem: str = ""
        self._value: Shape | None = None
        self._shown: str | None = None

    @classmethod
    def sent(cls, shape: type[Shape], source: MultiDict[str, str]) -> "Form[Shape]":
        """Lists are read as lists, absent checkboxes as false; unknown fields are ignored."""
        form = cls(shape, _read(shape, source))
        form._shown = source.get(SHOWN, "")
        if any("\0" in text for texts in source.listvalues() for text in texts):
            # PostgreSQL stores no such text, and nobody types it.
            form.problem = gettext(_UNUSABLE)
            return form
        try:
            form._value = shape.model_validate(form.typed)
        except ValidationError as error:
            for complaint in error.errors():
                form.errors.setdefault(str(complaint["loc"][0]) if complaint["loc"] else "", _words(complaint))
            form.problem = form.errors.pop("", "")
        return form

    @property
    def value(self) -> Shape:
        assert self._value is not None, "ask whether the form is good first"
        return self._value

    @property
    def shown(self) -> str:
        """What the page showed before anything was typed, for the page to send along (`SHOWN`)."""
        return json.dumps(self.typed) if self._shown is None else self._shown

    def over(self, stored: "Form[Shape]") -> Shape:
        """The value, but each field that was left as the page showed it is as `stored` has it by now: a page that stood
        open takes back nobody's change. All is as it was typed where the page does not say what it showed, or where
        what is stored could not be typed."""
        try:
            shown = self.shape.model_validate_json(self._shown or "")
            by_now = self.shape.model_validate(stored.typed)
        except ValidationError:
            return self.value
        left = (name for name in self.shape.model_fields if getattr(self.value, name) == getattr(shown, name))
        return self.value.model_copy(update={name: getattr(by_now, name) for name in left})

    def refuse(self, error: DomainError) -> None:
        """Show a refusal of the service at its field, or above the form."""
        if error.field and error.field in self.shape.model_fields:
            self.errors[error.field] = sentence(error)
        else:
            self.problem = sentence(error)

    def __bool__(self) -> bool:
        return not self.errors and not self.problem

    def __getitem__(self, name: str) -> Any:
        """What was typed, for showing it again; the shape's default before anything was."""
        if name in self.typed:
            return self.typed[name]
        default = self.shape.model_fields[name].get_default(call_default_factory=True)
        return "" if default is None or repr(default) == "PydanticUndefined" else default


def _read(shape: type[BaseModel], source: MultiDict[str, str]) -> dict[str, Any]:
    typed: dict[str, Any] = {}
    for name, field in shape.model_fields.items():
        if get_origin(field.annotation) in {list, tuple, set, frozenset}:
            typed[name] = source.getlist(name)
        elif field.annotation is bool:
            typed[name] = name in source
        elif name in source and (source[name].strip() or field.is_required()):
            typed[name] = source[name] if name in _EXACT else source[name].strip()
    return typed


def _words(complaint: Any) -> str:
    cause = complaint.get("ctx", {}).get("error")
    if isinstance(cause, DomainError):
        return sentence(cause)
    if isinstance(cause, ValueError):
        return gettext(str(cause))
    message = _WORDS.get(complaint["type"], _UNUSABLE)
    places: dict[str, object] = complaint.get("ctx", {})
    return gettext(message) % places
