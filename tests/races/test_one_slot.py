"""Two hundred families race for one time: one has it, and each of the others is offered the times that are left."""

import re

import pytest
from races.audit import ask, wrongs
from races.crowd import Setting, pick
from races.senders import Senders
from races.server import Running

pytestmark = pytest.mark.races

CROWD = 200


def free_times(page: str, name: str) -> set[str]:
    """The slots that the page lets this pick choose."""
    inputs = re.findall(rf'<input type="radio"[^>]* name="t-{re.escape(name)}" value="([^"]+)"([^>]*)>', page)
    return {slot for slot, more in inputs if "disabled" not in more}


def test_of_two_hundred_who_want_one_time_one_has_it_and_the_others_see_what_is_left(
    running: Running, senders: Senders
) -> None:
    """BOOK-002: one row, 199 refusals with the times that are left, no 500."""
    crowd = Setting(teachers=1, singles=CROWD).crowd(running)
    [teacher] = crowd.teachers
    wanted, *others = teacher.slots
    requests = [crowd.book(parent, [(parent.children[0], teacher, wanted)]) for parent in crowd.parents]

    answers = senders.race(running.port, requests, connections=CROWD // 8, with_bodies=True)

    assert sorted(answer.status for answer in answers) == [303] + [409] * (CROWD - 1)
    for parent, answer in zip(crowd.parents, answers, strict=True):
        if answer.status == 409:
            assert free_times(answer.body, pick(parent.children[0], teacher)) == {slot.token for slot in others}
            assert "was just taken. Choose another time." in answer.body
    [winner] = ask(running.url, "SELECT act, slot_id FROM appointment WHERE school_id = :s", s=crowd.school_id)
    assert winner.slot_id == wanted.id
    assert [a.location.rpartition("/")[2] for a in answers if a.status == 303] == [winner.act]
    assert wrongs(running.url) == {}
