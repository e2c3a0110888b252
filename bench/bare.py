"""Claim a place and do nothing else, through Flask and through the driver alone: what this machine can do at best."""

import os
import secrets
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import requests
from flask import Flask, render_template, session
from granian import Granian
from granian.constants import Interfaces
from races.server import free_port
from races.wire import Reply, Talk
from sqlalchemy import Column, Integer, MetaData, String, Table, bindparam, insert, make_url, select, update

from bench.gauge import Log
from webapp.db import Database

PLACES = 20_000
_HOME = Path(__file__).parents[1]
_metadata = MetaData()
_person = Table("person", _metadata, Column("id", Integer, primary_key=True), Column("secret", String, unique=True))
_place = Table("place", _metadata, Column("id", Integer, primary_key=True), Column("taken_by", Integer))
_booking = Table(
    "booking",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("place", Integer, unique=True),
    Column("person", Integer),
)
_wish = Table("wish", _metadata, Column("id", Integer, primary_key=True), Column("booking", Integer, index=True))

_WHO = select(_person.c.id).where(_person.c.secret == bindparam("secret"))
_TAKE = (
    update(_place).where(_place.c.id == bindparam("n"), _place.c.taken_by.is_(None)).values(taken_by=bindparam("who"))
)
_BOOK = insert(_booking).values(place=bindparam("n"), person=bindparam("who")).returning(_booking.c.id)
_DUE = insert(_wish).values(booking=bindparam("made"))
_PARTIAL = '<li class="appt"><b>{{ n }}</b> {{ _("Booked") if _ else "Booked" }} <a href="/mine">Mine</a></li>'


def make_app(url: str, key: str) -> Flask:
    """The same database settings as the product's; prebuilt Core statements; a light user from a signed cookie."""
    app, database = Flask(__name__), Database(url)
    app.secret_key = key
    partial = app.jinja_env.from_string(_PARTIAL)

    @app.get("/")
    def ready() -> str:
        return "ready"

    @app.post("/claim/<int:n>")
    def claim(n: int) -> tuple[str, int]:
        with database.reading() as db:
            who = db.execute(_WHO, {"secret": session["secret"]}).scalar_one()
        with database.transaction() as db:
            if db.execute(_TAKE, {"n": n, "who": who}).rowcount != 1:
                return render_template(partial, n=n), 409
            made = db.execute(_BOOK, {"n": n, "who": who}).scalar_one()
            db.execute(_DUE, {"made": made})
        return render_template(partial, n=n), 200

    return app


def from_environment() -> Flask:
    return make_app(os.environ["BENCH_URL"], os.environ["BENCH_KEY"])


class Bare:
    """The server of the bare claim, on tables of its own within the database."""

    def __init__(self, url: str) -> None:
        self._key, self.port, self._places = secrets.token_hex(32), free_port(), iter(range(1, PLACES + 1))
        database = Database(url)
        _metadata.drop_all(database.engine)
        _metadata.create_all(database.engine)
        with database.transaction() as db:
            db.execute(insert(_person), [{"secret": "of-alice"}])
            db.execute(insert(_place), [{"id": n} for n in range(1, PLACES + 1)])
        database.dispose()
        self._url = url
        cookie = self._cookie()
        self._head = f"Host: 127.0.0.1\r\nContent-Length: 0\r\nCookie: session={cookie}\r\n\r\n"

    @contextmanager
    def serving(self, workers: int, threads: int) -> Iterator[int]:
        """The first process's id."""
        own = {"BENCH_URL": self._url, "BENCH_KEY": self._key, "BENCH_PORT": str(self.port)}
        size = {"BENCH_WORKERS": str(workers), "BENCH_THREADS": str(threads), "PYTHONPATH": str(_HOME)}
        command = [sys.executable, "-m", "bench.bare"]
        process = subprocess.Popen(command, env=os.environ | own | size, stderr=subprocess.DEVNULL)  # noqa: S603
        try:
            self._wait()
            yield process.pid
        finally:
            process.terminate()
            process.wait(20)

    def clients(self, number: int, seconds: float, log: Log) -> list[Talk]:
        until = time.perf_counter() + seconds

        def talk() -> Iterator[bytes]:
            while time.perf_counter() < until and (n := next(self._places, None)):
                begun = time.perf_counter()
                reply: Reply = yield f"POST /claim/{n} HTTP/1.1\r\n{self._head}".encode()
                log.add("all", time.perf_counter() - begun)
                if reply.status != 200:
                    log.errors[f"claim: {reply.status}"] += 1

        return [talk() for _ in range(number)]  # type: ignore[misc]

    def _cookie(self) -> str:
        app = Flask(__name__)
        app.secret_key = self._key
        serializer: Any = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        return str(serializer.dumps({"secret": "of-alice"}))

    def _wait(self) -> None:
        for _ in range(300):
            try:
                requests.get(f"http://127.0.0.1:{self.port}/", timeout=5)
            except requests.ConnectionError:
                time.sleep(0.1)  # nothing can tell us that another process listens
            else:
                return
        raise RuntimeError("the bare server did not start")


def by_driver(url: str, seconds: float) -> tuple[float, float]:
    """Claims per second over one connection, and the milliseconds of our processor time for each."""
    claim, close = _sqlite_claim(url) if url.startswith("sqlite") else _postgres_claim(url)
    begun, cpu, n = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - begun < seconds and n < PLACES // 2:
        claim(PLACES - n)
        n += 1
    elapsed, spent = time.perf_counter() - begun, time.process_time() - cpu
    close()
    return n / elapsed, spent * 1000 / n


def _sqlite_claim(url: str) -> tuple[Callable[[int], None], Callable[[], None]]:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")

    def claim(n: int) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE place SET taken_by=1 WHERE id=? AND taken_by IS NULL", (n,))
        made = connection.execute("INSERT INTO booking (place, person) VALUES (?, 1)", (n,)).lastrowid
        connection.execute("INSERT INTO wish (booking) VALUES (?)", (made,))
        connection.execute("COMMIT")

    return claim, connection.close


def _postgres_claim(url: str) -> tuple[Callable[[int], None], Callable[[], None]]:
    named = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg.connect(named)

    def claim(n: int) -> None:
        connection.execute("UPDATE place SET taken_by=1 WHERE id=%s AND taken_by IS NULL", (n,))
        made = connection.execute("INSERT INTO booking (place, person) VALUES (%s, 1) RETURNING id", (n,)).fetchone()
        connection.execute("INSERT INTO wish (booking) VALUES (%s)", made)
        connection.commit()

    return claim, connection.close


if __name__ == "__main__":
    Granian(
        "bench.bare:from_environment",
        factory=True,
        address="127.0.0.1",
        port=int(os.environ["BENCH_PORT"]),
        interface=Interfaces.WSGI,
        workers=int(os.environ["BENCH_WORKERS"]),
        blocking_threads=int(os.environ["BENCH_THREADS"]),
        websockets=False,
        log_enabled=False,
        working_dir=_HOME,
    ).serve()
