"""The Appointments List: everybody sees what is theirs to see, in any order, and works on several at once."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from app import Browser
from event_office import THURSDAY, Office, hidden_value, open_office, words
from factories import make_contact, make_student, stored
from fakes import FakeMailer
from online_office import time_stands_at
from sqlalchemy import event as sql_event
from sqlmodel import select

from jobs.mail_delivery import deliver_mail
from jobs.tasks import run_tasks
from webapp import clock
from webapp.db import Database
from webapp.errors import Busy
from webapp.models import Appointment, Audit, Event, Grant, Level, Message, Resource, ResourceMember, Task
from webapp.services.booking import bulk
from webapp.services.booking.cancel import cancel_appointment
from webapp.services.booking.listed import PER_PAGE

HOUR_LATER = {"held_until": datetime.fromisoformat("2026-11-23T16:00:00+00:00")}


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def rows(page: str) -> list[str]:
    return [words(row) for row in re.findall(r'<tr id="appointment-\d+">(.*?)</tr>', page, re.DOTALL)]


def listed(office: Office, query: str = "", browser: Browser | None = None) -> list[str]:
    answer = (browser or office.dora).get(f"{office.base}/appointments{query}")
    assert answer.status_code == 200
    return rows(answer.text)


def of_staff(
    office: Office, level: Level, *, teaches: Resource | None = None, granted: Resource | None = None
) -> Browser:
    browser = Browser(office.app)
    with office.arranged() as session:
        contact = make_contact(session, office.school, "Bob", level=level)
        ties = {"school_id": contact.school_id, "contact_id": contact.id or 0}
        if teaches:
            stored(session, ResourceMember(resource_id=teaches.id or 0, position=9, **ties))
        if granted:
            stored(session, Grant(resource_id=granted.id, **ties))
        browser.sign_in(session, contact, now=clock.now())
    return browser


def chosen(office: Office, deed: str, *appointments: Appointment, browser: Browser | None = None, **more: Any) -> Any:
    typed = {"deed": deed, "a": [str(one.id) for one in appointments]} | more
    return (browser or office.dora).post(f"{office.base}/appointments/selected", typed)


def do(office: Office, deed: str, *appointments: Appointment, browser: Browser | None = None, **more: Any) -> Any:
    page = chosen(office, deed, *appointments, browser=browser, **more).text
    typed = {"deed": deed, "a": [str(one.id) for one in appointments]} | more
    hidden = {name: hidden_value(page, name) for name in ("key", "number")}
    return (browser or office.dora).post(f"{office.base}/appointments/do", hidden | typed)


@pytest.fixture
def three(office: Office) -> list[Appointment]:
    """Alice with Hugh at 4, red; with Folake at 4:15; Čapek with Folake at 4:30."""
    [first] = office.slots(office.hugh, 1)
    _, second, third = office.slots(office.folake, 3)
    with office.arranged() as session:
        capek = make_contact(session, office.school, "Karel", "Čapek")
    return [
        office.booked(first, child_name="Zoe Alvarez", problem="rule:per_day"),
        office.booked(second, child_name="Mia Alvarez"),
        office.booked(third, child_name="Ida Čapek", contact_id=capek.id),
    ]


def test_it_says_who_when_with_whom_and_why_one_is_red(office: Office, three: list[Appointment]) -> None:
    """PRODUCT 2.14, 3.16"""
    [slot] = office.slots(office.hugh, 1, day=-1)
    office.booked(slot, child_name="Leo", **HOUR_LATER)

    first, *_, last = listed(office)

    assert "Wed, Dec 2, 4:00 PM" in first
    assert "Customer is creating this appointment" in first
    page = " / ".join(listed(office))
    assert "Hugh Barlow Alice Alvarez Zoe Alvarez Problem: breaks “Maximum Appointments per Resource per Day”" in page
    assert "Karel Čapek Ida Čapek Booked" in last


@pytest.mark.parametrize(
    ("query", "children"),
    [
        ("", ["Zoe", "Mia", "Ida"]),
        ("?state=red", ["Zoe"]),
        ("?state=in-progress", []),
        ("?state=cancelled", []),
        ("?event={event}&teacher={folake}", ["Mia", "Ida"]),
        ("?event={event}&day=2026-12-03", ["Zoe", "Mia", "Ida"]),
        ("?event={event}&day=2026-12-04", []),
        ("?sort=-time", ["Ida", "Mia", "Zoe"]),
        ("?sort=teacher", ["Mia", "Ida", "Zoe"]),
        ("?sort=-parent", ["Ida", "Zoe", "Mia"]),
        ("?sort=state", ["Zoe", "Mia", "Ida"]),
        ("?sort=nonsense&state=nonsense&page=99&day=never&teacher=x", ["Zoe", "Mia", "Ida"]),
    ],
)
def test_filters_and_order_are_addresses(
    office: Office, three: list[Appointment], query: str, children: list[str]
) -> None:
    asked = query.format(event=office.event.id, folake=office.folake.id)

    assert [next(name for name in ("Zoe", "Mia", "Ida") if name in row) for row in listed(office, asked)] == children


def test_another_event_is_shown_whole(office: Office, three: list[Appointment]) -> None:
    """The day and the teacher that were chosen are those of the event that was there before."""
    other, folake = office.another_event(name="Spring Conferences")
    [slot] = office.slots(folake, 1, day=7)
    office.booked(slot, child_name="Leo Alvarez")
    chosen_before = f"day=2026-12-03&teacher={office.hugh.id}&state=standing"
    page = office.dora.get(f"{office.base}/appointments?event={office.event.id}&{chosen_before}").text

    changed = [
        office.dora.get(f"{office.base}/appointments?was={office.event.id}&event={event}&{chosen_before}")
        for event in (other.id, "", office.event.id)
    ]

    assert f'name="was" value="{office.event.id}"' in page
    assert [answer.status_code for answer in changed] == [303, 303, 303]
    addresses = [answer.headers["Location"].partition("/appointments")[2] for answer in changed]
    assert addresses == [
        f"?event={other.id}",
        "",
        f"?event={office.event.id}&day=2026-12-03&teacher={office.hugh.id}",
    ]
    assert len(listed(office, addresses[0])) == 1
    assert len(listed(office, f"?teacher={office.hugh.id}")) == 4  # of an older address: a teacher is of one event


@pytest.mark.parametrize(("typed", "children"), [("capek", ["Ida"]), ("ALVAREZ zoe", ["Zoe"]), ("nobody", [])])
def test_names_are_searched_by_post_whatever_the_accents(
    office: Office, three: list[Appointment], typed: str, children: list[str]
) -> None:
    """DESIGN 5: no name stands in an address."""
    page = office.dora.post(f"{office.base}/appointments", {"q": typed}).text

    assert [row for row in rows(page) if any(child in row for child in children)] == rows(page)
    assert len(rows(page)) == len(children)
    assert not re.search(rf'(?:href|action)="[^"]*{typed.split()[0]}', page, re.IGNORECASE)


def test_everybody_sees_what_is_theirs(office: Office, three: list[Appointment]) -> None:
    """PRODUCT 1.6"""
    event, _ = office.another_event()
    seen = {
        "viewer": of_staff(office, Level.VIEWER, teaches=office.folake),
        "maker": of_staff(office, Level.MAKER, teaches=office.hugh),
        "resource": of_staff(office, Level.RESOURCE_ADMINISTRATOR, granted=office.folake),
        "event": office.someone(Level.EVENT_ADMINISTRATOR, office.event),
        "other event": office.someone(Level.EVENT_ADMINISTRATOR, event),
        "nothing": of_staff(office, Level.VIEWER),
    }

    counts = {name: len(listed(office, browser=browser)) for name, browser in seen.items()}

    assert counts == {"viewer": 2, "maker": 1, "resource": 2, "event": 3, "other event": 0, "nothing": 0}
    for name, browser in seen.items():
        page = browser.get(f"{office.base}/appointments").text
        assert ("Delete selected" in page) == (name in {"resource", "event"}), name
    assert seen["other event"].get(f"{office.base}/appointments?event={office.event.id}").status_code == 404


def test_the_navigation_has_a_red_mark_for_those_who_see_the_problem(office: Office, three: list[Appointment]) -> None:
    """PRODUCT 2.1"""
    mark = "Appointments List ! 1 appointment has a problem"
    hugh = of_staff(office, Level.VIEWER, teaches=office.hugh)
    folake = of_staff(office, Level.VIEWER, teaches=office.folake)

    marked = [mark in words(browser.get(f"{office.base}/appointments").text) for browser in (office.dora, hugh, folake)]

    assert marked == [True, True, False]


def test_what_went_with_its_event_is_not_there(office: Office, three: list[Appointment]) -> None:
    """Its row stays for some time, until nothing of it is left at a provider."""
    folake = of_staff(office, Level.VIEWER, teaches=office.folake)
    with office.arranged() as session:
        session.get_one(Event, office.event.id).deleted_at = office.now

    page = office.dora.get(f"{office.base}/appointments").text

    assert "1 appointment has a problem" not in words(page)
    assert rows(page) == listed(office, "?state=cancelled") == listed(office, browser=folake) == []
    assert chosen(office, "delete", three[0]).status_code == 404


def test_another_school_s_appointments_are_not_there(office: Office, three: list[Appointment]) -> None:
    """RELIABILITY T6"""
    eve = office.someone(Level.ADMINISTRATOR, school=office.another_school())
    base = eve.get("/", follow_redirects=True).request.path.rstrip("/")

    assert rows(eve.get(f"{base}/appointments").text) == []
    foreign = {"deed": "delete", "a": [str(three[0].id)]}
    assert eve.post(f"{base}/appointments/selected", foreign).status_code == 404
    assert eve.post(f"{base}/appointments/do", foreign).status_code == 404


@pytest.mark.parametrize("number", [10, 1000])
def test_the_number_of_queries_does_not_grow(office: Office, number: int) -> None:
    slots = office.slots(office.folake, number)
    with office.arranged() as session:
        for n, slot in enumerate(slots):
            session.add(
                Appointment(
                    school_id=office.school.id,
                    event_id=office.event.id,
                    resource_id=office.folake.id,
                    slot_id=slot.id,
                    contact_id=office.alice.id,
                    child_name=f"Child {n}",
                    child_key=f"n{n}",
                    act=f"a{n}",
                    booked_at=office.now,
                )
            )
    asked: list[str] = []
    sql_event.listen(office.database.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))

    shown = listed(office, f"?event={office.event.id}&sort=student")

    assert len(shown) == min(number, PER_PAGE)
    assert len([statement for statement in asked if statement.lstrip().upper().startswith("SELECT")]) <= 13


class TestSeveral:
    def test_they_are_cancelled_while_one_watches(self, office: Office, three: list[Appointment]) -> None:
        """PRODUCT 3.8: a teacher who drops out."""
        page = words(chosen(office, "delete", *three[1:]).text)

        answer = do(office, "delete", *three[1:])
        waiting = office.dora.get(answer.location).text
        run_tasks(office.app)
        done = office.dora.get(f"{answer.location}/progress").text

        assert "Delete 2 appointments" in page
        assert answer.status_code == 303
        assert 'hx-trigger="every 1s"' in waiting
        assert "2 appointments cancelled." in words(done)
        assert "hx-trigger" not in done
        assert [office.again(one).cancelled_at is None for one in three] == [True, False, False]
        assert [row.action for row in office.all(Audit) if row.action.startswith("appointment")].count(
            "appointment.cancel"
        ) == 2

    def test_what_is_red_is_confirmed_and_the_rest_left(self, office: Office, three: list[Appointment]) -> None:
        answer = do(office, "confirm", *three)
        run_tasks(office.app)

        done = words(office.dora.get(answer.location).text)

        assert "1 appointment confirmed. 2 were left as they are" in done
        assert office.again(three[0]).problem is None

    def test_where_the_database_is_taken_the_rest_is_done_later_and_each_counts_once(
        self, office: Office, three: list[Appointment], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """RELIABILITY I7: a crowd is no reason to leave an appointment standing."""
        answer = do(office, "delete", *three)
        tried: list[int] = []

        def cancel(*some: Any, **more: Any) -> None:
            tried.append(1)
            if len(tried) == 2:
                raise Busy
            cancel_appointment(*some, **more)

        monkeypatch.setattr(bulk, "cancel_appointment", cancel)
        run_tasks(office.app)
        with office.arranged() as session:
            task = session.exec(select(Task)).one()
            done, task.due_at = task.done, clock.now()
        run_tasks(office.app)

        assert done == 1
        assert "3 appointments cancelled." in words(office.dora.get(answer.location).text)
        assert "left as" not in words(office.dora.get(answer.location).text)

    def test_the_same_form_acts_once(self, office: Office, three: list[Appointment]) -> None:
        """RELIABILITY D2"""
        page = chosen(office, "delete", three[0]).text
        typed = {"deed": "delete", "a": [str(three[0].id)], "key": hidden_value(page, "key"), "number": "1"}

        answers = [office.dora.post(f"{office.base}/appointments/do", typed).location for _ in range(2)]

        assert answers[0] == answers[1]
        assert len(office.all(Task)) == 1

    def test_all_that_was_found_means_no_other_than_were_counted(
        self, office: Office, three: list[Appointment]
    ) -> None:
        filters = {"all": "1", "event": str(office.event.id), "teacher": str(office.folake.id)}
        page = chosen(office, "delete", **filters).text
        office.booked(office.slots(office.folake, 1, day=1)[0])
        typed = {"deed": "delete", "key": hidden_value(page, "key"), "number": hidden_value(page, "number")} | filters

        refused = office.dora.post(f"{office.base}/appointments/do", typed)
        again = do(office, "delete", **filters)
        run_tasks(office.app)

        assert "Delete 2 appointments" in words(page)
        assert (refused.status_code, again.status_code) == (409, 303)
        assert "Delete 3 appointments" in words(refused.text)
        assert [office.again(one).cancelled_at is None for one in three] == [True, False, False]

    def test_nobody_changes_what_is_not_granted_to_them(self, office: Office, three: list[Appointment]) -> None:
        """PRODUCT 1.6: a teacher sees the own ones, and still does not cancel them."""
        bob = of_staff(office, Level.RESOURCE_ADMINISTRATOR, granted=office.folake, teaches=office.hugh)

        assert len(listed(office, browser=bob)) == 3
        assert chosen(office, "delete", three[0], browser=bob).status_code == 404

    def test_only_what_may_be_changed_has_a_box_to_tick(self, office: Office, three: list[Appointment]) -> None:
        """So that "All on this page" ticks nothing that is refused."""
        bob = of_staff(office, Level.RESOURCE_ADMINISTRATOR, granted=office.folake, teaches=office.hugh)

        page = bob.get(f"{office.base}/appointments").text
        ticked = re.findall(r'name="a" value="(\d+)"', page)

        assert len(rows(page)) == 3
        assert ticked == [str(one.id) for one in three[1:]]
        assert chosen(office, "delete", *three[1:], browser=bob).status_code == 200
        assert chosen(office, "delete", three[1], browser=bob).status_code == 200

    def test_nothing_ticked_goes_back_to_the_list(self, office: Office, three: list[Appointment]) -> None:
        answer = chosen(office, "delete", state="red")

        assert (answer.status_code, answer.location) == (303, f"{office.base}/appointments?state=red")


def mailer(office: Office) -> FakeMailer:
    found = office.app.extensions["confab"].providers.mailer
    assert isinstance(found, FakeMailer)
    return found


class TestMail:
    TEXT = (
        "Dear parents,\n\nthe gym is closed: https://school.example/news?a=1&b=2.\r\n<b>Come</b> to http://evil.example"
    )

    def send(self, office: Office, *appointments: Appointment, **typed: str) -> Any:
        return do(office, "mail", *appointments, **{"subject": "The gym", "text": self.TEXT} | typed)

    def test_each_person_gets_one_mail_and_no_address_sees_another(
        self, office: Office, three: list[Appointment]
    ) -> None:
        """OUT-016"""
        with office.arranged() as session:
            nobody = make_contact(session, office.school, "Nora", email=None)
            child = make_student(session, office.school, "Nils")
        four = office.booked(office.slots(office.folake, 1, day=1)[0], contact_id=nobody.id, student_id=child.id)

        page = words(chosen(office, "mail", *three, four).text)
        answer = self.send(office, *three, four)
        run_tasks(office.app)
        deliver_mail(office.app)

        assert "2 parents get one mail each, however many appointments they have. 1 has no email." in page
        done = words(office.dora.get(answer.location).text)
        assert "2 of 2 mails have left. 1 parent has no email." in done
        sent = [mail for mail in mailer(office).sent if mail.subject == "The gym"]
        assert len({mail.recipient for mail in sent}) == len(sent) == 2

    def test_begun_anew_after_a_crash_nobody_gets_it_twice(self, office: Office, three: list[Appointment]) -> None:
        """RELIABILITY I13"""
        self.send(office, *three)
        with office.arranged() as session:
            before = session.exec(select(Task)).one().model_dump()
        run_tasks(office.app)
        with office.arranged() as session:
            task = session.exec(select(Task)).one()
            for name in ("arguments", "due_at", "ended_at", "done", "result"):
                setattr(task, name, before[name])
        run_tasks(office.app)

        written = [message for message in office.all(Message) if message.kind == "office_mail"]
        assert len(written) == 2

    def test_plain_text_is_text_and_only_https_becomes_a_link(self, office: Office, three: list[Appointment]) -> None:
        self.send(office, three[0])
        run_tasks(office.app)
        deliver_mail(office.app)

        [mail] = [mail for mail in mailer(office).sent if mail.subject == "The gym"]
        assert re.findall(r'href="([^"]*)"', mail.html) == ["https://school.example/news?a=1&amp;b=2"]
        assert "&lt;b&gt;Come&lt;/b&gt; to http://evil.example" in mail.html
        assert "the gym is closed: https://school.example/news?a=1&b=2." in mail.text
        assert "Linden Park School" in mail.text

    @pytest.mark.parametrize(
        "typed", [{"subject": "a\r\nBcc: x@evil.example"}, {"subject": ""}, {"text": ""}, {"text": "a\x07"}]
    )
    def test_a_subject_is_one_line_and_what_was_typed_is_kept(
        self, office: Office, three: list[Appointment], typed: dict[str, str]
    ) -> None:
        answer = self.send(office, three[0], **typed)

        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
        assert ("Dear parents" in answer.text) == ("text" not in typed)
        assert office.all(Task) == []

    def test_what_was_written_is_forgotten_once_it_has_left(self, office: Office, three: list[Appointment]) -> None:
        self.send(office, three[0])
        waiting = office.all(Task)[0].arguments
        run_tasks(office.app)
        deliver_mail(office.app)

        assert "gym" not in waiting
        assert "mail" not in office.all(Task)[0].arguments.replace('"deed": "mail"', "")
        assert {message.secret for message in office.all(Message)} == {""}


def test_the_list_s_filters_stay_when_one_goes_back(office: Office, three: list[Appointment]) -> None:
    page = chosen(office, "delete", three[0], event=str(office.event.id), day=str(THURSDAY), sort="teacher").text

    assert f'href="{office.base}/appointments?event={office.event.id}&amp;day={THURSDAY}&amp;sort=teacher"' in page
