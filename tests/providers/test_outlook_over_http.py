"""A teacher's Outlook calendar from the sign-in to its end, over real HTTP against the stand-in."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from calendar_desk import Desk, open_desk
from microsoft_stage import PETRA, MicrosoftStage
from zoom_office import words

from jobs.calendar_export import export_entries
from webapp import clock
from webapp.db import Database
from webapp.models import Appointment, CalendarEntry, CalendarLink, Resource
from webapp.models.calendar.calendar_entry import DELETED
from webapp.providers.microsoft import microsoft_calendars, microsoft_grants
from webapp.sandbox.run import RunningSandbox
from webapp.services.booking.cancel import cancel_appointment
from webapp.services.booking.consequences import follow
from webapp.services.system.audit import SYSTEM

HOME = "http://localhost"


@pytest.fixture
def outlook(sandbox: RunningSandbox) -> MicrosoftStage:
    return MicrosoftStage(sandbox.microsoft_url, redirect=f"{HOME}/oauth/microsoft")


@pytest.fixture
def desk(database: Database, outlook: MicrosoftStage) -> Iterator[Desk]:
    desk = open_desk(database)
    providers = desk.app.extensions["confab"].providers
    providers.grants["microsoft"] = microsoft_grants(outlook.settings)
    providers.calendars["microsoft"] = microsoft_calendars(outlook.settings)
    return desk


def sign_in(desk: Desk, outlook: MicrosoftStage, **consent: Any) -> Any:
    """To Microsoft and back, as a browser goes; gives the answer to it."""
    there = desk.petra.client.get(f"{desk.page}/microsoft/sign-in").headers["Location"]
    back = outlook.accept(there, **consent)
    assert back.startswith(HOME)
    return desk.petra.client.get(back.removeprefix(HOME))


def link(desk: Desk, outlook: MicrosoftStage) -> CalendarLink:
    """All three steps; the account has another address than the school knows."""
    assert sign_in(desk, outlook).status_code == 303
    answer = desk.save(provider="microsoft", calendar=outlook.calendar, is_mine="1")
    assert answer.status_code == 303, answer.text
    [found] = desk.links()
    return found


@pytest.fixture
def run(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """The export job, some time later."""
    on_the_wall, passed = clock.now, [timedelta()]
    monkeypatch.setattr("jobs.calendar_export.AT_ONCE", 1)
    monkeypatch.setattr(clock, "now", lambda: on_the_wall() + passed[0])

    def later(by: timedelta = timedelta()) -> None:
        passed[0] += by
        export_entries(desk.app)

    return later


def entry(desk: Desk) -> CalendarEntry:
    [found] = desk.all(CalendarEntry)
    return found


def change_room(desk: Desk) -> None:
    with desk.arranged() as session:
        session.get_one(Resource, desk.resource.id).room = "Room 9"
        follow(session, [desk.booked.id or 0], now=clock.now())


def cancel(desk: Desk) -> None:
    with desk.arranged() as session:
        cancel_appointment(session, session.get_one(Appointment, desk.booked.id), who=SYSTEM, now=clock.now())


def test_an_appointment_comes_changes_and_goes_with_the_link_that_was_signed_in_to(
    desk: Desk, outlook: MicrosoftStage, run: Callable[..., None]
) -> None:
    """R33, R103: four in the afternoon in Chicago."""
    found = link(desk, outlook)
    run()
    [made] = outlook.standing()
    change_room(desk)
    run(timedelta(minutes=5))
    [changed] = outlook.standing()
    cancel(desk)
    run(timedelta(minutes=5))

    assert (found.account_email, found.account_name, found.is_export) == (PETRA, "Petra Vogel", True)
    assert (made["starts_at"], made["show_as"], made["sensitivity"]) == ("2026-12-03T22:00:00Z", "busy", "private")
    assert (changed["id"], changed["starts_at"], changed["place"]) == (made["id"], made["starts_at"], "Room 9")
    assert outlook.standing() == []


def test_an_entry_that_the_teacher_deletes_in_outlook_stays_deleted(
    desk: Desk, outlook: MicrosoftStage, run: Callable[..., None]
) -> None:
    """R103"""
    link(desk, outlook)
    run()
    outlook.delete(outlook.standing()[0]["id"])
    change_room(desk)

    run(timedelta(minutes=5))
    run(timedelta(minutes=5))

    assert outlook.standing() == []
    assert entry(desk).theirs == DELETED


def test_an_entry_waits_through_a_new_password_and_comes_once_the_teacher_has_signed_in_again(
    desk: Desk, outlook: MicrosoftStage, run: Callable[..., None]
) -> None:
    """F14, OAUTH-014"""
    link(desk, outlook)
    outlook.control("revoke", why="password", email=PETRA)
    run()
    dead, waiting = desk.links()[0], outlook.standing()

    link(desk, outlook)
    run(timedelta(minutes=30))

    assert (dead.needs_reconnect_at is None, waiting) == (False, [])
    assert desk.links()[0].is_live
    assert len(outlook.standing()) == 1


@pytest.mark.parametrize(
    ("consent", "told"),
    [
        ({"decision": "deny"}, "the permission was not given"),
        ({"granted": "offline_access User.Read"}, "Calendars.ReadWrite"),
        ({"granted": "User.Read Calendars.ReadWrite"}, "no lasting access"),
    ],
)
def test_a_consent_that_is_not_whole_links_nothing_and_says_why(
    desk: Desk, outlook: MicrosoftStage, consent: dict[str, str], told: str
) -> None:
    """OAUTH-012"""
    answer = sign_in(desk, outlook, **consent)
    page = answer.text if answer.status_code != 303 else desk.petra.get(answer.headers["Location"]).text

    assert told in words(page)
    assert not [one for one in desk.links() if one.is_live]
