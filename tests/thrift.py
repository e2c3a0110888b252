"""Spare each test what another has done in this process: to compile addresses, templates and statements, which were
three fifths of the time of a test of pages; and to wait for the disk."""

from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from webapp import db

MOST_STATEMENTS = 5000
waits_for_disk = False
"""Whether SQLite's own files survive a power cut. Servers and commands that have a process of their own do wait."""

_engines: WeakSet[Engine] = WeakSet()


def be_thrifty() -> None:
    db._engine = _sharing(db._engine)
    for dialect in (SQLiteDialect_pysqlite, PGDialect_psycopg):
        _make_one(dialect)
    Rule._compile_builder = _remembering(Rule._compile_builder)
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _Templates()}


def _sharing(make: Any) -> Any:
    """Each test has an engine of its own, which would keep its statements for itself."""
    statements: LRUCache[Any, Any] = LRUCache(MOST_STATEMENTS)

    def made(url: str) -> Engine:
        engine: Engine = make(url)
        engine._compiled_cache = statements
        _engines.add(engine)
        if engine.dialect.name == "sqlite" and not waits_for_disk:
            event.listen(engine, "connect", lambda opened, _: opened.execute("PRAGMA synchronous=OFF").close())
        return engine

    return made


def close_idle() -> None:
    """Nobody ends an application that a test made: its connections to PostgreSQL would be left to the garbage."""
    for engine in [*_engines]:
        if engine.dialect.name == "postgresql":
            engine.dispose()


def _make_one(dialect: Any) -> None:
    """By its dialect a statement is found: all of a kind speak the same."""
    dialect.__eq__ = lambda self, other: type(self) is type(other)
    dialect.__hash__ = lambda self: hash(type(self))
    dialect._type_memos = WeakKeyDictionary()


def _remembering(compile_builder: Any) -> Any:
    """The builder of a rule takes the converters from the rule, and is otherwise made of these."""
    known: dict[Any, Any] = {}

    def remembered(rule: Rule, append_unknown: bool = True) -> Any:
        key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in known:
            known[key] = compile_builder(rule, append_unknown)
        return known[key]

    return remembered


class _Templates(BytecodeCache):
    """Of this process, by the content of each file."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key, bucket.checksum] = bucket.code
