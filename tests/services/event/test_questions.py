"""Services and appointment fields: made, asked, asked no more, and never taken for the way people meet."""

from typing import Any

import pytest
from factories import make_event, make_school
from sqlmodel import Session

from webapp.errors import Invalid, NotFound
from webapp.models import Event
from webapp.services.booking.questions import questions_of
from webapp.services.event.events import settings_of
from webapp.services.event.questions import (
    FieldInput,
    ServiceInput,
    add_field,
    add_service,
    fields_of,
    remove_service,
    services_of,
    sounds_like_a_meeting,
    use_fields,
)
from webapp.services.system.audit import SYSTEM


@pytest.fixture
def event(session: Session) -> Event:
    return make_event(session, make_school(session))


def ask(session: Session, event: Event, label: str, **more: Any) -> int:
    who: Any = {"who": SYSTEM, "now": event.created_at}
    add_field(session, event, FieldInput(label=label, **more), **who)
    return fields_of(session, event.id or 0)[-1].id or 0


def serve(session: Session, event: Event, name: str) -> int:
    add_service(session, event, ServiceInput(name=name), who=SYSTEM, now=event.created_at)
    return services_of(session, event.id or 0)[-1].id or 0


@pytest.mark.both_databases
def test_an_event_asks_only_while_it_has_something_to_ask(session: Session, event: Event) -> None:
    """Else no page of a family looks for it."""
    who: Any = {"who": SYSTEM, "now": event.created_at}
    seen = [settings_of(session, event).asks_questions]

    field = ask(session, event, "What about?")
    seen.append(settings_of(session, event).asks_questions)
    use_fields(session, event, [field], is_used=False, **who)
    seen.append(settings_of(session, event).asks_questions)
    service = serve(session, event, "Report")
    seen.append(settings_of(session, event).asks_questions)
    remove_service(session, event, service, **who)

    assert [*seen, settings_of(session, event).asks_questions] == [False, True, False, True, False]


def test_the_answers_of_a_list_are_kept_as_browsers_send_them(session: Session, event: Event) -> None:
    """PRODUCT 1.10: each once, with one space between words."""
    ask(session, event, "Which?", kind="choice", options="Mr.  Lee\n\n  Ms.\tKim \nMr. Lee")

    assert fields_of(session, event.id or 0)[-1].options == "Mr. Lee\nMs. Kim"


def test_a_field_that_is_asked_no_more_is_kept_for_later(session: Session, event: Event) -> None:
    """R80"""
    who: Any = {"who": SYSTEM, "now": event.created_at}
    field = ask(session, event, "Language", kind="choice", options="English\n\n English \nEspañol")

    moved = use_fields(session, event, [field, 999], is_used=False, **who)

    assert moved == 1
    assert questions_of(session, event.id or 0).fields == ()
    assert use_fields(session, event, [field], is_used=True, **who) == 1
    assert [f.choices for f in questions_of(session, event.id or 0).fields] == [("English", "Español")]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"label": "language"}, "label"),
        ({"label": "Level", "kind": "choice", "options": "one"}, "options"),
    ],
)
def test_what_could_not_be_answered_is_refused_at_its_field(
    session: Session, event: Event, typed: dict[str, Any], field: str
) -> None:
    ask(session, event, "Language")

    with pytest.raises(Invalid) as caught:
        ask(session, event, **typed)

    assert caught.value.field == field


def test_another_events_service_is_not_found(session: Session, event: Event) -> None:
    service = serve(session, make_event(session, make_school(session)), "Report")

    with pytest.raises(NotFound):
        remove_service(session, event, service, who=SYSTEM, now=event.created_at)


@pytest.mark.parametrize(
    ("words", "is_hinted"),
    [
        ("Virtual", True),
        ("Zoom / in person?", True),
        ("ONLINE meeting", True),
        ("En línea o presencial", True),
        ("Videollamada", True),
        ("Visioconférence", True),
        ("Virtuell oder vor Ort", True),
        ("线上会议", True),
        ("افتراضي", True),
        ("Report", False),
        ("Reading level", False),
        ("What would you like to talk about?", False),
    ],
)
def test_names_that_sound_like_a_meeting_are_noticed_in_several_languages(words: str, is_hinted: bool) -> None:
    """R74"""
    assert sounds_like_a_meeting(words) == is_hinted
