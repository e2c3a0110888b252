"""Write logs as JSON lines to stderr, without names, addresses, tokens or query strings."""

import json
import logging
import re
import sys
from datetime import UTC, datetime

_OWN_FIELDS = ("route", "reason", "errand", "meetings", "entries", "messages", "missing", "strays", "connection")
"""What our own lines may add, numbers and constants all; nothing else of a record is written."""

_PERSONAL = re.compile(r"[^\s\"'<>]+@[^\s\"'<>]+|\?[^\s\"'<>]+|[A-Za-z0-9_.\-]{24,}")


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": _event(record),
            "logger": record.name,
        }
        line.update({name: _scrubbed(getattr(record, name)) for name in _OWN_FIELDS if hasattr(record, name)})
        if record.exc_info and record.exc_info[0]:
            # The places, not the values: an exception's text may quote what a person typed.
            line["error"] = record.exc_info[0].__name__
            line["at"] = _places(record)
        return json.dumps(line, default=str, ensure_ascii=False)


def set_up_logs(level: int = logging.INFO) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    hush()


def hush() -> None:
    """Libraries that tell of each step."""
    for chatty in ("werkzeug", "alembic", "mail.log", "psycopg"):
        logging.getLogger(chatty).setLevel(logging.ERROR)


def _event(record: logging.LogRecord) -> str:
    """The first line, before its places are filled: what others fill in is unknown. The server says its address."""
    if isinstance(record.msg, BaseException):
        return type(record.msg).__name__
    if record.name == "_granian":
        return record.getMessage()
    return str(_scrubbed(str(record.msg).partition("\n")[0]))


def _scrubbed(value: object) -> object:
    return _PERSONAL.sub("…", value) if isinstance(value, str) else value


def _places(record: logging.LogRecord) -> list[str]:
    assert record.exc_info
    places, trace = [], record.exc_info[2]
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-8:]
