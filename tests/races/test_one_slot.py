"""Two hundred families race for one time: one has it, each of the others is offered the times that are left, and nobody
sees anything of another family."""

import re

import pytest
from races.audit import ask, wrongs
from races.crowd import Crowd, Parent, Setting, pick
from races.senders import Senders
from races.server import Running

pytestmark = pytest.mark.races

CROWD = 200
LAST = re.compile(r"\bOf\dx\d+\b")
"""The last names of the families."""


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


def test_of_all_who_come_at_once_none_is_shown_anything_of_another_family(running: Running, senders: Senders) -> None:
    """URL-033: the refused look at what others looked at a moment ago, while families read their own appointments."""
    crowd = Setting(teachers=2, singles=CROWD).crowd(running)
    first, second = crowd.teachers
    readers = crowd.parents[: len(second.slots)]
    wants = zip(readers, second.slots, strict=True)
    senders.race(running.port, [crowd.book(one, [(one.children[0], second, slot)]) for one, slot in wants])
    asking = [(one, crowd.get(one, "/mine")) for one in readers * 3]
    racing = [(one, crowd.book(one, [(one.children[0], first, first.slots[0])])) for one in crowd.parents]
    sent = [pair for n, one in enumerate(racing) for pair in (one, *asking[n : n + 1])]

    answers = senders.race(running.port, [request for _, request in sent], connections=CROWD // 8, with_bodies=True)

    assert sorted(answer.status for answer in answers) == [200] * len(asking) + [303] + [409] * (CROWD - 1)
    told = [(parent, answer.body) for (parent, _), answer in zip(sent, answers, strict=True)]
    assert [strange for parent, body in told if (strange := of_others(crowd, parent, body))] == []
    assert all(LAST.search(answer.body) for answer in answers if answer.status == 200)


def of_others(crowd: Crowd, parent: Parent, page: str) -> set[str]:
    """Names, and tokens of children, that are not the parent's own."""
    words = set(re.findall(r"[\w-]+", page))
    tokens = {child.token for one in crowd.parents for child in one.children if one is not parent}
    return set(LAST.findall(page)) - {parent.contact.last} | {token for token in tokens if token in words}
