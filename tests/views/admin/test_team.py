"""Change a team, its host above all: what that changes is said first, and each family is told once."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from event_office import Office, hidden_value, open_office, words
from factories import make_contact, make_host, make_resource, make_teacher
from online_office import time_stands_at
from sqlalchemy import delete, func
from sqlmodel import Session, select

from jobs.link_sync import sync_links
from jobs.mail_delivery import deliver_mail
from webapp.db import Database
from webapp.models import Appointment, Audit, Contact, Host, Level, Occupancy, Resource, ResourceMember
from webapp.services.booking.agenda import agenda
from webapp.services.booking.occupancy import Span, take, ticks
from webapp.services.event.team import team_of


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


@pytest.fixture
def team(office: Office) -> Resource:
    """Folake leads, Hugh is the second; both are mapped."""
    with office.arranged() as session:
        return make_resource(session, office.event, *map(named(session), ("Folake", "Hugh")))


def named(session: Session) -> Any:
    return lambda first: session.exec(select(Contact).where(Contact.first == first)).one()


def hugh(office: Office) -> Contact:
    with office.database.reading() as session:
        return session.exec(select(Contact).where(Contact.first == "Hugh")).one()


def page(office: Office, team: Resource) -> str:
    return office.path(f"t/{team.id}/host/{hugh(office).id}")


def press(office: Office, team: Resource, **typed: str) -> Any:
    shown = office.dora.get(page(office, team)).text
    return office.dora.post(page(office, team), {"was": hidden_value(shown, "was")} | typed)


def book(office: Office, team: Resource, families: int, each: int) -> list[Appointment]:
    """Online, with links and the Confirmations sent."""
    slots = office.slots(team, families * each, kind="V")
    with office.arranged() as session:
        parents = [make_contact(session, office.school, f"Parent{n}") for n in range(families)]
    booked = [office.booked(slot, contact_id=parents[n // each].id, is_virtual=True) for n, slot in enumerate(slots)]
    work(office)
    return booked


def work(office: Office) -> None:
    for _n in range(4):
        sync_links(office.app)
        deliver_mail(office.app)


def shown(office: Office, booked: list[Appointment]) -> list[str | None]:
    with office.database.reading() as session:
        entries = {
            entry.id: entry.room.url for entry in agenda(session, Appointment.resource_id == booked[0].resource_id)
        }
        return [entries[appointment.id or 0] for appointment in booked]


def test_the_team_says_who_hosts_and_offers_the_others(office: Office, team: Resource) -> None:
    answer = office.dora.get(office.path(f"t/{team.id}")).text

    assert "Folake Adeyemi Host" in words(answer)
    assert f'href="{page(office, team)}"' in answer
    assert "Make host" not in office.dora.get(office.path(f"t/{office.folake.id}")).text


def test_what_changes_is_said_before_anything_changes(office: Office, team: Resource) -> None:
    office.set(provider="zoom")
    booked = book(office, team, families=2, each=2)
    before = shown(office, booked)

    told = words(office.dora.get(page(office, team)).text)

    assert "4 links change. 2 families are told by email, once each." in told
    work(office)
    assert shown(office, booked) == before


def test_with_one_click_twenty_four_links_are_anew_and_each_family_has_one_mail(office: Office, team: Resource) -> None:
    """R65: F23, ADMIN-021. The new ones are made first; at each moment every page shows one link that works."""
    office.set(provider="zoom")
    booked = book(office, team, families=12, each=2)
    before = shown(office, booked)
    sent = len(mails(office))
    seen_meanwhile: list[bool] = []
    office.zoom.on_call = lambda _: seen_meanwhile.append(all(works(office, link) for link in shown(office, booked)))

    answer = press(office, team)
    work(office)

    office.zoom.on_call = None
    after = shown(office, booked)
    assert answer.status_code == 303
    assert seen_meanwhile
    assert all(seen_meanwhile)
    assert not set(before) & set(after)
    assert len({*after}) == 24
    assert {meeting.host_key for meeting in office.zoom.standing()} == {host_of(office, hugh(office))}
    new = mails(office)[sent:]
    assert sorted(mail.recipient for mail in new) == sorted({mail.recipient for mail in new})
    assert len(new) == 12
    assert {mail.subject for mail in new} == {"Your links have changed, Fall Conferences 2026"}


def test_the_order_of_the_others_stays_and_the_deed_is_written_down(office: Office, team: Resource) -> None:
    press(office, team)

    with office.database.reading() as session:
        assert [teacher.first for teacher in team_of(session, team)] == ["Hugh", "Folake"]
        assert [row.subject for row in session.exec(select(Audit).where(Audit.action == "resource.host"))] == [
            f"resource {team.id}"
        ]


def remove(office: Office, team: Resource, contact: Contact) -> Any:
    path = office.path(f"t/{team.id}/leave/{contact.id}")
    return office.dora.post(path, {"was": hidden_value(office.dora.get(path).text, "was")})


def add(office: Office, team: Resource, contact: Contact) -> Any:
    return office.dora.post(office.path(f"t/{team.id}/join"), {"contact": contact.id}, follow_redirects=True)


def folake(office: Office) -> Contact:
    with office.database.reading() as session:
        return session.exec(select(Contact).where(Contact.first == "Folake")).one()


def test_the_long_way_ends_in_the_same_state_as_one_click(office: Office, team: Resource) -> None:
    """R65: all but the new lead removed, the links awaited, and the other added back; each family is told once."""
    office.set(provider="zoom")
    booked = book(office, team, families=2, each=2)
    before, sent = shown(office, booked), len(mails(office))

    told = words(office.dora.get(office.path(f"t/{team.id}/leave/{folake(office).id}")).text)
    removed = remove(office, team, folake(office))
    work(office)
    moved = shown(office, booked)
    added = add(office, team, folake(office))
    work(office)

    assert "4 links change. 2 families are told by email, once each." in told
    assert removed.status_code == 303
    assert "Folake Adeyemi is of the team now." in words(added.text)
    assert "Hugh Barlow Host" in words(added.text)
    assert {meeting.host_key for meeting in office.zoom.standing()} == {host_of(office, hugh(office))}
    assert len(office.zoom.standing()) == 4
    assert not set(before) & set(moved)
    assert shown(office, booked) == moved
    assert len(mails(office)[sent:]) == 2
    with office.database.reading() as session:
        assert [teacher.first for teacher in team_of(session, team)] == ["Hugh", "Folake"]


def test_a_second_teacher_who_leaves_changes_no_link(office: Office, team: Resource) -> None:
    office.set(provider="zoom")
    booked = book(office, team, families=1, each=1)
    before = shown(office, booked)

    remove(office, team, hugh(office))
    work(office)

    assert shown(office, booked) == before


def test_the_only_teacher_and_a_host_whose_successor_cannot_host_stay(office: Office, team: Resource) -> None:
    """R71: links that work are not taken away."""
    office.set(provider="zoom")
    with office.arranged() as session:
        row = session.exec(select(Host).where(Host.contact_id == hugh(office).id)).one()
        row.state, row.remote_id = "pending", ""

    refused = remove(office, team, folake(office))
    remove(office, team, hugh(office))
    alone = remove(office, team, folake(office))

    assert (refused.status_code, alone.status_code) == (409, 409)
    assert "Hugh Barlow cannot host Zoom meetings" in words(refused.text)
    assert "Folake Adeyemi is the only teacher here." in words(alone.text)
    with office.database.reading() as session:
        assert [teacher.first for teacher in team_of(session, team)] == ["Folake"]


def test_who_is_booked_elsewhere_at_that_time_cannot_join_and_who_left_is_free(office: Office, team: Resource) -> None:
    """1.7: a team's appointment makes every teacher of it busy."""
    with office.arranged() as session:
        cora = make_teacher(session, office.school, "Cora")
        own = make_resource(session, office.event, cora)
    [together], [alone] = office.slots(team, 1), office.slots(own, 1)
    office.booked(together)
    with office.arranged() as session:
        minutes = ticks(alone.starts_at, alone.ends_at)
        assert not take(session, [Span("teacher", cora.id or 0, minutes.start, minutes.stop, None, alone.id)])

    refused = add(office, team, cora)
    with office.arranged() as session:
        session.exec(delete(Occupancy))
    joined, again = add(office, team, cora), add(office, team, cora)
    with office.database.reading() as session:
        busy = session.exec(select(func.count()).where(Occupancy.subject_id == cora.id)).one()
    remove(office, team, cora)

    assert refused.status_code == 409
    assert "Cora" in words(refused.text)
    assert "has another appointment" in words(refused.text)
    assert (joined.status_code, again.status_code, busy) == (200, 200, 15)
    with office.database.reading() as session:
        assert session.exec(select(func.count()).where(Occupancy.subject_id == cora.id)).one() == 0


def test_parents_and_strangers_cannot_be_added(office: Office, team: Resource) -> None:
    elsewhere = office.another_school()
    with office.arranged() as session:
        stranger = make_contact(session, elsewhere, "Cora", level=Level.ADMINISTRATOR)
    other = office.someone(Level.ADMINISTRATOR, school=office.another_school())

    assert add(office, team, office.alice).status_code == 404
    assert add(office, team, stranger).status_code == 404
    assert other.post(office.path(f"t/{team.id}/join"), {"contact": hugh(office).id}).status_code == 404
    assert other.get(office.path(f"t/{team.id}/leave/{hugh(office).id}")).status_code == 404


def test_who_has_no_zoom_user_cannot_be_made_host_and_nothing_changes(office: Office, team: Resource) -> None:
    """R71: nobody's links are made under anybody else, and links that work are not taken away."""
    office.set(provider="zoom")
    booked = book(office, team, families=1, each=1)
    before = shown(office, booked)
    with office.arranged() as session:
        row = session.exec(select(Host).where(Host.contact_id == hugh(office).id)).one()
        row.state, row.remote_id = "pending", ""

    said = words(office.dora.get(page(office, team)).text)
    answer = office.dora.post(page(office, team), {"was": f"{first_of(office, team)}.{hugh(office).id}"})

    assert "Hugh" in said
    assert "Invited to Zoom, not accepted yet" in said
    assert answer.status_code == 409
    assert "Nothing was changed" in words(answer.text)
    work(office)
    assert shown(office, booked) == before


def test_of_two_who_change_a_team_the_second_is_told(office: Office, team: Resource) -> None:
    with office.arranged() as session:
        cora = make_teacher(session, office.school, "Cora")
        session.add(ResourceMember(resource_id=team.id, contact_id=cora.id, school_id=team.school_id, position=9))
        make_host(session, cora)
    other = office.path(f"t/{team.id}/host/{cora.id}")
    seen = hidden_value(office.dora.get(other).text, "was")
    press(office, team)

    answer = office.dora.post(other, {"was": seen})

    assert answer.status_code == 409
    assert "Somebody else has changed this team meanwhile" in words(answer.text)
    assert first_of(office, team) == hugh(office).id


def test_a_double_click_is_one_change(office: Office, team: Resource) -> None:
    form = {"was": hidden_value(office.dora.get(page(office, team)).text, "was")}

    answers = [office.dora.post(page(office, team), form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert len([row for row in office.all(Audit) if row.action == "resource.host"]) == 1


def test_a_stranger_to_the_team_or_the_school_is_not_found(office: Office, team: Resource) -> None:
    with office.arranged() as session:
        stranger = make_contact(session, office.school, "Cora")
    other = office.someone(Level.ADMINISTRATOR, school=office.another_school())

    assert office.dora.get(office.path(f"t/{team.id}/host/{stranger.id}")).status_code == 404
    assert office.dora.post(office.path(f"t/{team.id}/host/{stranger.id}"), {"was": ""}).status_code == 404
    assert other.get(page(office, team)).status_code == 404


def first_of(office: Office, team: Resource) -> int | None:
    with office.database.reading() as session:
        return team_of(session, team)[0].id


def host_of(office: Office, teacher: Contact) -> str:
    with office.database.reading() as session:
        return session.exec(select(Host.remote_id).where(Host.contact_id == teacher.id)).one()


def works(office: Office, link: str | None) -> bool:
    return link in {meeting.shown().join_url for meeting in office.zoom.standing()}


def mails(office: Office) -> Any:
    return office.app.extensions["confab"].providers.mailer.sent
