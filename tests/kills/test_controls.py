"""The kills would see it: rows that vanish from under an acknowledged request, and a server that commits too late."""

import random
from pathlib import Path

import pytest
from kills.load import load
from kills.log import Entry, Rows
from kills.office import IMPORT
from kills.rounds import Kill, Rounds
from kills.stage import Stage
from races.families import BOOK, CANCEL, MOVE
from races.server import Running, started
from sqlalchemy import text

pytestmark = pytest.mark.races

CARELESS = (str(Path(__file__).with_name("careless.py")),)


def test_what_vanishes_from_under_an_acknowledged_request_is_missed(own: Running) -> None:
    """One request of each deed is undone, wholly or by half."""
    stage = Stage(own, random.Random(1))
    with started(own):
        stage.close(load(own.port, stage.bookings()))
        log = load(own.port, stage.everything(IMPORT, alone=True))
    was, rows = stage.held, stage.look().after
    lost, halved = (_first(log, BOOK, times=times) for times in (1, 2))
    cancelled, moved, imported = (_first(log, deed) for deed in (CANCEL, MOVE, IMPORT))
    assert stage.complaints(log, stage.look()) == []

    for booking in (lost, halved):
        _tamper(own, "DELETE FROM appointment WHERE id = :id", id=_appointment(rows, booking))
    # No other has this seat, and the family may have another appointment with the teacher by now.
    undo = "UPDATE appointment SET cancelled_at = NULL, seat = 99, nth = 99 WHERE id = :id"
    _tamper(own, undo, id=cancelled.attempt.about)
    number = moved.attempt.about
    _tamper(own, "UPDATE appointment SET act = :act WHERE id = :id", id=number, act=was[number].act)
    _tamper(own, "DELETE FROM guardian WHERE student_id = (SELECT id FROM student WHERE student_ref = '0.1')")

    expected = {f"{one} acknowledged and lost" for one in (lost, cancelled)}
    expected |= {f"{one} torn" for one in (halved, moved, imported)}
    assert {told for told in stage.complaints(log, stage.look()) if told.endswith(("lost", "torn"))} == expected


def test_a_server_that_commits_after_its_answer_is_found_out(own: Running, tmp_path: Path) -> None:
    """Killed between the two, it has told a family what it does not keep."""
    rounds = Rounds(own, tmp_path / "armed", random.Random(1), program=CARELESS)

    with pytest.raises(AssertionError, match=r"acknowledged and lost|booking\.committed"):
        rounds.play([Kill("booking.committed", alone=True)])


def _first(log: list[Entry], deed: str, *, times: int = 0) -> Entry:
    """The first that was acknowledged, of a booking of so many times."""
    return next(e for e in log if e.is_done and e.attempt.deed == deed and len(e.attempt.makes) == times)


def _appointment(rows: Rows, booking: Entry) -> int:
    return next(row.id for row in rows.values() if row.what in booking.attempt.makes)


def _tamper(own: Running, statement: str, **values: int | str) -> None:
    with own.database.transaction() as session:
        session.execute(text(statement), values)
