"""The Online Meetings page: three sections that keep themselves up to date, each trouble with its reason and button."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from html import escape
from typing import Any

import pytest
from app import Browser
from factories import (
    EVENING,
    make_contact,
    make_event,
    make_host,
    make_resource,
    make_school,
    make_slot,
    make_teacher,
)
from online_office import Office, issues, link, meeting_of, open_office, part, refuse, time_stands_at, virtual, words
from sqlalchemy import func, insert
from sqlmodel import Session, select
from statements import statements

from jobs.link_sync import sync_links
from jobs.tasks import run_tasks
from webapp.db import Database
from webapp.errors import ProviderError
from webapp.models import Appointment, Contact, Event, Level, Meeting, Slot, Task
from webapp.services.meeting.issue_rows import IssueRow
from webapp.services.meeting.overview import MOST_SHOWN, overview

REFUSED = ProviderError("Zoom refused the request.", retry=False, code="refused", detail="300: <b>no</b>")


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


@pytest.fixture
def dora(office: Office) -> Browser:
    return office.dora()


def missing_teacher(session: Session, office: Office, event: Event | None = None) -> Contact:
    """Hugh, whom Zoom does not know, with two appointments."""
    hugh = make_teacher(session, office.school, "Hugh", "Barlow", email="hugh@linden.example")
    make_host(session, hugh, state="not_found", remote_id="", remote_email="")
    resource = make_resource(session, event or office.event, hugh)
    for _ in range(2):
        virtual(session, resource, office.alice, now=office.now)
    return hugh


def polled(html: str, section: str) -> str:
    """The address that the section asks for by itself."""
    found = re.search(rf'id="om-{section}" data-live[^>]* hx-get="([^"]+)" hx-trigger="every \d+s"', html)
    assert found
    return found[1].replace("&amp;", "&")


class TestPage:
    def test_three_sections_stand_in_order(self, office: Office, dora: Browser) -> None:
        """R25"""
        page = dora.get(office.path()).text

        headings = [words(heading).rstrip("0123456789 ") for heading in re.findall(r"<h2.*?</h2>", page)]
        assert headings == ["Online Meeting Sync", "Online Meeting Issues", "Calendar Link Setup Status"]
        assert "<h1>Online Meetings</h1>" in page

    def test_a_row_of_sync_tells_teacher_parent_time_event_since_when_and_tries(
        self, office: Office, dora: Browser
    ) -> None:
        """R26"""
        with office.arranged() as session:
            appointment = virtual(session, office.resource, office.alice, now=office.now, at=EVENING)

        row = part(dora.get(office.path()).text, f"sync-{appointment.id}")

        for expected in ("Folake Adeyemi", "Mia Alvarez", "Alice Alvarez", "Dec 3", "4:00 PM", "Fall Conferences 2026"):
            assert expected in row
        assert "Since 9:00 AM First try in a moment." in row

    def test_it_states_the_forty_minutes(self, office: Office, dora: Browser) -> None:
        """R27"""
        assert "up to 40 minutes when Zoom is slow" in part(dora.get(office.path()).text, "om-sync")

    def test_an_issue_tells_facts_reason_steps_and_has_a_button(self, office: Office, dora: Browser) -> None:
        """R29, R30"""
        with office.arranged() as session:
            missing_teacher(session, office)

        page = dora.get(office.path()).text
        [row] = issues(page)

        assert row.startswith("Hugh Barlow Fall Conferences 2026 2 appointments")
        assert row.count("Mia Alvarez , Alice Alvarez") == 2
        assert "Not found in Zoom, or not active" in row
        assert "Email here hugh@linden.example Email in Zoom None found Zoom user ID None" in row
        assert "Zoom User ID: none was not found in Zoom or is not active. Check Pending Users section" in row
        assert row.endswith("Retry , Hugh Barlow")
        assert re.search(r'<ol class="steplist">(<li>.*?</li>){4}</ol>', page)

    def test_a_missing_link_without_provider_has_a_button_to_the_cell(self, office: Office, dora: Browser) -> None:
        """R29"""
        with office.arranged() as session:
            studio = make_event(session, office.school, name="Open Studio Evening")
            resource = make_resource(session, studio, make_teacher(session, office.school, "Kenji", "Ito"))
            virtual(session, resource, office.alice, now=office.now)

        page = dora.get(office.path()).text

        assert "No link typed, no provider on" in issues(page)[0]
        cell = f"/s/{office.school.slug}/e/{studio.id}/?teacher={resource.id}#vr-{resource.id}"
        assert f'href="{cell}">Type the link' in page

    def test_a_resource_without_contact_stands_in_issues(self, office: Office, dora: Browser) -> None:
        """R37"""
        with office.arranged() as session:
            support = make_resource(session, office.event)
            virtual(session, support, office.alice, now=office.now)

        page = dora.get(office.path()).text
        [row] = issues(page)

        assert row.startswith("Learning Support Resource, Fall Conferences 2026")
        assert "No contact attached" in row
        assert f'/e/{office.event.id}/?teacher={support.id}#vr-{support.id}">Open Appointments' in page

    def test_calendar_status_lists_teachers_with_virtual_slots_and_both_columns(
        self, office: Office, dora: Browser
    ) -> None:
        """R31, R37"""
        with office.arranged() as session:
            make_slot(session, office.resource, kind="PV")
            make_slot(session, make_resource(session, office.event, make_teacher(session, office.school, "Ines")))

        page = dora.get(office.path()).text

        table = page[page.index('id="om-setup"') :]
        heads = re.findall(r'<th scope="col">(.*?)</th>', table)
        assert [words(head) for head in heads] == [
            "Teacher",
            "Default calendar",
            "Export Setup",
            "Import Setup",
            "Last sync",
            "Action",
        ]
        assert re.findall(r'<th scope="row" class="full"><bdi>(.*?)</bdi>', table) == ["Folake Adeyemi"]
        assert "Open: sign in on Calendar Sync" in table
        assert "Log in as teacher" in table

    def test_an_empty_page_says_why_and_what_comes_next(self, office: Office, dora: Browser) -> None:
        page = words(dora.get(office.path()).text)

        assert "No links are being made. New virtual bookings appear here." in page
        assert "No virtual appointments are coming." in page
        assert "No teacher has virtual slots yet." in page

    def test_the_counts_add_up_and_the_sentence_says_them(self, office: Office, dora: Browser) -> None:
        with office.arranged() as session:
            link(session, virtual(session, office.resource, office.alice, now=office.now))
            virtual(session, office.resource, office.alice, now=office.now)
            missing_teacher(session, office)

        page = dora.get(office.path()).text

        assert part(page, "om-summary") == (
            "Linked 1 of 4 appointments Link on the way 1 appointment Needs attention 2 appointments 1 cause"
        )
        assert part(page, "om-status") == "1 link on the way, 2 appointments need attention."

    def test_hostile_names_and_messages_are_text(self, office: Office, dora: Browser) -> None:
        with office.arranged() as session:
            resource = make_resource(session, office.event, office.folake, name='<img src=x onerror="1">')
            appointment = virtual(session, resource, office.alice, now=office.now, child_name="<script>1</script>")
            refuse(session, appointment, REFUSED, now=office.now)

        page = dora.get(office.path()).text

        assert "<img" not in page
        assert "<script>1" not in page
        assert "300: &lt;b&gt;no" in page

    def test_it_can_be_narrowed_to_an_event_and_the_sections_keep_asking_for_that(
        self, office: Office, dora: Browser
    ) -> None:
        with office.arranged() as session:
            other = make_event(session, office.school, name="Spring", settings={"provider": "zoom"})
            missing_teacher(session, office, other)

        here, there = (dora.get(office.path(f"online-meetings?event={e.id}")).text for e in (office.event, other))

        assert issues(here) == []
        assert len(issues(there)) == 1
        assert f"?event={other.id}&v=" in polled(there, "issues")

    def test_teachers_are_found_by_name_and_paged(self, office: Office, dora: Browser) -> None:
        with office.arranged() as session:
            for n in range(30):
                teacher = make_teacher(session, office.school, "Teacher", f"N{n:02}")
                make_slot(session, make_resource(session, office.event, teacher), kind="V")

        first, second, found = (dora.get(office.path(f"online-meetings?{q}")).text for q in ("", "page=2", "f=n07"))

        assert "Showing 1–25 of 30" in words(first)
        assert "Teacher N29" in second
        assert "Teacher N24" not in second
        assert re.findall(r"<bdi>(Teacher .*?)</bdi>", found) == ["Teacher N07"]
        assert "f=n07&page=1" not in polled(found, "setup")
        assert "?f=n07&v=" in polled(found, "setup")

    @pytest.mark.parametrize("query", ["event=x", "page=x", "page=0", "page=-3", "page=9" + "9" * 40, "v=1", "f=%00"])
    def test_strange_addresses_do_no_harm(self, office: Office, dora: Browser, query: str) -> None:
        assert dora.get(office.path(f"online-meetings?{query}")).status_code == 200


class TestLive:
    def test_the_same_version_is_answered_with_nothing(self, office: Office, dora: Browser) -> None:
        with office.arranged() as session:
            virtual(session, office.resource, office.alice, now=office.now)
        page = dora.get(office.path()).text

        for section in ("sync", "issues", "setup"):
            answer = dora.htmx(polled(page, section))
            assert (answer.status_code, answer.data) == (204, b"")

    def test_the_row_leaves_when_the_job_has_stored_the_link(self, office: Office, dora: Browser) -> None:
        """R28"""
        with office.arranged() as session:
            appointment = virtual(session, office.resource, office.alice, now=office.now)
        page = dora.get(office.path()).text
        assert f'id="sync-{appointment.id}"' in page

        sync_links(office.app)
        answer = dora.htmx(polled(page, "sync"))

        assert answer.status_code == 200
        assert answer.text.startswith('<section class="panel mt" id="om-sync" data-live')
        assert f'id="sync-{appointment.id}"' not in answer.text
        assert re.search(r'id="om-status" role="status" hx-swap-oob="[^"]+">0 links on the way', answer.text)
        assert re.search(r'<dl class="stats" id="om-summary" hx-swap-oob="[^"]+">', answer.text)
        assert part(answer.text, "om-summary").startswith("Linked 1 of 1 appointment Link on the way 0")

    def test_a_known_cause_moves_the_row_to_issues(self, office: Office, dora: Browser) -> None:
        with office.arranged() as session:
            appointment = virtual(session, office.resource, office.alice, now=office.now)
        page = dora.get(office.path()).text

        with office.arranged() as session:
            refuse(session, appointment, REFUSED, now=office.now)
        sync, found = (dora.htmx(polled(page, section)).text for section in ("sync", "issues"))

        assert f'id="sync-{appointment.id}"' not in sync
        assert "Zoom refused the request." in issues(found)[0]

    def test_sections_ask_every_3_seconds_while_a_link_is_on_the_way_else_every_20(
        self, office: Office, dora: Browser
    ) -> None:
        quiet = dora.get(office.path()).text
        with office.arranged() as session:
            virtual(session, office.resource, office.alice, now=office.now)
        busy = dora.get(office.path()).text

        assert re.findall(r'hx-trigger="every (\d+)s"', quiet) == ["20", "20", "20"]
        assert re.findall(r'hx-trigger="every (\d+)s"', busy) == ["3", "3", "20"]
        assert len(re.findall(r'data-live[^>]*hx-swap="morph:outerHTML"', busy)) == 3

    def test_refreshing_can_be_paused_and_asked_for(self, office: Office, dora: Browser) -> None:
        page = dora.get(office.path()).text

        assert re.search(r'<button[^>]*aria-pressed="false" data-live-pause>.*?Pause</button>', page)
        assert re.search(rf'<a class="btn small" id="om-refresh" href="{office.path()}".*?Refresh now</a>', page)

    def test_a_poll_of_someone_signed_out_sends_the_page_to_sign_in(self, office: Office) -> None:
        answer = Browser(office.app).htmx(office.path("online-meetings/sync"))

        assert answer.status_code == 401
        assert answer.headers["HX-Redirect"].startswith("/sign-in")


class TestRetry:
    @pytest.fixture
    def refused(self, office: Office) -> Any:
        with office.arranged() as session:
            appointment = virtual(session, office.resource, office.alice, now=office.now)
            refuse(session, appointment, REFUSED, now=office.now)
        return appointment

    def test_a_plain_form_comes_back_to_the_page_as_it_was(self, office: Office, dora: Browser, refused: Any) -> None:
        """R98"""
        path = office.path(f"online-meetings/retry?event={office.event.id}")

        answer = dora.post(path, {"resource": office.resource.id})

        assert answer.status_code == 303
        assert answer.headers["Location"] == office.path(f"online-meetings?event={office.event.id}#om-issues")
        with office.database.reading() as session:
            assert meeting_of(session, refused).due_at is not None

    def test_htmx_gets_the_section_without_the_row_and_sync_with_it(
        self, office: Office, dora: Browser, refused: Any
    ) -> None:
        answer = dora.post(office.path("online-meetings/retry"), {"resource": office.resource.id}, htmx=True)

        assert answer.status_code == 200
        assert answer.text.startswith('<section class="panel" id="om-issues"')
        assert issues(answer.text) == []
        assert re.search(r'id="om-sync"[^>]*hx-swap-oob="morph"', answer.text)
        assert f'id="sync-{refused.id}"' in answer.text
        assert 'id="h-issues" tabindex="-1" autofocus' in answer.text

    def test_the_link_is_there_after_the_next_run(self, office: Office, dora: Browser, refused: Any) -> None:
        """R98"""
        dora.post(office.path("online-meetings/retry"))
        sync_links(office.app)

        with office.database.reading() as session:
            assert meeting_of(session, refused).has_link

    def test_a_teacher_who_was_added_in_zoom_meanwhile_gets_all_links_by_one_click(
        self, office: Office, dora: Browser
    ) -> None:
        """R72"""
        with office.arranged() as session:
            missing_teacher(session, office)
        office.zoom.add_user("hugh@linden.example")

        answer = dora.post(office.path("online-meetings/retry"), htmx=True)
        assert "Zoom's users are being read again." in words(answer.text)
        run_tasks(office.app)
        sync_links(office.app)

        with office.database.reading() as session:
            assert [meeting.has_link for meeting in session.exec(select(Meeting))] == [True, True]
            assert session.exec(select(Task)).one().ended_at

    def test_without_the_sessions_value_nothing_happens(self, office: Office, dora: Browser, refused: Any) -> None:
        answer = dora.post(office.path("online-meetings/retry"), {"csrf": "guessed"})

        assert answer.status_code == 403
        with office.database.reading() as session:
            assert meeting_of(session, refused).due_at is None

    def test_it_is_never_a_get(self, office: Office, dora: Browser) -> None:
        assert dora.get(office.path("online-meetings/retry")).status_code == 405


class TestAccess:
    @pytest.mark.parametrize("level", [Level.VIEWER, Level.MAKER, Level.RESOURCE_ADMINISTRATOR], ids=str)
    def test_teachers_are_refused(self, office: Office, level: Level) -> None:
        browser = office.someone(lambda session: make_contact(session, office.school, level=level))

        seen = [browser.get(office.path(f"online-meetings{rest}")) for rest in ("", "/sync", "/issues", "/setup")]
        sent = browser.post(office.path("online-meetings/retry"))

        assert {answer.status_code for answer in [*seen, sent]} == {403}

    def test_parents_and_people_of_another_school_find_nothing(self, office: Office) -> None:
        alice = office.someone(lambda session: make_contact(session, office.school))
        charlie = office.someone(
            lambda session: make_contact(session, make_school(session), "Charlie", level=Level.ADMINISTRATOR)
        )

        assert [browser.get(office.path()).status_code for browser in (alice, charlie)] == [404, 404]

    def test_an_event_administrator_sees_and_retries_the_granted_event_only(self, office: Office) -> None:
        with office.arranged() as session:
            other = make_event(session, office.school, name="Spring", settings={"provider": "zoom"})
            missing_teacher(session, office, other)
            make_slot(session, office.resource, kind="V")
            appointment = virtual(session, office.resource, office.alice, now=office.now)
            refuse(session, appointment, REFUSED, now=office.now)
        dan = office.event_administrator(other)

        page = dan.get(office.path())
        dan.post(office.path("online-meetings/retry"))
        foreign = [
            dan.get(office.path(f"online-meetings{rest}?event={office.event.id}"))
            for rest in ("", "/sync", "/issues", "/setup")
        ]

        assert [row.split(" Fall")[0].split(" Spring")[0] for row in issues(page.text)] == ["Hugh Barlow"]
        assert "Folake" not in page.text
        assert office.event.name not in page.text
        assert {answer.status_code for answer in foreign} == {404}
        with office.database.reading() as session:
            assert meeting_of(session, appointment).due_at is None

    def test_an_event_administrator_without_a_grant_sees_an_empty_page(self, office: Office) -> None:
        with office.arranged() as session:
            missing_teacher(session, office)

        page = office.event_administrator().get(office.path())

        assert page.status_code == 200
        assert issues(page.text) == []
        assert "Hugh" not in page.text


def test_the_page_and_its_polls_ask_as_few_queries_for_10_000_appointments_as_for_4(
    office: Office, dora: Browser
) -> None:
    """Most have their links, as on a conference day; of 40 teachers half cannot host."""

    def count(path: str) -> int:
        with statements(office.app) as asked:
            assert dora.get(path).status_code == 200
        return len(asked)

    def counts() -> list[int]:
        return [count(office.path(f"online-meetings{rest}")) for rest in ("", "/sync", "/issues", "/setup")]

    with office.arranged() as session:
        resources = [cannot_or_can_host(session, office, n) for n in range(4)]
    few = counts()
    with office.arranged() as session:
        resources += [cannot_or_can_host(session, office, n) for n in range(4, 40)]
        crowd(session, resources, 10_000 - len(resources))
    many = counts()

    assert few == many
    assert "of 10000 appointments" in words(dora.get(office.path()).text)


def cannot_or_can_host(session: Session, office: Office, n: int) -> Appointment:
    """A teacher with one virtual appointment."""
    teacher = make_teacher(session, office.school, "Many", f"N{n}")
    make_host(session, teacher, state="not_found" if n % 2 else "mapped", remote_id=f"m{teacher.id}")
    return virtual(session, make_resource(session, office.event, teacher), office.alice, now=office.now)


def crowd(session: Session, booked: list[Appointment], number: int) -> None:
    """So many appointments more, each like one of these, at times of their own; written in bulk."""
    rows: dict[type[Any], list[dict[str, Any]]] = {Slot: [], Appointment: [], Meeting: []}
    first = (session.exec(select(func.max(Slot.id))).one() or 0) + 1, max(one.id or 0 for one in booked) + 1
    originals = [(session.get_one(Slot, one.slot_id), one, meeting_of(session, one)) for one in booked]
    written = [[row.model_dump() for row in three] for three in originals]
    for n in range(number):
        slot, appointment, meeting = written[n % len(booked)]
        later = timedelta(minutes=15 * (n // len(booked) + 1))
        times = {name: slot[name] + later for name in ("starts_at", "ends_at")}
        rows[Slot].append(slot | times | {"id": first[0] + n, "token": f"t{n}"})
        mine = {"id": first[1] + n, "slot_id": first[0] + n, "child_key": f"c{n}", "act": f"act{n}"}
        mine["token"] = f"t{n}"
        rows[Appointment].append(appointment | mine)
        url = f"https://linden.zoom.us/j/{n}" if n % 50 else None
        theirs = {"appointment_id": first[1] + n, "marker": f"m{n}", "join_url": url}
        rows[Meeting].append({name: value for name, value in (meeting | theirs).items() if name != "id"})
    for table, some in rows.items():
        session.execute(insert(table), some)


def test_the_details_for_support_name_the_facts_and_no_family_link_or_passcode(office: Office, dora: Browser) -> None:
    """R30: what Zoom said, the user's two addresses and id; nothing that opens a door or names a child."""
    refused = ProviderError("No.", retry=False, code="other", detail="Zoom: 3000 Cannot access webinar info.")
    with office.arranged() as session:
        booked = virtual(session, office.resource, office.alice, now=office.now)
        refuse(session, booked, refused, now=office.now)

    [row] = overview_rows(office)

    assert "reason: other" in row.diagnosis
    assert f"appointments: {booked.id}" in row.diagnosis
    assert "zoom: Zoom: 3000 Cannot access webinar info." in row.diagnosis
    assert office.alice.last not in row.diagnosis
    assert "https://" not in row.diagnosis
    assert escape(row.diagnosis, quote=False).splitlines()[0] in dora.get(office.path()).text


@pytest.mark.parametrize("address", ["help@linden.example", ""])
def test_whoever_cannot_help_themselves_is_told_whom_to_write_to_with_the_details(
    office: Office, dora: Browser, address: str
) -> None:
    """R42: the operator's address, beside the details that can be copied; without one nothing is made up."""
    wired = office.app.extensions["confab"]
    settings = wired.settings.model_copy(update={"support_address": address})
    office.app.extensions["confab"] = replace(wired, settings=settings)
    with office.arranged() as session:
        refuse(session, virtual(session, office.resource, office.alice, now=office.now), REFUSED, now=office.now)

    page = dora.get(office.path()).text

    assert ("If the steps do not help, write to" in words(page)) == bool(address)
    assert f"write to {address} and add these details." in words(page) or not address


def test_of_thousands_on_the_way_the_soonest_are_shown_and_all_are_counted(office: Office, dora: Browser) -> None:
    with office.arranged() as session:
        for _n in range(MOST_SHOWN + 3):
            virtual(session, office.resource, office.alice, now=office.now)

    shown = dora.get(office.path()).text

    assert shown.count('<tr id="sync-') == MOST_SHOWN
    assert "3 more are on the way, for later times." in words(shown)
    assert f"Online Meeting Sync {MOST_SHOWN + 3}" in words(shown)


def overview_rows(office: Office) -> tuple[IssueRow, ...]:
    with office.database.reading() as session:
        return overview(session, office.school.id or 0, [office.event.id or 0], now=office.now).issues
