"""Log in as teacher: only those who oversee them, never upwards, under both names, and back again."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from app import Browser
from factories import (
    EVENING,
    make_appointment,
    make_contact,
    make_event,
    make_resource,
    make_school,
    make_slot,
    make_teacher,
    stored,
)
from online_office import Office, open_office, time_stands_at, virtual, words
from sqlmodel import select

from webapp import clock
from webapp.csrf import new_key
from webapp.db import Database
from webapp.models import Appointment, Audit, Contact, Grant, Level, Resource, SignIn


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


@pytest.fixture
def dora(office: Office) -> Browser:
    return office.dora()


def act(office: Office, browser: Browser, contact: Contact | None = None) -> Any:
    return browser.post(office.path(f"as/{(contact or office.folake).id}"))


def contact_in(office: Office, **values: Any) -> Contact:
    with office.arranged() as session:
        return make_contact(session, office.school, "Somebody", **values)


def teaching_elsewhere(office: Office) -> Resource:
    """Folake, a Resource Administrator with what she teaches granted to her, sees Noah in Spring, a day before."""
    with office.arranged() as session:
        folake = session.get_one(Contact, office.folake.id)
        folake.level = Level.RESOURCE_ADMINISTRATOR
        resource = make_resource(session, make_event(session, office.school, name="Spring"), folake)
        for own in (office.resource, resource):
            stored(session, Grant(school_id=office.school.id, contact_id=folake.id or 0, resource_id=own.id))
        slot = make_slot(session, resource, at=EVENING - timedelta(days=1))
        bob = make_contact(session, office.school, "Bob")
        make_appointment(session, slot, bob, child_name="Noah", problem="slot_removed")
    return resource


def secret_of(browser: Browser) -> str:
    with browser.client.session_transaction() as cookie:
        return str(cookie["_user_id"])


def audited(office: Office, action: str) -> list[Audit]:
    with office.database.reading() as session:
        return list(session.exec(select(Audit).where(Audit.action == action)))


class TestGoing:
    def test_the_administrator_lands_on_the_teachers_schedule_under_a_banner(
        self, office: Office, dora: Browser
    ) -> None:
        """R32"""
        with office.arranged() as session:
            virtual(session, office.resource, office.alice, now=office.now)

        answer = act(office, dora)
        page = dora.get(answer.headers["Location"])

        assert (answer.status_code, answer.headers["Location"]) == (303, office.path("reports/teachers-schedule"))
        assert "Logged in as Folake Adeyemi You are Dora Alvarez. Both names go into the log." in words(page.text)
        assert "Ends at 9:30 AM." in words(page.text)
        assert f'action="{office.path("return")}"' in page.text
        assert "Mia Alvarez" in page.text

    def test_both_identities_stand_in_the_audit(self, office: Office, dora: Browser) -> None:
        """R32"""
        act(office, dora)
        dora.post(office.path("return"))

        [start], [end] = audited(office, "log_in_as.start"), audited(office, "log_in_as.end")

        assert (start.acting_as_id, start.school_id) == (office.folake.id, office.school.id)
        assert start.login_id is not None
        assert start.login_id != office.folake.login_id
        assert (end.login_id, end.acting_as_id) == (start.login_id, start.acting_as_id)

    def test_it_is_never_a_get(self, office: Office, dora: Browser) -> None:
        """LOGIN-035"""
        assert dora.get(office.path(f"as/{office.folake.id}")).status_code == 405

    def test_without_the_sessions_value_nothing_happens(self, office: Office, dora: Browser) -> None:
        """LOGIN-036"""
        answer = dora.post(office.path(f"as/{office.folake.id}"), {"csrf": "guessed"})

        assert answer.status_code == 403
        assert audited(office, "log_in_as.start") == []

    def test_the_secret_of_before_is_worthless_after_going_and_after_returning(
        self, office: Office, dora: Browser
    ) -> None:
        """LOGIN-045"""
        first = secret_of(dora)
        act(office, dora)
        second = secret_of(dora)
        dora.post(office.path("return"))

        assert len({first, second, secret_of(dora)}) == 3
        for old in (first, second):
            thief = Browser(office.app)
            with thief.client.session_transaction() as cookie:
                cookie["_user_id"] = old
            assert thief.get(office.path()).headers["Location"].startswith("/sign-in")

    def test_what_is_changed_meanwhile_stands_under_both_names(self, office: Office, dora: Browser) -> None:
        """LOGIN-042: who acts as them may change what the teacher may, slots but no room, and the audit names both."""
        with office.arranged() as session:
            folake = session.get_one(Contact, office.folake.id)
            folake.level = Level.RESOURCE_ADMINISTRATOR
            stored(
                session, Grant(school_id=office.school.id, contact_id=folake.id or 0, resource_id=office.resource.id)
            )
        act(office, dora)
        at = office.path(f"e/{office.event.id}")
        link = {"url": "https://meet.example/folake", "was": ""}
        typed = {"dates": "2026-12-03", "who": "all", "from_time": "16:00", "to_time": "17:00", "duration": "15"}
        counted = dora.post(f"{at}/slots/create/preview", typed, htmx=True).text
        hidden = {name: re.findall(rf'name="{name}" value="([^"]+)"', counted)[0] for name in ("key", "promise")}

        made = dora.post(f"{at}/slots/create", typed | hidden)
        typed_link = dora.post(f"{at}/t/{office.resource.id}/vr", link, htmx=True)

        assert (made.status_code, typed_link.status_code) == (303, 403)
        [start], [created] = audited(office, "log_in_as.start"), audited(office, "slots.create")
        assert (created.login_id, created.acting_as_id) == (start.login_id, office.folake.id)


class TestWho:
    @pytest.mark.parametrize("level", [Level.EVENT_ADMINISTRATOR, Level.ADMINISTRATOR], ids=str)
    def test_another_administrator_cannot_be_acted_as(self, office: Office, dora: Browser, level: Level) -> None:
        """LOGIN-038"""
        assert act(office, dora, contact_in(office, level=level)).status_code == 403

    def test_nor_can_oneself(self, office: Office) -> None:
        """LOGIN-038"""
        contact = contact_in(office, level=Level.ADMINISTRATOR)
        browser = office.someone(lambda session: session.get_one(Contact, contact.id))

        assert act(office, browser, contact).status_code == 403

    def test_a_teacher_who_was_added_by_hand_is_offered_and_acted_as(self, office: Office, dora: Browser) -> None:
        """R32, R37: Add Teacher > Add New gives nobody a TeacherID."""
        ines = contact_in(office, level=Level.VIEWER)
        with office.arranged() as session:
            make_slot(session, make_resource(session, office.event, session.get_one(Contact, ines.id)), kind="V")
        offered = dora.get(office.path()).text

        answer = act(office, dora, ines)

        assert f'id="act-{ines.id}"' in offered
        assert answer.status_code == 303
        assert "Logged in as Somebody" in words(dora.get(answer.headers["Location"]).text)

    def test_nor_a_parent_nor_a_teacher_who_may_not_sign_in(self, office: Office, dora: Browser) -> None:
        with office.arranged() as session:
            demoted = make_teacher(session, office.school, "Ines", level=Level.CUSTOMER)

        assert act(office, dora, office.alice).status_code == 403
        assert act(office, dora, demoted).status_code == 403

    def test_a_teacher_of_another_school_is_not_found(self, office: Office, dora: Browser) -> None:
        with office.arranged() as session:
            foreign = make_teacher(session, make_school(session))

        assert act(office, dora, foreign).status_code == 404
        assert dora.post(office.path("as/999999")).status_code == 404

    @pytest.mark.parametrize("level", [Level.VIEWER, Level.MAKER, Level.RESOURCE_ADMINISTRATOR], ids=str)
    def test_other_staff_are_refused(self, office: Office, level: Level) -> None:
        """R32"""
        browser = office.someone(lambda session: make_contact(session, office.school, level=level))

        assert act(office, browser).status_code == 403

    def test_an_event_administrator_may_be_the_teachers_of_granted_events_only(self, office: Office) -> None:
        """R32"""
        with office.arranged() as session:
            other = make_event(session, office.school)
            ines = make_teacher(session, office.school, "Ines")
            make_resource(session, other, ines)
        dan = office.event_administrator(other)

        assert act(office, dan).status_code == 403
        assert act(office, dan, ines).status_code == 303

    def test_one_who_acts_cannot_go_on_to_another(self, office: Office, dora: Browser) -> None:
        with office.arranged() as session:
            ines = make_teacher(session, office.school, "Ines")
        act(office, dora)

        assert act(office, dora, ines).status_code == 403


class TestMeanwhile:
    @pytest.mark.parametrize(
        "rest", ["setup/business", "zoom/connect", "online-meetings", "importer", "events", "online-meetings/issues"]
    )
    def test_the_rights_are_the_teachers(self, office: Office, dora: Browser, rest: str) -> None:
        """LOGIN-041"""
        assert dora.get(office.path(rest)).status_code != 403

        act(office, dora)

        assert dora.get(office.path(rest)).status_code == 403

    @pytest.mark.parametrize("rest", ["zoom/map", "zoom/disconnect", "online-meetings/retry"])
    def test_nothing_of_the_offices_can_be_sent(self, office: Office, dora: Browser, rest: str) -> None:
        """LOGIN-041"""
        act(office, dora)

        assert dora.post(office.path(rest)).status_code == 403

    def test_the_banner_stands_on_the_page_once_and_there_is_no_log_out(self, office: Office, dora: Browser) -> None:
        act(office, dora)

        page = dora.get(office.path("reports/teachers-schedule")).text

        assert page.count('class="as"') == 1
        assert "Log Out" not in page

    def test_it_ends_by_itself_after_half_an_hour(self, office: Office, dora: Browser) -> None:
        act(office, dora)
        clock.move(clock.now() + timedelta(minutes=31) - datetime.now(tz=office.now.tzinfo))

        page = dora.get(office.path())

        assert page.status_code == 200
        assert 'class="as"' not in page.text

    @pytest.mark.parametrize("level", [Level.VIEWER, Level.CUSTOMER], ids=str)
    def test_it_ends_when_the_administrators_level_is_taken_away(self, office: Office, level: Level) -> None:
        """LOGIN-044"""
        contact = contact_in(office, level=Level.ADMINISTRATOR)
        browser = office.someone(lambda session: session.get_one(Contact, contact.id))
        act(office, browser)

        with office.arranged() as session:
            session.get_one(Contact, contact.id).level = level
        answer = browser.get(office.path("reports/teachers-schedule"))

        assert answer.status_code == (200 if level else 404)
        assert 'class="as"' not in answer.text
        assert "Folake" not in answer.text

    def test_an_event_administrator_gets_nowhere_in_the_teachers_other_events(self, office: Office) -> None:
        """PRODUCT 3.11: of that event only."""
        with office.arranged() as session:
            folake = session.get_one(Contact, office.folake.id)
            folake.level = Level.RESOURCE_ADMINISTRATOR
            other = make_event(session, office.school)
            theirs = make_resource(session, other, folake)
            for resource in (office.resource, theirs):
                stored(session, Grant(school_id=office.school.id, contact_id=folake.id, resource_id=resource.id))
            pages = [f"e/{office.event.id}/slots/create", f"e/{other.id}/slots/create", f"e/{other.id}/make"]
        dan, dora = office.event_administrator(office.event), office.dora()
        for browser in (dan, dora):
            act(office, browser)

        seen = [[browser.get(office.path(page)).status_code for page in pages] for browser in (dan, dora)]

        assert seen == [[200, 404, 404], [200, 200, 200]]

    def test_pages_that_name_no_event_show_an_event_administrator_the_granted_ones_alone(self, office: Office) -> None:
        """PRODUCT 3.11, RELIABILITY T5: not what the teacher has elsewhere, though it comes first and is theirs."""
        elsewhere = teaching_elsewhere(office)
        with office.arranged() as session:
            virtual(session, office.resource, office.alice, now=office.now, problem="slot_removed")
        dan, dora = office.event_administrator(office.event), office.dora()
        for browser in (dan, dora):
            act(office, browser)
        schedule = "reports/teachers-schedule"
        asked = f"?event={elsewhere.event_id}"
        files = [f"{schedule}/csv", f"{schedule}/printable"]

        shown = [
            dan.get(office.path(path)) for path in (schedule, *files, f"{schedule}/times", "appointments", "events")
        ]
        refused = [dan.get(office.path(f"{path}{asked}")) for path in (schedule, *files, f"{schedule}/times")]

        assert [page.status_code for page in shown] == [200] * len(shown)
        assert all("Noah" not in page.text and "Spring" not in page.text for page in shown)
        assert "1 appointment has a problem" in words(shown[-1].text)
        assert [page.status_code for page in refused] == [404] * len(refused)
        assert dan.get(office.path(f"appointments{asked}")).status_code == 404
        assert "Noah" in dora.get(office.path(f"appointments{asked}")).text
        assert "2 appointments have a problem" in words(dora.get(office.path("events")).text)

    def test_an_event_administrator_changes_nothing_of_the_teachers_other_events(self, office: Office) -> None:
        """PRODUCT 3.11, RELIABILITY T5"""
        elsewhere = teaching_elsewhere(office)
        with office.arranged() as session:
            free = make_slot(session, session.merge(elsewhere), at=EVENING + timedelta(hours=3))
            booked = session.exec(select(Appointment).where(Appointment.resource_id == elsewhere.id)).one()
        dan, dora = office.event_administrator(office.event), office.dora()
        block, cancel = {"deed": "block", "slots": str(free.id)}, {"deed": "delete", "a": str(booked.id)}

        answers = []
        for browser in (dan, dora):
            act(office, browser)
            answers += [browser.post(office.path("appointments/selected"), cancel).status_code]
            with office.app.app_context():
                counted = cancel | {"number": "1", "key": new_key()}
            answers += [browser.post(office.path("appointments/do"), counted).status_code]
            answers += [browser.post(office.path("reports/teachers-schedule/times"), block).status_code]

        assert answers == [404, 404, 404, 200, 303, 303]

    def test_no_rights_rise_when_the_teacher_becomes_an_administrator(self, office: Office) -> None:
        dan = office.event_administrator(office.event)
        act(office, dan)

        with office.arranged() as session:
            session.get_one(Contact, office.folake.id).level = Level.ADMINISTRATOR

        assert dan.get(office.path("setup/business")).status_code == 403

    def test_it_reaches_no_other_school(self, office: Office) -> None:
        with office.arranged() as session:
            elsewhere = make_school(session)
            contact = make_contact(session, office.school, "Dora", level=Level.ADMINISTRATOR)
            login_there = make_contact(session, elsewhere, "Dora", level=Level.VIEWER, email=contact.email)
        browser = office.someone(lambda session: session.get_one(Contact, contact.id))
        with office.arranged() as session:
            login = session.get_one(Contact, contact.id).login_id
            session.get_one(Contact, login_there.id).login_id = login
        act(office, browser)

        page = browser.get(f"/s/{elsewhere.slug}/reports/teachers-schedule")

        assert page.status_code == 200
        assert 'class="as"' not in page.text


class TestReturning:
    def test_return_leads_back_to_online_meetings_with_the_own_rights(self, office: Office, dora: Browser) -> None:
        """R32, LOGIN-045"""
        act(office, dora)

        answer = dora.post(office.path("return"))
        page = dora.get(answer.headers["Location"])

        assert (answer.status_code, answer.headers["Location"]) == (303, office.path())
        assert page.status_code == 200
        assert 'class="as"' not in page.text
        with office.database.reading() as session:
            assert session.exec(select(SignIn.acting_as_id).where(SignIn.acting_as_id != None)).all() == []  # noqa: E711

    def test_return_without_acting_changes_nothing(self, office: Office, dora: Browser) -> None:
        before = secret_of(dora)

        answer = dora.post(office.path("return"))

        assert answer.status_code == 303
        assert secret_of(dora) == before
        assert audited(office, "log_in_as.end") == []

    def test_return_is_never_a_get_and_wants_the_sessions_value(self, office: Office, dora: Browser) -> None:
        act(office, dora)

        assert dora.get(office.path("return")).status_code == 405
        assert dora.post(office.path("return"), {"csrf": "guessed"}).status_code == 403
        assert len(audited(office, "log_in_as.end")) == 0

    def test_it_works_although_the_grant_is_gone(self, office: Office) -> None:
        dan = office.event_administrator(office.event)
        act(office, dan)
        with office.arranged() as session:
            session.delete(session.exec(select(Grant)).one())

        assert dan.post(office.path("return")).status_code == 303
        assert 'class="as"' not in dan.get(office.path()).text


def test_a_grant_of_one_resource_is_not_a_grant_of_its_event(office: Office) -> None:
    def arrange(session: Any) -> Contact:
        contact = make_contact(session, office.school, "Dan", level=Level.EVENT_ADMINISTRATOR)
        grant = Grant(school_id=office.school.id, contact_id=contact.id, resource_id=office.resource.id)
        stored(session, grant)
        return contact

    assert act(office, office.someone(arrange)).status_code == 403
