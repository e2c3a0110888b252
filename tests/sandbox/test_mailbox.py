"""The mailbox: real SMTP in, pages and JSON out."""

import smtplib
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import requests

from webapp.sandbox.mailbox import Mailbox, create_mailbox_app
from webapp.sandbox.run import RunningSandbox, start_sandbox


def letter(to: str = "alice@family.example", subject: str = "Your appointments", text: str = "Hello") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Maple Street School <office@school.example>"
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = "<one@school.example>"
    message.set_content(text)
    return message


def send(sandbox: RunningSandbox, message: EmailMessage, to: list[str] | None = None) -> None:
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=10) as smtp:
        smtp.send_message(message, to_addrs=to)


def get(sandbox: RunningSandbox, path: str, **query: object) -> requests.Response:
    return requests.get(f"{sandbox.mailbox_url}{path}", params=query, timeout=20)  # type: ignore[arg-type]


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    yield box
    box.close()


def test_a_message_sent_by_smtp_is_there_with_all_its_parts(running: RunningSandbox) -> None:
    message = letter(subject="Grüße 東京", text="Go to https://x.example/a?b=1&c=2.\n")
    message.add_alternative("<p>Hello <b>you</b></p>", subtype="html")
    message.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar", filename="term in.ics")

    send(running, message)

    found = get(running, "/messages.json", to="ALICE@family.example").json()
    assert [(one["id"], one["from"], one["to"]) for one in found] == [
        (1, "office@school.example", ["alice@family.example"])
    ]
    assert found[0]["subject"] == "Grüße 東京"
    assert found[0]["message_id"] == "<one@school.example>"
    assert found[0]["links"] == ["https://x.example/a?b=1&c=2"]
    assert found[0]["html"].strip() == "<p>Hello <b>you</b></p>"
    assert found[0]["attachments"] == [{"name": "term in.ics", "content_type": "text/calendar", "size": 15}]
    attachment = get(running, "/messages/1/attachments/0")
    assert attachment.content == b"BEGIN:VCALENDAR"
    assert attachment.headers["Content-Disposition"] == 'attachment; filename="term in.ics"'
    assert get(running, "/messages/1/attachments/1").status_code == 404


def test_a_blind_copy_is_found_by_its_envelope(running: RunningSandbox) -> None:
    send(running, letter(), to=["alice@family.example", "bob@family.example"])

    assert len(get(running, "/messages.json", to="bob@family.example").json()) == 1
    assert get(running, "/messages.json", to="charlie@family.example").json() == []


def test_messages_after_one_are_told_oldest_first(running: RunningSandbox) -> None:
    for subject in ("one", "two", "three"):
        send(running, letter(subject=subject))

    found = get(running, "/messages.json", after=1).json()

    assert [one["subject"] for one in found] == ["two", "three"]


def test_whoever_waits_gets_the_message_at_once(running: RunningSandbox) -> None:
    send(running, letter(subject="old"))
    answers: list[requests.Response] = []
    query = {"to": "alice@family.example", "after": 1, "wait": 15}
    waiting = threading.Thread(target=lambda: answers.append(get(running, "/messages.json", **query)))
    waiting.start()

    send(running, letter("bob@family.example", subject="for another"))
    send(running, letter(subject="new"))
    waiting.join(10)

    assert [one["subject"] for one in answers[0].json()] == ["new"]


def test_waiting_ends_empty_when_nothing_comes(mailbox: Mailbox) -> None:
    client = create_mailbox_app(mailbox).test_client()

    answer = client.get("/messages.json", query_string={"wait": "0.05"})

    assert answer.json == []


def test_waiting_ends_when_the_mailbox_closes(mailbox: Mailbox) -> None:
    found: list[object] = []
    waiting = threading.Thread(target=lambda: found.append(mailbox.wait_for(seconds=60)))
    waiting.start()

    mailbox.close()
    waiting.join(5)

    assert found == [[]]


def test_a_refused_recipient_gets_a_550_and_others_their_message(running: RunningSandbox) -> None:
    refusals = f"{running.mailbox_url}/control/refusals"
    requests.post(refusals, json={"address": "Bob@family.example"}, timeout=5)

    with smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=10) as smtp:
        refused = smtp.send_message(letter(), to_addrs=["alice@family.example", "bob@family.example"])
    requests.delete(f"{refusals}/bob@family.example", timeout=5)
    send(running, letter("bob@family.example"))

    assert refused["bob@family.example"][0] == 550
    recipients = [one["to"] for one in get(running, "/messages.json").json()]
    assert recipients == [["alice@family.example"], ["bob@family.example"]]


def test_everybody_can_be_refused_for_a_while(running: RunningSandbox) -> None:
    running.mailbox.refuse("*", 451)

    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(running, letter())

    running.mailbox.accept("*")
    send(running, letter())
    assert refused.value.recipients["alice@family.example"][0] == 451
    assert len(running.mailbox.find()) == 1


@pytest.mark.parametrize("body", [{}, {"address": "x@y.example", "code": 250}, {"address": "x@y.example", "code": "x"}])
def test_a_senseless_refusal_is_refused(mailbox: Mailbox, body: dict[str, object]) -> None:
    answer = create_mailbox_app(mailbox).test_client().post("/control/refusals", json=body)

    assert answer.status_code == 400
    assert mailbox.refusals() == {}


def test_messages_stay_over_a_restart_and_ids_go_on(tmp_path: Path) -> None:
    with start_sandbox(tmp_path) as sandbox:
        send(sandbox, letter(text="first\r\n\r\nline: not a header"), to=["a@x.example", "b@x.example"])
        first = get(sandbox, "/messages.json").json()

    with start_sandbox(tmp_path) as sandbox:
        again = get(sandbox, "/messages.json").json()
        send(sandbox, letter())
        ids = [one["id"] for one in get(sandbox, "/messages.json").json()]

    assert again == first
    assert again[0]["to"] == ["a@x.example", "b@x.example"]
    assert ids == [1, 2]


def test_clearing_deletes_the_files_but_ids_go_on(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    mailbox.add("a@x.example", ("b@x.example",), letter().as_bytes())

    create_mailbox_app(mailbox).test_client().post("/clear")
    mailbox.add("a@x.example", ("b@x.example",), letter().as_bytes())

    assert [path.name for path in tmp_path.iterdir()] == ["000002.eml"]
    assert [message.id for message in mailbox.find()] == [2]


def test_the_page_lists_newest_first_and_filters(mailbox: Mailbox) -> None:
    for number, address in enumerate(("alice@family.example", "bob@family.example", "alice@family.example")):
        mailbox.add("office@school.example", (address,), letter(address, subject=f"Number {number}").as_bytes())
    client = create_mailbox_app(mailbox).test_client()

    everything = client.get("/").text
    alices = client.get("/?to=alice@family.example").text

    assert everything.index("Number 2") < everything.index("Number 1") < everything.index("Number 0")
    assert "Number 1" not in alices
    assert "2 messages" in alices


def test_a_message_page_has_clickable_links_and_runs_nothing(mailbox: Mailbox) -> None:
    message = letter(subject="<i>hi</i>", text="Open https://x.example/j/1?pwd=a now <script>")
    message.add_alternative("<script>alert(1)</script><a href='https://x.example'>x</a>", subtype="html")
    mailbox.add("office@school.example", ("alice@family.example",), message.as_bytes())
    client = create_mailbox_app(mailbox).test_client()

    page, html = client.get("/messages/1"), client.get("/messages/1/html")

    assert '<a href="https://x.example/j/1?pwd=a"' in page.text
    assert "<script" not in page.text
    assert "&lt;i&gt;hi&lt;/i&gt;" in page.text
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page.text
    assert "default-src 'none'" in html.headers["Content-Security-Policy"]
    assert "sandbox allow-popups" in html.headers["Content-Security-Policy"]
    assert client.get("/messages/9").status_code == 404


@pytest.mark.parametrize(
    "raw", [b"", b"no header", b"Subject: x\r\n\r\n\xff\xfe", b"Content-Type: multipart/mixed\r\n\r\nx"]
)
def test_a_strange_message_is_kept_and_shown(mailbox: Mailbox, raw: bytes) -> None:
    mailbox.add("", ("alice@family.example",), raw)
    client = create_mailbox_app(mailbox).test_client()

    statuses = [client.get(path).status_code for path in ("/", "/messages/1", "/messages.json")]

    assert statuses == [200, 200, 200]
