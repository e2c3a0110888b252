"""Book what a family confirmed, once per form: the same form sent again gets the answer of the first. Until then hold
it."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from sqlmodel import Session

from webapp.errors import N_, Invalid, NotFound
from webapp.models import Contact
from webapp.models.base import new_token
from webapp.services.booking.book import Choice, book_in_turn
from webapp.services.booking.choices import Pick
from webapp.services.booking.family import Child
from webapp.services.booking.holds import HOLD
from webapp.services.booking.offers import Offer
from webapp.services.booking.questions import Answered, keep_answers, questions_of, read_answers
from webapp.services.booking.request_key import take_key
from webapp.services.booking.turn import Turn, take_turn_at
from webapp.services.people.names import NameInput, keep_name

ACTION = "book"
_STAMP = re.compile(r"([^.]+)\.([0-9]{1,9})\.[A-Z]+")


def confirm(
    session: Session,
    school: str,
    event: str,
    maker: Contact,
    picks: Sequence[Pick],
    named: Mapping[str, Child],
    name: NameInput | None,
    answers: Mapping[str, str] | None = None,
    *,
    seen: Collection[str],
    key: str,
    login_id: int,
    now: datetime,
) -> str:
    """The token of the act of booking, in the event of an address. `named` are the children whom the parent typed, by
    token; `seen` the stamps of the times as they saw them; `answers` what they typed, by name of the input. Raises what
    `book` raises, Unanswered, KeyUsed, and NotFound for an event that is not there or a child that is not theirs."""
    if not all(pick.slot for pick in picks):
        raise Invalid(N_("Choose a time for each teacher."))
    assert maker.id is not None
    said = [sorted(answers.items())] if answers else []
    asked = (school, event, maker.id, sorted(str(pick) for pick in picks), *said)
    act = new_token()
    if earlier := take_key(session, key, ACTION, *asked, login_id=login_id, now=now, result={"act": act}):
        return str(earlier["act"])
    if name is not None:
        keep_name(session.get_one(Contact, maker.id), name)
    turn = take_turn_at(session, school, event, maker.id, {pick.child for pick in picks} - named.keys())
    given = _answered(session, turn, picks, answers or {})
    choices = _choices(turn, picks, named)
    booked = book_in_turn(session, turn, choices, is_as_seen=lambda offer: stamp_of(offer) in seen, act=act, now=now)
    if given:
        keep_answers(session, turn.school_id, booked, given)
    return act


def hold_times(
    session: Session,
    school: str,
    event: str,
    maker: Contact,
    picks: Sequence[Pick],
    named: Mapping[str, Child],
    *,
    now: datetime,
) -> None:
    """Hold what the family is about to confirm, all of it or nothing, instead of what it held before. Sent twice it is
    held once. Raises what `book` raises, and NotFound as `confirm`."""
    assert maker.id is not None
    turn = take_turn_at(session, school, event, maker.id, {pick.child for pick in picks} - named.keys())
    book_in_turn(session, turn, _choices(turn, picks, named), act=new_token(), until=now + HOLD, now=now)


def stamp_of(offer: Offer) -> str:
    return stamp(offer.token, offer.starts_at, offer.kind)


def stamp(slot: str, starts_at: datetime, kind: str) -> str:
    """A time as a family saw it: moved by the office or of another kind, it is not what they confirmed."""
    return f"{slot}.{int(starts_at.timestamp()) // 60}.{kind}"


def times_seen(stamps: Iterable[str]) -> dict[str, datetime]:
    """When each slot (token) began as the family saw it; what is no stamp of ours is left out."""
    found = (_STAMP.fullmatch(text) for text in stamps)
    return {match[1]: datetime.fromtimestamp(int(match[2]) * 60, UTC) for match in found if match}


def _answered(session: Session, turn: Turn, picks: Sequence[Pick], answers: Mapping[str, str]) -> list[Answered]:
    """One for each pick, none where the event asks nothing."""
    questions = questions_of(session, turn.event_id) if turn.asks_questions else None
    return read_answers(questions, [pick.name for pick in picks], answers) if questions else []


def _choices(turn: Turn, picks: Sequence[Pick], named: Mapping[str, Child]) -> list[Choice]:
    children = named if turn.is_simple else turn.students
    if not {pick.child for pick in picks} <= children.keys():
        raise NotFound
    return [Choice(pick.slot, children[pick.child], pick.is_virtual, pick.resource) for pick in picks]
