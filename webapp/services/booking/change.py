"""Let a family move or cancel its own appointment until it begins, once per form."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session

from webapp.models import Contact
from webapp.models.event.slot import EITHER, IN_PERSON, VIRTUAL
from webapp.services.booking.agenda import Entry
from webapp.services.booking.cancel import appointment_of_maker, cancel_appointment
from webapp.services.booking.confirm import stamp_of
from webapp.services.booking.errors import AlreadyCancelled
from webapp.services.booking.move import move_appointment
from webapp.services.booking.own import own_entry, refuse_too_late
from webapp.services.booking.request_key import take_key
from webapp.services.booking.sheet import NoTimeChosen, Options, options_of, refuse_other_kind
from webapp.services.booking.times import times_of
from webapp.services.event.open_events import Round
from webapp.services.system.audit import Who

DONE: dict[str, object] = {"done": True}


def cancel_own(
    session: Session, found: Round, contact: Contact, token: str, *, key: str, who: Who, now: datetime
) -> None:
    """Raises NotFound, AlreadyCancelled, AlreadyBegun or TooLateToCancel; the same form sent again does nothing."""
    appointment = appointment_of_maker(session, contact, token)
    entry = own_entry(session, contact, found.event.id or 0, token)
    if take_key(session, key, "cancel", token, login_id=who.login_id, now=now, result=DONE):
        return
    if entry.cancelled_at:
        raise AlreadyCancelled
    refuse_too_late(entry, found.settings, now=now)
    cancel_appointment(session, appointment, who=who, now=now)


def other_times(session: Session, found: Round, contact: Contact, entry: Entry, *, now: datetime) -> Options:
    """Where the appointment can go: times of the same teacher, as if its own were free, which is left out."""
    students = [entry.student_id] if entry.student_id else []
    resource = entry.resource_id
    rules = found.settings
    times = times_of(session, found.event, [resource], contact, students, now=now, besides=entry.id, settings=rules)
    others = [time for time in times[resource] if time.starts_at != entry.starts_at]
    return Options(entry.zone, options_of(others))


def move_own(
    session: Session,
    found: Round,
    contact: Contact,
    token: str,
    *,
    slot: str,
    kind: str,
    seen: Collection[str] = (),
    key: str,
    who: Who,
    now: datetime,
) -> None:
    """`kind` is "P", "V" or empty; `seen` the stamps of the times as they saw them, none where
    that is not known. Raises NotFound, AlreadyBegun and what `move_appointment` raises; the same form sent again does
    nothing."""
    appointment = appointment_of_maker(session, contact, token)
    entry = own_entry(session, contact, found.event.id or 0, token)
    if take_key(session, key, "move", token, slot, kind, login_id=who.login_id, now=now, result=DONE):
        return
    if entry.cancelled_at:
        raise AlreadyCancelled
    refuse_too_late(entry, found.settings, now=now)
    if not slot:
        raise NoTimeChosen(teacher=entry.teacher)
    is_virtual = {IN_PERSON: False, VIRTUAL: True}.get(kind)
    if time := other_times(session, found, contact, entry, now=now).time(slot):
        refuse_other_kind(time, kind, teacher=entry.teacher, zone=entry.zone)
        is_virtual = is_virtual if time.kind == EITHER else None
    move_appointment(
        session,
        found.event,
        appointment,
        slot,
        is_virtual=is_virtual,
        is_as_seen=lambda offer: not seen or stamp_of(offer) in seen,
        who=who,
        now=now,
    )
