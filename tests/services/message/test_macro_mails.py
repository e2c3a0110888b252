"""What an office wrote, filled in for each family when its mail leaves: one whole version, and never a blank."""

from datetime import datetime, timedelta

import pytest
from evening import Evening
from factories import make_class
from outside import Outside

from jobs.mail_delivery import deliver_mail
from webapp.db import Database
from webapp.documents.macros import SECTIONS
from webapp.errors import ProviderError
from webapp.models import MessageText, Resource
from webapp.models.message.message import CONFIRMATION
from webapp.providers.base import Mail

MINUTE = timedelta(minutes=1)
DOWN = ProviderError("Down.", retry=True, code="unreachable")


@pytest.fixture
def evening(database: Database, now: datetime, outside: Outside) -> Evening:
    with database.transaction() as session:
        evening = Evening(session, now, "zoom")
        make_class(session, evening.school, evening.teacher, evening.mia, appointments_allowed=3)
    outside.knows(f"z{evening.teacher.id}")
    return evening


def write(evening: Evening, *, version: int = 1, **text: str) -> None:
    """The Confirmation, in the office's words."""
    owner = {"event_id": evening.event.id, "school_id": evening.school.id, "kind": CONFIRMATION, "version": version}
    words = {"subject": "Booked", "body": "Where: $(Room)"} | text
    evening.session.add(MessageText(**owner, **words, uses_schedule=False, saved_at=evening.now))


def mails(outside: Outside) -> list[Mail]:
    return outside.mailer.sent


def test_a_subject_that_became_too_long_is_cut_and_one_line(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """MACRO-012"""
    with evening.later(database):
        evening.event.description = "Long\r\nBcc: x@evil.example " * 80
        write(evening, subject="News: $(E_DESCRIPTION)")
        evening.book(evening.slot(kind="P"))
    outside.tick()

    [mail] = mails(outside)
    assert mail.subject.startswith("News: Long Bcc: x@evil.example Long")
    assert (len(mail.subject), mail.subject[-1]) == (200, "…")
    assert not {"\r", "\n"} & set(mail.subject)


def test_of_a_text_in_blocks_the_one_that_names_an_appointment_is_repeated_alone(
    database: Database, evening: Evening, outside: Outside
) -> None:
    with evening.later(database):
        write(evening, body="<p>Hello</p><ul><li>$(Time)</li><li>$(Room)</li></ul><p>Bye</p>")
        evening.book(evening.slot(kind="P"), evening.slot(kind="P"))
    outside.tick()

    [mail] = mails(outside)
    for words in (mail.text, mail.html):
        assert [words.count(word) for word in ("Hello", "4:00", "4:15", "112", "Bye")] == [1, 1, 1, 2, 1]
        assert words.index("4:00") < words.index("112") < words.index("4:15")
    assert mail.html.count("<ul>") == mail.html.count("</ul>") == 2


def test_event_details_keep_their_line_breaks(database: Database, evening: Evening, outside: Outside) -> None:
    with evening.later(database):
        evening.event.description = "Bring a pen\nBe <early>\n\nPark behind"
        write(evening, body="$(E_DESCRIPTION)\n\n$(Room)")
        evening.book(evening.slot(kind="P"))
    outside.tick()

    [mail] = mails(outside)
    assert "<p>Bring a pen<br>\nBe &lt;early&gt;<br>\n<br>\nPark behind</p>" in mail.html
    assert mail.text.startswith("Bring a pen\nBe <early>\n\nPark behind\n")


def test_a_link_that_is_not_ready_is_promised_in_words(database: Database, evening: Evening, outside: Outside) -> None:
    """MACRO-018"""
    outside.meetings.fail("make", DOWN, times=9)
    with evening.later(database):
        write(evening)
        evening.book(evening.slot())
    outside.tick(2 * MINUTE)

    [mail] = mails(outside)
    for part in (mail.text, mail.html):
        assert "Where: Your link will appear here and be mailed to you" in part
        assert "None" not in part
        assert "undefined" not in part


@pytest.mark.parametrize(
    ("kind", "chosen", "said"), [("P", None, "112"), ("V", None, ""), ("PV", False, "112"), ("PV", True, "")]
)
def test_the_room_macro_is_the_room_or_the_link_as_the_family_meets(
    database: Database, evening: Evening, outside: Outside, kind: str, chosen: bool | None, said: str
) -> None:
    """MACRO-019, R54: the link of its own where it is online."""
    with evening.later(database) as session:
        session.get_one(Resource, evening.resource.id).virtual_room = "https://typed.example/never-shown"
        write(evening)
        evening.book(evening.slot(kind=kind), is_virtual=chosen)
    outside.tick()

    [mail] = mails(outside)
    assert mail.text == f"Where: {said or outside.meetings.standing()[0].shown().join_url}\n"
    assert "never-shown" not in mail.html


def test_a_text_that_changes_during_a_batch_is_whole_in_each_mail_and_each_version_is_kept(
    database: Database, evening: Evening, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MACRO-022: the second version is saved while the first mail is on its way."""
    with evening.later(database):
        write(evening, subject="One", body="one $(Student) one")
        for _ in range(2):
            evening.book(evening.slot(kind="P"))
    send = outside.mailer.send

    def save_and_send(mail: Mail) -> None:
        if not mails(outside):
            with evening.later(database):
                write(evening, version=2, subject="Two", body="two $(Student) two")
        send(mail)

    monkeypatch.setattr(outside.mailer, "send", save_and_send)
    deliver_mail(outside.app)

    assert [(mail.subject, mail.text) for mail in mails(outside)] == [
        ("One", "one Mia Alvarez one\n"),
        ("Two", "two Mia Alvarez two\n"),
    ]
    with database.reading() as session:
        assert [session.get_one(MessageText, number).version for number in (1, 2)] == [1, 2]


def test_every_macro_of_a_mail_speaks_of_its_reader_alone(
    database: Database, evening: Evening, outside: Outside
) -> None:
    """MACRO-024: Charlie's family has an appointment with the same teacher."""
    every = "\n\n".join(f"{name}: $({name})" for names in SECTIONS.values() for name in names)
    with evening.later(database):
        write(evening, subject="$(FirstName) $(Student) $(Room)", body=every)
        charlie, zoe = evening.family("Charlie", "Zoe", evening.teacher)
        evening.book(evening.slot())
        evening.book(evening.slot(), maker=charlie, child=zoe)
    outside.tick()

    to = {mail.recipient: mail for mail in mails(outside)}
    links = {meeting.shown().join_url for meeting in outside.meetings.standing()}
    alices = str(to[evening.alice.email or ""])
    assert len(links) == len(to) == 2
    assert not [word for word in ("Charlie", "Zoe", charlie.email or "") if word in alices]
    assert len([link for link in links if link in alices]) == 1
