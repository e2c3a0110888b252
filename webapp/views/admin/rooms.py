"""Edit the Room and Virtual Room cells in place, or on a page of the teacher's own without JavaScript."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, g, url_for
from htmx_flask import request
from sqlmodel import Session

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.errors import DomainError, Invalid
from webapp.i18n import gettext as _
from webapp.i18n import ngettext, sentence
from webapp.models import Event, Level, Resource
from webapp.services.booking.told_rooms import count_elsewhere, mail_elsewhere
from webapp.services.event.class_list import classes_of_team
from webapp.services.event.left_without_link import left_without_link
from webapp.services.event.resources import Overwritten, Saved, resource_of, save_room, save_virtual_room
from webapp.services.event.team import seen, team_of
from webapp.services.event.team_members import may_join
from webapp.views.admin.event_frame import EVENT, Answer, Frame, day_of, event_page, framed, go_to

blueprint = Blueprint("rooms", __name__, url_prefix="/s/<school>")

TEACHER = f"{EVENT}/t/<int(max=2147483647):resource>"
CELL = f"{TEACHER}/<any(vr, room):cell>"


@dataclass(frozen=True)
class Column:
    """A column of the board: its partials' name, the field of its form, and how that is saved."""

    partial: str
    field: str
    save: Callable[..., Saved]


COLUMNS = {"vr": Column("virtual_room", "url", save_virtual_room), "room": Column("room", "room", save_room)}


@dataclass(frozen=True)
class Refusal:
    """What was typed and why it was not saved; `offer` is the one link found within a pasted invitation."""

    cell: str
    typed: str
    words: str
    offer: str = ""


@blueprint.get(TEACHER)
@staff(Level.EVENT_ADMINISTRATOR)
def teacher(school: str, event: int, resource: int) -> Answer:
    """Both cells as plain forms, and who is of the team."""
    with database().reading() as session:
        return teacher_page(session, event, resource)


@blueprint.post(f"{TEACHER}/tell")
@staff(Level.EVENT_ADMINISTRATOR)
def tell(school: str, event: int, resource: int) -> Answer:
    """The families of one teacher, who were mailed another room than there is now."""
    with database().transaction() as session:
        frame, row = framed(session, event), resource_of(session, g.school.id, event, resource)
        families = mail_elsewhere(session, frame.event, row, who=who(), now=clock.now())
    flash(_told(families))
    return go_to(url_for("rooms.teacher", school=school, event=event, resource=resource))


@blueprint.post(f"{EVENT}/rooms/tell")
@staff(Level.EVENT_ADMINISTRATOR)
def tell_all(school: str, event: int) -> Answer:
    with database().transaction() as session:
        frame = framed(session, event)
        families = mail_elsewhere(session, frame.event, who=who(), now=clock.now())
    flash(_told(families))
    return go_to(day_of(frame.event))


@blueprint.get(CELL)
@staff(Level.EVENT_ADMINISTRATOR)
def show(school: str, event: int, resource: int, cell: str) -> Answer:
    frame, row = _loaded(event, resource)
    return event_page(f"admin/event/_{COLUMNS[cell].partial}.html", frame, resource=row, focus=True)


@blueprint.get(f"{CELL}/edit")
@staff(Level.EVENT_ADMINISTRATOR)
def edit(school: str, event: int, resource: int, cell: str) -> Answer:
    frame, row = _loaded(event, resource)
    return event_page(f"admin/event/_{COLUMNS[cell].partial}_edit.html", frame, resource=row, refusal=None, focus=True)


@blueprint.post(CELL)
@staff(Level.EVENT_ADMINISTRATOR)
def save(school: str, event: int, resource: int, cell: str) -> Answer:
    column = COLUMNS[cell]
    typed = request.form.get("take") or request.form.get(column.field, "")
    try:
        with database().transaction() as session:
            frame = framed(session, event)
            row = resource_of(session, g.school.id, event, resource)
            saved = column.save(session, row, typed, was=request.form.get("was", ""), who=who(), now=clock.now())
            words = _saved_words(session, row, saved, cell)
            elsewhere = count_elsewhere(session, frame.event, row, now=clock.now())
    except (Invalid, Overwritten) as error:
        return _refused(event, resource, _refusal(cell, typed, error), error.status)
    if request.htmx:
        template = f"admin/event/_{column.partial}.html"
        return event_page(template, frame, resource=row, saved=words, focus=not _has_left(), elsewhere=elsewhere)
    flash(words)
    return go_to(url_for("rooms.teacher", school=school, event=event, resource=resource))


def teacher_page(session: Session, event: int, resource: int, *, problem: DomainError | None = None) -> Answer:
    """`problem` is why the team stayed as it was."""
    frame, row = framed(session, event), resource_of(session, g.school.id, event, resource)
    said, status = (sentence(problem), problem.status) if problem else ("", 200)
    values = _team(session, frame.event, row)
    return event_page("admin/event/teacher.html", frame, status, problem=said, refusal=None, **values)


def _told(families: int) -> str:
    told = ngettext("A mail to %(n)s family is on its way.", "Mails to %(n)s families are on their way.", families)
    return told if families else _("Every family has been told, or its mail is on its way.")


def _team(session: Session, event: Event, resource: Resource) -> dict[str, Any]:
    """What the page shows of a teacher or team beside the two cells."""
    team = team_of(session, resource)
    elsewhere = count_elsewhere(session, event, resource, now=clock.now())
    ties = {"joinable": may_join(session, resource), "classes": classes_of_team(session, resource)}
    return {"resource": resource, "team": team, "was": seen(team), "elsewhere": elsewhere, **ties}


def _loaded(event: int, resource: int) -> tuple[Frame, Resource]:
    with database().reading() as session:
        return framed(session, event), resource_of(session, g.school.id, event, resource)


def _has_left() -> bool:
    """The cell was left rather than saved by Enter: focus must not be pulled back."""
    return bool(request.form.get("via") == "blur")


def _saved_words(session: Session, resource: Resource, saved: Saved, cell: str) -> str:
    words = _("Saved as https") if saved.was_upgraded else _("Saved")
    left = left_without_link(session, resource, now=clock.now()) if cell == "vr" else 0
    if left:
        words += ". " + _("Online appointments without a link now: %(n)s", n=left)
    return words


def _refusal(cell: str, typed: str, error: DomainError) -> Refusal:
    return Refusal(cell, typed, sentence(error), str(error.values.get("link", "")))


def _refused(event: int, resource: int, refusal: Refusal, status: int) -> Answer:
    with database().reading() as session:
        frame, row = framed(session, event), resource_of(session, g.school.id, event, resource)
        values = _team(session, frame.event, row)
    partial = f"admin/event/_{COLUMNS[refusal.cell].partial}_edit.html"
    template = partial if request.htmx else "admin/event/teacher.html"
    values |= {"refusal": refusal, "problem": ""}
    return event_page(template, frame, status, focus=not _has_left(), **values)
