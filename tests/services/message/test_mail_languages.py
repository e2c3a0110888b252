"""A family's mail speaks its language, but for what the office wrote itself."""

import re

import pytest
from evening import Evening
from outside import Outside

from webapp import i18n
from webapp.db import Database
from webapp.documents.letter import office_mail
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


def test_what_the_office_wrote_runs_in_its_own_direction_and_the_appointments_in_the_family_s(
    database: Database, evening: Evening, outside: Outside
) -> None:
    with evening.later(database) as session:
        session.get_one(Contact, evening.alice.id).language = "ar"

    mail = mail_of(database, evening, outside, "News", "Please come in time.\n\n$(AppointmentsTable)")

    [page, written, *table] = re.findall(r'<(?:html|div|h2|table)[^>]* dir="(\w+)"', mail.html)
    assert (page, written, set(table)) == ("rtl", "auto", {"rtl"})
    assert mail.html.index('dir="auto"') < mail.html.index("Please come in time.") < mail.html.index("<table dir")


def test_each_paragraph_that_the_office_typed_to_a_family_runs_in_its_own_direction() -> None:
    with i18n.speaking("ar"):
        mail = office_mail(school="Linden Park School", subject="News", text="Please come in time.\n\nأهلا")

    assert re.findall(r'<p dir="auto">([^<]+)</p>', mail.html) == ["Please come in time.", "أهلا", "Linden Park School"]
