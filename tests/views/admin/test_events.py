"""Events: the list, adding one, and who may do that."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from app import Browser
from event_office import Office, open_office, words
from factories import make_class, make_contact, make_resource, make_school, make_slot, make_student, make_teacher
from online_office import time_stands_at
from sqlalchemy import event as sa_event
from sqlmodel import select

from webapp.db import Database
from webapp.models import Appointment, Contact, Event, EventSettings, Level, Resource, Slot

GOOD = {"name": "Spring Conferences", "type": "simple_pta", "zone": "Europe/Berlin", "location": "Gym"}


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def add(office: Office, browser: Browser | None = None, **typed: Any) -> Any:
    browser = browser or office.dora
    return browser.post(f"{office.base}/events/add", {"key": office.dora.key(f"{office.base}/events/add")} | typed)


def test_the_list_shows_name_type_zone_date_location_and_whether_booking_is_open(office: Office) -> None:
    office.another_event(name="Later", type="simple_pta", settings={"opens_at": office.now + timedelta(days=1)})
    office.another_event(name="Before", settings={"closes_at": office.now - timedelta(days=1)})
    office.another_event(name="Some day", settings={"opens_at": None}, date_label="In spring", location="Gym")

    page = words(office.dora.get(f"{office.base}/events").text)

    assert "Some day" in page
    for said in ("Simple PTA", "America/Chicago", "In spring", "Gym", "Booking open", "Closed"):
        assert said in page
    assert "Not open yet, opens Tue, Nov 24, 9:00 AM" in page


def test_the_list_shows_the_link_that_families_get(office: Office) -> None:
    page = office.dora.get(f"{office.base}/events").text

    assert f"http://localhost/{office.school.slug}/{office.event.slug}/" in page


def test_a_school_without_events_is_invited_to_add_one(office: Office) -> None:
    with office.arranged() as session:
        school = make_school(session)
        admin = make_contact(session, school, "Zora", level=Level.ADMINISTRATOR)
        zora = Browser(office.app).sign_in(session, admin, now=office.now)

    page = zora.get(f"/s/{school.slug}/events")

    assert "There are no events yet." in page.text
    assert f'href="/s/{school.slug}/events/add"' in page.text


def test_an_event_is_added_in_its_own_zone_with_teachers_and_an_empty_provider(office: Office) -> None:
    """R20: empty is the default for a new event."""
    answer = add(office, **GOOD)

    [event] = [event for event in office.all(Event) if event.name == "Spring Conferences"]
    [settings] = [row for row in office.all(EventSettings) if row.event_id == event.id]
    assert (answer.status_code, answer.location) == (303, office.path(event=event))
    assert (event.zone, event.slug, event.is_simple) == ("Europe/Berlin", "spring-conferences", True)
    assert settings.provider is None
    assert len([row for row in office.all(Resource) if row.event_id == event.id]) == 2
    assert "Event added." in office.dora.get(answer.location).text


def test_the_form_offers_the_schools_zone_first(office: Office) -> None:
    page = office.dora.get(f"{office.base}/events/add").text

    zones = page.partition('name="zone"')[2].partition("</select>")[0]
    assert zones.index('value="America/Chicago" selected') < zones.index('value="Africa/Abidjan"')
    assert zones.count("America/Chicago</option>") == 1


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"name": ""}, "name", "Fill this in."),
        ({"name": "x" * 201}, "name", "at most 200 characters"),
        ({"zone": "EST"}, "zone", "Choose a time zone by region and city"),
        ({"zone": "Europe/Atlantis"}, "zone", "such as"),
        ({"type": "normal"}, "type", "Choose one of the list."),
        ({"slug": "zoom"}, "slug", "Choose another one"),
        ({"description": "a\u200eb"}, "desc", "invisible character"),
        ({"description": "a\u200d\nb"}, "desc", "invisible character"),
        ({"name": "a\u2028b"}, "name", "without invisible characters"),
    ],
)
def test_bad_input_is_refused_at_its_field_and_what_was_typed_is_kept(
    office: Office, typed: dict[str, str], field: str, said: str
) -> None:
    answer = add(office, **(GOOD | typed))

    error = answer.text.partition(f'id="ev-{field}-err"')[2].partition("</p>")[0]
    assert answer.status_code == 422
    assert said in words(error)
    assert 'name="location" value="Gym"' in answer.text
    assert len(office.all(Event)) == 1


def test_text_is_taken_as_word_processors_and_other_scripts_write_it(office: Office) -> None:
    """Spaces of any width are spaces, and lines end in one way; what joins letters, or makes one emoji of several,
    stays."""
    joined = "می\u200cخواهم 👩\u200d🏫"
    typed = {"name": "Fall\u00a02026\u3000–\u2009all", "description": f"Room\u202f7\r\n\t{joined}\n{joined}"}

    answer = add(office, **GOOD | typed)

    [event] = [event for event in office.all(Event) if event.name.startswith("Fall 2026")]
    assert answer.status_code == 303
    assert (event.name, event.description) == ("Fall 2026 – all", f"Room 7\n\t{joined}\n{joined}")


def test_the_same_form_sent_twice_adds_one_event(office: Office) -> None:
    key = office.dora.key(f"{office.base}/events/add")

    first = add(office, **GOOD, key=key)
    second = add(office, **GOOD, key=key)
    other = add(office, **GOOD | {"name": "Another"}, key=key)

    assert (second.status_code, second.location) == (303, first.location)
    assert other.status_code == 409
    assert len(office.all(Event)) == 2


def test_a_tampered_key_adds_nothing(office: Office) -> None:
    answer = add(office, **GOOD, key="InRhbXBlcmVkIg.AAAAAAAA")

    assert answer.status_code == 422
    assert "too old" in words(answer.text)
    assert len(office.all(Event)) == 1


def test_an_event_added_before_the_import_takes_its_teachers_later_and_once(office: Office) -> None:
    with office.arranged() as session:
        for resource in session.exec(select(Resource)):
            session.delete(resource)
        folake = session.exec(select(Contact).where(Contact.first == "Folake")).one()
        make_class(session, office.school, folake, make_student(session, office.school))
    page = office.dora.get(office.path()).text

    first = office.dora.post(office.path("teachers"))
    office.dora.post(office.path("teachers"))

    assert "This event has no teachers yet" in page
    assert f'action="{office.path("teachers")}"' in page
    assert "Took 1 teacher or team" in office.dora.get(first.location).text
    assert [row.name for row in office.all(Resource)] == ["Folake Adeyemi"]


def test_without_a_roster_the_event_points_to_the_importer(office: Office) -> None:
    with office.arranged() as session:
        for contact in session.exec(select(Contact).where(Contact.teacher_ref != None)):  # noqa: E711
            session.delete(contact)
        for resource in session.exec(select(Resource)):
            session.delete(resource)

    page = office.dora.get(office.path()).text

    assert f'<a class="btn primary" href="{office.base}/importer">Import teachers first</a>' in page


def test_an_event_administrator_sees_the_granted_events_and_cannot_add(office: Office) -> None:
    office.another_event(name="Not theirs")
    bob = office.someone(Level.EVENT_ADMINISTRATOR, office.event)

    page = bob.get(f"{office.base}/events")
    added = add(office, bob, **GOOD)

    assert "Fall Conferences 2026" in page.text
    assert "Not theirs" not in page.text
    assert f"{office.base}/events/add" not in page.text
    assert bob.get(f"{office.base}/events/add").status_code == added.status_code == 403


PAGES = [
    "",
    "details",
    "zone",
    "teachers/add",
    "teachers/copy",
    "teachers/sort",
    "slots/create",
    "slots/update/form",
    "settings/ui-setup",
    "settings/vendor-ui-setup",
    "t/{resource}",
    "t/{resource}/vr",
    "t/{resource}/vr/edit",
    "t/{resource}/room",
    "a/{appointment}",
    "slot/{slot}",
]
DEEDS = [
    "teachers",
    "details",
    "zone",
    "slots/create",
    "slots/create/preview",
    "slots/update",
    "slots/delete",
    "settings/ui-setup",
    "settings/vendor-ui-setup",
    "t/{resource}/vr",
    "t/{resource}/room",
    "a/{appointment}/cancel",
    "a/{appointment}/move",
]


def addresses(office: Office, templates: list[str], event: Event | None = None) -> list[str]:
    """Of the event's own rows, below the address of that or another event."""
    slots, booked = office.all(Slot), office.all(Appointment)
    slot = slots[0] if slots else office.slots(office.folake, 1)[0]
    appointment = booked[0] if booked else office.booked(slot)
    values = {"resource": office.folake.id, "appointment": appointment.id, "slot": slot.id}
    return [office.path(template.format(**values), event) for template in templates]


def test_every_page_of_an_event_opens_for_its_administrators(office: Office) -> None:
    """R1, R8, R43"""
    granted = office.someone(Level.EVENT_ADMINISTRATOR, office.event)

    for path in addresses(office, PAGES):
        assert office.dora.get(path).status_code == 200, path
        assert granted.get(path).status_code == 200, path


@pytest.mark.parametrize("level", [Level.VIEWER, Level.MAKER])
def test_colleagues_below_resource_administrator_are_refused_everywhere(office: Office, level: Level) -> None:
    colleague = office.someone(level)

    for path in [f"{office.base}/events", *addresses(office, PAGES)]:
        # A Maker sees an appointment of their own schedule: another teacher's is not there for them.
        is_a_maker_s = level == Level.MAKER and "/a/" in path
        assert colleague.get(path).status_code == (404 if is_a_maker_s else 403), path
    for path in addresses(office, DEEDS):
        assert colleague.post(path).status_code == 403, path


def test_an_event_without_a_grant_is_not_found(office: Office) -> None:
    other, _ = office.another_event()
    bob = office.someone(Level.EVENT_ADMINISTRATOR, other)

    for path in addresses(office, PAGES):
        assert bob.get(path).status_code == 404, path
    for path in addresses(office, DEEDS):
        assert bob.post(path).status_code == 404, path


def test_another_schools_event_is_not_found(office: Office) -> None:
    other = office.another_school()
    zora = office.someone(Level.ADMINISTRATOR, school=other)

    paths = [path.replace(office.base, f"/s/{other.slug}") for path in addresses(office, PAGES)]
    assert {zora.get(path).status_code for path in paths} == {404}
    paths = [path.replace(office.base, f"/s/{other.slug}") for path in addresses(office, DEEDS)]
    assert {zora.post(path).status_code for path in paths} == {404}
    assert {zora.get(path).status_code for path in addresses(office, PAGES)} == {404}


def test_rows_of_another_event_are_not_found_below_this_one(office: Office) -> None:
    other, _ = office.another_event()
    own = ("{resource}", "{appointment}", "{slot}")

    pages = addresses(office, [page for page in PAGES if page.split("/")[1:] and page.split("/")[1] in own], other)
    deeds = addresses(office, [deed for deed in DEEDS if deed.split("/")[1:] and deed.split("/")[1] in own], other)
    assert len(pages) == 6
    assert {office.dora.get(path).status_code for path in pages} == {404}
    assert {office.dora.post(path).status_code for path in deeds} == {404}


def test_numbers_that_no_row_can_have_are_not_found(office: Office) -> None:
    for number in ("0", "2147483648", "99999999999999999999"):
        assert office.dora.get(f"{office.base}/e/{number}/").status_code == 404
        assert office.dora.get(office.path(f"a/{number}")).status_code == 404


def test_what_changes_something_cannot_be_opened_as_a_link(office: Office) -> None:
    """BOOK-031: 405, and nothing changes."""
    appointment = office.booked(office.slots(office.folake, 1)[0])

    for deed in ("cancel", "move"):
        assert office.dora.get(office.path(f"a/{appointment.id}/{deed}")).status_code == 405
    assert office.dora.get(office.path("teachers")).status_code == 405
    assert office.again(appointment).cancelled_at is None


def test_a_form_from_elsewhere_changes_nothing(office: Office) -> None:
    refused = office.dora.client.post(office.path("settings/vendor-ui-setup"), data={"shows_appointment_type": "1"})

    assert refused.status_code == 403
    assert not office.all(EventSettings)[0].shows_appointment_type


def test_signed_out_visitors_go_to_the_sign_in(office: Office) -> None:
    answer = Browser(office.app).get(office.path())

    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in")


def test_the_list_and_the_day_ask_a_fixed_number_of_queries(office: Office, database: Database) -> None:
    def asked(path: str) -> int:
        with counted(database) as queries:
            assert office.dora.get(path).status_code == 200
        return len(queries)

    office.booked(office.slots(office.folake, 1)[0])
    few = [asked(f"{office.base}/events"), asked(office.path())]
    with office.arranged() as session:
        for n in range(8):
            teacher = make_teacher(session, office.school, f"Teacher {n}")
            make_slot(session, make_resource(session, office.event, teacher))
    for n in range(4):
        office.another_event(name=f"Event {n}")
        office.booked(office.slots(office.hugh, 1, day=n)[0])

    assert [asked(f"{office.base}/events"), asked(office.path())] == few


class counted:  # noqa: N801 - read as a sentence
    """The statements that the database was asked within the block."""

    def __init__(self, database: Database) -> None:
        self.engine = database.engine
        self.queries: list[str] = []

    def __enter__(self) -> list[str]:
        sa_event.listen(self.engine, "before_cursor_execute", self._note)
        return self.queries

    def __exit__(self, *_: object) -> None:
        sa_event.remove(self.engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.queries.append(statement)
