"""Load and lock what several claimed entries need by one query each, and write what comes of them together."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlmodel import Session, col

from webapp.models import Appointment, CalendarEntry, CalendarLink, School
from webapp.models.system.wished import PRESENT
from webapp.providers.base import EntryOrder
from webapp.services.booking.agenda import Entry, agenda
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
        self._appointments = _appointments(session, {entry.appointment_id for entry in entries})
        self._links = _links(session, {entry.link_id for entry in entries})
        self._schools = _schools(session, {entry.school_id for entry in entries})
        self.to_follow: list[About] = []
        self._columns: dict[Claim, dict[str, object]] = {}

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


def _locked(session: Session, numbers: Sequence[int]) -> Sequence[CalendarEntry]:
    theirs = select(col(CalendarEntry.appointment_id)).where(col(CalendarEntry.id).in_(numbers))
    appointments = select(col(Appointment.id)).where(col(Appointment.id).in_(theirs)).order_by(col(Appointment.id))
    found = session.execute(appointments.with_for_update(key_share=True)).scalars().all()
    query = select(CalendarEntry).where(col(CalendarEntry.appointment_id).in_(found)).order_by(col(CalendarEntry.id))
    return session.execute(query.with_for_update().execution_options(populate_existing=True)).scalars().all()


def _appointments(session: Session, numbers: set[int]) -> dict[int, Entry]:
    return {one.id: one for one in agenda(session, col(Appointment.id).in_(numbers))}


def _links(session: Session, numbers: set[int]) -> dict[int | None, CalendarLink]:
    query = select(CalendarLink).where(col(CalendarLink.id).in_(numbers))
    return {link.id: link for link in session.execute(query).scalars()}


def _schools(session: Session, numbers: set[int]) -> dict[int | None, School]:
    query = select(School).where(col(School.id).in_(numbers))
    return {school.id: school for school in session.execute(query).scalars()}
