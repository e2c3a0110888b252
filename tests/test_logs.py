"""The log tells what happened and where, and of nobody."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from app import test_settings as settings_of
from conftest import KEY
from nobody import tells_of_somebody
from zoom_office import open_office, words

from jobs.tasks import run_tasks
from webapp.db import Database
from webapp.logs import JsonLines

NAME, ADDRESS, TOKEN = "Xanthippe Canary", "canary@mail.example", "tok-9f8e7d6c5b4a39281706f5e4d3c2b1a0"
CANARIES = (NAME, ADDRESS, TOKEN)
ALL = f"{NAME} {ADDRESS} {TOKEN}"


@pytest.fixture
def written() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the log holds so far, as a program reads it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root, former = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(former)


def nobody_in(lines: list[dict[str, Any]]) -> bool:
    return not any(canary in json.dumps(lines, ensure_ascii=False) for canary in CANARIES)


def test_a_line_says_when_how_bad_what_and_where(written: Callable[[], list[dict[str, Any]]]) -> None:
    logging.getLogger("jobs.link_sync").info("link sync", extra={"meetings": 3})

    [line] = written()
    assert set(line) == {"ts", "level", "event", "logger", "meetings"}
    assert (line["level"], line["event"], line["logger"], line["meetings"]) == (
        "info",
        "link sync",
        "jobs.link_sync",
        3,
    )
    assert line["ts"].endswith("+00:00")


def test_of_an_exception_only_its_kind_and_its_places_are_told(written: Callable[[], list[dict[str, Any]]]) -> None:
    """RELIABILITY B19"""
    try:
        _fail()
    except RuntimeError:
        logging.getLogger("webapp").exception("a request failed", extra={"route": "/s/<school>/events"})

    [line] = written()
    assert (line["error"], line["route"]) == ("RuntimeError", "/s/<school>/events")
    assert line["at"][-1].startswith("test_logs.py:")
    assert line["at"][-1].endswith(" _fail")
    assert nobody_in([line])


@pytest.mark.parametrize(
    "log",
    [
        lambda logger: logger.error("no such person: %s", ALL),
        lambda logger: logger.error("no such person: %(who)s", {"who": ALL}),
        lambda logger: logger.error(f"no such address: {ADDRESS} {TOKEN}"),
        lambda logger: logger.error(f"GET /{ADDRESS}?q={TOKEN}"),
        lambda logger: logger.error(f"Error on request:\n{ALL}"),
        lambda logger: logger.error(ValueError(ALL)),
        lambda logger: logger.error("failed", extra={"person": ALL, "form": {"name": NAME}}),
        lambda logger: logger.error("failed", extra={"reason": f"{ADDRESS} {TOKEN}"}),
        lambda logger: logger.error("failed", exc_info=ValueError(ALL)),
        lambda logger: logger.error("failed", stack_info=True, extra={"args_of": ALL}),
    ],
)
def test_whatever_a_library_says_of_a_person_is_left_out(
    written: Callable[[], list[dict[str, Any]]], log: Callable[[logging.Logger], None]
) -> None:
    """RELIABILITY B19"""
    log(logging.getLogger("some.library"))

    [line] = written()
    assert line["level"] == "error"
    assert line["event"]
    assert nobody_in([line])


@pytest.mark.parametrize(
    ("event", "is_told"),
    [
        ("Alice Alvarez was here", True),
        ("a mail to zoe@linden.example", True),
        ("see https://zoom.example/j/1", True),
        ("a request failed at http://127.0.0.1:8000", False),
    ],
)
def test_a_line_that_tells_of_somebody_is_found(event: str, is_told: bool) -> None:
    """OPS-018: the fixture that listens to the whole run of the tests (`_the_log_tells_of_nobody`) would fail."""
    assert tells_of_somebody(event) is is_told


def test_one_event_is_one_line(written: Callable[[], list[dict[str, Any]]]) -> None:
    logging.getLogger("webapp").info('first\nsecond "line"\r')

    assert [line["event"] for line in written()] == ["first"]


def test_a_fault_in_a_page_or_a_job_tells_nobody_s_name(
    database: Database, tmp_path: Path, written: Callable[[], list[dict[str, Any]]]
) -> None:
    """RELIABILITY B19"""
    settings = settings_of(f"sqlite:///{tmp_path / 'test.db'}", KEY, zoom_client_id="confab")
    office = open_office(database, settings)
    office.add_teachers(ADDRESS, first=NAME)
    office.connect()
    office.zoom.on_call = lambda _: _fail()
    office.grants.authorize_url = lambda **_: _fail()  # type: ignore[method-assign]

    run_tasks(office.app)
    page = office.dora.get(f"/s/{office.school}/zoom/connect")

    lines = written()
    assert [line["event"] for line in lines] == ["an errand failed", "a request failed"]
    assert nobody_in(lines)
    assert page.status_code == 500
    assert "Something went wrong here. Nothing was changed." in words(page.text)
    assert not any(canary in page.text for canary in CANARIES)


def _fail() -> Any:
    try:
        raise ValueError(ALL)
    except ValueError as error:
        raise RuntimeError(ALL) from error
