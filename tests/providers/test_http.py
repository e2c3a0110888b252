"""The one place that meets the network tells truly what may have arrived, and never waits for ever."""

import gc
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from requests.auth import HTTPBasicAuth

from webapp import clock
from webapp.errors import ProviderError
from webapp.providers.http import LARGEST_BODY, Answer, call, new_session
from webapp.providers.sending import told_when_sent

AUTH = HTTPBasicAuth("id", "secret")
Serve = Callable[[Callable[[socket.socket], None]], Any]


class PlainDialect:
    service = "Example"

    def refused(self, answer: Answer) -> ProviderError:
        return ProviderError("Refused.", retry=False, code=str(answer.status))


def ask(url: str, method: str = "POST", *, deadline: float = 5.0, **content: Any) -> Answer:
    body = {"json": {"topic": "x"}} if method in {"POST", "PATCH"} else {}
    return call(new_session(), method, url, dialect=PlainDialect(), auth=AUTH, deadline=deadline, **(body | content))


def trouble(url: str, method: str = "POST", *, deadline: float = 5.0, **content: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        ask(url, method, deadline=deadline, **content)
    return caught.value


def says(text: str | bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(text if isinstance(text, bytes) else text.encode())


def response(status: str, body: str = "", headers: str = "") -> str:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n{body}"


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_an_answer_comes_with_its_body_and_the_request_carries_its_own(raw_server: Serve) -> None:
    server = raw_server(says(response("201 Created", '{"id": 1}')))

    answer = ask(f"{server.url}/users?page=1", json={"topic": "Grade 4"})

    assert (answer.status, answer.object(), answer.is_unsafe) == (201, {"id": 1}, True)
    assert b'{"topic": "Grade 4"}' in server.received[0]
    assert b"Authorization: Basic" in server.received[0]
    assert b"Content-Length: 20" in server.received[0]


def test_a_form_is_sent_as_a_form(raw_server: Serve) -> None:
    server = raw_server(says(response("200 OK", "{}")))

    ask(server.url, json=None, form={"code": "a b"})

    assert server.received[0].endswith(b"code=a+b")
    assert b"application/x-www-form-urlencoded" in server.received[0]


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "GET"])
def test_a_refused_connection_has_not_arrived(method: str) -> None:
    """R41: F15. Nothing was sent, so the same may be sent again at once."""
    url = f"http://127.0.0.1:{unused_port()}"

    error = trouble(url, method)

    assert (error.retry, error.arrived, error.code) == (True, False, "unreachable")


def test_an_unknown_name_has_not_arrived() -> None:
    """PROV-022: the name server may know it again at the next try."""
    error = trouble("http://no-such-host.invalid/")

    assert (error.retry, error.arrived) == (True, False)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_tls_that_fails_has_not_arrived(raw_server: Serve, method: str) -> None:
    server = raw_server(says("I do not speak TLS\r\n"))

    error = trouble(server.url.replace("http:", "https:"), method)

    assert (error.retry, error.arrived) == (True, False)


@pytest.mark.parametrize(
    ("method", "may_have_arrived"), [("POST", True), ("PATCH", True), ("DELETE", True), ("GET", False)]
)
def test_a_connection_cut_after_sending_may_have_arrived(
    raw_server: Serve, method: str, may_have_arrived: bool
) -> None:
    server = raw_server(lambda connection: connection.shutdown(socket.SHUT_RDWR))

    error = trouble(server.url, method)

    assert (error.retry, error.arrived) == (True, may_have_arrived)


@pytest.mark.parametrize(
    "status", ["500 Internal Server Error", "502 Bad Gateway", "503 Unavailable", "408 Timeout", "302 Found"]
)
def test_a_server_in_trouble_may_have_carried_it_out(raw_server: Serve, status: str) -> None:
    server = raw_server(says(response(status, "<html>no</html>", "Location: http://169.254.169.254/\r\n")))

    error = trouble(server.url)

    assert (error.retry, error.arrived, error.code) == (True, True, status[:3])
    assert len(server.received) == 1


def test_a_clear_refusal_is_the_dialect_s_to_explain(raw_server: Serve) -> None:
    server = raw_server(says(response("404 Not Found", "{}")))

    error = trouble(server.url)

    assert (error.retry, error.arrived, error.code) == (False, False, "404")


@pytest.mark.parametrize("body", ["", "<html>welcome</html>", '{"id": 98', "[1]", "null", "[" * 100_000])
def test_a_success_that_cannot_be_read_may_have_arrived(raw_server: Serve, body: str) -> None:
    server = raw_server(says(response("200 OK", body)))
    gc.collect()  # what is finalized at the bottom of a parser's recursion fails there

    with pytest.raises(ProviderError) as caught:
        ask(server.url).object()

    assert (caught.value.retry, caught.value.arrived, caught.value.code) == (True, True, "unreadable")


def test_a_huge_body_is_not_read_to_its_end(raw_server: Serve) -> None:
    server = raw_server(says(response("200 OK", "x" * (LARGEST_BODY * 3))))

    error = trouble(server.url)

    assert (error.code, error.arrived) == ("unreadable", True)


@pytest.mark.parametrize(
    "beginning", ["", "HTTP/1.1 200 OK\r\nX-Drip: ", "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"]
)
def test_the_deadline_is_total_also_for_a_drip(raw_server: Serve, beginning: str) -> None:
    """R41, PROV-020: a byte now and then, in the header or the body, does not keep the call alive."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(beginning.encode())
        while not server.stopping.wait(0.05):
            connection.sendall(b"x" if beginning else b"")

    server = raw_server(drip)
    began = time.monotonic()

    error = trouble(server.url, deadline=0.5)

    assert time.monotonic() - began < 2
    assert (error.retry, error.arrived, error.code) == (True, True, "timeout")


def test_a_slow_read_that_changes_nothing_has_not_arrived(raw_server: Serve) -> None:
    server = raw_server(lambda connection: server.stopping.wait(3) and None)

    error = trouble(server.url, "GET", deadline=0.3)

    assert (error.retry, error.arrived) == (True, False)


def test_a_call_that_was_given_up_does_not_go_out_later(raw_server: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """RELIABILITY 2.2: what is said not to have arrived is sent anew. The name server may be slow, or the first of two
    addresses silent until the deadline."""
    server = raw_server(says(response("201 Created", "{}")))
    answers, ask_for_address = threading.Event(), socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda *name, **how: answers.wait(10) and ask_for_address(*name, **how))

    error = trouble(server.url, deadline=0.2)
    answers.set()
    for thread in threading.enumerate():
        if thread.name == "call":
            thread.join(5)

    assert (error.retry, error.arrived) == (True, False)
    assert not any(b"topic" in received for received in server.received)


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "GET"])
def test_whoever_counts_calls_is_told_of_each_once(raw_server: Serve, method: str) -> None:
    server = raw_server(says(response("200 OK", "{}")))
    told: list[float] = []

    with told_when_sent(lambda: told.append(time.monotonic())):
        ask(server.url, method)
    ask(server.url, method)

    assert len(told) == 1


def test_a_call_counts_when_its_connection_stands(raw_server: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """F12: what the provider counts within its second is what it is sent, however long the way there took."""
    server = raw_server(says(response("201 Created", "{}")))
    ask_for_address = socket.getaddrinfo
    answered: list[float] = []
    told: list[float] = []

    def slowly(*name: Any, **how: Any) -> Any:
        time.sleep(0.2)
        answered.append(time.monotonic())
        return ask_for_address(*name, **how)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    with told_when_sent(lambda: told.append(time.monotonic())):
        ask(server.url)

    assert len(told) == 1
    assert told[0] >= answered[0]


def test_what_was_never_sent_is_not_counted() -> None:
    told: list[float] = []

    with told_when_sent(lambda: told.append(time.monotonic())):
        trouble(f"http://127.0.0.1:{unused_port()}")

    assert told == []


def test_cookies_of_one_call_do_not_travel_with_the_next(raw_server: Serve) -> None:
    http = new_session()
    server = raw_server(says(response("200 OK", "{}", "Set-Cookie: school=first\r\nConnection: close\r\n")))

    for _ in range(2):
        call(http, "GET", server.url, dialect=PlainDialect(), auth=AUTH)

    assert all(b"Cookie" not in received for received in server.received)


def test_a_wait_that_the_server_names_is_kept(raw_server: Serve) -> None:
    server = raw_server(says(response("503 Unavailable", "", "Retry-After: 90\r\n")))

    error = trouble(server.url, "GET")

    assert error.after is not None
    assert timedelta(seconds=80) < error.after - clock.now() <= timedelta(seconds=90)
