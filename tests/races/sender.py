"""Be one of several processes that send prepared requests from the same moment on; speaks JSON lines with Senders."""

import json
import sys
import time
from typing import Any

from races.wire import Reply, Talk, converse


def main() -> None:
    """Each line of input is one batch; a second line says go."""
    while line := sys.stdin.readline():
        batch = json.loads(line)
        answers: list[list[Any]] = [[] for _ in batch["requests"]]
        talks = [_talk(batch, n, answers) for n in range(batch["connections"])]
        converse(batch["port"], talks, ready=_wait)
        print(json.dumps(answers), flush=True)


def _wait() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def _talk(batch: dict[str, Any], nth: int, answers: list[list[Any]]) -> Talk:
    for n in range(nth, len(answers), batch["connections"]):
        begun = time.perf_counter()
        reply = yield batch["requests"][n].encode()
        answers[n] = _told(reply, time.perf_counter() - begun, batch["with_bodies"])


def _told(reply: Reply, seconds: float, with_body: bool) -> list[Any]:
    body = reply.body.decode() if with_body else ""
    return [reply.status, reply.header("location"), seconds, body]


if __name__ == "__main__":
    main()
