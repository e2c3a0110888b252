"""The Appointments List: what a member of staff sees of all appointments, and what they do with several at once."""

from datetime import date
from typing import Any, Literal, cast

from flask import Blueprint, flash, g, redirect, request, url_for
from pydantic import BaseModel, Field
from sqlmodel import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.errors import N_, DomainError, Invalid
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.i18n import sentence
from webapp.models import Level, Task
from webapp.rendering import page
from webapp.services.booking.agenda import Entry
from webapp.services.booking.bulk import MAIL, MailInput, bulk_of, result_of, start_bulk
from webapp.services.booking.listed import (
    COLUMNS,
    STANDING,
    STATES,
    Asked,
    entries_to_change,
    found_ids,
    list_appointments,
)
from webapp.services.booking.red import problem_words
from webapp.services.message.leaving import leaving_of_task
from webapp.services.system.task import is_under_way
from webapp.views.admin.once import once

blueprint = Blueprint("appointments_list", __name__, url_prefix="/s/<school>")

Answer = Response | tuple[str, int]
Deed = Literal["delete", "confirm", "mail"]

TASK = "/appointments/task/<int(max=2147483647):task>"


class Selection(BaseModel):
    """The ticked appointments, or with `all` what the list's filters find."""

    a: list[int] = Field(default=[], max_length=500)
    all: bool = False
    deed: Deed


class OtherNumber(DomainError):
    message = N_("Other appointments match by now than when you chose. Look at them again. Nothing was changed.")


@blueprint.get("/appointments")
@staff(Level.VIEWER)
def overview(school: str) -> Answer:
    asked = _asked(request.args)
    # The form says of which event the day and the teacher were; the address does not have to.
    return redirect(_address(asked), 303) if "was" in request.args else _list(asked)


@blueprint.post("/appointments")
@staff(Level.VIEWER)
def find(school: str) -> Answer:
    """By name: by POST, which keeps names out of addresses; it changes nothing."""
    return _list(_asked(request.form))


@blueprint.post("/appointments/selected")
@staff(Level.RESOURCE_ADMINISTRATOR)
def selected(school: str) -> Answer:
    """What is about to be done, with whom and how many; nothing is done yet."""
    sent = Form.sent(Selection, request.form)
    with database().reading() as session:
        entries = _chosen(session, sent)
    if not entries:
        flash(_("Tick at least one appointment that stands."))
        return redirect(_address(_asked(request.form)), 303)
    return _selected_page(sent.value.deed, entries, Form(MailInput))


@blueprint.post("/appointments/do")
@staff(Level.RESOURCE_ADMINISTRATOR)
def do(school: str) -> Answer:
    """Once per form, and only what the page before said."""
    sent = Form.sent(Selection, request.form)
    deed = sent.value.deed if sent else MAIL
    mail = Form.sent(MailInput, request.form) if deed == MAIL else Form(MailInput)
    try:
        if mail or deed != MAIL:
            return redirect(url_for("appointments_list.task", school=school, task=_started(sent, mail)), 303)
        error = None
    except (Invalid, OtherNumber) as refused:
        error = refused
    with database().reading() as session:
        entries = _chosen(session, sent)
    return _selected_page(deed, entries, mail, error, error.status if error else 422)


@blueprint.get(TASK)
@staff(Level.RESOURCE_ADMINISTRATOR)
def task(school: str, task: int) -> Answer:
    return _task_page(task, "admin/appointments/task.html")


@blueprint.get(f"{TASK}/progress")
@staff(Level.RESOURCE_ADMINISTRATOR)
def task_progress(school: str, task: int) -> Answer:
    return _task_page(task, "admin/appointments/_task.html")


def _list(asked: Asked) -> Answer:
    with database().reading() as session:
        listed = list_appointments(session, g.contact, asked, within=g.within, now=clock.now())
    values = {"listed": listed, "asked": asked, "columns": COLUMNS, "states": STATES}
    may_change = g.contact.level >= Level.RESOURCE_ADMINISTRATOR
    more = {"address": _address, "problem_words": problem_words, "may_change": may_change}
    return page("admin/appointments/list.html", nav="appointments", **values, **more)


def _asked(source: MultiDict[str, str]) -> Asked:
    """What cannot be read counts as not asked for, and so do the day and teacher of an event that was changed."""
    state, sort = source.get("state", STANDING), source.get("sort", "time")
    is_same = source.get("was") in (None, source.get("event", ""))
    return Asked(
        event_id=source.get("event", type=_number),
        day=source.get("day", type=date.fromisoformat) if is_same else None,
        resource_id=source.get("teacher", type=_number) if is_same else None,
        state=state if state in STATES else STANDING,
        sort=sort if sort.removeprefix("-") in COLUMNS else "time",
        page=source.get("page", 1, type=_number),
        words=source.get("q", "").replace("\0", "").strip()[:200],
    )


def _number(text: str) -> int:
    """Of a column's range."""
    number = int(text)
    if not 0 < number < 2**31:
        raise ValueError
    return number


def _address(asked: Asked, **changes: Any) -> str:
    """Of the list with this choice, without what is the default; a name never stands in it."""
    values = {
        "event": asked.event_id,
        "day": asked.day,
        "teacher": asked.resource_id,
        "state": asked.state if asked.state != STANDING else None,
        "sort": asked.sort if asked.sort != "time" else None,
    }
    return url_for("appointments_list.overview", school=g.school.slug, **values | changes)


def _chosen(session: Session, sent: Form[Selection]) -> list[Entry]:
    """Raises NotFound for an appointment that is not the reader's to change."""
    if not sent:
        return []
    asked, numbers = _asked(request.form), sent.value.a
    if sent.value.all:
        numbers = found_ids(session, g.contact, asked, within=g.within, now=clock.now())
    return entries_to_change(session, g.contact, numbers, g.within)


def _started(sent: Form[Selection], mail: Form[MailInput]) -> int:
    with database().transaction() as session:

        def deed() -> dict[str, int | None]:
            entries = _chosen(session, sent)
            if request.form.get("number", type=int) != len(entries) or not entries:
                raise OtherNumber
            numbers = [entry.id for entry in entries]
            written = mail.value if sent.value.deed == MAIL else None
            now = clock.now()
            return {
                "task": start_bulk(session, g.contact, sent.value.deed, numbers, mail=written, who=who(), now=now).id
            }

        asked = (sent.value.model_dump_json(), mail.typed, request.form.get("number"))
        done = once(session, "appointments.several", *asked, deed=deed)
    return cast(int, done["task"])


def _selected_page(
    deed: str, entries: list[Entry], mail: Form[MailInput], error: DomainError | None = None, status: int = 200
) -> Answer:
    people = {entry.contact_id: entry.email for entry in entries}
    values = {
        "deed": deed,
        "entries": entries,
        "people": len(people),
        "unreachable": sum(1 for email in people.values() if not email),
        "form": mail,
        "kept": [(name, text) for name, text in request.form.items(multi=True) if name in _KEPT],
        "back": _address(_asked(request.form)),
        "problem": sentence(error) if error else "",
    }
    return page("admin/appointments/selected.html", status, nav="appointments", **values)


def _task_page(number: int, template: str) -> Answer:
    with database().reading() as session:
        row: Task = bulk_of(session, g.school.id, number)
        leaving = leaving_of_task(session, row, now=clock.now())
        values = {"task": row, "result": result_of(row), "is_running": is_under_way(row), "leaving": leaving}
    return page(template, nav="appointments", **values)


_KEPT = {"a", "all", "deed", "event", "day", "teacher", "state", "sort", "q"}
