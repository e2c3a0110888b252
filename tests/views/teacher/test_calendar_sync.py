"""Calendar Sync: a teacher says what is done with their calendar, sees how it stands, and parts from it."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from app import Browser
from calendar_desk import Desk, open_desk
from factories import make_calendar_link, make_contact, make_event, make_resource, make_teacher, stored
from sqlalchemy import delete
from sqlmodel import Session
from zoom_office import words

from jobs.tasks import run_tasks
from webapp import clock
from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import BusyTime, CalendarEntry, CalendarLink, Contact, Grant, Level, Message, Task
from webapp.providers.base import RemoteAccount
from webapp.services.people.levels import set_level
from webapp.services.system.audit import SYSTEM
from webapp.services.system.errand import failed
from webapp.services.system.installation import hold


@pytest.fixture
def desk(database: Database) -> Desk:
    return open_desk(database)


def part(html: str, provider: str = "google") -> str:
    """What a person reads of the live part."""
    begun = html.index(">", html.index(f'id="status-{provider}"'))
    return words(html[begun + 1 : html.index("</section>", begun)])


def polled(html: str) -> str:
    found = re.search(r'id="status-google" data-live hx-get="([^"]+)" hx-trigger="every \d+s"', html)
    assert found
    return found[1].replace("&amp;", "&")


def entry_of(desk: Desk, **values: Any) -> CalendarEntry:
    """Of the one appointment, as the export job left it."""
    with desk.arranged() as session:
        session.execute(delete(CalendarEntry))
        (link,) = desk.links()
        ties = {"school_id": desk.school.id, "appointment_id": desk.booked.id, "link_id": link.id}
        defaults = {"calendar_id": "school", "key": "0a", "wished_at": clock.now(), "remote_id": "e-1"}
        return stored(session, CalendarEntry(**ties | defaults | values))


def busy(desk: Desk, starts_at: datetime, minutes: int, name: str = "Private") -> None:
    with desk.arranged() as session:
        (link,) = desk.links()
        ties = {"school_id": link.school_id, "link_id": link.id, "contact_id": link.contact_id}
        span = {"starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=minutes), "calendar_name": name}
        stored(session, BusyTime(**ties | span | {"seen_at": clock.now()}))


class TestPage:
    def test_it_stands_in_the_navigation_of_whoever_works_for_the_school(self, desk: Desk) -> None:
        """R102"""
        for browser in (desk.petra, desk.dora):
            page = browser.get(desk.page)
            assert page.status_code == 200
            assert f'href="{desk.page}"' in page.text
            assert words(page.text).count("Not connected. One calendar is enough.") == 2

    def test_nobody_sees_or_changes_anothers(self, desk: Desk) -> None:
        """A stranger and a colleague have pages of their own; a parent has none."""
        desk.link()
        hugh = desk.someone(lambda session: make_teacher(session, desk.school, "Hugh", "Barlow"))
        alice = desk.someone(lambda session: make_contact(session, desk.school))

        answers = [hugh.get(desk.page), hugh.get(f"{desk.page}/google/status"), desk.save(hugh), alice.get(desk.page)]

        assert [answer.status_code for answer in answers] == [200, 204, 409, 404]
        assert "petra@linden.example" not in answers[0].text
        assert desk.links()[0].saved_at is None

    def test_a_provider_without_an_app_is_not_offered(self, desk: Desk) -> None:
        del desk.app.extensions["confab"].providers.calendars["microsoft"]

        page = desk.petra.get(desk.page).text

        assert "Sign in to Google" in words(page)
        assert "Outlook" not in page
        assert desk.petra.get(f"{desk.page}/microsoft/sign-in").status_code == 404


class TestSave:
    def test_three_steps_make_the_export_and_each_open_one_is_named(self, desk: Desk) -> None:
        """R33, R34: the first import is wished at once, off as long as nobody ticks it."""
        linked = desk.link()
        answer = desk.save()
        page = desk.petra.get(answer.headers["Location"]).text

        assert "Open: choose a default calendar, then click Save and Sync" in part(linked)
        assert answer.status_code == 303
        assert part(page).startswith("Export Setup ")
        (link,) = desk.links()
        assert (link.is_export, link.calendar_name, link.is_import, link.due_at) == (True, "School", False, None)
        assert desk.audited() == ["calendar.linked", "calendar.saved"]

    def test_an_account_without_a_calendar_to_write_to_is_told_what_to_do(self, desk: Desk) -> None:
        desk.link()
        usual = words(desk.petra.get(desk.page).text)
        with desk.arranged() as session:
            (link,) = desk.links()
            session.get_one(CalendarLink, link.id).writable = "[]"

        page = words(desk.petra.get(desk.page).text)

        told = "No calendar of this account can be added to. Make one there, and sign in once more."
        assert (told in usual, told in page) == (False, True)

    def test_the_import_is_off_warned_of_and_read_at_once_when_it_is_ticked(self, desk: Desk) -> None:
        """R35, R36"""
        page = desk.link()

        desk.save(is_import="1")

        assert "Block times here when my calendar is busy. Not recommended for teachers" in words(page)
        assert 'name="is_import" value="1" checked' not in page
        (link,) = desk.links()
        assert link.is_import
        assert link.due_at is not None
        assert "Your busy times are being read." in part(desk.petra.get(desk.page).text)

    def test_administrators_are_not_warned(self, desk: Desk) -> None:
        """PRODUCT 3.12: the import is for them."""
        desk.come_back(desk.begin(browser=desk.dora), browser=desk.dora)

        assert "Not recommended for teachers" not in desk.dora.get(desk.page).text

    def test_switching_the_import_off_forgets_what_was_read(self, desk: Desk) -> None:
        desk.link()
        desk.save(is_import="1")
        busy(desk, clock.now() + timedelta(days=1), 45)

        desk.save()

        assert desk.all(BusyTime) == []
        assert desk.links()[0].due_at is None

    @pytest.mark.parametrize("calendar", ["", "somebody-elses", "x" * 600])
    def test_only_a_calendar_of_the_list_can_be_chosen(self, desk: Desk, calendar: str) -> None:
        desk.link()

        answer = desk.save(calendar=calendar)

        assert answer.status_code == 422
        assert desk.links()[0].saved_at is None

    def test_what_was_disconnected_in_another_tab_is_not_saved(self, desk: Desk) -> None:
        desk.link()
        desk.petra.post(f"{desk.page}/google/disconnect")

        answer = desk.save()

        assert answer.status_code == 409
        assert desk.links()[0].saved_at is None


class TestMismatch:
    """An account of another address than the contact's is asked about before anything begins (T11, FAILURES F46)."""

    @pytest.fixture(autouse=True)
    def _of_another_address(self, desk: Desk) -> None:
        desk.calendar.owner = RemoteAccount("g-2", "P. Vogel", "p.vogel@home.example")

    def test_the_page_names_both_addresses_and_takes_no_save_without_a_yes(self, desk: Desk) -> None:
        page = words(desk.link())
        refused, agreed = desk.save(), desk.save(is_mine="1")

        assert "You signed in as p.vogel@home.example, but the school knows you as petra@linden.example" in page
        assert "Tick that this account is yours, or disconnect it." in words(refused.text)
        assert (refused.status_code, agreed.status_code) == (422, 303)
        assert "Is that account yours?" not in desk.petra.get(desk.page).text
        assert desk.links()[0].is_export

    def test_the_office_cannot_say_yes_for_the_teacher(self, desk: Desk) -> None:
        desk.link()

        answer = desk.save(desk.act(), is_mine="1")

        assert answer.status_code == 403
        assert desk.links()[0].saved_at is None


class TestActing:
    def test_on_a_linked_account_the_office_chooses_and_both_are_written_down(self, desk: Desk) -> None:
        """R32, T11, LOGIN-041"""
        desk.link()
        acting = desk.act()

        page, answer = acting.get(desk.page).text, desk.save(acting, is_import="1")

        assert answer.status_code == 303
        assert desk.links()[0].is_export
        assert "Sign in to Google" not in page
        assert ">Disconnect<" not in page

    def test_an_event_administrator_is_told_no_name_of_the_teachers_other_events(self, desk: Desk) -> None:
        """PRODUCT 3.11, RELIABILITY T5"""
        desk.link()
        desk.save()
        entry_of(desk, theirs="moved", theirs_at=clock.now())

        def arrange(session: Session) -> Contact:
            event = make_event(session, desk.school)
            make_resource(session, event, session.get_one(Contact, desk.teacher.id))
            dan = make_contact(session, desk.school, "Dan", level=Level.EVENT_ADMINISTRATOR)
            stored(session, Grant(school_id=desk.school.id or 0, contact_id=dan.id or 0, event_id=event.id))
            return dan

        dan = desk.someone(arrange)
        dan.post(f"/s/{desk.school.slug}/as/{desk.teacher.id}")

        page = dan.get(desk.page).text

        assert "Logged in as Petra Vogel" in words(page)
        assert "Mia" not in page
        assert "Mia Alvarez" in desk.act().get(desk.page).text

    def test_linking_is_offered_as_a_mail_to_the_teacher_once_per_form(self, desk: Desk) -> None:
        """R32, LOGIN-041"""
        acting = desk.act()
        key = acting.key(desk.page)
        answers = [acting.post(f"{desk.page}/invite", {"key": key}) for _ in range(2)]

        assert "Mail the teacher a set-up link" in words(acting.get(desk.page).text)
        assert [answer.status_code for answer in answers] == [303, 303]
        assert [message.recipient for message in desk.all(Message)] == ["petra@linden.example"]
        assert desk.petra.post(f"{desk.page}/invite", {"key": key}).status_code == 404

    def test_the_private_link_is_neither_shown_nor_made(self, desk: Desk) -> None:
        desk.petra.post(f"{desk.page}/feed")
        acting = desk.act()

        assert "/calendar/" not in acting.get(desk.page).text
        assert acting.post(f"{desk.page}/feed").status_code == 403


@pytest.mark.both_databases
class TestStatus:
    def test_it_follows_by_itself_and_says_nothing_twice(self, desk: Desk) -> None:
        desk.link()
        page = desk.petra.get(desk.save().headers["Location"]).text
        entry_of(desk)
        with desk.arranged() as session:
            session.get_one(CalendarLink, desk.links()[0].id).called_at = clock.now()

        news = desk.petra.htmx(polled(page))
        again = desk.petra.htmx(polled(news.text))

        assert "1 appointment on your calendar . Last sync" in words(news.text).replace("calendar.", "calendar .")
        assert again.status_code == 204

    @pytest.mark.parametrize("end", ["disconnected_at", "needs_reconnect_at"])
    def test_the_whole_page_is_loaded_anew_once_the_link_has_ended(self, desk: Desk, end: str) -> None:
        """In another tab, or at the provider: the page then has another form, and no such part."""
        desk.link()
        page = desk.petra.get(desk.save().headers["Location"]).text
        usual = desk.petra.htmx(polled(page))

        with desk.arranged() as session:
            setattr(session.get_one(CalendarLink, desk.links()[0].id), end, clock.now())
        ended = desk.petra.htmx(polled(page))

        assert (ended.status_code, ended.text, ended.headers["HX-Refresh"]) == (204, "", "true")
        assert "HX-Refresh" not in usual.headers
        assert 'id="status-google"' not in desk.petra.get(desk.page).text

    def test_what_failed_is_said_with_what_to_do(self, desk: Desk) -> None:
        """STYLE 32"""
        gone = ProviderError("That calendar is not there any more.", retry=False, code="no_calendar")
        slow = ProviderError("%(service)s did not answer in time.", retry=True, code="timeout", service="Google")
        desk.link()
        desk.save(is_import="1")
        entry_of(desk, remote_id=None, **failed(gone, attempts=1, now=clock.now()))
        with desk.arranged() as session:
            link = session.get_one(CalendarLink, desk.links()[0].id)
            for name, value in failed(slow, attempts=1, now=clock.now()).items():
                setattr(link, name, value)

        page = part(desk.petra.get(desk.page).text)

        assert "Google did not answer in time. It is tried again by itself. You need not do anything." in page
        assert (
            "That calendar is not there any more. 1 appointment waits. "
            "Choose another calendar, then click Save and Sync." in page
        )

    @pytest.mark.parametrize(
        ("theirs", "said"),
        [
            ("deleted", "you deleted it there. It is not put back, and the conference still takes place."),
            ("moved", "you moved it there. It is left where you put it, and the conference is still"),
        ],
    )
    def test_what_the_teacher_did_in_their_calendar_is_told_in_words(self, desk: Desk, theirs: str, said: str) -> None:
        desk.link()
        desk.save()
        entry_of(desk, theirs=theirs, theirs_at=clock.now())

        page = part(desk.petra.get(desk.page).text)

        assert "Changed by you in your calendar" in page
        assert f"Mia Alvarez: {said}" in page
        assert ("1 appointment on" if theirs == "moved" else "0 appointments on") in page

    def test_what_was_deleted_is_put_back_when_the_teacher_wants_it(self, desk: Desk) -> None:
        desk.link()
        desk.save()
        entry_of(desk, theirs="deleted", theirs_at=clock.now())
        assert "Put back what was deleted" in part(desk.petra.get(desk.page).text)

        answer = desk.petra.post(f"{desk.page}/google/put-back")

        assert "They are put back on your calendar." in words(desk.petra.get(answer.headers["Location"]).text)
        former, anew = sorted(desk.all(CalendarEntry), key=lambda entry: entry.generation)
        assert former.gone_at
        assert (anew.gone_at, anew.remote_id, anew.due_at is None) == (None, None, False)

    def test_busy_times_are_listed_by_time_length_and_calendar_and_nothing_else(self, desk: Desk) -> None:
        """PRODUCT 2.10"""
        desk.link()
        desk.save(is_import="1")
        busy(desk, datetime.fromisoformat("2026-12-03T22:00:00Z"), 45)

        page = part(desk.petra.get(desk.page).text)

        assert "Imported busy times Date and time Minutes Calendar" in page
        assert "4:00 PM 45 Private" in page


@pytest.mark.both_databases
class TestDisconnect:
    def test_the_tokens_go_at_once_the_permission_is_given_back_and_the_entries_stay(self, desk: Desk) -> None:
        """OAUTH-027: for calendars."""
        desk.link()
        desk.save(is_import="1")
        busy(desk, clock.now() + timedelta(days=1), 45)
        kept = entry_of(desk)
        desk.grants.fail("revoke", ProviderError("Down.", retry=True, code="unreachable"))

        answer = desk.petra.post(f"{desk.page}/google/disconnect")
        run_tasks(desk.app)
        page = words(desk.petra.get(answer.headers["Location"]).text)

        (link,) = desk.links()
        assert (link.access_token, link.refresh_token, link.due_at, link.is_export) == ("", "", None, False)
        assert desk.all(BusyTime) == []
        assert [(row.id, row.gone_at) for row in desk.all(CalendarEntry)] == [(kept.id, None)]
        assert "What stands on your calendar stays there." in page
        assert "Sign in to Google" in page
        (task,) = desk.all(Task)
        assert (task.kind, task.problem_code, task.ended_at) == ("revoke", "unreachable", None)

    def test_no_token_is_left_in_the_row_the_former_one_neither(self, desk: Desk) -> None:
        desk.link()
        with desk.arranged() as session:
            session.get_one(CalendarLink, desk.links()[0].id).former_refresh_token = "sealed"

        desk.petra.post(f"{desk.page}/google/disconnect")

        (link,) = desk.links()
        assert (link.access_token, link.refresh_token, link.former_refresh_token) == ("", "", "")

    def test_a_copy_of_the_data_that_is_on_hold_does_not_end_the_grant_of_the_original(self, desk: Desk) -> None:
        """RELIABILITY D6"""
        desk.link()
        with desk.arranged() as session:
            hold(session, because="A copy.", who=SYSTEM, now=clock.now())

        desk.petra.post(f"{desk.page}/google/disconnect")

        assert (desk.links()[0].access_token, desk.all(Task)) == ("", [])

    def test_a_refresh_that_was_under_way_before_the_account_was_linked_anew_holds_up_nothing(self, desk: Desk) -> None:
        desk.link()
        with desk.arranged() as session:
            link = session.get_one(CalendarLink, desk.links()[0].id)
            link.refresh_claim, link.refresh_lease_until = "theirs", clock.now() + timedelta(minutes=1)

        desk.link()

        (link,) = desk.links()
        assert (link.refresh_claim, link.refresh_lease_until) == (None, None)

    def test_whoever_becomes_a_customer_is_parted_from_the_account(self, desk: Desk) -> None:
        """RELIABILITY I16: who works here no more has no page on which to do it."""
        desk.link()

        with desk.arranged() as session:
            dora = make_contact(session, desk.school, "Dora", level=Level.ADMINISTRATOR)
            set_level(session, dora, desk.teacher.id or 0, Level.CUSTOMER, who=SYSTEM, now=clock.now())
        run_tasks(desk.app)

        assert desk.links()[0].access_token == ""
        assert len(desk.grants.revoked) == 1

    def test_whoever_is_deleted_takes_their_tokens_with_them(self, desk: Desk) -> None:
        """RELIABILITY I16: at once; the provider is told."""

        def arrange(session: Any) -> Contact:
            return make_teacher(session, desk.school, "Hugh", "Barlow", level=Level.VIEWER)

        hugh = desk.someone(arrange)
        desk.come_back(desk.begin(browser=hugh), browser=hugh)
        (link,) = desk.links()

        answer = desk.dora.post(f"/s/{desk.school.slug}/contacts/{link.contact_id}/delete")
        run_tasks(desk.app)

        assert answer.status_code in {204, 303}, words(answer.text)
        assert desk.links() == []
        assert len(desk.grants.revoked) == 1


def test_a_form_without_the_value_of_our_page_is_refused(desk: Desk) -> None:
    desk.link()

    assert Browser(desk.app).client.post(f"{desk.page}/google").status_code == 403


def test_a_linked_account_of_a_colleague_is_not_a_linked_account(desk: Desk) -> None:
    with desk.arranged() as session:
        make_calendar_link(session, make_teacher(session, desk.school, "Hugh", "Barlow"))

    assert "Connected as" not in words(desk.petra.get(desk.page).text)
