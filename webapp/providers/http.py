"""Speak HTTP with the outside so that every trouble is a ProviderError that says whether the call may have arrived."""

import io
import json as jsonlib
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from webapp import clock, faults
from webapp.errors import N_, ProviderError
from webapp.providers.instants import retry_after
from webapp.providers.sending import teller

DEADLINE = 15.0
"""Seconds for a whole call, from looking up the name to the last byte (RELIABILITY 2.3)."""

LARGEST_BODY = 1_000_000
_CHUNK = 8192
_SIDE_BY_SIDE = 64  # connections that are kept open: more would be opened anew for each call
_SAFE = frozenset({"GET", "HEAD"})
_TEMPORARY = frozenset({408, 425})


@dataclass(frozen=True)
class Answer:
    """What came back. `at` is when; `is_unsafe` whether the request may have changed something there."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    at: datetime
    service: str
    is_unsafe: bool

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def retry_after(self) -> datetime | None:
        return retry_after(self.headers.get("Retry-After", ""), self.at)

    @property
    def provider_time(self) -> datetime | None:
        """What its `Date` header says, in whole seconds."""
        try:
            return parsedate_to_datetime(self.headers.get("Date", "")).astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None

    def json(self) -> object:
        """The parsed body, or None where it is not JSON."""
        try:
            return jsonlib.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def object(self) -> dict[str, Any]:
        """The JSON object that a success must carry. Raises ProviderError where it does not."""
        parsed = self.json()
        if not isinstance(parsed, dict):
            raise self.unreadable()
        return parsed

    def unreadable(self) -> ProviderError:
        return ProviderError(
            N_("%(service)s sent an answer that cannot be read."),
            retry=True,
            arrived=self.is_unsafe,
            code="unreadable",
            service=self.service,
        )


class Dialect(Protocol):
    """How one vendor says no."""

    service: str

    def refused(self, answer: Answer) -> ProviderError:
        """What a 4xx means, 429 included."""
        ...


class Nobody(AuthBase):
    """Said outright, so that no .netrc file on the machine can put its own words in."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _Session(requests.Session):
    """Reads what the environment says of proxies and certificates once for each host, and leaves out what no call of
    ours wants: cookies, hooks, redirects. Together that is half of a call's own work."""

    def __init__(self) -> None:
        super().__init__()
        self._ways: dict[tuple[Any, ...], Any] = {}

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """What else is told is the same in all our calls."""
        host = urlsplit(url)[:2]
        if host not in self._ways:
            self._ways[host] = super().merge_environment_settings(url, proxies, stream, verify, cert)
        return self._ways[host]

    def request(self, *at: Any, **content: Any) -> requests.Response:
        method, url = at
        request = requests.PreparedRequest()
        request.prepare_method(method)
        request.prepare_url(url, content["params"])
        request.prepare_headers({**self.headers, **content["headers"]})
        request.prepare_body(content["data"], None)
        request.prepare_auth(content["auth"])
        way = self.merge_environment_settings(url, {}, content["stream"], None, None)
        return self.get_adapter(url).send(request, timeout=content["timeout"], **way)


def new_session() -> requests.Session:
    """Keeps connections open, but no cookies: one school's must not travel with another's call."""
    http = _Session()
    many = HTTPAdapter(pool_maxsize=_SIDE_BY_SIDE)
    http.mount("https://", many)
    http.mount("http://", many)
    return http


def call(
    http: requests.Session,
    method: str,
    url: str,
    *,
    dialect: Dialect,
    auth: AuthBase,
    deadline: float = DEADLINE,
    params: Mapping[str, str | int] | None = None,
    json: object = None,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """The answer of a call that succeeded. Raises ProviderError for anything else; redirects are not followed."""
    rest = {"auth": auth, "params": params, "sent": _sent(json, form), "headers": headers or {}}
    exchange = _Exchange(http, method, url, deadline=deadline, **rest)
    try:
        status, received, body = exchange.outcome()
    except (requests.RequestException, HTTPError, TimeoutError, _TooLarge) as error:
        raise _no_answer(error, dialect.service, arrived=exchange.may_have_arrived(error)) from error
    faults.point("call.response_read")
    answer = Answer(status, received, body, clock.now(), dialect.service, exchange.is_unsafe)
    if 200 <= status < 300:
        return answer
    raise _trouble(answer) if _is_temporary(status) else dialect.refused(answer)


class _TooLarge(Exception):
    """The body is longer than any answer that we ask for."""


class _Sent:
    """A request body that knows whether anybody began to read it, which happens after the connection stands."""

    def __init__(self, content: bytes, content_type: str) -> None:
        self.content_type = content_type
        self.begun = False
        self._tell = teller()
        self._is_withdrawn = False
        self._turn = threading.Lock()
        self._length = len(content)
        self._file = io.BytesIO(content)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.read, b"")

    def withdraw(self) -> None:
        """Who has not begun to read it by now never will: what is said not to have arrived must not follow later."""
        with self._turn:
            self._is_withdrawn = not self.begun

    def read(self, size: int = -1) -> bytes:
        with self._turn:
            if self._is_withdrawn:
                raise TimeoutError
            if not self.begun:
                self._tell()
            self.begun = True
        chunk = self._file.read(size)
        if not chunk:
            faults.point("call.request_sent")
            self._file.seek(0)  # whoever records the exchange reads it a second time
        return chunk


def _sent(json: object, form: Mapping[str, str] | None) -> _Sent | None:
    if form is not None:
        return _Sent(urlencode(form).encode(), "application/x-www-form-urlencoded")
    return _Sent(jsonlib.dumps(json).encode(), "application/json") if json is not None else None


class _Exchange:
    """One request and its answer, in a thread of its own: a socket's timeout holds for each read only, so that a drip
    of one byte per second, or a name server that says nothing, would keep the caller for ever."""

    def __init__(self, http: requests.Session, method: str, url: str, *, deadline: float, **rest: Any) -> None:
        self.is_unsafe = method not in _SAFE
        self._http, self._method, self._url, self._rest = http, method, url, rest
        self._sent: _Sent | None = rest["sent"]
        self._tell = teller()
        self._deadline = deadline
        self._ends = time.monotonic() + deadline
        self._outcome: tuple[int, Mapping[str, str], bytes] | Exception = TimeoutError()

    def outcome(self) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body. Raises TimeoutError at the deadline, whatever the socket is waiting for."""
        thread = threading.Thread(target=self._run, daemon=True, name="call")
        thread.start()
        thread.join(self._deadline)
        if self._sent:
            self._sent.withdraw()
        outcome = self._outcome
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def may_have_arrived(self, error: Exception) -> bool:
        if not self.is_unsafe:
            return False
        return self._sent.begun if self._sent else not _never_connected(error)

    def _run(self) -> None:
        try:
            self._outcome = self._exchanged()
        except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
            self._outcome = error

    def _exchanged(self) -> tuple[int, Mapping[str, str], bytes]:
        headers = {"Accept": "application/json", **self._rest["headers"]}
        if self._sent:
            headers["Content-Type"] = self._sent.content_type
        else:
            self._tell()  # before the connection stands, for there is nothing that is asked for later
        with self._http.request(
            self._method,
            self._url,
            params=self._rest["params"],
            data=self._sent,
            headers=headers,
            auth=self._rest["auth"],
            timeout=self._deadline,
            stream=True,
            allow_redirects=False,
        ) as response:
            return response.status_code, response.headers, self._body(response)

    def _body(self, response: requests.Response) -> bytes:
        body = bytearray()
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > LARGEST_BODY:
                raise _TooLarge
            if time.monotonic() > self._ends:
                raise TimeoutError
        return bytes(body)


def _never_connected(error: Exception) -> bool:
    reason = error.args[0] if error.args else None
    refused = isinstance(reason, MaxRetryError) and isinstance(reason.reason, NewConnectionError)
    return refused or isinstance(error, requests.ConnectTimeout)


def _no_answer(error: Exception, service: str, *, arrived: bool) -> ProviderError:
    detail = type(error).__name__
    if isinstance(error, _TooLarge):
        message, code = N_("%(service)s sent an answer that cannot be read."), "unreadable"
    elif isinstance(error, TimeoutError | requests.Timeout):
        message, code = N_("%(service)s did not answer in time."), "timeout"
    else:
        message, code = N_("%(service)s cannot be reached."), "unreachable"
    return ProviderError(message, retry=True, arrived=arrived, code=code, detail=detail, service=service)


def _is_temporary(status: int) -> bool:
    return status < 400 or status >= 500 or status in _TEMPORARY


def _trouble(answer: Answer) -> ProviderError:
    return ProviderError(
        N_("%(service)s has a problem of its own (HTTP %(status)s)."),
        retry=True,
        arrived=answer.is_unsafe,
        after=answer.retry_after,
        code=str(answer.status),
        detail=answer.text[:300],
        service=answer.service,
        status=answer.status,
    )
