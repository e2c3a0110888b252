"""Play a busy school whose teachers have linked calendars at Google and Microsoft, and choose others now and then."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import factories as make
from google_stage import GoogleStage, google_settings
from installation import Installation
from kills.school import BusySchool
from microsoft_stage import MicrosoftStage, microsoft_settings
from sqlmodel import Session, select

from webapp import clock
from webapp.models import CalendarEntry, CalendarLink, Resource
from webapp.models.event.slot import IN_PERSON
from webapp.providers.base import Tokens
from webapp.sandbox.run import start_sandbox
from webapp.services.calendar.follow_link import follow_link
from webapp.services.system.tokens import close_tokens

GOOGLE, MICROSOFT = "google", "microsoft"


@contextmanager
def school_with_calendars(installation: Installation, luck: random.Random) -> Iterator["CalendarSchool"]:
    """The stand-ins run as long as the block; they count calls and refuse none for being too many."""
    with start_sandbox() as sandbox, installation.database() as database:
        google, microsoft = GoogleStage(sandbox.google_url), MicrosoftStage(sandbox.microsoft_url)
        named = google_settings(google.url, google.made) | microsoft_settings(microsoft.url, microsoft.made)
        speaking = {f"CONFAB_{name.upper()}": str(value) for name, value in named.items()}
        yield CalendarSchool(database, installation.environment | speaking, luck, google=google, microsoft=microsoft)


@dataclass(kw_only=True)
class CalendarSchool(BusySchool):
    """`choices` are the two calendars of each link, by its id."""

    google: GoogleStage
    microsoft: MicrosoftStage
    choices: dict[int, tuple[str, str]] = field(default_factory=dict)

    kept = CalendarEntry
    kinds = (IN_PERSON,)

    def __post_init__(self) -> None:
        with self.database.transaction() as session:
            school = make.make_school(session)
            self._fill(session, school, make.make_event(session, school, settings={"provider": None}))
            for resource in session.exec(select(Resource)):
                resource.room = f"Room {resource.id}"
        for n, teacher in enumerate(self.teachers):
            account = self._google(n) if n % 2 else self._microsoft(n)
            with self.database.transaction() as session:
                self._link(session, teacher, *account)

    @property
    def stages(self) -> tuple[GoogleStage, MicrosoftStage]:
        return self.google, self.microsoft

    def change_place(self) -> None:
        """A teacher chooses the other calendar."""
        number, both = self.luck.choice(list(self.choices.items()))
        with self.database.transaction() as session:
            link = session.get_one(CalendarLink, number)
            link.calendar_id = next(one for one in both if one != link.calendar_id)
            follow_link(session, link, now=clock.now())

    def _google(self, n: int) -> tuple[str, Tokens, tuple[str, str]]:
        email = f"teacher{n}@linden.example"
        self.google.add_account(email, name=f"Teacher {n}", timezone=make.ZONE)
        second = self.google.add_calendar("School", email=email)
        return GOOGLE, self.google.grant(email=email), (email, second)

    def _microsoft(self, n: int) -> tuple[str, Tokens, tuple[str, str]]:
        email = f"teacher{n}@linden.example"
        first = self.microsoft.control("mailboxes", email=email, name=f"Teacher {n}")["calendar_id"]
        second = self.microsoft.control("calendars", email=email, name="School")["id"]
        return MICROSOFT, self.microsoft.grant(email=email), (first, second)

    def _link(self, session: Session, teacher: int, provider: str, tokens: Tokens, both: tuple[str, str]) -> None:
        owner: dict[str, Any] = {"school_id": self.school_id, "contact_id": teacher, "provider": provider}
        chosen = {"calendar_id": both[0], "connected_at": clock.now(), "saved_at": clock.now()}
        link = make.stored(session, CalendarLink(**owner, **chosen))
        close_tokens(session, link, tokens)
        self.choices[link.id or 0] = both
