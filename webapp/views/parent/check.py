"""Render step 3, with what the event asks for each appointment, and read what was answered."""

from collections.abc import Mapping, Sequence

from flask import g, request
from sqlmodel import Session

from webapp.errors import DomainError
from webapp.forms import Form
from webapp.services.booking.questions import Questions, Unanswered, questions_of
from webapp.services.booking.sheet import Row, chosen_rows, hold_of, rows_by_day
from webapp.services.event.open_events import Round
from webapp.services.people.names import NameInput, needs_name
from webapp.views.parent.frame import Answer, event_page


def asked(db: Session, found: Round) -> Questions:
    """Nothing is looked up where the event asks nothing."""
    return questions_of(db, found.settings.event_id) if found.settings.asks_questions else Questions()


def answers_sent() -> dict[str, str]:
    """By name of the input; they stay with the family while it looks for another time."""
    fields = request.form.items() if request.method == "POST" else ()
    return {name: text for name, text in fields if name.startswith(("service-", "q")) and "-" in name}


def name_sent() -> dict[str, str]:
    """What a new family typed of its name, in no address either; empty where it was not asked."""
    return {part: request.form[part] for part in ("first", "last") if part in request.form}


def check_page(
    found: Round,
    rows: Sequence[Row],
    questions: Questions,
    name: Form[NameInput],
    status: int = 200,
    error: DomainError | None = None,
) -> Answer:
    chosen = chosen_rows(rows)
    values = {
        "error": error,
        "rows": chosen,
        "days": rows_by_day(chosen),
        "form": name,
        "asks_name": needs_name(g.contact),
        "questions": questions,
        "answers": answers_sent(),
        "wrong": _wrong(error),
        "hold": hold_of(chosen),
    }
    return event_page("check.html", found, status, **values)


def _wrong(error: DomainError | None) -> Mapping[str, DomainError]:
    """By name of the input."""
    return error.errors if isinstance(error, Unanswered) else {}
