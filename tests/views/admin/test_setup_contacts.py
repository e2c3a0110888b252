"""Global Setup / Contacts: links for many, levels for many, and removing a level without anybody who is needed."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from event_office import EVENING, Office, hidden_value, open_office, words
from factories import make_contact, make_school, make_student
from online_office import time_stands_at
from statements import statements

from jobs.mail_delivery import deliver_mail
from webapp import clock
from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Appointment, Audit, Contact, Level, Login, SignInLink, Slot, Student
from webapp.services.people.accounts import login_for
from webapp.services.people.sign_in import STAFF_STAYS, signed_in, start_sign_in


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def page_of(office: Office, **asked: Any) -> str:
    answer = office.dora.get(f"{office.base}/setup/contacts", query_string=asked)
    assert answer.status_code == 200
    return str(answer.text)


def named(office: Office, *firsts: str) -> list[Contact]:
    return [next(row for row in office.all(Contact) if row.first == first) for first in firsts]


def send(office: Office, deed: str, *people: Contact, **typed: Any) -> Any:
    ids = [person.id for person in people]
    return office.dora.post(f"{office.base}/setup/contacts/{deed}", {"people": ids, **typed})


def mail(office: Office, *people: Contact, **typed: Any) -> Any:
    return send(office, "links", *people, key=hidden_value(page_of(office), "key"), **typed)


def levels(office: Office) -> dict[str, int]:
    return {row.first: row.level for row in office.all(Contact)}


class TestLinks:
    def test_those_ticked_get_one_each_and_the_page_counts_them_as_they_leave(self, office: Office) -> None:
        """RELIABILITY T9"""
        before = mail(office, *named(office, "Folake", "Hugh"))
        waiting = words(office.dora.get(before.location).text)
        deliver_mail(office.app)
        done = office.dora.get(before.location).text

        assert len(office.all(SignInLink)) == 2
        assert "Sign-in links: 0 of 2 mailed" in waiting
        assert "Sign-in links: 2 of 2 mailed" in words(done)
        assert "hx-trigger" not in done[done.index('id="links-progress"') :].partition(">")[0]

    def test_all_of_the_list_are_all_of_the_level_and_of_this_school(self, office: Office) -> None:
        """RELIABILITY T6"""
        with office.arranged() as session:
            make_contact(session, make_school(session), "Elsewhere", level=Level.VIEWER)
            make_contact(session, office.school, "Maker", level=Level.MAKER)

        mail(office, who="all", of="1")

        mailed = {row.contact_id for row in office.all(SignInLink)}
        assert mailed == {row.id for row in named(office, "Folake", "Hugh")}

    def test_the_same_form_twice_mails_once(self, office: Office) -> None:
        """ADMIN-024, RELIABILITY D2"""
        key = hidden_value(page_of(office), "key")
        ids = [person.id for person in named(office, "Folake")]

        first, second = (
            office.dora.post(f"{office.base}/setup/contacts/links", {"people": ids, "key": key}) for _ in range(2)
        )

        assert (first.status_code, first.location) == (second.status_code, second.location)
        assert len(office.all(SignInLink)) == 1

    def test_a_refused_address_is_counted_and_the_others_go(self, office: Office) -> None:
        answer = mail(office, *named(office, "Folake", "Hugh"))
        office.app.extensions["confab"].providers.mailer.fail("send", ProviderError("no", retry=False))
        deliver_mail(office.app)

        assert "1 of 2 mailed 1 address was refused." in words(office.dora.get(answer.location).text)

    def test_nobody_and_somebody_of_another_school_are_refused(self, office: Office) -> None:
        with office.arranged() as session:
            foreign = make_contact(session, make_school(session), "Elsewhere", level=Level.VIEWER)

        answers = [mail(office), mail(office, foreign), mail(office, office.alice)]

        assert [answer.status_code for answer in answers] == [422] * 3
        assert "Choose at least one." in words(answers[0].text)
        assert office.all(SignInLink) == []

    def test_the_list_asks_the_same_number_of_queries_whatever_its_length(self, office: Office) -> None:
        with statements(office.app) as few:
            page_of(office)
        with office.arranged() as session:
            for n in range(120):
                make_contact(session, office.school, f"T{n}", level=Level.VIEWER)
        with statements(office.app) as many:
            page_of(office)

        assert len(few) == len(many)
        assert "Page 1 of 2" in words(page_of(office))

    def test_a_new_administrator_is_invited_by_mail(self, office: Office) -> None:
        add = f"{office.base}/contacts/add/admin"
        typed = {"last": "Okafor", "first": "Ines", "email": "ines@linden.example", "level": "5", "invite": "1"}

        office.dora.post(add, typed | {"key": office.dora.key(add)})
        deliver_mail(office.app)

        [sent] = office.app.extensions["confab"].providers.mailer.sent_to("ines@linden.example")
        assert re.search(r"/link/[0-9a-f]{40}", sent.text)


class TestLevels:
    def test_the_deed_is_shown_with_names_and_count_before_it_is_done(self, office: Office) -> None:
        asked = send(office, "level", *named(office, "Folake", "Hugh"), level="2")
        before = levels(office)
        done = send(office, "level", *named(office, "Folake", "Hugh"), level="2", confirmed="1")

        assert "These 2 people become Appointment Maker: Folake Adeyemi" in words(asked.text)
        assert before["Folake"] == Level.VIEWER
        assert done.status_code == 303
        assert levels(office) == before | {"Folake": Level.MAKER, "Hugh": Level.MAKER}
        assert [row.detail for row in office.all(Audit) if row.action == "contact.level"] == [
            '{"was": 1, "level": 2}'
        ] * 2

    def test_it_is_asked_who_is_there_once_the_sign_in_is_old(self, office: Office) -> None:
        """RELIABILITY T5, LOGIN-039"""
        clock.move(clock.now() + timedelta(minutes=11) - datetime.now(tz=office.now.tzinfo))

        answer = send(office, "level", *named(office, "Folake"), level="5", confirmed="1")

        assert answer.status_code == 403
        assert "Confirm that it is you" in words(answer.text)
        assert levels(office)["Folake"] == Level.VIEWER

    def test_the_own_level_stays_so_that_a_school_keeps_an_administrator(self, office: Office) -> None:
        send(office, "level", who="all", level="1", confirmed="1")

        assert levels(office)["Dora"] == Level.ADMINISTRATOR

    def test_one_who_could_not_sign_in_stops_all(self, office: Office) -> None:
        with office.arranged() as session:
            nobody = make_contact(session, office.school, "Zoe", "Z", email=None, level=Level.VIEWER)

        answer = send(office, "level", *named(office, "Folake"), nobody, level="2", confirmed="1")

        assert answer.status_code == 422
        assert "Zoe Z has no email and could not sign in. Nothing was changed." in words(answer.text)
        assert levels(office)["Folake"] == Level.VIEWER

    def test_another_school_s_people_cannot_be_changed(self, office: Office) -> None:
        """RELIABILITY T6"""
        with office.arranged() as session:
            foreign = make_contact(session, make_school(session), "Elsewhere", level=Level.VIEWER)

        answer = send(office, "level", foreign, level="5", confirmed="1")

        assert answer.status_code == 422
        assert levels(office)["Elsewhere"] == Level.VIEWER


class TestRemoving:
    def look(self, office: Office, level: int) -> str:
        return words(office.dora.get(f"{office.base}/setup/contacts/remove?level={level}").text)

    def remove(self, office: Office, level: int, number: Any) -> Any:
        return office.dora.post(f"{office.base}/setup/contacts/remove", {"level": level, "number": number})

    def test_who_has_a_coming_appointment_stays_and_the_counts_say_so(self, office: Office) -> None:
        [slot] = office.slots(office.folake, 1)
        office.booked(slot)
        with office.arranged() as session:
            make_contact(session, office.school, "Bea")
            make_student(session, office.school)
            make_contact(session, make_school(session), "Elsewhere")

        parents, teachers = self.look(office, 0), self.look(office, 1)
        done = self.remove(office, 0, 1)

        assert "1 contact would be removed, with all that is past. 1 stays:" in parents
        assert "1 contact would be removed, with all that is past. 1 stays:" in teachers
        assert done.status_code == 303
        assert {row.first for row in office.all(Contact)} == {"Folake", "Hugh", "Alice", "Dora", "Elsewhere"}
        assert len(office.all(Appointment)) == 1
        assert len(office.all(Student)) == 1
        assert [row.detail for row in office.all(Audit) if row.action == "contact.remove_all"] == [
            '{"level": 0, "n": 1}'
        ]

    def test_what_has_passed_goes_with_them(self, office: Office) -> None:
        [slot] = office.slots(office.folake, 1)
        office.booked(slot)
        clock.move(EVENING.replace(tzinfo=office.now.tzinfo) + timedelta(days=2) - datetime.now(office.now.tzinfo))

        with_sign_in = self.remove(office, 0, 1)

        assert with_sign_in.location.startswith("/sign-in")  # twelve hours are over
        with office.arranged() as session:
            dora = session.get_one(Contact, named(office, "Dora")[0].id)
            office.dora.sign_in(session, dora, now=clock.now())
        assert self.remove(office, 0, 1).status_code == 303
        assert office.all(Appointment) == []
        assert len(office.all(Slot)) == 1

    @pytest.mark.parametrize("number", [0, 2, "", "all"])
    def test_another_number_than_would_go_removes_nobody(self, office: Office, number: Any) -> None:
        before = len(office.all(Contact))

        answer = self.remove(office, 0, number)

        assert answer.status_code in {409, 422}
        assert len(office.all(Contact)) == before

    @pytest.mark.parametrize("level", [5, -1, 9])
    def test_administrators_are_never_removed_like_this(self, office: Office, level: int) -> None:
        """PRODUCT 2.12"""
        answer = self.remove(office, level, 1)

        assert answer.status_code in {303, 422}
        assert "Dora" in levels(office)


class TestReset:
    def reset(self, office: Office, *people: Contact, **typed: Any) -> Any:
        asked = send(office, "reset", *people, **typed)
        key = hidden_value(asked.text, "key")
        return send(office, "reset", *people, key=key, confirmed="1", **typed)

    def secret_of(self, office: Office, contact: Contact) -> str:
        """With a password of their own, signed in."""
        with office.arranged() as session:
            login = login_for(session, contact.email or "", now=office.now)
            login.password_hash = "scrypt:theirs"
            session.get_one(Contact, contact.id).login_id = login.id
            return start_sign_in(session, login, stays=STAFF_STAYS, now=office.now)

    def is_in(self, office: Office, secret: str) -> bool:
        with office.database.reading() as session:
            return signed_in(session, secret, now=office.now) is not None

    def test_each_is_signed_out_loses_the_password_and_gets_a_link(self, office: Office) -> None:
        """PRODUCT 2.12, RELIABILITY T9: no default password that all share."""
        folake, hugh = named(office, "Folake", "Hugh")
        secrets = [self.secret_of(office, person) for person in (folake, hugh)]

        asked = send(office, "reset", folake)
        before = self.is_in(office, secrets[0])
        done = self.reset(office, folake)
        shown = words(office.dora.get(done.location).text)
        deliver_mail(office.app)

        assert "1 person is signed out, loses the password, and is mailed a link" in words(asked.text)
        assert before
        assert [self.is_in(office, secret) for secret in secrets] == [False, True]
        kept = {row.email: row.password_hash for row in office.all(Login)}
        assert (kept[folake.email], kept[hugh.email]) == (None, "scrypt:theirs")
        assert "Sign-in links: 0 of 1 mailed" in shown
        [sent] = office.app.extensions["confab"].providers.mailer.sent_to(folake.email)
        assert re.search(r"/link/[0-9a-f]{40}", sent.text)
        assert [row.detail for row in office.all(Audit) if row.action == "contact.reset"] == ['{"kept": false}']

    def test_a_whole_level_is_reset_but_for_whoever_does_it(self, office: Office) -> None:
        self.reset(office, who="all")

        mailed = {row.contact_id for row in office.all(SignInLink)}
        assert mailed == {row.id for row in named(office, "Folake", "Hugh")}
        assert office.dora.get(f"{office.base}/events").status_code == 200

    @pytest.mark.parametrize("level", [Level.CUSTOMER, Level.VIEWER])
    def test_the_password_of_who_belongs_to_another_school_stays(self, office: Office, level: Level) -> None:
        """Schools are strictly apart: an Administrator of one ends nobody's sign-in at another."""
        [folake] = named(office, "Folake")
        secret = self.secret_of(office, folake)
        with office.arranged() as session:
            login = login_for(session, folake.email or "", now=office.now)
            there = make_contact(session, make_school(session), "Folake", email=folake.email, level=level)
            there.login_id = login.id

        asked = send(office, "reset", folake)
        self.reset(office, folake)

        assert "Belongs to another school too: the password stays" in words(asked.text)
        assert self.is_in(office, secret)
        assert len(office.all(SignInLink)) == 1

    def test_the_same_form_twice_mails_once(self, office: Office) -> None:
        """RELIABILITY D2"""
        [folake] = named(office, "Folake")
        key = hidden_value(send(office, "reset", folake).text, "key")

        first, second = (send(office, "reset", folake, key=key, confirmed="1") for _ in range(2))

        assert first.location == second.location
        assert len(office.all(SignInLink)) == 1

    def test_nobody_oneself_and_who_has_no_address_are_refused(self, office: Office) -> None:
        with office.arranged() as session:
            nameless = make_contact(session, office.school, "Nia", level=Level.VIEWER, email=None)
        [dora] = named(office, "Dora")

        answers = [send(office, "reset", *who) for who in ((), (dora,), (nameless,))]

        assert [answer.status_code for answer in answers] == [422] * 3
        assert "None of them has an email, or it is you alone" in words(answers[1].text)

    def test_one_colleague_s_is_reset_from_contact_info(self, office: Office) -> None:
        """PRODUCT 2.13: Reset PW"""
        folake, dora = named(office, "Folake", "Dora")

        theirs, own = (office.dora.get(f"{office.base}/contacts/{one.id}").text for one in (folake, dora))

        assert f'action="{office.base}/setup/contacts/reset"' in theirs
        assert "Reset PW" in theirs
        assert "Reset PW" not in own
