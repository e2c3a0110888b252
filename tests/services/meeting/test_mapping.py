"""Teachers are matched with the provider's users by address, and what came of it stays until it changes."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from factories import (
    EVENING,
    make_connection,
    make_contact,
    make_event,
    make_host,
    make_resource,
    make_school,
    make_slot,
    make_teacher,
)
from sqlalchemy import event as sql_event
from sqlmodel import Session, select

from webapp.db import Database
from webapp.models import Appointment, Connection, Contact, Host, Meeting, Resource, School
from webapp.providers.base import PasscodeRule, RemoteUser
from webapp.services.booking.consequences import follow
from webapp.services.meeting.affected import appointments_waiting_on
from webapp.services.meeting.mapping import Match, match, store_matches
from webapp.services.meeting.mapping_report import MappingReport, mapping_report
from webapp.services.meeting.teachers import Teacher, teachers_to_map

LATER = timedelta(days=1)


def user(email: str, status: str = "active", key: str = "z1", **values: Any) -> RemoteUser:
    return RemoteUser("" if status == "pending" else key, email, "Somebody", status, **values)


def teacher(email: str | None = "folake@linden.example", number: int = 1) -> Teacher:
    return Teacher(number, "Folake Adeyemi", email)


def booked(session: Session, resource: Resource, parent: Contact, *, now: datetime, **values: Any) -> Appointment:
    n = len(session.exec(select(Appointment)).all())
    slot = make_slot(session, resource, kind="V", at=values.pop("at", EVENING + timedelta(minutes=15 * n)))
    ties = {"school_id": resource.school_id, "event_id": resource.event_id, "resource_id": resource.id}
    defaults = {"contact_id": parent.id, "child_key": f"s{n}", "is_virtual": True, "act": f"act{n}", "booked_at": now}
    appointment = Appointment(**(ties | {"slot_id": slot.id} | defaults | values))
    session.add(appointment)
    session.flush()
    follow(session, [appointment.id or 0], now=now)
    return appointment


def zoom_event(session: Session, school: School, *members: Contact) -> Resource:
    event = make_event(session, school, settings={"provider": "zoom"})
    return make_resource(session, event, *members)


class TestMatch:
    @pytest.mark.parametrize(
        ("found", "state"),
        [
            (user("folake@linden.example"), "mapped"),
            (user("Folake@Linden.EXAMPLE"), "mapped"),
            (user("folake@linden.example", "pending"), "pending"),
            (user("folake@linden.example", "inactive"), "inactive"),
            (user("folake@linden.example", can_host=False), "cannot_host"),
            (user("folake.adeyemi@linden.example"), "not_found"),
        ],
    )
    def test_a_teacher_stands_where_the_user_of_the_same_address_stands(self, found: RemoteUser, state: str) -> None:
        """R14, R16: F3, F4, F6."""
        [matched] = match([teacher()], [found])

        assert matched.state == state
        assert matched.remote_id == ("" if state in {"pending", "not_found"} else "z1")

    def test_a_teacher_without_an_address_cannot_be_matched(self) -> None:
        assert match([teacher(None)], [user("folake@linden.example")]) == [Match(1, "no_email")]

    def test_of_several_users_with_one_address_the_one_who_can_host_counts(self) -> None:
        address = "folake@linden.example"
        users = [user(address, "pending"), user(address, "inactive", "old"), user(address, key="right")]

        assert match([teacher()], users)[0].remote_id == "right"

    def test_a_free_user_is_mapped_and_marked(self) -> None:
        """R58"""
        [matched] = match([teacher()], [user("folake@linden.example", is_basic=True)])

        assert (matched.state, matched.is_basic) == ("mapped", True)

    def test_three_teachers_of_whom_two_are_known(self) -> None:
        """R14"""
        teachers = [teacher(f"t{n}@linden.example", n) for n in (1, 2, 3)]
        users = [user("T1@linden.example", key="a"), user("t3@linden.example", key="c")]

        assert [(found.contact_id, found.state, found.remote_id) for found in match(teachers, users)] == [
            (1, "mapped", "a"),
            (2, "not_found", ""),
            (3, "mapped", "c"),
        ]


class TestTeachers:
    def test_teachers_of_the_roster_and_members_of_resources_are_mapped_and_nobody_else(self, session: Session) -> None:
        school, other = make_school(session), make_school(session)
        folake = make_teacher(session, school)
        counsellor = make_contact(session, school, "Ada", "Brook")
        zoom_event(session, school, counsellor)
        make_contact(session, school)
        make_teacher(session, other)

        assert [one.contact_id for one in teachers_to_map(session, school.id)] == [counsellor.id, folake.id]


class TestAffected:
    def test_only_what_is_ahead_stands_is_virtual_and_uses_the_provider_waits_on_it(
        self, session: Session, now: datetime
    ) -> None:
        school = make_school(session)
        folake, ben, alice = make_teacher(session, school), make_teacher(session, school), make_contact(session, school)
        resource, bens = zoom_event(session, school, folake), zoom_event(session, school, ben)
        typed = make_resource(session, make_event(session, school), folake)
        foreign = make_school(session)
        theirs = zoom_event(session, foreign, make_teacher(session, foreign))
        wanted = booked(session, resource, alice, now=now)
        of_ben = booked(session, bens, alice, now=now)
        booked(session, resource, alice, now=now, is_virtual=False)
        booked(session, resource, alice, now=now, cancelled_at=now)
        booked(session, resource, alice, now=now, at=datetime(2026, 11, 20, 16, 0))
        booked(session, typed, alice, now=now)
        booked(session, theirs, make_contact(session, foreign), now=now)

        everyone = appointments_waiting_on(session, school.id, "zoom", now=now)

        assert everyone == [wanted.id, of_ben.id]
        assert appointments_waiting_on(session, school.id, "zoom", [ben.id], now=now) == [of_ben.id]
        assert appointments_waiting_on(session, school.id, "zoom", [], now=now) == []
        assert appointments_waiting_on(session, school.id, "teams", now=now) == []


class TestStoreMatches:
    def test_what_was_found_is_kept_with_the_time_and_the_rule(self, session: Session, now: datetime) -> None:
        """R14, R92"""
        school = make_school(session)
        make_connection(session, school)
        folake, ben = make_teacher(session, school), make_teacher(session, school)
        rule = PasscodeRule(length=6, only_allow_numeric=True)
        matches = [
            Match(folake.id, "mapped", "z1", "Folake@linden.example", True, rule),
            Match(ben.id, "not_found"),
        ]

        result = store_matches(session, school.id, "zoom", matches, now=now)

        assert (result.mapped, result.not_found, result.changed) == (1, 1, 2)
        host = session.exec(select(Host).where(Host.contact_id == folake.id)).one()
        assert (host.remote_id, host.remote_email, host.is_basic) == ("z1", "Folake@linden.example", True)
        assert '"only_allow_numeric": true' in host.passcode_rule
        assert session.exec(select(Connection)).one().mapped_at == now

    def test_good_rows_are_not_touched_by_mapping_again(self, session: Session, now: datetime) -> None:
        """R17"""
        school = make_school(session)
        make_connection(session, school)
        folake = make_teacher(session, school)
        host = make_host(session, folake, passcode_rule='{"length": 6}')
        before = host.model_dump()

        result = store_matches(
            session, school.id, "zoom", [Match(folake.id, "mapped", host.remote_id, folake.email)], now=now
        )

        assert result.changed == 0
        assert host.model_dump() == before | {"checked_at": now}

    def test_links_are_added_retroactively_for_a_teacher_mapped_later(self, session: Session, now: datetime) -> None:
        """R72, R71: until then there is no link under anybody else."""
        school = make_school(session)
        make_connection(session, school)
        folake, ben = make_teacher(session, school), make_teacher(session, school)
        make_host(session, ben)
        resource = zoom_event(session, school, folake)
        parents = [make_contact(session, school) for _ in range(3)]
        for parent in parents:
            booked(session, resource, parent, now=now)
        waiting = session.exec(select(Meeting)).all()
        assert {(one.problem_code, one.due_at, one.host_key) for one in waiting} == {("not_mapped", None, "")}

        store_matches(session, school.id, "zoom", [Match(folake.id, "mapped", "z9")], now=now + LATER)

        session.expire_all()
        due = session.exec(select(Meeting)).all()
        assert {(one.problem_code, one.due_at, one.host_key) for one in due} == {("", now + LATER, "z9")}
        assert session.info["topics"] >= {"meeting"}

    def test_a_teacher_who_left_blocks_what_has_no_link_yet(self, session: Session, now: datetime) -> None:
        """R69"""
        school = make_school(session)
        make_connection(session, school)
        folake = make_teacher(session, school)
        make_host(session, folake, remote_id="z1")
        booked(session, zoom_event(session, school, folake), make_contact(session, school), now=now)

        store_matches(session, school.id, "zoom", [Match(folake.id, "inactive", "z1")], now=now)

        session.expire_all()
        assert session.exec(select(Meeting)).one().problem_code == "inactive"

    def test_a_rule_that_changed_lets_a_refused_passcode_be_tried_again(self, session: Session, now: datetime) -> None:
        """R94"""
        school = make_school(session)
        make_connection(session, school)
        folake = make_teacher(session, school)
        make_host(session, folake, remote_id="z1", passcode_rule='{"length": 8}')
        booked(session, zoom_event(session, school, folake), make_contact(session, school), now=now)
        refused = session.exec(select(Meeting)).one()
        refused.due_at, refused.problem, refused.problem_code = None, "Refused.", "passcode"
        found = Match(folake.id, "mapped", "z1", rule=PasscodeRule(length=6, only_allow_numeric=True))

        store_matches(session, school.id, "zoom", [found], now=now + LATER)

        session.expire_all()
        assert session.exec(select(Meeting)).one().due_at == now + LATER

    def test_another_user_of_the_same_teacher_does_not_inherit_the_rule(self, session: Session, now: datetime) -> None:
        school = make_school(session)
        folake = make_teacher(session, school)
        host = make_host(session, folake, remote_id="z1", passcode_rule='{"length": 8}')

        store_matches(session, school.id, "zoom", [Match(folake.id, "mapped", "z2")], now=now)

        assert (host.remote_id, host.passcode_rule) == ("z2", "")

    def test_a_contact_deleted_meanwhile_or_of_another_school_is_left_out(
        self, session: Session, now: datetime
    ) -> None:
        school = make_school(session)
        stranger = make_teacher(session, make_school(session))

        result = store_matches(
            session, school.id, "zoom", [Match(99999, "mapped", "z1"), Match(stranger.id, "mapped", "z2")], now=now
        )

        assert result.mapped == 0
        assert session.exec(select(Host)).all() == []


class TestReport:
    def test_each_teacher_is_listed_with_both_addresses(self, session: Session, now: datetime) -> None:
        """R15, R16, R58"""
        school = make_school(session)
        make_connection(session, school, mapped_at=now)
        states = ("mapped", "pending", "inactive", "not_found", "no_email", "cannot_host")
        for n, state in enumerate(states):
            one = make_teacher(session, school, "Teacher", f"{n}", email=f"t{n}@linden.example")
            make_host(session, one, state=state, remote_email=f"z{n}@linden.example", is_basic=True)
        make_teacher(session, school, "Teacher", "9-new", email=None)
        make_contact(session, school, "Alice", "Alvarez")

        report = mapping_report(session, school.id, "zoom")

        assert [row.state for row in report.rows] == [*states, "not_mapped"]
        counts = (report.mapped, report.pending, report.inactive, report.not_found, report.no_email, report.cannot_host)
        assert counts == (1,) * 6
        assert (report.unmapped, report.not_mapped, report.basic, report.mapped_at) == (6, 1, 1, now)
        first, last = report.rows[0], report.rows[-1]
        assert (first.name, first.email, first.remote_email) == ("Teacher 0", "t0@linden.example", "z0@linden.example")
        assert (last.email, last.remote_email, last.checked_at) == ("", "", None)

    def test_it_asks_a_fixed_number_of_queries(self, database: Database, now: datetime) -> None:
        with database.transaction() as session:
            school = make_school(session)
            for _ in range(40):
                make_host(session, make_teacher(session, school))
            school_id = school.id or 0
        asked: list[str] = []
        sql_event.listen(database.engine, "before_cursor_execute", lambda *event: asked.append(event[2]))

        with database.reading() as fresh:
            report = mapping_report(fresh, school_id, "zoom")

        assert len(report.rows) == 40
        assert len([statement for statement in asked if statement.startswith("SELECT")]) == 2

    def test_a_school_that_never_mapped_has_an_empty_report(self, session: Session) -> None:
        assert mapping_report(session, make_school(session).id or 0, "zoom") == MappingReport(None, ())
