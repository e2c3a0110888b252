"""Run the jobs by hand against the fakes, at a time of the test's own."""

import traceback
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from fakes import FakeCalendars, FakeMailer, FakeMeetings
from flask import Flask

from jobs.calendar_export import export_entries
from jobs.calendar_import import import_busy_times
from jobs.link_sync import sync_links
from jobs.mail_delivery import deliver_mail
from jobs.meeting_sweep import sweep_meetings
from webapp import clock
from webapp.config import Settings
from webapp.context import Confab
from webapp.db import Database
from webapp.errors import ProviderError
from webapp.providers.base import CalendarProvider, Providers, TokenStore

SECRET = "tests-only-secret-key-0123456789abcdefgh"
QUARANTINE = timedelta(seconds=140)


class Outside:
    """The providers and the mail server of an installation without pages; its clock stands still between ticks."""

    def __init__(self, database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = now
        self.meetings, self.calendars, self.mailer = FakeMeetings(), FakeCalendars(), FakeMailer()
        self.meetings.now = lambda: self.now
        self.app = Flask("jobs")
        settings = Settings(
            secret_key=SECRET,
            token_keys=(SECRET,),
            quarantine_seconds=QUARANTINE.total_seconds(),
            merge_seconds=0,
            run_jobs=False,
        )
        meetings = {"zoom": self.meetings.for_store}
        providers = Providers(
            meetings=meetings,
            grants={},
            link_hosts={"zoom": ("zoom.us",)},
            mailer=self.mailer,
            calendars=dict.fromkeys(("google", "microsoft"), self.calendars.for_store),
        )
        self.app.extensions["confab"] = Confab(settings, database, providers)
        self.faults: list[str] = []
        monkeypatch.setattr(clock, "now", lambda: self.now)
        monkeypatch.setattr("jobs.link_sync.AT_ONCE", 1)
        monkeypatch.setattr("jobs.calendar_export.AT_ONCE", 1)
        monkeypatch.setattr("jobs.calendar_import.AT_ONCE", 1)
        monkeypatch.setattr("jobs.mail_delivery.AT_ONCE", 1)
        monkeypatch.setattr("jobs.meeting_sweep.AT_ONCE", 1)
        monkeypatch.setattr("jobs.batch.log.exception", lambda *_, **__: self.faults.append(traceback.format_exc()))

    def offered(self) -> dict[str, Callable[[TokenStore], CalendarProvider]]:
        """The calendars of this installation by provider: what is taken out of it is not set up any more."""
        wired: Confab = self.app.extensions["confab"]
        return wired.providers.calendars

    def tick(self, by: timedelta = timedelta(), *, may_fail: bool = False) -> None:
        """What the scheduler does `by` later. A fault of our own is a failure of the test, unless it is meant."""
        self.now += by
        sync_links(self.app)
        export_entries(self.app)
        deliver_mail(self.app)
        assert may_fail or not self.faults, "\n".join(self.faults)
        self.faults.clear()

    def read_calendars(self, by: timedelta = timedelta()) -> None:
        """What the scheduler does `by` later, of the busy times of calendars."""
        self.now += by
        import_busy_times(self.app)
        assert not self.faults, "\n".join(self.faults)

    def sweep(self, by: timedelta = timedelta()) -> None:
        """A look at all hosts `by` later, whether it is due or not."""
        self.now += by
        self.app.extensions.pop("jobs.meeting_sweep", None)
        sweep_meetings(self.app)
        assert not self.faults, "\n".join(self.faults)

    def tick_failing(self, method: str, error: ProviderError) -> None:
        """The next call of this kind fails; with `arrived` in the error, its work is done all the same."""
        self.meetings.fail(method, error)
        self.tick()

    def knows(self, key: str) -> None:
        """The provider has an active user with this key."""
        user = self.meetings.add_user(f"{key}@school.example")
        self.meetings.directory[-1] = type(user)(key, user.email, user.name, "active")
