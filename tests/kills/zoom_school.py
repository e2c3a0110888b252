"""Play a busy school whose appointments are online, and whose teachers change hosts."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import factories as make
from installation import Installation
from kills.school import TEACHERS, BusySchool
from sqlmodel import Session
from stages import ZoomStage

from webapp import clock
from webapp.models import Level, Meeting, School
from webapp.models.event.slot import EITHER, VIRTUAL
from webapp.models.meeting.host import MAPPED
from webapp.providers.base import RemoteAccount
from webapp.sandbox.run import start_sandbox
from webapp.services.meeting.connection import remember_grant
from webapp.services.meeting.mapping import Match, store_matches
from webapp.services.system.audit import SYSTEM

SPARE_HOSTS = 2


@contextmanager
def school_at_zoom(installation: Installation, luck: random.Random) -> Iterator["ZoomSchool"]:
    """The stand-in runs as long as the block. It sets no limit to the meetings that a host may make in a day."""
    with start_sandbox() as sandbox, installation.database() as database:
        stage = ZoomStage(sandbox.zoom_url)
        stage.control("switches", daily_limit=0)
        yield ZoomSchool(database, installation.environment | _speaking_to(stage), luck, stage=stage)


@dataclass(kw_only=True)
class ZoomSchool(BusySchool):
    """Connected to the stand-in, each teacher mapped to one of its users. `hosts` are users' keys and addresses."""

    stage: ZoomStage
    hosts: list[tuple[str, str]] = field(default_factory=list)

    kept = Meeting
    kinds = (VIRTUAL, VIRTUAL, VIRTUAL, EITHER)

    def __post_init__(self) -> None:
        addresses = [f"teacher{n}@linden.example" for n in range(TEACHERS + SPARE_HOSTS)]
        self.hosts = [(self.stage.add_user(address), address) for address in addresses]
        with self.database.transaction() as session:
            school = make.make_school(session)
            self._connect(session, school)
            self._fill(session, school, make.make_event(session, school, settings={"provider": "zoom"}))
        for teacher, (key, address) in zip(self.teachers, self.hosts, strict=False):
            self._map(teacher, key, address)

    def change_place(self) -> None:
        """A teacher is mapped to another user, who may be a colleague's too."""
        self._map(self.luck.choice(self.teachers), *self.luck.choice(self.hosts))

    def _connect(self, session: Session, school: School) -> None:
        dora = make.make_contact(session, school, "Dora", level=Level.ADMINISTRATOR)
        account = RemoteAccount("acc", "Linden Park", "office@linden.example")
        tokens = self.stage.store.current()
        remember_grant(session, school, "zoom", tokens, account, contact=dora, who=SYSTEM, now=clock.now())

    def _map(self, teacher: int, key: str, address: str) -> None:
        found = Match(teacher, MAPPED, key, address)
        with self.database.transaction() as session:
            store_matches(session, self.school_id, "zoom", [found], now=clock.now())


def _speaking_to(stage: ZoomStage) -> dict[str, str]:
    return {
        "CONFAB_ZOOM_CLIENT_ID": stage.settings.zoom_client_id,
        "CONFAB_ZOOM_CLIENT_SECRET": stage.settings.zoom_client_secret,
        "CONFAB_ZOOM_OAUTH_URL": stage.settings.zoom_oauth_url,
        "CONFAB_ZOOM_API_URL": stage.settings.zoom_api_url,
        "CONFAB_ZOOM_LINK_HOSTS": ",".join(stage.link_hosts),
    }
