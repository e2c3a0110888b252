"""A mapping made by hand stands by the user's id, through every later mapping, and no user serves two teachers."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from factories import make_connection, make_contact, make_school, make_teacher
from fakes import FakeMailer, FakeMeetings
from sqlalchemy import event as sql_event
from sqlmodel import Session, select

from webapp.db import Database
from webapp.errors import Invalid, NotFound, ProviderError
from webapp.models import AccountUser, Audit, Connection, Contact, Host, Level, Message, School, Task
from webapp.providers.base import Providers, RemoteUser
from webapp.services.meeting.account_users import MOST_SHOWN, sought_users, store_users
from webapp.services.meeting.map_contacts import run_mapping, start_mapping, wish_mapping
from webapp.services.meeting.map_teacher import Failure, failed_lookup, run_lookup, start_lookup
from webapp.services.meeting.mapping import match
from webapp.services.meeting.mapping_due import next_night, start_due_mappings
from webapp.services.meeting.mapping_report import mapping_report
from webapp.services.meeting.pick import UserTaken, pick_user, teacher_of, unpick
from webapp.services.meeting.teachers import Teacher
from webapp.services.message.compose import compose
from webapp.services.people.notified import Notified, choose_notified, notification_contacts
from webapp.services.system.audit import Who
from webapp.services.system.errand import claim_due

DORA = Who(login_id=1)


class Town:
    """A connected school with two teachers, Folake and Hugh, and the account's users behind a fake."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.database, self.now, self.zoom = database, now, FakeMeetings()
        self.providers = Providers({"zoom": self.zoom.for_store}, {}, {}, FakeMailer())
        with database.transaction() as session:
            school = make_school(session)
            make_connection(session, school)
            make_contact(session, school, "Dora", level=Level.ADMINISTRATOR, email="dora@linden.example")
            self.folake = make_teacher(session, school, "Folake", "Adeyemi", email="folake@linden.example").id or 0
            self.hugh = make_teacher(session, school, "Hugh", "Barlow", email="hugh@linden.example").id or 0
            self.school = school.id or 0

    def map(self) -> None:
        with self.database.transaction() as session:
            start_mapping(session, self.school, "zoom", None, self.now)
        self.run(run_mapping)

    def look_up(self, contact: int) -> None:
        with self.database.transaction() as session:
            start_lookup(session, session.get_one(Contact, contact), "zoom", None, self.now)
        self.run(run_lookup)

    def run(self, work: Callable[..., None]) -> None:
        with self.database.transaction() as session:
            claims = claim_due(session, Task, now=self.now)
        for claim in claims:
            work(self.database, self.providers, claim, lambda: self.now)

    def pick(self, contact: int, user: RemoteUser) -> None:
        with self.database.transaction() as session:
            pick_user(session, teacher_of(session, self.school, contact), "zoom", user.key, who=DORA, now=self.now)

    def host(self, contact: int) -> Host:
        with self.database.reading() as session:
            return session.exec(select(Host).where(Host.contact_id == contact)).one()

    def failure(self, contact: int) -> Failure | None:
        with self.database.reading() as session:
            return failed_lookup(session, session.get_one(Contact, contact), "zoom")

    def mails(self) -> list[Message]:
        with self.database.reading() as session:
            return list(session.exec(select(Message)))


@pytest.fixture
def town(database: Database, now: datetime) -> Town:
    return Town(database, now)


def test_a_pick_stands_through_a_mapping_and_a_change_of_address_and_ends_by_hand(town: Town) -> None:
    """R16, R17, F4"""
    own = town.zoom.add_user("folake@linden.example")
    other = town.zoom.add_user("f.adeyemi@linden.example")
    town.map()
    town.pick(town.folake, other)
    town.zoom.directory[1] = RemoteUser(other.key, "married@linden.example", "Folake", "active")

    town.map()

    assert (town.host(town.folake).remote_id, town.host(town.folake).remote_email) == (
        other.key,
        "married@linden.example",
    )
    with town.database.transaction() as session:
        unpick(session, teacher_of(session, town.school, town.folake), "zoom", who=DORA, now=town.now)
    assert town.host(town.folake).remote_id == own.key
    assert town.host(town.folake).picked_at is None
    with town.database.reading() as session:
        actions = session.exec(select(Audit.action).order_by(Audit.id)).all()
    assert list(actions) == ["mapping.picked", "mapping.unpicked"]


def test_a_picked_user_who_is_gone_is_named_and_nobody_else_is_taken(town: Town) -> None:
    """R71"""
    town.zoom.add_user("folake@linden.example")
    other = town.zoom.add_user("f.adeyemi@linden.example")
    town.map()
    town.pick(town.folake, other)
    town.zoom.directory.remove(other)

    town.map()

    host = town.host(town.folake)
    assert (host.state, host.remote_id, host.remote_email) == ("vanished", other.key, "f.adeyemi@linden.example")


def test_no_user_serves_two_teachers(town: Town) -> None:
    """R63, R71: a host holds one meeting at a time."""
    hughs = town.zoom.add_user("hugh@linden.example")
    town.map()

    with pytest.raises(UserTaken) as refused:
        town.pick(town.folake, hughs)

    assert refused.value.values == {"name": "Hugh Barlow"}
    matches = match(
        [Teacher(1, "Folake", "folake@x.example"), Teacher(2, "Hugh", "hugh@linden.example")],
        town.zoom.directory,
        {1: hughs.key},
    )
    assert [(found.state, found.remote_id) for found in matches] == [("mapped", hughs.key), ("taken", "")]


def test_who_cannot_host_or_is_unknown_or_of_another_school_is_refused(town: Town) -> None:
    basic = town.zoom.add_user("a@linden.example", can_host=False)
    gone = town.zoom.add_user("b@linden.example", status="inactive")
    town.map()
    with town.database.transaction() as session:
        other = make_school(session)
        store_users(session, other.id or 0, "zoom", [RemoteUser("theirs", "t@x.example", "T", "active")])
        stranger = make_teacher(session, other).id or 0

    for user in (basic, gone, RemoteUser("theirs", "", "", "active"), RemoteUser("", "", "", "active")):
        with pytest.raises(Invalid):
            town.pick(town.folake, user)
    with pytest.raises(NotFound):
        town.pick(stranger, basic)


def test_a_pick_during_a_run_is_not_undone_by_it(town: Town) -> None:
    town.zoom.add_user("folake@linden.example")
    other = town.zoom.add_user("f.adeyemi@linden.example")
    town.map()
    town.zoom.on_call = lambda method: town.pick(town.folake, other) if method == "passcode_rule" else None

    town.map()

    assert town.host(town.folake).remote_id == other.key


def test_one_teacher_is_looked_up_alone(town: Town) -> None:
    """R70, R72"""
    town.map()
    user = town.zoom.add_user("folake@linden.example")
    town.zoom.calls.clear()

    town.look_up(town.folake)

    assert (town.host(town.folake).state, town.host(town.folake).remote_id) == ("mapped", user.key)
    assert town.zoom.calls == ["user", "passcode_rule"]
    town.zoom.directory.clear()
    town.look_up(town.folake)
    assert town.host(town.folake).state == "not_found"
    with town.database.reading() as session:
        assert session.exec(select(AccountUser)).all() == []


def test_a_look_up_that_failed_is_told_until_the_teacher_was_looked_at_again(town: Town) -> None:
    """R70, RELIABILITY 2.3: nothing given up vanishes; another teacher's page has nothing of it."""
    town.map()
    town.zoom.fail("user", ProviderError("Zoom asks for %(n)s.", retry=False, code="refused", n="more"))
    town.now += timedelta(minutes=1)
    town.look_up(town.folake)
    told = [town.failure(town.folake), town.failure(town.hugh)]

    town.now += timedelta(minutes=1)
    town.look_up(town.folake)

    assert told == [Failure("Zoom asks for %(n)s.", {"n": "more"}, town.now - timedelta(minutes=1)), None]
    assert town.failure(town.folake) is None


def test_near_misses_are_stored_with_the_mapping_and_shown_while_they_are_free(town: Town) -> None:
    """F4"""
    near = town.zoom.add_user("folake@zoom-linden.example")
    town.map()

    assert json.loads(town.host(town.folake).suggested) == [near.key]
    town.pick(town.hugh, near)
    with town.database.reading() as session:
        rows = {row.contact_id: row for row in mapping_report(session, town.school, "zoom").rows}
    assert rows[town.folake].suggested == ()
    assert rows[town.hugh].is_picked


def test_thousands_of_users_are_mapped_by_few_statements_and_found_by_search(town: Town) -> None:
    """R14, F4"""
    with town.database.transaction() as session:
        school = session.get_one(School, town.school)
        for n in range(30):
            make_teacher(session, school, f"First{n}", f"Last{n}", email=f"t{n}@linden.example")
    for n in range(5000):
        town.zoom.directory.append(RemoteUser(f"k{n}", f"T{n}@linden.example", f"Person {n}", "active"))
    town.zoom.directory.append(town.zoom.directory[0])  # pages that overlap
    statements: list[str] = []
    sql_event.listen(town.database.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))

    town.map()

    assert len(statements) < 130
    with town.database.reading() as session:
        found = sought_users(session, town.school, "zoom", "PERSON 499", contact_id=town.folake)
        everybody = sought_users(session, town.school, "zoom", "", contact_id=town.folake)
        wild = sought_users(session, town.school, "zoom", "%", contact_id=town.folake)
    assert {"k499", "k4990", "k4999"} <= {choice.key for choice in found}
    assert (len(found), len(everybody), wild) == (15, MOST_SHOWN, [])


@pytest.mark.both_databases
def test_many_wishes_become_one_run_and_one_a_night(town: Town) -> None:
    """Of two processes that tick, one starts it."""
    with town.database.transaction() as session:
        start_due_mappings(session, now=town.now)
        for _ in range(3):
            wish_mapping(session, town.school, town.now)
    soon = town.now + timedelta(seconds=31)

    for _ in range(2):
        with town.database.transaction() as session:
            start_due_mappings(session, now=soon)

    with town.database.reading() as session:
        assert len(session.exec(select(Task)).all()) == 1
        due = session.exec(select(Connection.map_due_at)).one()
    assert due is not None
    assert due > soon


def test_a_wish_during_a_run_gets_a_run_after_it(town: Town) -> None:
    with town.database.transaction() as session:
        first = start_mapping(session, town.school, "zoom", None, town.now).id
        session.exec(select(Connection)).one().map_due_at = town.now + timedelta(days=1)
        wish_mapping(session, town.school, town.now)
        start_due_mappings(session, now=town.now + timedelta(seconds=40))
        assert len(session.exec(select(Task)).all()) == 1
        task = session.get_one(Task, first)
        task.due_at, task.ended_at = None, town.now
        start_due_mappings(session, now=town.now + timedelta(minutes=3))
        assert len(session.exec(select(Task)).all()) == 2


@pytest.mark.parametrize(("hour", "day"), [(2, 14), (3, 15), (20, 15)])
def test_the_night_is_the_schools_own_and_comes_once_a_day(hour: int, day: int, now: datetime) -> None:
    here = datetime(2026, 3, 14, hour, 30, tzinfo=now.tzinfo)

    night = next_night("UTC", now=here)

    assert (night.day, night.hour in {3, 4}) == (day, True)


class TestReport:
    def test_a_run_that_finds_news_is_told_once(self, town: Town) -> None:
        """R68: one per run, and not again while nothing changed."""
        hughs = town.zoom.add_user("hugh@linden.example")
        for _ in range(2):
            town.map()
        assert [mail.recipient for mail in town.mails()] == ["dora@linden.example"]
        town.zoom.directory.remove(hughs)
        town.map()
        assert len(town.mails()) == 2
        town.zoom.add_user("folake@linden.example")
        town.zoom.add_user("hugh@linden.example")
        town.map()
        assert len(town.mails()) == 2

    def test_it_has_the_five_parts_and_both_addresses(self, town: Town) -> None:
        """R69, R70"""
        town.zoom.add_user("hugh@linden.example")
        town.map()
        [message] = town.mails()

        with town.database.reading() as session:
            draft = compose(session, message, base_url="https://confab.example", now=message.created_at)

        assert draft is not None
        mail = draft.mail
        assert mail.subject == "Confab and Zoom Synchronization Errors"
        said = (
            "Other Error: Confab User: Folake Adeyemi, folake@linden.example, Zoom User ID: none was not found in Zoom "
            "or is not active. Check Pending Users section of your Zoom Account."
        )
        for text in (mail.text, mail.html):
            assert said in text
            assert "Email here: folake@linden.example" in text
            assert "Email in Zoom: None found" in text
            assert f"/zoom/teachers/{town.folake}" in text
            assert "Hugh" not in text

    def test_it_goes_to_the_contacts_chosen(self, session: Session) -> None:
        school = make_school(session)
        chosen = Notified(notified="It@Linden.example, office@linden.example\n")
        choose_notified(session, school.id or 0, chosen, who=DORA, now=school.created_at)

        assert notification_contacts(session, school.id or 0) == ["it@linden.example", "office@linden.example"]

    @pytest.mark.parametrize("typed", ["nobody", "a@b", "a@b.example\r\nBcc: x", "<a@b.example>"])
    def test_what_is_no_address_is_refused(self, typed: str) -> None:
        with pytest.raises(ValueError, match="email addresses"):
            Notified(notified=typed)
