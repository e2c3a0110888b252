"""Stand between our client and the stand-in of Zoom, and let its answers go wrong on the way as a test wants it."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import requests
from flask import Flask, Response, request

from webapp.sandbox.servers import WebServer, listen

_OF_THE_WAY = {"host", "connection", "content-length", "transfer-encoding", "content-encoding", "date", "server"}


@dataclass(frozen=True)
class Reply:
    """`body` is sent as JSON unless it is a text."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def with_body(self, **values: Any) -> "Reply":
        """None takes a value out."""
        kept = {name: value for name, value in {**self.body, **values}.items() if value is not None}
        return replace(self, body=kept)


Change = Callable[[Callable[[], Reply]], Reply]
"""Gets the call on to the stand-in, which it makes or leaves, and gives what our client gets."""


class Gateway:
    def __init__(self, beyond: str) -> None:
        self._beyond = beyond
        self._changes: list[tuple[re.Pattern[str], Change, int | None]] = []
        self.seen: list[str] = []
        """Method and path of each call, our client's only."""
        app = Flask("gateway")
        app.add_url_rule("/", "root", self._pass_on, defaults={"path": ""}, methods=["GET"])
        app.add_url_rule("/<path:path>", "all", self._pass_on, methods=["GET", "POST", "PATCH", "DELETE"])
        listening = listen("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self._server = WebServer(app, listening)
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def meddle(self, calls: str, change: Change | Reply, *, times: int | None = 1) -> None:
        """With the next calls (None: with all) whose method and path fit the pattern."""
        wanted = (lambda _forward: change) if isinstance(change, Reply) else change
        self._changes.append((re.compile(calls), wanted, times))

    def leave(self) -> None:
        self._changes.clear()

    def calls(self, pattern: str) -> list[str]:
        return [one for one in self.seen if re.fullmatch(pattern, one)]

    def _pass_on(self, path: str) -> Response:
        call = f"{request.method} /{path}"
        self.seen.append(call)
        reply = self._change(call)(self._forwarder(path))
        text = isinstance(reply.body, str)
        response = Response(reply.body, status=reply.status) if text or reply.body is None else _json(reply)
        response.headers.update(reply.headers)
        return response

    def _change(self, call: str) -> Change:
        for n, (pattern, change, times) in enumerate(self._changes):
            if pattern.fullmatch(call):
                if times is not None:
                    self._changes[n : n + 1] = [(pattern, change, times - 1)] if times > 1 else []
                return change
        return lambda forward: forward()

    def _forwarder(self, path: str) -> Callable[[], Reply]:
        headers = {name: value for name, value in request.headers if name.lower() not in _OF_THE_WAY}
        sent = (request.method, f"{self._beyond}/{path}", dict(request.args), request.get_data())

        def forward() -> Reply:
            method, url, query, body = sent
            answer = requests.request(method, url, params=query, data=body, headers=headers, timeout=10)
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _OF_THE_WAY}
            is_json = "json" in answer.headers.get("Content-Type", "") and answer.content
            return Reply(answer.status_code, answer.json() if is_json else answer.text or None, kept)

        return forward


def _json(reply: Reply) -> Response:
    return Response(json.dumps(reply.body), status=reply.status, content_type="application/json")
