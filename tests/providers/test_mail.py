"""One mail reaches one person, over a real SMTP conversation, whatever its words are."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import parseaddr
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import vobject
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from webapp.errors import ProviderError
from webapp.providers import mail as mail_module
from webapp.providers.base import REFUSED_ADDRESS, REFUSED_MAIL, Attachment, Invitation, Mail
from webapp.providers.mail import SmtpMailer, one_line

ALICE = "alice@mail.example"
HEADERS = {
    "Content-Type",
    "MIME-Version",
    "Subject",
    "From",
    "To",
    "Date",
    "Message-ID",
    "Auto-Submitted",
}


class Post:
    """A mail server on a loopback port that keeps what it is given, and answers as it is told."""

    def __init__(self) -> None:
        self.kept: list[Envelope] = []
        self.answer = ""
        self.verdict = ""  # on the mail itself

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.answer:
            return self.answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.verdict:
            return self.verdict
        self.kept.append(envelope)
        return "250 OK"

    def last(self) -> EmailMessage:
        content = self.kept[-1].content
        assert isinstance(content, bytes)
        return message_from_bytes(content, policy=SMTP_POLICY)  # type: ignore[return-value]


@pytest.fixture(scope="module")
def server() -> Iterator[Controller]:
    controller = Controller(Post(), hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller
    controller.stop()


@pytest.fixture
def post(server: Controller) -> Iterator[Post]:
    handler: Post = server.handler
    handler.kept.clear()
    yield handler
    handler.answer = handler.verdict = ""


@pytest.fixture
def mailer(server: Controller) -> SmtpMailer:
    return mailer_at(server.port)


def mailer_at(port: int, **values: Any) -> SmtpMailer:
    app = Flask("mail")
    app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=port, MAIL_DEFAULT_SENDER="Confab <office@school.example>")
    app.config.update(values)
    return SmtpMailer(app)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def a_mail(**values: Any) -> Mail:
    plain = {"recipient": ALICE, "subject": "Hello", "text": "Text\n", "html": "<p>Text</p>", "message_id": "m.1"}
    return Mail(**plain | values)


def test_a_mail_arrives_with_its_words_sender_and_message_id(post: Post, mailer: SmtpMailer) -> None:
    mailer.send(a_mail(subject="Zoë’s 約束", text="שלום\n", html="<p>مرحبا</p>"))

    assert (post.kept[0].mail_from, post.kept[0].rcpt_tos) == ("office@school.example", [ALICE])
    assert (post.last()["Subject"], post.last()["To"]) == ("Zoë’s 約束", ALICE)
    assert post.last()["From"] == "Confab <office@school.example>"
    assert post.last()["Message-ID"] == "<m.1@school.example>"
    assert post.last()["Auto-Submitted"] == "auto-generated"
    bodies = {part.get_content_type(): part.get_content() for part in post.last().walk() if not part.is_multipart()}
    assert (bodies["text/plain"].strip(), bodies["text/html"].strip()) == ("שלום", "<p>مرحبا</p>")


def test_sent_again_it_has_the_same_message_id(post: Post, mailer: SmtpMailer) -> None:
    """RELIABILITY I13."""
    for _ in range(2):
        mailer.send(a_mail())
        assert post.last()["Message-ID"] == "<m.1@school.example>"


def test_an_attachment_arrives_whole(post: Post, mailer: SmtpMailer) -> None:
    mailer.send(a_mail(attachments=(Attachment("evening\r\nBcc: b@x.example.ics", "text/calendar", b"BEGIN\r\n"),)))

    [part] = [part for part in post.last().walk() if part.get_filename()]
    assert part.get_payload(decode=True) == b"BEGIN\r\n"
    assert part.get_filename() == "evening Bcc: b@x.example.ics"
    assert {name for name, _ in part.items()} == {
        "Content-Type",
        "MIME-Version",
        "Content-Transfer-Encoding",
        "Content-Disposition",
    }


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_a_calendar_file_is_a_form_of_the_letter_with_its_method_and_a_file_too(
    post: Post, mailer: SmtpMailer, method: str
) -> None:
    """FAILURES F42: programs add the entry by themselves from the alternative part, and people from the file."""
    content = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:{method}\r\nX-WR-CALNAME:Zoë\r\nEND:VCALENDAR\r\n".encode()
    mailer.send(a_mail(invitations=(Invitation(method, content),)))

    parts = [part for part in post.last().walk() if part.get_content_type() == "text/calendar"]
    [alternatives] = [part for part in post.last().walk() if part.get_content_type() == "multipart/alternative"]
    inside = [part.get_content_type() for part in alternatives.iter_parts()]
    assert inside == ["text/plain", "text/html", "text/calendar"]
    assert [part.get_filename() for part in parts] == [None, "invite.ics"]
    for part in parts:
        assert part.get_param("method") == method
        assert vobject.readOne(part.get_payload(decode=True).decode()).x_wr_calname.value == "Zoë"


def test_several_calendar_files_are_attached_each_with_its_method_and_none_is_a_form_of_the_letter(
    post: Post, mailer: SmtpMailer
) -> None:
    """FAILURES F42: an alternative has room for one entry; programs that see one of five show the letter of one."""
    files = (Invitation("REQUEST", b"BEGIN:1\r\n", "a-1.ics"), Invitation("CANCEL", b"BEGIN:2\r\n", "a-2.ics"))
    mailer.send(a_mail(invitations=files))

    parts = [part for part in post.last().walk() if part.get_content_type() == "text/calendar"]
    assert [(part.get_filename(), part.get_param("method")) for part in parts] == [
        ("a-1.ics", "REQUEST"),
        ("a-2.ics", "CANCEL"),
    ]
    assert [part.get_payload(decode=True) for part in parts] == [file.content for file in files]
    assert all(part.get_content_disposition() == "attachment" for part in parts)


INJECTIONS = [
    "Hello\r\nBcc: mallory@evil.example",
    "Hello\nBcc: mallory@evil.example",
    "Hello\rBcc: mallory@evil.example",
    "Hello\r\n\r\n<script>",
    "=?utf-8?Q?=0A?=Bcc: mallory@evil.example",
    "=?utf-8?B?CkJjYzogbWFsbG9yeUBldmlsLmV4YW1wbGU=?=",
    "Hello\u2028Bcc: mallory@evil.example",
    "Hello\u0085Bcc: mallory@evil.example",
    "Hello\x0bBcc: mallory@evil.example",
    "Hello\0Bcc: mallory@evil.example",
    "\r\n.\r\nMAIL FROM:<mallory@evil.example>",
    "x" * 2000,
    "é" * 2000,
]


@pytest.mark.parametrize("words", INJECTIONS, ids=[str(n) for n in range(len(INJECTIONS))])
def test_no_subject_adds_a_header_or_a_recipient(post: Post, mailer: SmtpMailer, words: str) -> None:
    """RELIABILITY D12, T20."""
    mailer.send(a_mail(subject=words))

    assert_alone(post)


def assert_alone(post: Post) -> None:
    assert len(post.kept) == 1
    assert post.kept[0].rcpt_tos == [ALICE]
    assert set(post.last().keys()) == HEADERS
    assert post.last()["To"] == ALICE


_text = st.text(st.characters(blacklist_categories=["Cs"])) | st.lists(
    st.sampled_from(["\r\n", "\n", "\r", "Bcc: m@evil.example", "=?utf-8?Q?=0A?=", "=?", "?=", "\n.\n", " ", "\t", "é"])
).map("".join)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(subject=_text, text=_text, html=_text)
def test_whatever_the_words_are_one_mail_goes_to_one_person(
    post: Post, mailer: SmtpMailer, subject: str, text: str, html: str
) -> None:
    """RELIABILITY T20: over all of Unicode."""
    post.kept.clear()

    mailer.send(a_mail(subject=subject, text=text, html=html))

    assert len(post.kept) == 1
    assert post.kept[0].rcpt_tos == [ALICE]
    assert set(post.last().keys()) | {"Subject"} == HEADERS


_NAMES = [
    "St. Mary’s Elementary School",
    "École Saint-Exupéry, Montréal",
    "مدرسة الملك عبد العزيز الدولية الخاصة للتعليم الأساسي والثانوي في مدينة الرياض الكبرى",
    "Linden",
    "x" * 1500,
]


@pytest.mark.parametrize("name", _NAMES)
@pytest.mark.parametrize(
    "subject",
    [
        "Reminder: Conférences d’automne 2026 – Lycée Français, Wednesday, November 18, 2026 at 5:00 PM",
        "Reminder: the conferences of the autumn of 2026 with all the teachers of the Linden Elementary School of Elm",
        "é" * 2000,
        "x" * 2000,
    ],
)
def test_subject_and_sender_are_read_as_they_were_written(
    post: Post, mailer: SmtpMailer, subject: str, name: str
) -> None:
    """However long: Python folds a long header with such letters anew, and loses spaces."""
    mailer.send(a_mail(subject=subject, sender_name=name))

    assert heard(post) == (subject, name, "office@school.example")
    assert post.kept[0].mail_from == "office@school.example"


@pytest.mark.parametrize("text", ["A long paragraph = long. " * 80, "é" * 1500 + "\n.\n", "約束の" * 700])
def test_a_paragraph_of_any_length_arrives_in_lines_that_every_server_takes(
    post: Post, mailer: SmtpMailer, text: str
) -> None:
    mailer.send(a_mail(text=f"{text}\nBye\n", html=f"<p>{text}</p>"))

    heard(post)
    plain, html = [part.get_content() for part in post.last().walk() if not part.is_multipart()]
    assert plain.splitlines() == [*text.splitlines(), *[""] * text.endswith("\n"), "Bye"]
    assert html.splitlines() == f"<p>{text}</p>".splitlines()


def heard(post: Post) -> tuple[str, str, str]:
    """Subject, sender's name and address, by RFC 2047 and in lines that every server takes."""
    content = post.kept[-1].content
    assert isinstance(content, bytes)
    assert max(len(line) for line in content.split(b"\r\n")) <= 998
    raw = message_from_bytes(content)
    name, address = parseaddr(raw["From"])
    return _decoded(raw["Subject"] or ""), _decoded(name), address


def _decoded(words: str) -> str:
    """By the older reader: Python 3.11's newer one keeps the line breaks within a name."""
    return str(make_header(decode_header(words)))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(subject=_text, name=_text)
def test_whatever_subject_and_sender_are_they_are_read_as_one_line_of_theirs(
    post: Post, mailer: SmtpMailer, subject: str, name: str
) -> None:
    post.kept.clear()

    mailer.send(a_mail(subject=subject, sender_name=name))

    assert heard(post) == (one_line(subject), one_line(name) or "Confab", "office@school.example")
    assert set(post.last().keys()) | {"Subject"} == HEADERS
    assert post.kept[0].rcpt_tos == [ALICE]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=_text, after=_text)
def test_whatever_stands_around_an_address_at_most_that_one_gets_the_mail(
    post: Post, mailer: SmtpMailer, before: str, after: str
) -> None:
    post.kept.clear()
    try:
        mailer.send(a_mail(recipient=f"{before}{ALICE}{after}"))
    except ProviderError as error:
        refused = error
    else:
        refused = None
    if refused:
        assert (refused.retry, post.kept) == (False, [])
        return
    [envelope] = post.kept
    assert len(envelope.rcpt_tos) == 1
    assert envelope.rcpt_tos[0].isascii()
    assert set(post.last().keys()) == HEADERS


@pytest.mark.parametrize(
    "recipient",
    [
        "",
        "alice",
        f"{ALICE}, bob@mail.example",
        f"{ALICE}\nBcc: bob@mail.example",
        "zoë@mail.example",
        "alice@münchen.example",
        "=?utf-8?Q?=0A?=@mail.example",
        "<>",
    ],
)
def test_what_is_not_one_plain_address_is_given_up_without_a_call(
    post: Post, mailer: SmtpMailer, recipient: str
) -> None:
    with pytest.raises(ProviderError) as caught:
        mailer.send(a_mail(recipient=recipient))

    assert (caught.value.retry, caught.value.code) == (False, "address")
    assert post.kept == []


def test_a_name_before_the_address_is_fine(post: Post, mailer: SmtpMailer) -> None:
    mailer.send(a_mail(recipient=f"Alice Alvarez <{ALICE}>"))

    assert post.kept[0].rcpt_tos == [ALICE]


def test_half_a_character_is_given_up_and_not_tried_for_ever(post: Post, mailer: SmtpMailer) -> None:
    with pytest.raises(ProviderError) as caught:
        mailer.send(a_mail(text="Mia \ud800"))

    assert (caught.value.retry, post.kept) == (False, [])


@pytest.mark.parametrize(
    ("answer", "retry"),
    [("550 5.1.1 No such user", False), ("553 Bad name", False), ("450 4.2.1 Later", True), ("421 Bye", True)],
)
def test_a_refused_address_is_given_up_and_a_busy_one_is_not(
    post: Post, mailer: SmtpMailer, answer: str, retry: bool
) -> None:
    post.answer = answer

    with pytest.raises(ProviderError) as caught:
        mailer.send(a_mail())

    assert (caught.value.retry, caught.value.code) == (retry, REFUSED_ADDRESS)
    assert caught.value.detail.startswith(answer[:7])
    assert post.kept == []


@pytest.mark.parametrize(("verdict", "retry"), [("554 5.7.1 Not that text", False), ("451 Later", True)])
def test_a_mail_that_is_refused_for_what_it_says_is_given_up(
    post: Post, mailer: SmtpMailer, verdict: str, retry: bool
) -> None:
    post.verdict = verdict

    with pytest.raises(ProviderError) as caught:
        mailer.send(a_mail())

    assert (caught.value.retry, caught.value.code, caught.value.detail) == (retry, REFUSED_MAIL, verdict)


def test_a_server_that_is_not_there_is_tried_again() -> None:
    with pytest.raises(ProviderError) as caught:
        mailer_at(free_port()).send(a_mail())

    assert caught.value.retry


def test_where_tls_is_asked_for_nothing_goes_in_the_clear(post: Post, server: Controller) -> None:
    """The server offers none."""
    for values in ({"MAIL_USE_TLS": True}, {"MAIL_USE_SSL": True}):
        with pytest.raises(ProviderError) as caught:
            mailer_at(server.port, **values).send(a_mail())
        assert caught.value.retry
    assert post.kept == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of 127.0.0.1, signed by nobody but itself."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    day, names = datetime.now(UTC), [x509.IPAddress(ip_address("127.0.0.1"))]
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, day - timedelta(1), day + timedelta(1))
    signed = builder.add_extension(x509.SubjectAlternativeName(names), critical=False).sign(key, hashes.SHA256())
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(key.private_bytes(*plain) + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize("is_trusted", [True, False])
def test_the_certificate_is_checked(monkeypatch: pytest.MonkeyPatch, certificate: Path, is_trusted: bool) -> None:
    """STACK 1: Flask-Mail itself would not look."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    post = Post()
    controller = Controller(post, hostname="127.0.0.1", port=free_port(), tls_context=context)
    trust = ssl.create_default_context(cafile=certificate if is_trusted else None)
    monkeypatch.setattr(mail_module, "_trust", lambda: trust)
    controller.start()
    mailer = mailer_at(controller.port, MAIL_USE_TLS=True)

    if is_trusted:
        mailer.send(a_mail())
    else:
        with pytest.raises(ProviderError):
            mailer.send(a_mail())
    controller.stop()

    assert len(post.kept) == int(is_trusted)


@contextmanager
def silent_server(talk: Callable[[socket.socket, threading.Event], None]) -> Iterator[int]:
    """Takes one connection and does not behave."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                talk(connection, over)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        over.set()
        thread.join(10)


def drip(connection: socket.socket, over: threading.Event) -> None:
    """A byte every little while, each in time."""
    while not over.wait(0.05):
        try:
            connection.sendall(b"2")
        except OSError:
            return


def say_nothing(connection: socket.socket, over: threading.Event) -> None:
    over.wait(10)


@pytest.mark.parametrize("talk", [say_nothing, drip])
@pytest.mark.parametrize("values", [{}, {"MAIL_USE_SSL": True}], ids=["plain", "tls"])
def test_a_dead_or_dripping_server_is_left_within_the_deadline(
    monkeypatch: pytest.MonkeyPatch, talk: Callable[..., None], values: dict[str, Any]
) -> None:
    """RELIABILITY 2.3: the deadline is total."""
    monkeypatch.setattr(mail_module, "DEADLINE", 0.4)
    monkeypatch.setattr(mail_module, "LONGEST", 0.8)
    ended = threading.Event()

    def send(port: int) -> None:
        with pytest.raises(ProviderError) as caught:
            mailer_at(port, **values).send(a_mail())
        assert caught.value.retry
        ended.set()

    with silent_server(talk) as port:
        thread = threading.Thread(target=send, args=(port,))
        thread.start()
        assert ended.wait(5)
        thread.join(5)


def test_a_server_that_hangs_up_after_taking_the_mail_has_taken_it() -> None:
    def take(connection: socket.socket, over: threading.Event) -> None:
        with connection.makefile("rwb") as wire:
            wire.write(b"220 hello\r\n")
            for line in answers(wire):
                wire.write(line)
                wire.flush()

    def answers(wire: Any) -> Iterator[bytes]:
        wire.flush()
        for answer in (b"250 hello\r\n", b"250 OK\r\n", b"250 OK\r\n", b"354 go\r\n"):
            wire.readline()
            yield answer
        while wire.readline() != b".\r\n":
            pass
        yield b"250 taken\r\n"

    with silent_server(take) as port:
        mailer_at(port).send(a_mail())


def test_no_deadline_outlives_its_conversation(post: Post, mailer: SmtpMailer) -> None:
    mailer.send(a_mail())

    ticking = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    for thread in ticking:
        thread.join(5)
    assert not any(thread.is_alive() for thread in ticking)


@given(st.text() | st.text("=?\r\n "))
def test_a_header_line_is_one_line_without_encoded_words(text: str) -> None:
    line = one_line(text)

    assert len(line.splitlines()) <= 1
    assert "\r" not in line
    assert "\n" not in line
    assert one_line(line) == line
    assert "=?" not in line
    assert "?=" not in line
