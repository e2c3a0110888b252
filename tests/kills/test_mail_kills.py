"""Wherever a worker dies, each mail arrives, at most once more for each death, and then by the same Message-ID."""

import time

import pytest
from installation import Installation
from kills.mail_school import MailSchool, school_by_mail
from kills.zoom_workers import Workers

from jobs.mail_delivery import deliver_mail
from webapp import create_app
from webapp.config import Settings
from webapp.providers.base import Mail

pytestmark = pytest.mark.races

POINTS = {"F22": "mail.rendered", "F23": "mail.data_sent", "F24": "mail.accepted"}
AT_ONCE = 4
"""Mails that are on their way when a worker dies (jobs/mail_delivery.py)."""


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


def test_each_thing_that_is_wrong_is_named(installation: Installation) -> None:
    """The control: the verdict sees a mail that is lost, comes too often, or comes again under another name."""
    with school_by_mail(installation) as school:
        app = create_app(Settings.from_env(school.environment))
        school.book(2)
        deliver_mail(app)
        assert school.wrongs(kills=0) == {}

        once, twice = [mail.recipients[0] for mail in school.mailbox.find()]
        app.extensions["confab"].providers.mailer.send(Mail(twice, "Again", "x", "x", "another-name"))
        school.book(1)
        app.extensions["confab"].database.dispose()

        [lost] = school.wrongs(kills=0)["lost"]
        assert school.wrongs(kills=0) == {
            "lost": [lost],
            "too often": [twice],
            "under two names": [twice],
            "not noted": [lost],
        }
        assert lost not in {once, twice}
