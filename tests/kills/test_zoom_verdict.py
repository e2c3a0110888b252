"""The verdict on the kills sees whatever is wrong at Zoom, each by its own name."""

import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import BOTH
from installation import lent
from kills.zoom_school import ZoomSchool, school_at_zoom
from kills.zoom_verdict import wrongs
from sqlmodel import select
from stages import an_order

from jobs.link_sync import sync_links
from webapp import clock, create_app
from webapp.config import Settings
from webapp.errors import DomainError
from webapp.models import Appointment, Meeting
from webapp.services.meeting.claimed import order_of


@pytest.fixture(params=BOTH)
def school(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ZoomSchool]:
    """Seven appointments with a meeting each."""
    with (
        lent(request, tmp_path, request.param) as installation,
        school_at_zoom(installation, random.Random()) as school,
    ):
        app = create_app(Settings.from_env(school.environment))
        while school.under_way() < 7:
            with suppress(DomainError):
                school.book()
        sync_links(app)
        app.extensions["confab"].database.dispose()
        yield school


def test_each_thing_that_is_wrong_is_named(school: ZoomSchool) -> None:
    zoom = school.stage.provider
    with school.database.reading() as session:
        meetings = session.exec(select(Meeting).order_by(Meeting.id)).all()
        twice, gone, late, elsewhere, unlike, due, unwanted = meetings
        again, later, there = (order_of(session, meeting) for meeting in (twice, late, elsewhere))
    assert wrongs(school.database, school.stage) == {}

    zoom.make(again)
    stranger = an_order(again.host_key)
    zoom.make(stranger)
    for meeting in (gone, elsewhere):
        school.stage.delete_in_portal(meeting.remote_id or "")
    zoom.make(replace(there, host_key=next(key for key, _ in school.hosts if key != there.host_key)))
    zoom.change(late.remote_id or "", replace(later, starts_at=later.starts_at + timedelta(days=1)))
    with school.database.transaction() as session:
        session.get_one(Meeting, unlike.id).passcode = "x"
        session.get_one(Meeting, due.id).due_at = clock.now()
        session.get_one(Appointment, unwanted.appointment_id).cancelled_at = clock.now()

    found = wrongs(school.database, school.stage)
    assert found["duplicate"] == [twice.marker]
    assert set(found["made twice"]) == {twice.marker, elsewhere.marker}
    assert found["missing"] == [gone.appointment_id]
    assert found["at another time"] == [late.appointment_id]
    assert found["with another host"] == [elsewhere.appointment_id]
    assert unlike.appointment_id in found["not as linked"]
    assert found["left over"] == [(due.id, "")]
    assert set(found["orphan"]) == {stranger.marker, unwanted.marker}
