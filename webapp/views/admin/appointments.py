"""Show the Appointments tab of an event, and cancel or move what is booked there."""

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, flash, g
from htmx_flask import request
from pydantic import BaseModel, Field
from sqlmodel import Session

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.errors import Busy, DomainError, NotAllowed
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.models import Appointment, Level
from webapp.models.event.slot import VIRTUAL
from webapp.services.booking.book_for import confirm_appointment
from webapp.services.booking.cancel import appointment_of_event, cancel_appointment
from webapp.services.booking.desk import Desk, desk_of, move_at_desk, on_slot, selected_red
from webapp.services.booking.red import problem_words
from webapp.services.booking.told_rooms import count_elsewhere
from webapp.services.event.day_grid import day_grid, first_day
from webapp.services.event.fill import has_teachers
from webapp.services.event.grid_slot import KIND_WORDS
from webapp.services.event.month_calendar import Month
from webapp.services.people.access import may_work_on
from webapp.views.admin.event_frame import (
    EVENT,
    Answer,
    Frame,
    asked_date,
    asked_id,
    day_of,
    event_page,
    framed,
    go_to,
    oversees,
)
from webapp.views.admin.once import once

blueprint = Blueprint("appointments", __name__, url_prefix="/s/<school>")

APPOINTMENT = f"{EVENT}/a/<int(max=2147483647):appointment>"


Deed = Callable[[Session, Frame, Appointment], None]


class MoveInput(BaseModel):
    """`slot` is a token; `type` counts where that slot leaves it open."""

    slot: str = Field(min_length=1)
    type: str = "P"


@blueprint.get(f"{EVENT}/")
@staff(Level.RESOURCE_ADMINISTRATOR)
def overview(school: str, event: int) -> Answer:
    now, number, teacher = clock.now(), request.args.get("page", 1, type=int), asked_id("teacher")
    with database().reading() as session:
        frame = framed(session, event)
        day = asked_date("date") or first_day(session, frame.event, within=g.resources, now=now)
        mine = g.resources
        drawn: dict[str, Any] = {"month": asked_date("month"), "within": mine, "every": frame.settings.draw_minutes}
        grid = day_grid(session, frame.event, day, page=number, teacher=teacher, **drawn, now=now)
        selected = selected_red(session, frame.event, asked_id("a"), within=mine)
        can_fill = not grid.teachers and has_teachers(session, frame.event.school_id)
        elsewhere = count_elsewhere(session, frame.event, now=now) if oversees() else 0
    stop = _tab_stop(grid.month)
    values: dict[str, Any] = {
        "grid": grid,
        "stop": stop,
        "kinds": KIND_WORDS,
        "can_fill": can_fill,
        "selected": selected,
        "elsewhere": elsewhere,
    }
    return event_page("admin/event/appointments.html", frame, **values)


@blueprint.get(APPOINTMENT)
@staff(Level.MAKER)
def appointment(school: str, event: int, appointment: int) -> Answer:
    return _appointment_page(event, appointment, Form(MoveInput))


@blueprint.post(f"{APPOINTMENT}/cancel")
@staff(Level.RESOURCE_ADMINISTRATOR)
def cancel(school: str, event: int, appointment: int) -> Answer:
    def deed(session: Session, _frame: Frame, mine: Appointment) -> None:
        cancel_appointment(session, mine, who=who(), now=clock.now())

    return _change(event, appointment, Form(MoveInput), deed, done=_("Appointment cancelled."))


@blueprint.post(f"{APPOINTMENT}/confirm")
@staff(Level.RESOURCE_ADMINISTRATOR)
def confirm(school: str, event: int, appointment: int) -> Answer:
    def deed(session: Session, _frame: Frame, mine: Appointment) -> None:
        confirm_appointment(session, mine, who=who(), now=clock.now())

    return _change(event, appointment, Form(MoveInput), deed, done=_("Appointment confirmed."))


@blueprint.post(f"{APPOINTMENT}/move")
@staff(Level.RESOURCE_ADMINISTRATOR)
def move(school: str, event: int, appointment: int) -> Answer:
    form = Form.sent(MoveInput, request.form)
    if not form:
        return _appointment_page(event, appointment, form, 422)

    def deed(session: Session, frame: Frame, mine: Appointment) -> None:
        asked = form.value
        is_virtual = asked.type == VIRTUAL
        move_at_desk(session, frame.event, mine, asked.slot, wants_virtual=is_virtual, who=who(), now=clock.now())

    return _change(event, appointment, form, deed, done=_("Appointment moved."))


@blueprint.get(f"{EVENT}/slot/<int(max=2147483647):slot>")
@staff(Level.RESOURCE_ADMINISTRATOR)
def slot(school: str, event: int, slot: int) -> Answer:
    """Who is booked on a slot with room for several."""
    with database().reading() as session:
        frame = framed(session, event)
        entries = on_slot(session, frame.event, slot, now=clock.now())
    return event_page("admin/event/slot.html", frame, entries=entries)


def _tab_stop(month: Month) -> date:
    """The one link of the calendar that Tab reaches: the shown day, else the first of the month."""
    days = [day for week in month.weeks for day in week]
    return next((day.day for day in days if day.is_current), next(day.day for day in days if day.is_in_month))


def _change(event: int, appointment: int, form: Form[MoveInput], deed: Deed, *, done: str) -> Answer:
    """Carry out the deed once, and go to the day on which the appointment is now."""
    try:
        address = _done_once(event, appointment, form, deed)
    except (NotAllowed, Busy):
        raise
    except DomainError as error:
        form.refuse(error)
        # A time that is gone is a conflict of this form; if the appointment itself is, loading it says so.
        return _appointment_page(event, appointment, form, 409 if error.status == 404 else error.status)
    flash(done)
    return go_to(address)


def _done_once(event: int, appointment: int, form: Form[MoveInput], deed: Deed) -> str:
    now, action = clock.now(), request.endpoint

    def work(session: Session) -> str:
        frame = framed(session, event)
        mine = appointment_of_event(session, g.school.id, event, appointment)

        def change() -> dict[str, str]:
            deed(session, frame, mine)
            return {}

        once(session, action, appointment, form.typed, deed=change)
        return day_of(frame.event, desk_of(session, frame.event, appointment, now=now).day)

    return database().carry_out(work)


def _appointment_page(event: int, appointment: int, form: Form[MoveInput], status: int = 200) -> Answer:
    with database().reading() as session:
        frame = framed(session, event)
        desk = desk_of(session, frame.event, appointment, now=clock.now())
        may_change = may_work_on(session, g.contact, event, desk.entry.resource_id)
    is_answer = request.method == "POST" and request.htmx
    template = "admin/event/_appointment.html" if is_answer else "admin/event/appointment.html"
    words = _problem_words(desk)
    values = {"desk": desk, "form": form, "problem_words": words, "kinds": KIND_WORDS, "may_change": may_change}
    return event_page(template, frame, status, **values)


def _problem_words(desk: Desk) -> str:
    problem = desk.entry.problem
    return _(problem_words(problem)) if problem else ""
