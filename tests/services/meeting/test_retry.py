"""Retry tries again at once what stands in Issues, and leaves alone what is being tried already."""

import json
from datetime import datetime, timedelta

import pytest
from factories import make_connection, make_contact, make_event, make_host, make_resource, make_school, make_teacher
from online_office import meeting_of, refuse, virtual
from sqlmodel import Session, select

from webapp.errors import ProviderError
from webapp.models import Audit, Contact, Event, Level, Meeting, Resource, Task
from webapp.services.meeting.retry import retry
from webapp.services.system.audit import Who
from webapp.services.system.errand import claim_due

REFUSED = ProviderError("Zoom refused the request.", retry=False, code="refused")


class Scene:
    def __init__(self, session: Session, now: datetime) -> None:
        self.session, self.now = session, now
        school = make_school(session)
        self.connection = make_connection(session, school)
        self.event: Event = make_event(session, school, settings={"provider": "zoom"})
        self.dora: Contact = make_contact(session, school, "Dora", level=Level.ADMINISTRATOR)
        self.alice = make_contact(session, school)
        self.folake, self.hugh = (make_teacher(session, school, name) for name in ("Folake", "Hugh"))
        make_host(session, self.folake)
        make_host(session, self.hugh, state="not_found", remote_id="")
        self.mapped: Resource = make_resource(session, self.event, self.folake)
        self.missing: Resource = make_resource(session, self.event, self.hugh)

    def retry(self, *resources: Resource, later: timedelta = timedelta()) -> int:
        ids, numbers = [self.event.id or 0], [resource.id or 0 for resource in resources]
        return retry(self.session, ids, numbers, contact=self.dora, who=Who(7), now=self.now + later)


@pytest.fixture
def scene(session: Session, now: datetime) -> Scene:
    return Scene(session, now)


def test_what_was_given_up_is_due_at_once(scene: Scene, session: Session) -> None:
    """R98"""
    appointment = virtual(session, scene.mapped, scene.alice, now=scene.now)
    refuse(session, appointment, REFUSED, now=scene.now)
    later = timedelta(hours=2)

    number = scene.retry(scene.mapped, later=later)
    meeting = meeting_of(session, appointment)

    assert number == 1
    assert (meeting.due_at, meeting.problem, meeting.attempts) == (scene.now + later, None, 0)
    assert "meeting" in session.info["topics"]


def test_one_row_leaves_the_others_and_retry_all_takes_them_all(scene: Scene, session: Session) -> None:
    """R98"""
    other = make_resource(session, scene.event, scene.folake)
    first, second = (virtual(session, resource, scene.alice, now=scene.now) for resource in (scene.mapped, other))
    for appointment in (first, second):
        refuse(session, appointment, REFUSED, now=scene.now)

    scene.retry(scene.mapped)
    assert (meeting_of(session, first).due_at, meeting_of(session, second).due_at) == (scene.now, None)
    scene.retry()
    assert meeting_of(session, second).due_at == scene.now


def test_a_long_wait_is_cut_short_but_a_try_under_way_and_a_fresh_one_are_left_alone(
    scene: Scene, session: Session
) -> None:
    slow, running, fresh = (virtual(session, scene.mapped, scene.alice, now=scene.now) for _ in range(3))
    hour = timedelta(hours=1)
    late = ProviderError("Slow.", retry=True, after=scene.now + 9 * hour)
    refuse(session, slow, late, now=scene.now)
    refuse(session, fresh, late, now=scene.now)
    meeting_of(session, fresh).wished_at = scene.now + hour
    [claim] = claim_due(session, Meeting, now=scene.now + hour)
    session.expire_all()

    number = scene.retry(later=hour)

    assert number == 1
    assert meeting_of(session, slow).due_at == scene.now + hour
    assert meeting_of(session, running).claim == claim.receipt
    assert meeting_of(session, fresh).due_at == scene.now + 9 * hour


def test_where_the_teacher_stands_in_the_way_the_users_are_read_again(scene: Scene, session: Session) -> None:
    """R72"""
    virtual(session, scene.missing, scene.alice, now=scene.now)

    scene.retry(scene.missing)
    scene.retry(scene.missing)

    [task] = session.exec(select(Task)).all()
    assert (task.kind, json.loads(task.arguments), task.contact_id) == (
        "map_contacts",
        {"provider": "zoom"},
        scene.dora.id,
    )


def test_no_users_are_read_for_another_cause_nor_without_a_connection(scene: Scene, session: Session) -> None:
    refuse(session, virtual(session, scene.mapped, scene.alice, now=scene.now), REFUSED, now=scene.now)
    scene.retry()
    virtual(session, scene.missing, scene.alice, now=scene.now)
    scene.connection.disconnected_at = scene.now
    scene.retry()

    assert session.exec(select(Task)).all() == []


def test_the_audit_says_who_retried_what(scene: Scene, session: Session) -> None:
    refuse(session, virtual(session, scene.mapped, scene.alice, now=scene.now), REFUSED, now=scene.now)

    scene.retry(scene.mapped)

    row = session.exec(select(Audit).where(Audit.action == "meeting.retry")).one()
    assert (row.login_id, row.subject, json.loads(row.detail)) == (
        7,
        f"resource {scene.mapped.id}",
        {"appointments": 1},
    )
