"""Step 2: the times, proposed so that they fit together, each to be changed."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import g, session
from htmx_flask import request
from sqlmodel import Session

from webapp import clock, i18n
from webapp.auth import family
from webapp.context import database, reading
from webapp.errors import N_, Busy, DomainError, Invalid, Unsure
from webapp.forms import Form
from webapp.services.booking.choices import Pick, picks_sent, read_picks, wishes_of
from webapp.services.booking.confirm import hold_times
from webapp.services.booking.errors import SlotTaken
from webapp.services.booking.proposal import lay_out
from webapp.services.booking.questions import Questions
from webapp.services.booking.sheet import NotFreeAnyMore, Row, chosen_rows, complaints
from webapp.services.event.open_events import Round
from webapp.services.people.names import NameInput
from webapp.views.parent.check import answers_sent, asked, check_page, name_sent
from webapp.views.parent.frame import Answer, are_named, blueprint, event_page, to, to_step
from webapp.views.parent.named import named_children

TRIES = 3


@blueprint.get("/<school>/<event>/times")
@family
def times(school: str, event: str) -> Answer:
    picks = read_picks(request.args.getlist("pick"))
    found: Round = g.round
    with reading() as db:
        if not picks or not found.may_look(g.contact, now=clock.now()):
            return to("landing", school, event)
        if not are_named(found, picks):
            return to_step("teachers", school, event, picks)
        rows = rows_of(db, found, picks, proposing=True)
    return times_page(found, rows, lost_of(complaints(rows)))


@blueprint.post("/<school>/<event>/times")
@family
def choose_times(school: str, event: str) -> Answer:
    """On to the last step, with the times held, when nothing is missing; for HTMX, the choices so far with what fits
    them now, and what was lost of them."""
    picks = picks_sent(request.form.to_dict(flat=False))
    found: Round = g.round
    is_complete = bool(picks) and all(pick.slot for pick in picks) and not request.htmx
    refusal = _hold(found, picks) if is_complete else None
    has_typed = bool(answers_sent() or name_sent())
    if is_complete and not refusal and not has_typed:
        return to_step("check", school, event, picks)
    with reading() as db:
        rows = rows_of(db, found, picks, proposing=False)
        questions = asked(db, found) if answers_sent() else Questions()
    if isinstance(refusal, SlotTaken):
        rows = _holding_next_best(found, picks, rows)
    wrong, chosen = complaints(rows), chosen_rows(rows)
    if request.htmx:
        return times_page(found, rows, lost_of(wrong), template="_times.html", opened=request.htmx.trigger or "")
    if chosen and not wrong and not is_complete:
        refusal = _hold(found, read_picks(row.pick for row in chosen))
    if wrong or not chosen or refusal:
        return _refused(found, rows, wrong, refusal)
    if has_typed:
        # What was typed before a time was lost is in no address.
        return check_page(found, rows, questions, Form(NameInput, name_sent()))
    return to_step("check", school, event, [row.pick for row in chosen])


def _refused(
    found: Round, rows: Sequence[Row], wrong: Mapping[str, DomainError], refusal: DomainError | None
) -> Answer:
    """At the teacher concerned, where there is one; of a time that was lost both which and what is next best."""
    if lost := lost_of(wrong):
        return times_page(found, rows, wrong, error=refusal, status=next(iter(lost.values())).status)
    if wrong:
        return times_page(found, rows, wrong, status=422)
    error = refusal or Invalid(N_("None of these teachers has a time that fits. Go back and choose others."))
    return times_page(found, rows, wrong, error=error, status=error.status)


def _holding_next_best(found: Round, picks: Sequence[Pick], rows: list[Row]) -> list[Row]:
    """In a crowd what is next best is lost as fast as the best was: it is held before it is shown."""
    for _ in range(TRIES):
        if any(row.needs_attention for row in rows):
            break
        if not isinstance(_hold(found, read_picks(row.pick for row in chosen_rows(rows))), SlotTaken):
            break
        with reading() as db:
            rows = rows_of(db, found, picks, proposing=False)
    return rows


def _hold(found: Round, picks: Sequence[Pick]) -> DomainError | None:
    """Why not. It is a courtesy: where the crowd is in the way, or only looking is allowed, the family goes on, and can
    book as long as nobody else does."""
    if not found.is_open(clock.now()):
        return None
    at = request.view_args or {}

    def deed(db: Session) -> None:
        hold_times(db, at["school"], at["event"], g.contact, picks, named_children(session), now=clock.now())

    try:
        database().carry_out(deed)
    except (Busy, Unsure):
        return None
    except DomainError as error:
        return error
    return None


def rows_of(db: Session, found: Round, picks: Sequence[Pick], **how: Any) -> list[Row]:
    """What the family picked, with the times beside it; `how` is said to `lay_out`."""
    wishes = wishes_of(db, found.event, g.contact, named_children(session), picks)
    return lay_out(db, found.event, found.settings, g.contact, wishes, **how, now=clock.now())


def times_page(
    found: Round,
    rows: Sequence[Row],
    wrong: Mapping[str, DomainError],
    *,
    error: DomainError | None = None,
    status: int = 200,
    template: str = "times.html",
    opened: str = "",
) -> Answer:
    """`wrong` by name of the pick; the first message has the focus, `error` before all, but for HTMX: then it stays
    where the family is choosing."""
    chosen = chosen_rows(rows)
    days = {row.chosen.day for row in chosen if row.chosen}
    place = {id(row): n for n, row in enumerate(chosen)}
    values = {
        "rows": sorted(rows, key=lambda row: place.get(id(row), len(chosen))),
        "is_hurried": any(row.is_hurried for row in chosen),
        "is_settled": bool(chosen) and not wrong and not error and all(r.chosen or not r.can_choose for r in rows),
        "day": days.pop() if len(days) == 1 else None,
        "span": _span(chosen),
        "focus": None if error or request.htmx else next(iter(wrong), None),
    }
    return event_page(
        template, found, status, wrong=wrong, error=error, opened=opened, typed=answers_sent() | name_sent(), **values
    )


def lost_of(wrong: Mapping[str, DomainError]) -> dict[str, DomainError]:
    return {name: error for name, error in wrong.items() if isinstance(error, NotFreeAnyMore)}


def _span(chosen: Sequence[Row]) -> str:
    """`4:30 to 5:30 PM` of one day, `3 times` of several."""
    times = [row.chosen for row in chosen if row.chosen]
    if not times:
        return ""
    zone, ends_at = chosen[0].zone, max(time.ends_at for time in times)
    if times[0].day != i18n.local_day(ends_at, zone):
        return i18n.ngettext("%(n)s time", "%(n)s times", len(times))
    start, end = i18n.clock_time(times[0].starts_at, zone), i18n.clock_time(ends_at, zone)
    half = end.rpartition(" ")[2]
    return i18n.gettext("%(start)s to %(end)s", start=start.removesuffix(f" {half}"), end=end)
