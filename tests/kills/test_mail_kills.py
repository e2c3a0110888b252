"""Wherever a worker dies, each mail arrives, at most once more for each death, and then by the same Message-ID."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import BOTH
from installation import Installation, lent
from kills.mail_school import MailSchool, school_by_mail
from kills.zoom_workers import Workers

pytestmark = pytest.mark.races

POINTS = {"F22": "mail.rendered", "F23": "mail.data_sent", "F24": "mail.accepted"}
AT_ONCE = 4
"""Mails that are on their way when a worker dies (jobs/mail_delivery.py)."""


@pytest.fixture(params=BOTH)
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    with lent(request, tmp_path, request.param) as installation:
        yield installation


@pytest.mark.timeout(180)
def test_killed_at_each_point_no_mail_is_lost_and_each_comes_at_most_once_more(installation: Installation) -> None:
    """RELIABILITY B4, I13, F22 to F24; OUT-011. Without a death none comes twice."""
    with (
        school_by_mail(installation) as school,
        Workers(school.environment, installation.folder, job="mail") as workers,
    ):
        school.book(12)
        await_quiet(school, workers)
        assert school.wrongs(kills=0) == {}

        for point in POINTS.values():
            workers.arm(point)
            school.book(6)
            assert workers.has_one_died(within=30), f"nobody passed {point}"
            workers.restart()
        await_quiet(school, workers)

        assert school.wrongs(kills=len(POINTS)) == {}
        assert 1 <= school.sent_again() <= len(POINTS) * AT_ONCE
        assert "an errand failed" not in workers.log


def await_quiet(school: MailSchool, workers: Workers) -> None:
    give_up = time.monotonic() + 60
    while school.under_way():
        assert time.monotonic() < give_up, f"still under way: {school.under_way()}"
        assert not workers.has_one_died(within=0.2)
