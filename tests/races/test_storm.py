"""However many race for an evening, nobody is in two places, and what was acknowledged is what is stored."""

import os
import random

import pytest
from races.audit import ask, wrongs
from races.crowd import Setting
from races.families import BOOK, CANCEL, HOLD, LEAVE, MOVE, SETTLE
from races.senders import Senders
from races.server import Running
from races.storm import Storm

pytestmark = pytest.mark.races

ATTEMPTS = {"tiny": 400, "": 4_000, "ci": 20_000}[os.environ.get("CONFAB_RACES", "")]
BUSY = Setting(teachers=8, teams=2, couples=16, children=2, slots=12, kinds=("V", "P", "PV", "V"))
"""Everybody wants the same: 144 places for 32 parents whose 32 children each have ten teachers."""


@pytest.mark.timeout(900)
def test_in_a_storm_nobody_is_in_two_places_and_nothing_acknowledged_is_lost(
    running: Running, senders: Senders
) -> None:
    """RELIABILITY B1, BOOK-007: seats, parents, students and teachers, by independent SQL; no answer 5xx."""
    blow(running, senders, ATTEMPTS)


@pytest.mark.long
@pytest.mark.timeout(0)
def test_in_a_storm_of_a_million_either(running: Running, senders: Senders) -> None:
    blow(running, senders, 1_000_000)


def blow(running: Running, senders: Senders, attempts: int) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"storm seed {seed}")
    storm = Storm(BUSY.crowd(running), senders, random.Random(seed))

    storm.play(attempts, each=min(attempts // 4, 1000))

    assert storm.outcomes.total() == attempts
    for deed in (BOOK, HOLD, SETTLE, CANCEL, MOVE):
        assert storm.outcomes[deed, 303] > 0
        assert storm.outcomes[deed, 409] > 0
    assert storm.outcomes[LEAVE, 204] > 0
    assert storm.fates.keys() == {"booked", "let go", "still held"}


def test_one_form_sent_by_many_at_once_books_once_and_all_get_the_same_answer(
    running: Running, senders: Senders
) -> None:
    """R86, RELIABILITY I7: the same key from eight processes."""
    crowd = Setting(teachers=1, singles=1).crowd(running)
    [parent], [teacher] = crowd.parents, crowd.teachers
    form = crowd.book(parent, [(parent.children[0], teacher, teacher.slots[0])])

    answers = senders.race(running.port, [form] * 32)

    assert {answer.status for answer in answers} == {303}
    assert len({answer.location for answer in answers}) == 1
    stored = ask(running.url, "SELECT act FROM appointment WHERE school_id = :school", school=crowd.school_id)
    assert [row.act for row in stored] == [answers[0].location.rpartition("/")[2]]
    assert wrongs(running.url) == {}
