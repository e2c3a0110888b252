"""A family's mail speaks its language, but for what the office wrote itself."""

import pytest
from evening import Evening
from outside import Outside

from webapp import i18n
from webapp.db import Database
from webapp.models import Contact, MessageText
from webapp.models.message.message import CONFIRMATION
from webapp.providers.base import Mail
from webapp.services.message.default_texts import default_text


@pytest.fixture
def evening(database: Database, now: object, outside: Outside) -> Evening:
    with database.transaction() as session:
        evening = Evening(session, now, "")
        session.get_one(Contact, evening.alice.id).language = "es"
    return evening


def mail_of(database: Database, evening: Evening, outside: Outside, subject: str, body: str) -> Mail:
    """The Confirmation, with this text saved by the office."""
    owner = {"event_id": evening.event.id, "school_id": evening.school.id, "kind": CONFIRMATION, "version": 1}
    with evening.later(database):
        evening.session.add(MessageText(**owner, subject=subject, body=body, uses_schedule=False, saved_at=evening.now))
        evening.book(evening.slot(kind="P"))
    outside.tick()
    [mail] = outside.mailer.sent
    return mail


def test_what_the_office_wrote_stays_as_it_is_and_only_its_macros_speak_the_family_s_language(
    database: Database, evening: Evening, outside: Outside
) -> None:
    mail = mail_of(database, evening, outside, "News for $(FirstName)", "Come on $(Date): $(AppointmentType)")

    assert mail.subject == "News for Alice"
    assert "Come on jueves, 3 de diciembre: En persona" in mail.text


def test_the_standing_words_are_translated_even_after_the_office_saved_them(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """Whoever changes an hour on the form saves the words with it."""
    standing = default_text(CONFIRMATION)

    mail = mail_of(database, evening, outside, standing.subject, standing.body)

    assert mail.subject == f"Sus citas, {evening.event.name}"
    assert mail.text.startswith("Hola, Alice:")
    assert i18n.language() == "en"
