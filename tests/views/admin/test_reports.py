"""Reports: the office reads an event's Teachers Schedule, and teachers read their own and no other."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from app import Browser
from factories import (
    EVENING,
    make_appointment,
    make_class,
    make_contact,
    make_event,
    make_host,
    make_resource,
    make_school,
    make_slot,
    make_student,
    make_teacher,
    stored,
)
from online_office import Office, link, open_office, part, time_stands_at, virtual, words
from sqlalchemy import event as sql_event
from sqlmodel import Session

from jobs.link_sync import sync_links
from webapp.db import Database
from webapp.models import Contact, Event, EventSettings, Grant, Level, Resource

SCHEDULE = "reports/teachers-schedule"


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


@pytest.fixture
def dora(office: Office) -> Browser:
    return office.dora()


@pytest.fixture
def folake(office: Office) -> Browser:
    """The teacher, a Viewer."""
    return office.someone(lambda session: session.get_one(Contact, office.folake.id))


def other_teacher(session: Session, office: Office, event: Event | None = None) -> Resource:
    """Ines, with an appointment of Bob's."""
    ines = make_teacher(session, office.school, "Ines", "Castellanos")
    resource = make_resource(session, event or office.event, ines)
    bob = make_contact(session, office.school, "Bob", "Bennett")
    virtual(session, resource, bob, now=office.now, child_name="Noah Bennett")
    return resource


class TestLanding:
    def test_the_office_chooses_an_event_and_a_report(self, office: Office, dora: Browser) -> None:
        page = dora.get(office.path("")).text

        assert "<h1>Reports</h1>" in page
        assert 'aria-current="page">Event Reports</a>' in page
        assert re.search(rf'<option value="{office.event.id}">Fall Conferences 2026</option>', page)
        assert "Teachers Schedule</option>" in page
        assert f'action="{office.path("")}"' in page

    def test_a_teacher_lands_on_the_own_schedule(self, office: Office, folake: Browser) -> None:
        """R86"""
        answer = folake.get(office.path(""))

        assert (answer.status_code, answer.headers["Location"]) == (303, office.path(SCHEDULE))

    def test_an_event_administrator_chooses_among_the_granted_events(self, office: Office) -> None:
        with office.arranged() as session:
            spring = make_event(session, office.school, name="Spring")

        page = office.event_administrator(spring).get(office.path("")).text

        assert "Spring" in page
        assert "Fall Conferences" not in page

    def test_without_events_it_says_what_comes_next(self, office: Office) -> None:
        with office.arranged() as session:
            school = make_school(session)
        dora = office.someone(lambda session: make_contact(session, school, "Dora", level=Level.ADMINISTRATOR))
        dan = office.event_administrator()

        for path in ("", SCHEDULE):
            assert "There is no event to report on yet. Import teachers and students , then add an event" in words(
                dora.get(f"/s/{school.slug}/{path}").text
            )
            assert "No event is granted to you yet." in words(dan.get(office.path(path)).text)

    def test_parents_and_people_of_another_school_find_nothing(self, office: Office) -> None:
        alice = office.someone(lambda session: make_contact(session, office.school))
        charlie = office.someone(lambda session: make_teacher(session, make_school(session), "Charlie"))

        for browser in (alice, charlie):
            assert [browser.get(office.path(path)).status_code for path in ("", SCHEDULE)] == [404, 404]


class TestOffice:
    def test_a_row_has_the_ten_columns(self, office: Office, dora: Browser) -> None:
        with office.arranged() as session:
            mia = make_student(session, office.school)
            klass = make_class(session, office.school, office.folake, mia)
            slot = make_slot(session, office.resource)
            more = {"student_id": mia.id, "class_id": klass.id, "child_name": ""}
            appointment = make_appointment(session, slot, office.alice, **more)

        page = dora.get(office.path(SCHEDULE)).text

        heads = [words(head) for head in re.findall(r'<th scope="col">(.*?)</th>', page)]
        assert heads == "Date,Time,Length,Parent,Student,Class,Type,Room/Link,E-mail,Status".split(",")
        assert part(page, f"entry-{appointment.id}") == (
            f"Thu, Dec 3 4:00 PM 15 min Alice Alvarez Mia Alvarez Grade 4 In-Person 112 {office.alice.email} Booked"
        )
        assert "Folake Adeyemi" in page

    def test_a_link_is_being_generated_until_it_is_stored_and_there_at_the_next_view(
        self, office: Office, dora: Browser
    ) -> None:
        """R62, R87"""
        with office.arranged() as session:
            appointment = virtual(session, office.resource, office.alice, now=office.now)
        before = dora.get(office.path(SCHEDULE)).text

        sync_links(office.app)
        after = dora.get(office.path(SCHEDULE)).text

        [made] = office.zoom.standing()
        assert "Virtual Being generated" in part(before, f"entry-{appointment.id}")
        assert f'href="{made.shown().join_url}"' not in before
        assert f'<a href="{made.shown().join_url}"' in after
        assert "Being generated" not in after

    def test_a_link_that_is_held_up_leads_to_online_meetings(self, office: Office, dora: Browser) -> None:
        with office.arranged() as session:
            hugh = make_teacher(session, office.school, "Hugh")
            make_host(session, hugh, state="pending", remote_id="")
            virtual(session, make_resource(session, office.event, hugh), office.alice, now=office.now)

        assert "Being generated Held up: see Online Meetings" in words(dora.get(office.path(SCHEDULE)).text)

    def test_a_typed_link_shows_where_no_provider_is_on_and_its_absence_too(
        self, office: Office, dora: Browser
    ) -> None:
        """R86"""
        with office.arranged() as session:
            session.get_one(EventSettings, office.event.id).provider = None
            typed = make_resource(session, office.event, virtual_room="https://meet.linden.example/a")
            first, second = (
                virtual(session, resource, office.alice, now=office.now) for resource in (typed, office.resource)
            )

        page = dora.get(office.path(SCHEDULE)).text

        assert '<a href="https://meet.linden.example/a"' in page
        assert "No link typed" in part(page, f"entry-{second.id}")
        assert "No link typed" not in part(page, f"entry-{first.id}")

    def test_it_can_be_narrowed_to_a_day_and_a_teacher(self, office: Office, dora: Browser) -> None:
        with office.arranged() as session:
            thursday = virtual(session, office.resource, office.alice, now=office.now, at=EVENING)
            friday = virtual(session, office.resource, office.alice, now=office.now, at=EVENING + timedelta(days=1))
            ines = other_teacher(session, office)

        def shown(query: str) -> set[str]:
            return set(re.findall(r'id="entry-(\d+)"', dora.get(office.path(f"{SCHEDULE}?{query}")).text))

        assert len(shown("")) == 3
        assert str(friday.id) not in shown("day=2026-12-03")
        assert shown(f"teacher={office.resource.id}") == {str(thursday.id), str(friday.id)}
        assert shown(f"teacher={office.resource.id}&day=2026-12-04") == {str(friday.id)}
        assert str(thursday.id) not in shown(f"teacher={ines.id}")

    def test_holds_and_cancelled_appointments_are_not_in_it_and_a_problem_is_marked(
        self, office: Office, dora: Browser, now: datetime
    ) -> None:
        with office.arranged() as session:
            for n, values in enumerate(({"cancelled_at": now}, {"held_until": now}, {"problem": "slot_removed"})):
                slot = make_slot(session, office.resource, at=EVENING + timedelta(minutes=20 * n))
                make_appointment(session, slot, office.alice, **values)

        page = dora.get(office.path(SCHEDULE)).text

        assert len(re.findall(r'id="entry-', page)) == 1
        assert "Needs attention" in page

    def test_empty_reports_say_why(self, office: Office, dora: Browser) -> None:
        with office.arranged() as session:
            bare = make_event(session, office.school)

        booked, bare_page = (dora.get(office.path(f"{SCHEDULE}?event={e.id}")).text for e in (office.event, bare))

        assert "Nothing is booked here yet." in booked
        assert "This event has no teachers yet." in bare_page

    def test_events_of_others_and_teachers_of_other_events_are_not_found(self, office: Office, dora: Browser) -> None:
        with office.arranged() as session:
            foreign = make_event(session, make_school(session))
            other = other_teacher(session, office, make_event(session, office.school))
        dan = office.event_administrator()

        asked = [f"event={foreign.id}", f"event={office.event.id}&teacher={other.id}", "event=99999999999999999999"]

        assert [dora.get(office.path(f"{SCHEDULE}?{query}")).status_code for query in asked] == [404, 404, 404]
        assert dan.get(office.path(f"{SCHEDULE}?event={office.event.id}")).status_code == 404

    @pytest.mark.parametrize("query", ["day=0001-01-01", "day=9999-12-31", "day=x", "teacher=x", "event=", "report=x"])
    def test_strange_choices_count_as_none(self, office: Office, dora: Browser, query: str) -> None:
        assert dora.get(office.path(f"{SCHEDULE}?{query}")).status_code == 200

    def test_it_can_be_printed_with_the_links_in_full(self, office: Office, dora: Browser) -> None:
        with office.arranged() as session:
            address = link(session, virtual(session, office.resource, office.alice, now=office.now))

        page = dora.get(office.path(SCHEDULE)).text

        assert "data-print" in page
        assert f'data-url="{address}"' in page

    def test_it_asks_the_same_number_of_queries_for_2_rows_and_for_40(self, office: Office, dora: Browser) -> None:
        asked: list[object] = []
        engine = office.app.extensions["confab"].database.engine
        sql_event.listen(engine, "before_cursor_execute", lambda *event: asked.append(event[2]))

        def count(rows: int) -> int:
            with office.arranged() as session:
                for _ in range(rows):
                    virtual(session, office.resource, office.alice, now=office.now)
            asked.clear()
            assert dora.get(office.path(SCHEDULE)).status_code == 200
            return len(asked)

        assert count(2) == count(38)


class TestTeacher:
    @pytest.mark.parametrize("level", [Level.VIEWER, Level.MAKER, Level.RESOURCE_ADMINISTRATOR], ids=str)
    def test_only_the_own_appointments_are_listed_with_clickable_links(self, office: Office, level: Level) -> None:
        """R86"""
        with office.arranged() as session:
            session.get_one(Contact, office.folake.id).level = level
            address = link(session, virtual(session, office.resource, office.alice, now=office.now, at=EVENING))
            other_teacher(session, office)
        folake = office.someone(lambda session: session.get_one(Contact, office.folake.id))

        page = folake.get(office.path(SCHEDULE)).text

        assert f'<a class="btn" href="{address}"' in page
        assert "Mia Alvarez" in page
        assert "Noah" not in page
        assert "Bob" not in page

    def test_an_event_administrator_reads_as_a_teacher_what_is_not_granted_to_them(self, office: Office) -> None:
        """R86, R103: as our mails and calendar entries lead them there; of what is granted they read all."""
        with office.arranged() as session:
            mia = virtual(session, office.resource, office.alice, now=office.now, at=EVENING, child_name="Mia Alvarez")
            free = make_slot(session, office.resource, at=EVENING + timedelta(hours=1))
            other_teacher(session, office)
            session.get_one(Contact, office.folake.id).level = Level.EVENT_ADMINISTRATOR
        folake = office.someone(lambda session: session.get_one(Contact, office.folake.id))
        asked, block = f"?event={mia.event_id}", {"deed": "block", "slots": str(free.id), "event": str(mia.event_id)}

        def grant(name: str) -> Event:
            with office.arranged() as session:
                event = make_event(session, office.school, name=name)
                ties = {"school_id": office.school.id, "contact_id": office.folake.id, "event_id": event.id}
                stored(session, Grant(**ties))
            return event

        first = folake.get(office.path(""))
        alone = folake.get(first.headers["Location"]).text
        grant("Spring")
        own = [folake.get(office.path(f"{SCHEDULE}{path}{asked}")).text for path in ("", "/csv")]
        blocked = folake.post(office.path(f"{SCHEDULE}/times"), block)
        office_page = folake.get(office.path(SCHEDULE)).text
        led = folake.get(office.path(f"{asked}&report=master-schedule")).headers["Location"]

        assert first.headers["Location"] == office.path(SCHEDULE)
        assert all("Mia Alvarez" in page and "Noah" not in page for page in (alone, *own))
        assert "1 time is not offered now." in words(folake.get(blocked.headers["Location"]).text)
        assert '<h2 id="h-report">Teachers Schedule, Spring</h2>' in office_page
        assert f'<option value="{mia.event_id}">' in office_page
        assert led == office.path(f"{SCHEDULE}{asked}")
        assert folake.get(office.path(f"reports/master-schedule{asked}")).status_code == 404

    def test_who_tampers_with_the_address_sees_only_the_own(self, office: Office, folake: Browser) -> None:
        """R86"""
        with office.arranged() as session:
            virtual(session, office.resource, office.alice, now=office.now)
            ines = other_teacher(session, office)
            elsewhere = other_teacher(session, office, make_event(session, office.school))

        tampered = folake.get(office.path(f"{SCHEDULE}?event={office.event.id}&teacher={ines.id}"))
        foreign = folake.get(office.path(f"{SCHEDULE}?event={elsewhere.event_id}"))

        assert "Mia Alvarez" in tampered.text
        assert "Noah" not in tampered.text
        assert foreign.status_code == 404

    def test_the_second_teacher_of_a_team_sees_the_same_link_and_who_hosts(self, office: Office) -> None:
        """R64; F32: who hosts is told to sign in to Zoom first, for there is no other start link."""
        with office.arranged() as session:
            ines = make_teacher(session, office.school, "Ines", "Castellanos")
            team = make_resource(session, office.event, office.folake, ines, name="Grade 4 team")
            virtual(session, team, office.alice, now=office.now, at=EVENING)
        sync_links(office.app)
        folake, second = (
            office.someone(lambda session, it=it: session.get_one(Contact, it.id)) for it in (office.folake, ines)
        )

        raw = [browser.get(office.path(SCHEDULE)).text for browser in (folake, second)]
        pages = [words(page) for page in raw]

        [made] = office.zoom.standing()
        assert made.host_key == office.zoom.directory[0].key
        assert all(made.shown().join_url in page for page in raw)
        assert "Sign in to Zoom first: then you are the host." in pages[0]
        assert "Folake Adeyemi is the host." in pages[1]
        assert "then you are the host" not in pages[1]

    def test_the_next_appointment_stands_first_and_all_times_below(self, office: Office, folake: Browser) -> None:
        with office.arranged() as session:
            virtual(session, office.resource, office.alice, now=office.now, at=EVENING)
            in_person = make_slot(session, office.resource, at=EVENING + timedelta(minutes=20))
            make_appointment(session, in_person, office.alice, child_name="Leo Alvarez")
            make_slot(session, office.resource, at=EVENING + timedelta(minutes=40))
            lunch = {"visibility": "unavailable", "message": "Break"}
            make_slot(session, office.resource, at=EVENING + timedelta(minutes=60), **lunch)

        page = words(folake.get(office.path(SCHEDULE)).text)

        assert "Thursday, December 3 2 appointments, 1 online" in page
        assert "Next, in 10 days 4:00 PM, Mia Alvarez With Alice Alvarez." in page
        times = page[page.index("All times") :]
        assert "4:00 PM Mia Alvarez Alice Alvarez Link on the way" in times
        assert "4:20 PM Leo Alvarez Alice Alvarez Room 112 4:40 PM Free 5:00 PM Break" in times

    def test_free_times_can_be_hidden(self, office: Office, folake: Browser) -> None:
        with office.arranged() as session:
            make_slot(session, office.resource)

        shown = folake.get(office.path(SCHEDULE)).text
        hidden = folake.get(office.path(f"{SCHEDULE}?free=hide")).text

        assert "Free<" in shown
        assert "Free<" not in hidden
        assert "Show free times" in hidden

    def test_a_link_that_is_held_up_is_not_called_soon_only(self, office: Office) -> None:
        with office.arranged() as session:
            hugh = make_teacher(session, office.school, "Hugh")
            make_host(session, hugh, state="pending", remote_id="")
            virtual(session, make_resource(session, office.event, hugh), office.alice, now=office.now)
        browser = office.someone(lambda session: session.get_one(Contact, hugh.id))

        page = words(browser.get(office.path(SCHEDULE)).text)

        assert "Link on the way Held up. The office sees why." in page
        assert "Zoom user" not in page

    def test_days_and_events_can_be_chosen_and_the_next_day_is_shown_first(
        self, office: Office, folake: Browser
    ) -> None:
        with office.arranged() as session:
            for day in (-40, 0, 1):
                virtual(session, office.resource, office.alice, now=office.now, at=EVENING + timedelta(days=day))
            spring = make_event(session, office.school, name="Spring")
            make_resource(session, spring, office.folake)

        page = folake.get(office.path(SCHEDULE)).text
        friday = folake.get(office.path(f"{SCHEDULE}?event={office.event.id}&day=2026-12-04")).text
        empty = folake.get(office.path(f"{SCHEDULE}?event={spring.id}")).text

        assert "Thursday, December 3</h1>" in page
        assert 'aria-current="date">Thu, Dec 3</a>' in page
        assert "Friday, December 4</h1>" in friday
        assert "Spring</option>" in page
        assert "You have no times in this event yet." in empty

    def test_a_teacher_without_an_event_is_told_so(self, office: Office) -> None:
        browser = office.someone(lambda session: make_teacher(session, office.school, "New"))

        page = browser.get(office.path(SCHEDULE))

        assert page.status_code == 200
        assert "You are not part of an event yet." in page.text

    def test_merely_signing_in_is_enough_and_out_they_get_too(self, office: Office, folake: Browser) -> None:
        page = folake.get(office.path(SCHEDULE)).text

        assert "Log Out" in page
        assert 'class="as"' not in page
