"""Coming back from a calendar's consent page: only what this very teacher began here, with this provider, is linked."""

from datetime import timedelta

import pytest
from app import Browser
from calendar_desk import Desk, open_desk
from factories import make_calendar_link, make_teacher
from sqlmodel import Session
from zoom_office import words

from jobs.tasks import run_tasks
from webapp import clock
from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import CalendarLink, Contact, Level, Task
from webapp.providers.base import RemoteAccount
from webapp.services.people.accounts import login_for
from webapp.services.people.sign_in import STAFF_STAYS, start_sign_in
from webapp.services.system.audit import SYSTEM
from webapp.services.system.installation import hold
from webapp.services.system.tokens import open_tokens


@pytest.fixture
def desk(database: Database) -> Desk:
    return open_desk(database)


def nothing_came_of_it(desk: Desk) -> bool:
    return not desk.links() and not desk.grants.used


def test_the_button_leads_to_the_consent_page_and_back_to_a_page_that_names_the_account(desk: Desk) -> None:
    """R33: the first of the three steps."""
    assert 'href="' + desk.page + '/google/sign-in">Sign in to Google' in desk.petra.get(desk.page).text
    assert "Sign in to Outlook" in words(desk.petra.get(desk.page).text)

    page = words(desk.link())

    assert "Connected as petra@linden.example" in page
    assert "Google is linked. Choose what to do with it, then click Save and Sync." in page
    (link,) = desk.links()
    assert (link.provider, link.account_id, link.is_live, link.is_export) == ("google", "g-1", True, False)
    with desk.database.reading() as session:
        assert open_tokens(session, session.get_one(CalendarLink, link.id)).access.startswith("access-")
    assert desk.audited() == ["calendar.linked"]


@pytest.mark.parametrize("state", ["", "made-up", "ünïcode"])
def test_a_state_that_was_not_given_here_is_refused_and_written_down(desk: Desk, state: str) -> None:
    """OAUTH-002"""
    desk.begin()

    answer = desk.come_back(state)

    assert answer.status_code == 400
    assert "Start again with the button." in words(answer.text)
    assert nothing_came_of_it(desk)
    assert desk.audited() == ["calendar.refused"]


def test_an_answer_of_one_provider_does_for_no_other(desk: Desk) -> None:
    """OAUTH-005: the mix-up of providers."""
    answer = desk.come_back(desk.begin("google"), "microsoft")

    assert answer.status_code == 400
    assert nothing_came_of_it(desk)


def test_another_teachers_state_is_refused(desk: Desk) -> None:
    """OAUTH-002, OAUTH-006, FAILURES F46: an account is never linked to whom somebody else chose."""
    hugh = desk.someone(lambda session: make_teacher(session, desk.school, "Hugh", "Barlow"))
    theirs = desk.begin(browser=hugh)

    without, instead = desk.come_back(theirs), (desk.begin(), desk.come_back(theirs))[1]

    assert (without.status_code, instead.status_code) == (400, 400)
    assert nothing_came_of_it(desk)


def test_a_state_is_good_once_even_if_the_cookie_that_held_it_comes_back(desk: Desk) -> None:
    """OAUTH-003: a double click sends the answer twice with the same cookie."""
    state = desk.begin()
    held = desk.petra.client.get_cookie("confab")
    assert held is not None
    first = desk.come_back(state)
    desk.petra.client.set_cookie("confab", held.value)

    again = desk.come_back(state, code="another-code")

    assert (first.status_code, again.status_code) == (303, 400)
    assert desk.grants.used == {f"code-{state}"}


def test_after_ten_minutes_the_state_is_too_old(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    state = desk.begin()
    later = clock.now() + timedelta(minutes=10, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)

    answer = desk.come_back(state)

    assert answer.status_code == 400
    assert "longer than ten minutes" in words(answer.text)
    assert nothing_came_of_it(desk)


def test_a_missing_permission_is_named_and_nothing_is_linked(desk: Desk) -> None:
    """OAUTH-012"""
    desk.grants.missing = ["calendar.events.owned"]

    answer = desk.come_back(desk.begin())

    assert answer.status_code == 409
    assert "Missing: calendar.events.owned. Nothing was connected." in words(answer.text)
    assert "Not connected" in words(answer.text)
    assert desk.links() == []


def test_a_refusal_is_said_plainly_and_shows_nothing_of_what_came_with_it(desk: Desk) -> None:
    """OAUTH-008"""
    refused = {"code": "", "error": "access_denied", "error_description": "<script>alert(1)</script>"}

    answer = desk.come_back(desk.begin(), **refused)

    assert answer.status_code == 422
    assert "Google was not linked: the permission was not given." in words(answer.text)
    assert "alert(1)" not in answer.text
    assert nothing_came_of_it(desk)


def test_trouble_at_the_provider_is_said_in_its_words_and_nothing_is_linked(desk: Desk) -> None:
    desk.grants.fail("exchange", ProviderError("%(service)s cannot be reached.", retry=True, service="Google"))

    answer = desk.come_back(desk.begin())

    assert answer.status_code == 502
    assert "Google was not linked: Google cannot be reached." in words(answer.text)
    assert desk.links() == []


def test_another_host_is_refused(desk: Desk) -> None:
    """OAUTH-009"""
    state = desk.begin()

    answer = desk.petra.client.get(f"/oauth/google?state={state}&code=x", headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert nothing_came_of_it(desk)


def test_whoever_acts_as_the_teacher_links_and_parts_from_nothing(desk: Desk) -> None:
    """R32, T11, OAUTH-011, LOGIN-041"""
    state = desk.begin(browser=desk.dora)
    acting = desk.act()

    begun = acting.get(f"{desk.page}/google/sign-in")
    ended = desk.come_back(state, browser=acting)
    parted = acting.post(f"{desk.page}/google/disconnect")

    assert [answer.status_code for answer in (begun, ended, parted)] == [403, 403, 403]
    assert "not available while you are logged in as somebody else" in words(begun.text)
    assert nothing_came_of_it(desk)


def test_who_works_here_no_more_links_nothing(desk: Desk) -> None:
    state = desk.begin()
    with desk.arranged() as session:
        session.get_one(Contact, desk.teacher.id).level = Level.CUSTOMER

    answer = desk.come_back(state)

    assert answer.status_code == 403
    assert nothing_came_of_it(desk)


def test_whoever_came_in_by_a_mailed_link_chooses_a_password_first(desk: Desk) -> None:
    """RELIABILITY T9: a set-up link may have been forwarded. Afterwards they go on to the consent page."""
    with desk.arranged() as session:
        login = login_for(session, desk.teacher.email or "", now=clock.now())
        secret = start_sign_in(session, login, stays=STAFF_STAYS, by_link=True, now=clock.now())
    with desk.petra.client.session_transaction() as cookie:
        cookie["_user_id"] = secret

    page, begun = desk.petra.get(desk.page), desk.petra.get(f"{desk.page}/google/sign-in")

    assert page.status_code == 200
    assert begun.headers["Location"].startswith(f"/s/{desk.school.slug}/profile/password?next=")
    assert desk.petra.post(f"{desk.page}/feed").status_code == 403


def test_whoever_is_signed_out_meanwhile_signs_in_first(desk: Desk) -> None:
    answer = desk.come_back("state", browser=Browser(desk.app))

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-in")


def test_a_copy_on_hold_links_nothing(desk: Desk) -> None:
    """RELIABILITY D6"""
    with desk.arranged() as session:
        hold(session, because="A copy.", who=SYSTEM, now=clock.now())

    answer = desk.petra.get(f"{desk.page}/google/sign-in")

    assert answer.status_code == 409
    assert nothing_came_of_it(desk)


class TestOtherAccount:
    """OAUTH-021, for calendars."""

    def test_it_is_asked_about_and_nothing_is_taken(self, desk: Desk) -> None:
        desk.link()
        desk.save()
        before = desk.links()[0]
        desk.calendar.owner = RemoteAccount("g-2", "Petra at home", "petra@home.example")

        answer = desk.come_back(desk.begin())
        run_tasks(desk.app)

        assert answer.status_code == 409
        assert "You signed in as petra@home.example, but petra@linden.example was linked before." in words(answer.text)
        assert f"{desk.page}/google/sign-in?account=g-2" in answer.text
        after = desk.links()[0]
        assert (after.account_id, after.access_token) == ("g-1", before.access_token)
        assert len(desk.grants.revoked) == 1

    def test_once_agreed_it_is_linked_and_nothing_begins_before_save_and_sync(self, desk: Desk) -> None:
        desk.link()
        desk.save(is_import="1")
        desk.calendar.owner = RemoteAccount("g-2", "Petra at home", "petra@home.example")

        answer = desk.come_back(desk.begin(account="g-2"))

        assert answer.status_code == 303
        (link,) = desk.links()
        assert (link.account_id, link.is_live, link.is_export) == ("g-2", True, False)
        assert (link.calendar_id, link.is_import, link.due_at) == ("", False, None)

    def test_once_agreed_the_permission_of_the_former_account_is_ended(self, desk: Desk) -> None:
        """OAUTH-027: of it alone."""
        desk.link()
        with desk.database.reading() as session:
            former = open_tokens(session, session.get_one(CalendarLink, desk.links()[0].id))
        desk.calendar.owner = RemoteAccount("g-2", "Petra at home", "petra@home.example")

        assert desk.come_back(desk.begin(account="g-2")).status_code == 303
        run_tasks(desk.app)

        assert [tokens.access for tokens in desk.grants.revoked] == [former.access]
        assert desk.links()[0].is_live

    @pytest.mark.parametrize("ended", ["needs_reconnect_at", "disconnected_at"])
    def test_of_a_grant_that_has_ended_nothing_is_ended_again(self, desk: Desk, ended: str) -> None:
        desk.link()
        with desk.arranged() as session:
            setattr(session.get_one(CalendarLink, desk.links()[0].id), ended, clock.now())
        desk.calendar.owner = RemoteAccount("g-2", "Petra at home", "petra@home.example")

        assert desk.come_back(desk.begin(account="g-2")).status_code == 303

        assert desk.all(Task) == []


class TestReconnect:
    def test_the_same_account_goes_on_as_it_was_set(self, desk: Desk) -> None:
        """OAUTH-014: everything resumes."""
        desk.link()
        desk.save(is_import="1")
        with desk.arranged() as session:
            session.get_one(CalendarLink, desk.links()[0].id).needs_reconnect_at = clock.now()
        page = words(desk.petra.get(desk.page).text)

        desk.link()

        assert "Google does not accept the permission any more." in page
        (link,) = desk.links()
        assert (link.is_export, link.calendar_id, link.is_import) == (True, "school", True)
        assert link.due_at is not None

    def test_a_grant_that_another_teacher_holds_on_the_same_account_is_not_ended(self, desk: Desk) -> None:
        """Providers end all that an account has granted."""
        desk.link()

        def arrange(session: Session) -> Contact:
            hugh = make_teacher(session, desk.school, "Hugh", "Barlow")
            make_calendar_link(session, hugh, account_id="g-1")
            return hugh

        desk.someone(arrange)
        desk.petra.post(f"{desk.page}/google/disconnect")
        run_tasks(desk.app)

        assert len(desk.all(Task)) == 1
        assert desk.grants.revoked == []
