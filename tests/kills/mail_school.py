"""Let families book in person, a family for each booking, whose Confirmations go to the stand-in's mailbox."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from evening import Evening
from installation import Installation
from sqlmodel import col, func, select

from webapp import clock
from webapp.db import Database
from webapp.models import Message
from webapp.sandbox.mailbox import Mailbox
from webapp.sandbox.run import start_sandbox

Wrongs = dict[str, list[Any]]


@contextmanager
def school_by_mail(installation: Installation) -> Iterator["MailSchool"]:
    with start_sandbox() as sandbox, installation.database() as database:
        environment = {
            "CONFAB_MAIL_SERVER": "127.0.0.1",
            "CONFAB_MAIL_PORT": str(sandbox.smtp_port),
            "CONFAB_MAIL_ENCRYPTION": "none",
            "CONFAB_PRINT_PROCESSES": "0",
        }
        with database.transaction() as session:
            evening = Evening(session, clock.now())
        yield MailSchool(database, sandbox.mailbox, evening, installation.environment | environment)


@dataclass
class MailSchool:
    database: Database
    mailbox: Mailbox
    evening: Evening
    environment: dict[str, str]

    def __post_init__(self) -> None:
        self._numbers = count()

    def book(self, number: int) -> None:
        for _ in range(number):
            n = next(self._numbers)
            self.evening.now = clock.now()
            with self.evening.later(self.database):
                parent, child = self.evening.family(f"Parent {n}", f"Child {n}", self.evening.teacher)
                slot = self.evening.slot(after=15 * n, kind="P")
                self.evening.book(slot, maker=parent, child=child)

    def under_way(self) -> int:
        waiting = select(func.count()).select_from(Message).where(col(Message.due_at).is_not(None))
        with self.database.reading() as session:
            return session.exec(waiting).one()

    def wrongs(self, *, kills: int) -> Wrongs:
        """Where a mail was lost, came oftener than once and once more for each kill, or again under another name; empty
        is right (RELIABILITY B4)."""
        with self.database.reading() as session:
            wished = {message.recipient: message for message in session.exec(select(Message))}
        copies: Counter[str] = Counter()
        names: dict[str, set[str]] = {recipient: set() for recipient in wished}
        for mail in self.mailbox.find():
            [recipient] = mail.recipients
            copies[recipient] += 1
            names[recipient].add(str(mail.content["Message-ID"]))
        found: Wrongs = {
            "lost": [recipient for recipient in wished if not copies[recipient]],
            "too often": [recipient for recipient in wished if copies[recipient] > 1 + kills],
            "under two names": [recipient for recipient, known in names.items() if len(known) > 1],
            "not noted": [recipient for recipient, message in wished.items() if message.sent_at is None],
        }
        return {name: which for name, which in found.items() if which}

    def sent_again(self) -> int:
        mails = self.mailbox.find()
        return len(mails) - len({mail.recipients for mail in mails})
