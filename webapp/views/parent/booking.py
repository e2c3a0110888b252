"""Step 3: check everything once, and book all of it or nothing."""

from datetime import datetime

from flask import g, request, session
from sqlmodel import Session

from webapp import auth, clock, faults, i18n
from webapp.auth import family, family_looking_first
from webapp.context import database, reading, stop_looking
from webapp.csrf import request_key
from webapp.errors import N_, Busy, DomainError, Unsure
from webapp.forms import Form
from webapp.services.booking.choices import Pick, read_picks
from webapp.services.booking.confirm import confirm, times_seen
from webapp.services.booking.errors import SlotTaken
from webapp.services.booking.glance import Glances, Sought
from webapp.services.booking.own import by_day, entries_of_act
from webapp.services.booking.questions import Unanswered
from webapp.services.booking.sheet import chosen_rows, complaints
from webapp.services.event.open_events import Round
from webapp.services.people.names import NameInput, needs_name
from webapp.views.parent.check import answers_sent, asked, check_page
from webapp.views.parent.frame import Answer, are_named, blueprint, event_page, to, to_step
from webapp.views.parent.named import named_children
from webapp.views.parent.polling import pace
from webapp.views.parent.times import lost_of, rows_of, times_page

_sought, _glances = Sought(), Glances()

NOT_KNOWN = N_("We could not find out whether your times were booked. Look at your appointments before you try again.")


@blueprint.get("/<school>/<event>/check")
@family
def check(school: str, event: str) -> Answer:
    picks = read_picks(request.args.getlist("pick"))
    found: Round = g.round
    with reading() as db:
        if not are_named(found, picks):
            return to_step("teachers", school, event, picks)
        is_final = bool(picks) and all(pick.slot for pick in picks)
        rows = rows_of(db, found, picks, proposing=False, is_final=True) if is_final else []
        questions = asked(db, found)
    if not found.may_look(g.contact, now=clock.now()):
        return to("landing", school, event)
    if complaints(rows) or not rows or not all(row.chosen for row in rows):
        return to_step("times", school, event, picks)
    return check_page(found, rows, questions, Form(NameInput))


@blueprint.post("/<school>/<event>/book")
@family_looking_first
def book(school: str, event: str) -> Answer:
    picks = read_picks(request.form.getlist("pick"))
    name = Form.sent(NameInput, request.form) if needs_name(g.contact) else None
    if name is not None and not name:
        return _ask_name_again(school, event, picks, name)
    if _sought.has_any(slots := [pick.slot for pick in picks]) and (answer := _too_late(picks)):
        return answer
    stop_looking()
    try:
        act = _confirm(school, event, picks, name.value if name else None)
    except DomainError as error:
        if isinstance(error, SlotTaken):
            _sought.note(slots)
        return _refused(school, event, picks, error, Form(NameInput) if name is None else name)
    faults.point("booking.committed")
    return to("booked", school, event, act=act)


@blueprint.get("/<school>/<event>/booked/<act>")
@family
def booked(school: str, event: str, act: str) -> Answer:
    found: Round = g.round
    with reading() as db:
        entries = entries_of_act(db, g.contact, found.event.id or 0, act)
    if not entries:
        return to("mine", school, event)
    is_mailed = bool(g.contact.email) and entries[0].is_mailed
    return event_page("booked.html", found, days=by_day(entries), is_mailed=is_mailed, n=0, pace=pace(0))


def _confirm(school: str, event: str, picks: list[Pick], name: NameInput | None) -> str:
    key = request_key()

    def deed(db: Session) -> str:
        return confirm(
            db,
            school,
            event,
            g.contact,
            picks,
            named_children(session),
            name,
            answers_sent(),
            seen=request.form.getlist("seen"),
            key=key,
            login_id=auth.person().login_id,
            now=clock.now(),
        )

    return database().carry_out(deed)


def _too_late(picks: list[Pick]) -> Answer | None:
    """What `book` would answer too, where a time is gone that the family saw on its form. A family that has something
    with the teacher is left to `book`: the form may be one that it sent before."""
    found: Round = g.round
    if not found.is_open(clock.now()):
        return None
    seen = _seen()
    with reading() as db:
        recall = _glances.at(*sorted({pick.resource for pick in picks}))
        rows = rows_of(db, found, picks, proposing=False, seen=seen, recall=recall)
    gone = next((row for row in rows if row.is_gone and row.wish.pick.slot in seen), None)
    if gone is None or any(row.has_some for row in rows):
        return None
    time = i18n.moment(seen[gone.wish.pick.slot], gone.zone)
    error = SlotTaken(time=time, teacher=gone.wish.resource.name)
    return times_page(found, rows, lost_of(complaints(rows)), error=error, status=error.status)


def _refused(school: str, event: str, picks: list[Pick], error: DomainError, name: Form[NameInput]) -> Answer:
    """Fresh times, everything else kept; where only the crowd was in the way, the same button again."""
    if isinstance(error, Unsure):
        raise Unsure(NOT_KNOWN) from error
    found: Round = g.round
    with reading() as db:
        rows, questions = rows_of(db, found, picks, proposing=False, seen=_seen()), asked(db, found)
    if isinstance(error, Busy | Unanswered) and chosen_rows(rows):
        return check_page(found, rows, questions, name, error.status, error)
    return times_page(found, rows, lost_of(complaints(rows)), error=error, status=error.status)


def _seen() -> dict[str, datetime]:
    """When the times (tokens of slots) began as the form showed them."""
    return times_seen(request.form.getlist("seen"))


def _ask_name_again(school: str, event: str, picks: list[Pick], name: Form[NameInput]) -> Answer:
    found: Round = g.round
    with reading() as db:
        rows, questions = rows_of(db, found, picks, proposing=False), asked(db, found)
    if (wrong := complaints(rows)) or not chosen_rows(rows):
        return times_page(found, rows, wrong, status=409)
    return check_page(found, rows, questions, name, 422)
