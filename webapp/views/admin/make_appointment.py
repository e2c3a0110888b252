"""Make an appointment for a family: choose the teacher and time, find the family or type a new one, book."""

from datetime import date

from flask import Blueprint, flash, g, url_for
from htmx_flask import request
from sqlmodel import Session

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.errors import Busy, DomainError, NotAllowed
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.i18n import local_day
from webapp.models import Appointment, Event, Level, Resource, Slot
from webapp.models.booking.appointment import BROKEN_RULE, CALENDAR_BUSY
from webapp.services.booking.customers import Found, customers_found
from webapp.services.booking.make import MakeInput, make_appointment, may_add, openings_of
from webapp.services.event.grid_slot import KIND_WORDS
from webapp.services.event.resources import resource_of
from webapp.services.event.slots_menu import teachers_to_choose
from webapp.services.people.access import may_work_on
from webapp.views.admin.event_frame import EVENT, Answer, asked_id, day_of, event_page, framed, go_to
from webapp.views.admin.once import once
from webapp.views.admin.rooms import TEACHER

blueprint = Blueprint("make_appointment", __name__, url_prefix="/s/<school>")

MAKE = f"{TEACHER}/make"


@blueprint.get(f"{EVENT}/make")
@staff(Level.MAKER)
def teacher(school: str, event: int) -> Answer:
    """With whom; the form comes back here, and goes on to the teacher's own address."""
    if chosen := asked_id("teacher"):
        return go_to(url_for("make_appointment.form", school=school, event=event, resource=chosen))
    with database().reading() as session:
        frame = framed(session, event)
        teachers = teachers_to_choose(session, frame.event, within=g.resources)
    return event_page("admin/event/make_with.html", frame, teachers=teachers)


@blueprint.get(MAKE)
@staff(Level.MAKER)
def form(school: str, event: int, resource: int) -> Answer:
    with database().reading() as session:
        token = _asked_slot(session, resource)
        return _page(session, event, resource, Form(MakeInput, {"slot": token}))


@blueprint.post(f"{MAKE}/find")
@staff(Level.MAKER)
def find(school: str, event: int, resource: int) -> Answer:
    """By POST, which keeps names out of addresses; it changes nothing. What was chosen and typed stays, and
    the time on which somebody clicked: `asked`, while the page has no choice of times yet."""
    typed = {name: request.form.get(name, "") for name in MakeInput.model_fields}
    typed["slot"] = typed["slot"] or request.form.get("asked", "")
    with database().reading() as session:
        return _page(session, event, resource, Form(MakeInput, typed))


@blueprint.post(MAKE)
@staff(Level.MAKER)
def make(school: str, event: int, resource: int) -> Answer:
    sent = Form.sent(MakeInput, request.form)
    if sent:
        try:
            return go_to(_made(event, resource, sent.value))
        except (NotAllowed, Busy):
            raise
        except DomainError as error:
            sent.refuse(error)
            status = 409 if error.status == 404 else error.status
    else:
        status = 422
    with database().reading() as session:
        return _page(session, event, resource, sent, status)


def _made(event: int, resource: int, typed: MakeInput) -> str:
    """Where to go on: the day on the Appointments tab, or for who books only as the teacher their schedule."""
    now = clock.now()

    def work(session: Session) -> tuple[str, str]:
        frame = framed(session, event)
        row = resource_of(session, g.school.id, event, resource)

        def deed() -> dict[str, int | None]:
            keeps = {"editor": g.contact, "only_known": _only_known(), "who": who(), "now": now}
            return {"id": make_appointment(session, frame.event, row, typed, **keeps).id}

        done = once(session, "appointments.make", event, resource, typed.model_dump_json(), deed=deed)
        made = session.get_one(Appointment, done["id"])
        day = local_day(session.get_one(Slot, made.slot_id).starts_at, frame.event.zone)
        return _address_after(session, frame.event, row, day), _made_words(made.problem or "")

    address, words = database().carry_out(work)
    flash(words)
    return address


def _made_words(problem: str) -> str:
    if problem.startswith(BROKEN_RULE):
        return _("Appointment made. It breaks a rule: the family does not see it until it is confirmed.")
    if problem == CALENDAR_BUSY:
        return _("Appointment made. It is red, since the teacher is busy in their calendar then. The family is told.")
    return _("Appointment made.")


def _address_after(session: Session, event: Event, row: Resource, day: date) -> str:
    if may_work_on(session, g.contact, row.event_id, row.id or 0):
        return day_of(event, day)
    return url_for("reports.teachers_schedule", school=g.school.slug, event=event.id, day=day)


def _page(session: Session, event: int, resource: int, typed: Form[MakeInput], status: int = 200) -> Answer:
    frame = framed(session, event)
    row = resource_of(session, g.school.id, event, resource)
    words = request.form.get("q", "")
    found = customers_found(session, frame.event, row, words, only_known=_only_known()) if words.strip() else None
    values = {
        "resource": row,
        "openings": openings_of(session, frame.event, row, now=clock.now()),
        "found": found or Found([], 0),
        "has_searched": found is not None,
        "q": words,
        "form": typed,
        "may_add": may_add(g.contact, frame.event),
        "kinds": KIND_WORDS,
    }
    is_part = request.method == "POST" and request.htmx
    template = "admin/event/_make.html" if is_part else "admin/event/make.html"
    return event_page(template, frame, status, **values)


def _asked_slot(session: Session, resource: int) -> str:
    """The token of the slot on which somebody clicked; empty where it is not the teacher's."""
    number = asked_id("slot")
    slot = session.get(Slot, number) if number else None
    return slot.token if slot and slot.resource_id == resource else ""


def _only_known() -> bool:
    return bool(g.contact.level < Level.EVENT_ADMINISTRATOR)
