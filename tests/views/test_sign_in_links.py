"""Whoever works for a school comes in by a mailed link: once, for some days, and with less than a password gives."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from app import Browser
from event_office import Office, open_office, words
from factories import make_contact, make_login, make_school
from online_office import time_stands_at
from sqlmodel import select
from threads import at_once
from werkzeug.security import generate_password_hash

from jobs.mail_delivery import deliver_mail
from webapp import clock
from webapp.db import Database
from webapp.models import Audit, Contact, Level, Login, SignIn, SignInLink
from webapp.providers.base import Mail

PASSWORD = "plaid heron over kiosk"
QUICK = generate_password_hash(PASSWORD, method="pbkdf2:sha256:10")


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def later(office: Office, by: timedelta) -> None:
    clock.move(office.now + by - datetime.now(UTC))


def folake(office: Office) -> Contact:
    return next(row for row in office.all(Contact) if row.first == "Folake")


def mails(office: Office, address: str) -> list[Mail]:
    deliver_mail(office.app)
    sent: list[Mail] = office.app.extensions["confab"].providers.mailer.sent_to(address)
    return sent


def invited(office: Office, contact: Contact | None = None) -> str:
    """The path of the link that the office has mailed."""
    contact = contact or folake(office)
    answer = office.dora.post(f"{office.base}/contacts/{contact.id}/link")
    assert answer.status_code == 303
    return path_in([mail for mail in mails(office, contact.email or "") if "/link/" in mail.text][-1])


def path_in(mail: Mail) -> str:
    found = re.search(r"http://localhost(/link/[0-9a-f]{40})\b", mail.text)
    assert found, mail.text
    return found[1]


def came_in(office: Office, path: str) -> tuple[Browser, Any]:
    browser = Browser(office.app)
    browser.get(path)
    return browser, browser.post("/link")


def with_password(office: Office, contact: Contact, hashed: str | None = QUICK) -> None:
    with office.arranged() as session:
        login = session.exec(select(Login).where(Login.email == contact.email)).first()
        login = login or make_login(session, contact.email or "")
        login.password_hash = hashed
        session.get_one(Contact, contact.id).login_id = login.id


class TestTheLink:
    def test_looking_at_it_uses_nothing_up_and_its_token_leaves_the_address(self, office: Office) -> None:
        """LOGIN-032, RELIABILITY D8, T9"""
        path = invited(office)
        before = [row.model_dump() for row in office.all(SignInLink)]
        scanner = Browser(office.app)

        head, look, again = scanner.client.head(path), scanner.get(path), scanner.get(path)
        page = scanner.get(look.location)

        assert {answer.status_code for answer in (head, look, again)} == {303}
        assert look.location == "/link"
        assert look.headers["Referrer-Policy"] == "same-origin"
        assert path.rpartition("/")[2] not in page.text
        assert "Sign In" in words(page.text)
        assert [row.model_dump() for row in office.all(SignInLink)] == before

    def test_the_page_names_the_account_half_hidden(self, office: Office) -> None:
        """LOGIN-030"""
        browser = Browser(office.app)
        browser.get(invited(office))

        page = words(browser.get("/link").text)

        assert "Sign in at Linden Park School As fo…@mail.example" in page
        assert (folake(office).email or "") not in page

    def test_the_button_lets_its_owner_in_and_tells_them_by_mail(self, office: Office) -> None:
        """LOGIN-030"""
        browser, answer = came_in(office, invited(office))

        assert (answer.status_code, answer.location) == (303, f"{office.base}/")
        assert browser.get(f"{office.base}/reports/teachers-schedule").status_code == 200
        assert "Somebody signed in at Linden Park School" in mails(office, folake(office).email or "")[-1].text
        assert '"by_link": true' in [row.detail for row in office.all(Audit) if row.action == "sign_in.start"][-1]

    def test_it_works_once(self, office: Office) -> None:
        """LOGIN-026"""
        path = invited(office)
        came_in(office, path)

        _, second = came_in(office, path)

        assert second.status_code == 410
        assert "Mail me a new link" in words(second.text)

    def test_of_two_who_come_at_once_one_is_let_in(self, office: Office) -> None:
        """LOGIN-026"""
        path = invited(office)
        browsers = [Browser(office.app) for _ in range(4)]
        for browser in browsers:
            browser.get(path)

        came = at_once(*[lambda browser=browser: browser.post("/link").status_code for browser in browsers])

        assert sorted(came) == [303, 410, 410, 410]

    def test_too_old_replaced_unknown_and_used_are_all_the_same_words(self, office: Office) -> None:
        """LOGIN-027, LOGIN-029"""
        old = invited(office)
        newer = invited(office)
        later(office, timedelta(days=7, hours=1))

        texts = {
            words(came_in(office, path)[1].text) for path in (old, newer, "/link/" + "0" * 40, "/link/%F0%9F%98%80")
        }

        assert len(texts) == 1
        assert "This link does not work any more" in texts.pop()

    def test_the_newer_of_two_works(self, office: Office) -> None:
        """LOGIN-029"""
        invited(office)

        assert came_in(office, invited(office))[1].status_code == 303

    def test_a_school_says_how_many_days_it_lasts(self, office: Office) -> None:
        """RELIABILITY T9"""
        with office.arranged() as session:
            session.get_one(type(office.school), office.school.id).link_days = 1
        path = invited(office)
        later(office, timedelta(days=1, hours=1))

        assert came_in(office, path)[1].status_code == 410

    @pytest.mark.parametrize("change", [{"email": "another@mail.example"}, {"level": Level.CUSTOMER}], ids=str)
    def test_another_address_or_a_lost_level_makes_it_void(self, office: Office, change: dict[str, Any]) -> None:
        """LOGIN-033"""
        path, number = invited(office), folake(office).id
        with office.arranged() as session:
            for name, value in change.items():
                setattr(session.get_one(Contact, number), name, value)

        assert came_in(office, path)[1].status_code == 410

    def test_a_link_that_died_before_its_mail_left_is_not_sent(self, office: Office) -> None:
        number = folake(office).id
        office.dora.post(f"{office.base}/contacts/{number}/link")
        office.dora.post(f"{office.base}/contacts/{number}/link")

        sent = mails(office, folake(office).email or "")

        assert len(sent) == 1
        assert came_in(office, path_in(sent[0]))[1].status_code == 303

    def test_the_database_keeps_no_token(self, office: Office) -> None:
        """RELIABILITY T9"""
        token = invited(office).rpartition("/")[2]

        stored = [row.token_hash for row in office.all(SignInLink)]

        assert len(token) == 40
        assert token not in "".join(stored)

    def test_nobody_gets_one_who_may_not_work_here(self, office: Office) -> None:
        with office.arranged() as session:
            nobody = make_contact(session, office.school, "Ines", email=None, level=Level.VIEWER)

        answers = [office.dora.post(f"{office.base}/contacts/{who.id}/link") for who in (nobody, office.alice)]

        assert [answer.status_code for answer in answers] == [422, 422]
        assert office.all(SignInLink) == []


class TestAskingAtTheDoor:
    def ask(self, office: Office, email: str) -> Any:
        return Browser(office.app).post("/sign-in/link", {"email": email})

    def test_known_and_unknown_addresses_are_answered_alike(self, office: Office) -> None:
        """LOGIN-005, LOGIN-020, RELIABILITY T4"""
        dora = next(row.email or "" for row in office.all(Contact) if row.first == "Dora")
        addresses = [dora, folake(office).email or "", office.alice.email or "", "nobody@mail.example"]

        answers = [self.ask(office, address) for address in addresses]
        pages = {
            re.sub(r'name="csrf" value="[^"]*"', "", answer.text).replace(address, "…")
            for answer, address in zip(answers, addresses, strict=True)
        }

        assert len(pages) == 1
        assert [len(mails(office, address)) for address in addresses] == [1, 1, 0, 0]

    def test_case_and_spaces_of_an_address_do_not_count(self, office: Office) -> None:
        """LOGIN-021"""
        self.ask(office, f"  {(folake(office).email or '').upper()} ")

        assert len(mails(office, folake(office).email or "")) == 1

    def test_nobody_is_flooded(self, office: Office) -> None:
        statuses = [self.ask(office, folake(office).email or "").status_code for _ in range(5)]

        assert statuses == [200, 200, 200, 200, 429]


class TestLimitedUntilAPassword:
    def test_a_teacher_sees_the_schedule_but_takes_no_file_along(self, office: Office) -> None:
        """RELIABILITY T9"""
        browser, _ = came_in(office, invited(office))

        page = browser.get(f"{office.base}/reports/teachers-schedule")
        files = [browser.get(f"{office.base}/reports/teachers-schedule{end}") for end in ("/csv", "/printable.pdf")]

        assert page.status_code == 200
        for file in files:
            assert file.status_code == 303
            assert file.location.startswith(f"{office.base}/profile/password?next=")

    def test_an_invited_administrator_chooses_a_password_before_anything_else(self, office: Office) -> None:
        with office.arranged() as session:
            new = make_contact(session, office.school, "Ines", level=Level.ADMINISTRATOR)
        browser, _ = came_in(office, invited(office, new))

        page, deed = browser.get(f"{office.base}/contacts"), browser.post(f"{office.base}/contacts/{new.id}/delete")
        short = browser.post(f"{office.base}/profile/password", {"password": PASSWORD[:14], "again": PASSWORD[:14]})
        chosen = browser.post(
            f"{office.base}/profile/password",
            {"password": PASSWORD, "again": PASSWORD, "next": f"{office.base}/contacts"},
        )

        assert page.location == f"{office.base}/profile/password?next={office.base}/contacts"
        assert (deed.status_code, short.status_code) == (403, 422)
        assert "Use at least 15 characters." in words(short.text)
        assert chosen.location == f"{office.base}/contacts"
        assert browser.get(f"{office.base}/contacts").status_code == 200

    def test_a_forwarded_link_does_not_change_a_password_that_is_there(self, office: Office) -> None:
        """RELIABILITY T9"""
        with_password(office, folake(office))
        browser, _ = came_in(office, invited(office))

        answer = browser.post(
            f"{office.base}/profile/password", {"password": "other words of mine", "again": "other words of mine"}
        )

        assert answer.status_code == 403
        assert "Confirm that it is you" in words(answer.text)
        assert {row.password_hash for row in office.all(Login)} >= {QUICK}


class TestPasswords:
    def send(self, browser: Browser, office: Office, password: str, again: str | None = None, **more: str) -> Any:
        typed = {"password": password, "again": password if again is None else again}
        return browser.post(f"{office.base}/profile/password", typed | more)

    @pytest.mark.parametrize(
        ("password", "said"),
        [
            ("x#9 Qw", "Use at least 12 characters."),
            ("password2026!!", "Many people use this password"),
            ("qwertyuiop123", "Many people use this password"),
            ("z4 " * 400, "Use at most 1024 characters."),
        ],
    )
    def test_short_common_and_endless_ones_are_refused(self, office: Office, password: str, said: str) -> None:
        """LOGIN-011, RELIABILITY T7"""
        browser, _ = came_in(office, invited(office))

        answer = self.send(browser, office, password)

        assert answer.status_code == 422
        assert said in words(answer.text)

    def test_a_slip_is_noticed(self, office: Office) -> None:
        browser, _ = came_in(office, invited(office))

        assert "The two passwords differ." in words(self.send(browser, office, PASSWORD, PASSWORD + "x").text)

    def test_spaces_and_signs_count_exactly_and_every_other_sign_in_ends(self, office: Office) -> None:
        """LOGIN-012, LOGIN-016, RELIABILITY T8"""
        other, _ = came_in(office, invited(office))
        browser, _ = came_in(office, invited(office))
        exact = f"  {PASSWORD} 🔑 "

        self.send(browser, office, exact)
        signed_in = [
            Browser(office.app).post("/sign-in", {"email": folake(office).email, "password": typed}).status_code
            for typed in (exact, exact.strip())
        ]

        assert browser.get(f"{office.base}/profile").status_code == 200
        assert other.get(f"{office.base}/profile").location.startswith("/sign-in")
        assert signed_in == [303, 422]

    def test_log_out_everywhere_ends_this_one_and_all_others(self, office: Office) -> None:
        """LOGIN-015, LOGIN-048"""
        first, second = (came_in(office, invited(office))[0] for _ in range(2))

        answer = first.post(f"{office.base}/profile/log-out-everywhere")

        assert answer.location == "/sign-in"
        for browser in (first, second):
            assert browser.get(f"{office.base}/profile").location.startswith("/sign-in")


class TestProof:
    """LOGIN-039: what a borrowed browser must not do is asked about first."""

    def act(self, office: Office, **typed: str) -> Any:
        return office.dora.post(f"{office.base}/as/{folake(office).id}", typed)

    @pytest.fixture(autouse=True)
    def _signed_in_a_while_ago(self, office: Office) -> None:
        with_password(office, next(row for row in office.all(Contact) if row.first == "Dora"))
        later(office, timedelta(minutes=11))

    def test_log_in_as_asks_for_the_password_and_goes_on_with_it(self, office: Office) -> None:
        """LOGIN-039, R32"""
        asked = self.act(office)
        wrong = self.act(office, prove="password", proof_password="guessed")
        right = self.act(office, prove="password", proof_password=PASSWORD)

        assert (asked.status_code, wrong.status_code, right.status_code) == (403, 422, 303)
        assert "Confirm that it is you" in words(asked.text)
        assert "This is not your password." in words(wrong.text)
        assert right.location == f"{office.base}/reports/teachers-schedule"

    def test_a_mailed_code_does_as_well(self, office: Office) -> None:
        """LOGIN-039"""
        self.act(office, prove="mail")
        code = re.search(r"\b(\d{3}) (\d{3})\b", mails(office, office_address(office))[-1].text)
        assert code

        wrong = self.act(office, prove="code", proof_code="000000" if code[1] != "000" else "111111")
        right = self.act(office, prove="code", proof_code=code[1] + code[2])

        assert (wrong.status_code, right.status_code) == (422, 303)

    def test_proof_for_one_deed_is_none_for_another(self, office: Office) -> None:
        """LOGIN-039: it keeps to its flow."""
        self.act(office, prove="password", proof_password=PASSWORD)
        office.dora.post(f"{office.base}/return")

        again = self.act(office)
        other = office.dora.post(f"{office.base}/contacts/{folake(office).id}/access", {"level": "2"})

        assert (again.status_code, other.status_code) == (303, 403)

    def test_what_the_form_carried_goes_on_with_the_proof(self, office: Office) -> None:
        """RELIABILITY T5"""
        path = f"{office.base}/contacts/{folake(office).id}/access"

        asked = office.dora.post(path, {"level": "2"})
        office.dora.post(path, {"level": "2", "prove": "password", "proof_password": PASSWORD})

        assert 'name="level" value="2"' in asked.text
        assert folake(office).level == Level.MAKER

    def test_guessing_here_is_counted_like_guessing_at_the_door(self, office: Office) -> None:
        """LOGIN-006"""
        statuses = [self.act(office, prove="password", proof_password="guessed").status_code for _ in range(11)]

        assert statuses == [422] * 10 + [429]


class TestProfile:
    def test_the_own_name_is_changed_and_audited(self, office: Office) -> None:
        office.dora.post(f"{office.base}/profile", {"first": "Дора", "last": "Whitlock-García"})

        assert "Дора Whitlock-García" in office.dora.get(f"{office.base}/profile").text
        assert "contact.name" in {row.action for row in office.all(Audit)}

    def test_another_address_counts_once_its_mailbox_is_proved(self, office: Office) -> None:
        """LOGIN-033"""
        old = office_address(office)
        office.dora.post(f"{office.base}/profile/address", {"email": "Dora@new.example"})
        before = office_address(office)
        code = re.search(r"\b(\d{3}) (\d{3})\b", mails(office, "dora@new.example")[-1].text)
        assert code

        wrong = office.dora.post(f"{office.base}/profile/address/code", {"code": "12"})
        right = office.dora.post(f"{office.base}/profile/address/code", {"code": code[1] + code[2]})

        assert (wrong.status_code, right.status_code) == (422, 303)
        assert (before, office_address(office)) == (old, "dora@new.example")
        assert "dora@new.example" in {row.email for row in office.all(Login)}
        assert "Your address at Linden Park School was changed" in mails(office, old)[-1].text
        assert office.dora.get(f"{office.base}/profile").status_code == 200

    def test_an_address_of_somebody_else_is_refused(self, office: Office) -> None:
        office.dora.post(f"{office.base}/profile/address", {"email": folake(office).email})
        code = re.search(r"\b(\d{3}) (\d{3})\b", mails(office, folake(office).email or "")[-1].text)
        assert code

        answer = office.dora.post(f"{office.base}/profile/address/code", {"code": code[1] + code[2]})

        assert answer.status_code == 422
        assert "This address cannot be used here." in words(answer.text)

    def test_nothing_about_credentials_while_logged_in_as_a_teacher(self, office: Office) -> None:
        """LOGIN-041, RELIABILITY T10"""
        office.dora.post(f"{office.base}/as/{folake(office).id}")

        answers = [
            office.dora.get(f"{office.base}/profile"),
            office.dora.get(f"{office.base}/profile/password"),
            *(
                office.dora.post(f"{office.base}/profile{rest}")
                for rest in ("", "/address", "/address/code", "/password", "/log-out-everywhere")
            ),
        ]

        assert {answer.status_code for answer in answers} == {403}
        assert "not available while you are logged in as somebody else" in words(answers[0].text)

    def test_teachers_see_who_logged_in_as_them(self, office: Office) -> None:
        """RELIABILITY T10, R32"""
        office.dora.post(f"{office.base}/as/{folake(office).id}")
        office.dora.post(f"{office.base}/return")
        browser, _ = came_in(office, invited(office))

        page = words(browser.get(f"{office.base}/profile").text)

        assert "Who logged in as you" in page
        assert "Mon, Nov 23, 9:00 AM Dora Whitlock Mon, Nov 23, 9:00 AM 0" in page

    def test_another_school_s_visits_are_not_told(self, office: Office) -> None:
        with office.arranged() as session:
            elsewhere = make_school(session)
            row = Audit(school_id=elsewhere.id, at=office.now, acting_as_id=folake(office).id, action="log_in_as.start")
            session.add(row)
        browser, _ = came_in(office, invited(office))

        assert "Nobody did." in words(browser.get(f"{office.base}/profile").text)


def office_address(office: Office) -> str:
    return next(row.email or "" for row in office.all(Contact) if row.level == Level.ADMINISTRATOR)


def test_a_link_signs_in_for_hours_not_weeks(office: Office) -> None:
    came_in(office, invited(office))

    [sign_in] = [row for row in office.all(SignIn) if row.by_link]

    assert sign_in.expires_at - sign_in.created_at == timedelta(hours=12)
