"""Load and lock what several claimed entries need by one query each, and write what comes of them together."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from webapp.models import Appointment, CalendarEntry, CalendarLink, School
from webapp.models.base import table_of
from webapp.models.system.wished import PRESENT
from webapp.prepared import Prepared, padded
from webapp.providers.base import EntryOrder
from webapp.services.booking.agenda import Entry, entries_of, prepared_agenda
from webapp.services.calendar.order import order_of
from webapp.services.calendar.wish_entries import About
from webapp.services.system.errand import Claim, write_each_if_ours


class Claimed:
    """The entries of some claims, for one transaction. Their appointments and all entries of these are locked, in the
    order of `follow`. What is put down for a claim is written by `write`, where the claim is still ours; the
    appointments `to_follow` are looked at after that."""

    def __init__(self, session: Session, claims: Sequence[Claim], *, base_url: str) -> None:
        self.session = session
        self._base_url = base_url
        entries = _locked(session, [claim.id for claim in claims])
        self._entries = {entry.id: entry for entry in entries}
        self._replaced = {
            (entry.appointment_id, entry.link_id)
            for entry in entries
            if entry.replaced_at is not None and entry.wish == PRESENT
        }
        self._appointments = _appointments(session, sorted({entry.appointment_id for entry in entries}))
        self.to_follow: list[About] = []
        self._columns: dict[Claim, dict[str, object]] = {}

    @cached_property
    def _links(self) -> dict[int | None, CalendarLink]:
        numbers = {entry.link_id for entry in self._entries.values()}
        query = select(CalendarLink).where(col(CalendarLink.id).in_(numbers))
        return {link.id: link for link in self.session.execute(query).scalars()}

    @cached_property
    def _schools(self) -> dict[int | None, School]:
        numbers = {entry.school_id for entry in self._entries.values()}
        query = select(School).where(col(School.id).in_(numbers))
        return {school.id: school for school in self.session.execute(query).scalars()}

    def entry(self, claim: Claim) -> CalendarEntry | None:
        """None where a newer wish or another claimant has it by now."""
        entry = self._entries.get(claim.id)
        return entry if entry is not None and entry.claim == claim.receipt else None

    def appointment(self, entry: CalendarEntry) -> Entry:
        return self._appointments[entry.appointment_id]

    def link(self, entry: CalendarEntry) -> CalendarLink:
        return self._links[entry.link_id]

    def order(self, entry: CalendarEntry) -> EntryOrder:
        """What it shall be, by the rows as they stand."""
        school = self._schools[entry.school_id]
        return order_of(entry, self.appointment(entry), school, base_url=self._base_url)

    def replaces_another(self, entry: CalendarEntry) -> bool:
        return (entry.appointment_id, entry.link_id) in self._replaced

    def put(self, claim: Claim, /, **columns: object) -> None:
        self._columns[claim] = columns

    def write(self) -> None:
        write_each_if_ours(self.session, CalendarEntry, self._columns)
        self._columns = {}


def _locked(session: Session, numbers: Sequence[int]) -> Sequence[Any]:
    """Rows with the columns of an entry."""
    session.flush()
    found = [row.id for row in _LOCK_APPOINTMENTS.all(session, {"numbers": padded(numbers)})]
    return _LOCK_ENTRIES.all(session, {"numbers": padded(found)}) if found else []


def _appointments(session: Session, numbers: Sequence[int]) -> dict[int, Entry]:
    return {one.id: one for one in entries_of(_AGENDA.all(session, {"numbers": padded(numbers)}))} if numbers else {}


_NUMBERS: Any = bindparam("numbers", expanding=True)
_ENTRY, _APPOINTMENT = table_of(CalendarEntry).c, table_of(Appointment).c
_LOCK_APPOINTMENTS = Prepared(
    select(_APPOINTMENT.id)
    .where(_APPOINTMENT.id.in_(select(_ENTRY.appointment_id).where(_ENTRY.id.in_(_NUMBERS))))
    .order_by(_APPOINTMENT.id)
    .with_for_update(key_share=True)
)
_LOCK_ENTRIES = Prepared(
    select(*_ENTRY).where(_ENTRY.appointment_id.in_(_NUMBERS)).order_by(_ENTRY.id).with_for_update()
)
_AGENDA = Prepared(prepared_agenda(_APPOINTMENT.id.in_(_NUMBERS)))
