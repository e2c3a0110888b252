"""Create, update, copy, move and delete slots: first the number, then the deed exactly as it was shown."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from flask import Blueprint, flash, g, url_for
from htmx_flask import request
from sqlmodel import Session
from werkzeug.datastructures import MultiDict

from webapp import clock, i18n
from webapp.auth import staff, who
from webapp.context import database
from webapp.errors import N_, DomainError, Invalid
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.i18n import ngettext
from webapp.models import Event, Level
from webapp.services.booking.errors import KeyUsed
from webapp.services.booking.shift import PeopleElsewhere
from webapp.services.event.create_slots import starts_of
from webapp.services.event.day_grid import first_day
from webapp.services.event.slots import SlotCounts
from webapp.services.event.slots_menu import Typed, days_with_slots, teachers_to_choose, with_teachers
from webapp.services.event.slots_task import DEEDS, Deed, is_long, progress_of, start_slots, task_of
from webapp.services.system.task import is_under_way
from webapp.views.admin.event_frame import EVENT, Answer, asked_date, day_of, event_page, framed, go_to
from webapp.views.admin.once import once

blueprint = Blueprint("slots", __name__, url_prefix="/s/<school>")

SLOTS = f"{EVENT}/slots/<any(create, update, copy, move, delete):deed>"
TASK = f"{EVENT}/slots/task/<int(max=2147483647):slots_task>"
_TASK = "task"
"""Under which a form's result names the work that it began."""

Done = dict[str, int]


class NotAsShown(DomainError):
    """Another number, or other fields, than those for which the button was made."""

    message = N_("This is not what was counted. Look at the number below, then press the button.")


def _created(done: Done) -> str:
    made = ngettext("Created %(n)s slot", "Created %(n)s slots", done["slots"])
    return made + ", " + ngettext("%(n)s was already there", "%(n)s were already there", done["already_there"])


def _updated(done: Done) -> str:
    changed = ngettext("Updated %(n)s slot", "Updated %(n)s slots", done["slots"])
    return changed + ", " + _("%(n)s of them booked", n=done["booked"])


def _copied(done: Done) -> str:
    made = ngettext("Copied %(n)s slot", "Copied %(n)s slots", done["slots"])
    return made + ", " + ngettext("%(n)s was already there", "%(n)s were already there", done["already_there"])


def _moved(done: Done) -> str:
    moved = ngettext("Moved %(n)s slot", "Moved %(n)s slots", done["slots"])
    along = ngettext("%(n)s appointment along with them", "%(n)s appointments along with them", done["appointments"])
    stay = ngettext("%(n)s booked slot stays", "%(n)s booked slots stay", done["kept"]) if done["kept"] else ""
    return ", ".join(part for part in (moved, along, stay) if part)


def _deleted(done: Done) -> str:
    gone = ngettext("Deleted %(n)s slot", "Deleted %(n)s slots", done["slots"])
    return gone + ", " + ngettext("%(n)s appointment turned red", "%(n)s appointments turned red", done["appointments"])


@dataclass(frozen=True)
class Item:
    """One item of the Slots menu: what it says when done or when there is nothing, and how its form begins."""

    name: str
    said: Callable[[Done], str]
    nothing: str
    defaults: dict[str, str] = field(default_factory=dict)

    @property
    def deed(self) -> Deed:
        return DEEDS[self.name]


_EVENING = {"from_time": "16:00", "to_time": "19:00", "duration": "15"}
_NONE_LEFT = N_("All of these slots are there already.")
_NO_CHANGE = N_("No slot would change.")
_NO_SLOTS = N_("There are no slots at these times.")
_NOTHING_TO_COPY = N_("There is nothing to copy at these times, or all of it is there already.")
_NOTHING_TO_MOVE = N_("No slot at these times can be moved.")
CREATE = Item("create", _created, _NONE_LEFT, _EVENING)
UPDATE = Item("update", _updated, _NO_CHANGE)
DELETE = Item("delete", _deleted, _NO_SLOTS)
COPY = Item("copy", _copied, _NOTHING_TO_COPY)
MOVE = Item("move", _moved, _NOTHING_TO_MOVE)
ITEMS = {item.name: item for item in (CREATE, UPDATE, COPY, MOVE, DELETE)}


@blueprint.get(SLOTS)
@staff(Level.RESOURCE_ADMINISTRATOR)
def show(school: str, event: int, deed: str) -> Answer:
    return _opened(event, ITEMS[deed], "admin/event/slots.html")


@blueprint.get(f"{SLOTS}/form")
@staff(Level.RESOURCE_ADMINISTRATOR)
def form(school: str, event: int, deed: str) -> Answer:
    """The same as a partial, for the dialog of the Appointments tab."""
    return _opened(event, ITEMS[deed], _partial(ITEMS[deed]))


@blueprint.post(f"{SLOTS}/preview")
@staff(Level.RESOURCE_ADMINISTRATOR)
def preview(school: str, event: int, deed: str) -> Answer:
    sent: Form[Any] = Form.sent(ITEMS[deed].deed.shape, request.form)
    return _counted(event, ITEMS[deed], sent, is_preview=True)


@blueprint.post(SLOTS)
@staff(Level.RESOURCE_ADMINISTRATOR)
def act(school: str, event: int, deed: str) -> Answer:
    sent: Form[Any] = Form.sent(ITEMS[deed].deed.shape, request.form)
    if not sent:
        return _counted(event, ITEMS[deed], sent)
    try:
        return go_to(_act(event, ITEMS[deed], sent.value))
    except (Invalid, KeyUsed, NotAsShown, PeopleElsewhere) as error:
        return _counted(event, ITEMS[deed], sent, error)


@blueprint.get(TASK)
@staff(Level.RESOURCE_ADMINISTRATOR)
def task(school: str, event: int, slots_task: int) -> Answer:
    return _task_page(event, slots_task, "admin/event/slots_task.html")


@blueprint.get(f"{TASK}/progress")
@staff(Level.RESOURCE_ADMINISTRATOR)
def task_progress(school: str, event: int, slots_task: int) -> Answer:
    return _task_page(event, slots_task, "admin/event/_slots_task.html")


def _act(event: int, item: Item, typed: Typed) -> str:
    """The address of the first day concerned, or of what goes on. Raises NotAsShown unless it is what the button
    said."""
    with database().transaction() as session:
        frame = framed(session, event)

        def deed() -> Done:
            chosen = with_teachers(session, frame.event, typed, within=g.resources)
            return _started(session, frame.event, item, typed, chosen) or _done(
                session, frame.event, item, typed, chosen
            )

        done = once(session, f"slots.{item.name}", event, typed.model_dump_json(), deed=deed)
    if _TASK in done:
        return url_for("slots.task", school=g.school.slug, event=event, slots_task=done[_TASK])
    flash(" ".join(filter(None, (item.said(done), _rounded(typed)))))
    return day_of(frame.event, _first_day(typed))


def _started(session: Session, event: Event, item: Item, typed: Typed, chosen: Typed) -> Done:
    """Work to be watched, where it is much; else nothing."""
    counts = item.deed.count(session, event, chosen, now=clock.now())
    if not is_long(counts):
        return {}
    _refuse_unseen(item, typed, counts)
    return {_TASK: start_slots(session, event, g.contact, item.name, chosen, who=who(), now=clock.now()).id or 0}


def _done(session: Session, event: Event, item: Item, typed: Typed, chosen: Typed) -> Done:
    counts = item.deed.act(session, event, chosen, who=who(), now=clock.now())
    _refuse_unseen(item, typed, counts)
    return counts.numbers


def _refuse_unseen(item: Item, typed: Typed, counts: SlotCounts) -> None:
    if not counts.slots:
        raise Invalid(item.nothing)
    if request.form.get("promise") != _promise(item, typed, counts):
        raise NotAsShown


def _promise(item: Item, typed: Typed, counts: SlotCounts) -> str:
    """What the button stands for: these fields with these numbers."""
    return hashlib.sha256(f"{item.name} {typed.model_dump_json()} {counts}".encode()).hexdigest()[:20]


def _rounded(typed: Typed) -> str:
    """Which times were read otherwise than they were typed, in words."""
    pairs = [(request.form.get(name, ""), getattr(typed, name)) for name in ("from_time", "to_time")]
    read = [(was.strip(), used) for was, used in pairs if was.strip() and was.strip() != used]
    said = [_("%(typed)s is read as %(used)s.", typed=_clock(was), used=_clock(used)) for was, used in read]
    return " ".join([_("Times go by five minutes."), *said]) if said else ""


def _clock(wall_time: str) -> str:
    return i18n.clock_time(datetime.combine(date.min, time.fromisoformat(wall_time), UTC), "UTC")


def _opened(event: int, item: Item, template: str) -> Answer:
    """The form with its defaults, counted where they allow it; what they do not allow is not held against anybody."""
    with database().reading() as session:
        frame = framed(session, event)
        day = asked_date("date") or first_day(session, frame.event, within=g.resources, now=clock.now())
        fresh: Form[Any] = Form.sent(item.deed.shape, MultiDict({"dates": day.isoformat(), **item.defaults}))
        shown = _shown(session, frame.event, item, fresh)
    fresh.errors.clear()
    fresh.problem = ""
    return event_page(template, frame, **shown)


def _counted(
    event: int, item: Item, sent: Form[Any], error: DomainError | None = None, *, is_preview: bool = False
) -> Answer:
    with database().reading() as session:
        frame = framed(session, event)
        shown = _shown(session, frame.event, item, sent)
    if error:
        sent.refuse(error)
    status = error.status if error else 200 if sent else 422
    template = _partial(item) if request.htmx else "admin/event/slots.html"
    return event_page(template, frame, status, is_preview=is_preview, **shown)


def _partial(item: Item) -> str:
    return f"admin/event/_{item.name}_slots.html"


def _task_page(event: int, number: int, template: str) -> Answer:
    with database().reading() as session:
        frame = framed(session, event)
        row = task_of(session, frame.event, number)
    progress = progress_of(row)
    item = ITEMS[progress.deed]
    return event_page(
        template,
        frame,
        task=row,
        item=item,
        done=item.said(dict(progress.numbers)) if progress.numbers else "",
        problem=_(row.problem, **json.loads(row.problem_values)) if row.problem else "",
        is_running=is_under_way(row),
        back=day_of(frame.event, _first_day(progress.typed)),
    )


def _first_day(typed: Typed) -> date:
    days: list[date] = getattr(typed, "to", typed.dates)
    return min(days)


def _shown(session: Session, event: Event, item: Item, sent: Form[Any]) -> dict[str, Any]:
    back = day_of(event, _first_date(sent))
    counts = _count(session, event, item, sent)
    return {
        "item": item,
        "form": sent,
        "counts": counts,
        "promise": _promise(item, sent.value, counts) if counts else "",
        "rounded": _rounded(sent.value) if sent else "",
        "each": len(starts_of(sent.value)) if counts and item is CREATE else 0,
        "teachers": teachers_to_choose(session, event, within=g.resources),
        "days": days_with_slots(session, event, within=g.resources),
        "back": back,
    }


def _count(session: Session, event: Event, item: Item, sent: Form[Any]) -> SlotCounts | None:
    if not sent:
        return None
    try:
        chosen = with_teachers(session, event, sent.value, within=g.resources)
        return item.deed.count(session, event, chosen, now=clock.now())
    except Invalid as error:
        sent.refuse(error)
        return None


def _first_date(sent: Form[Any]) -> date | None:
    return min(sent.value.dates) if sent else None
