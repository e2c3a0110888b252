"""Step 1: whom would you like to meet, for which child."""

from flask import g, session
from htmx_flask import request
from sqlmodel import Session

from webapp import clock
from webapp.auth import family
from webapp.context import reading
from webapp.errors import N_, DomainError, Invalid
from webapp.rendering import page
from webapp.services.booking.choices import Pick, read_picks
from webapp.services.booking.errors import NotOffered, NotYourTeacher
from webapp.services.booking.teachers import Group, count_chosen, left_in_event, teachers_by_child, teachers_by_name
from webapp.services.event.open_events import Round
from webapp.views.parent.frame import Answer, address, blueprint, event_page, to, to_step
from webapp.views.parent.named import keep_child, named_children


@blueprint.get("/<school>/<event>/teachers")
@family
def teachers(school: str, event: str) -> Answer:
    picks = read_picks(request.args.getlist("pick"))
    child = _name_typed([request.args.get("child", ""), *(pick.child for pick in picks)])
    return _teachers_page(school, event, picks, child, request.args.get("q", ""))


@blueprint.post("/<school>/<event>/teachers")
@family
def choose_teachers(school: str, event: str) -> Answer:
    """On to the times; or, by the search button, back to the list with all choices kept."""
    picks, is_search = read_picks(request.form.getlist("pick")), "find" in request.form
    child, search = request.form.get("child", "").strip(), request.form.get("q", "").strip()
    try:
        token = keep_child(session, child) if "child" in request.form and (child or not is_search) else None
        picks = [Pick(token or pick.child, pick.resource) for pick in picks]
        if not (picks or is_search):
            raise Invalid(N_("Choose at least one teacher."))
    except DomainError as error:
        return _teachers_page(school, event, picks, child, search, error)
    if is_search:
        return to_step("teachers", school, event, picks, child=token, q=search or None)
    return to_step("times", school, event, picks)


@blueprint.get("/<school>/<event>/teachers/count")
@family
def count(school: str, event: str) -> Answer:
    """How many are ticked, for the bar of the page that is open."""
    return page("parent/_count.html", n=len(read_picks(request.args.getlist("pick"))))


@blueprint.errorhandler(NotOffered)
@blueprint.errorhandler(NotYourTeacher)
def choose_again(error: DomainError) -> Answer | tuple[str, int, dict[str, str]]:
    """From any later step, where the teacher has left the event or the child the class meanwhile: why, with the other
    choices kept. HTMX waits for a part of a page, and is told to open a whole one."""
    at, picks = request.view_args or {}, read_picks(request.values.getlist("pick"))
    if request.htmx:
        return "", 204, {"HX-Redirect": address("times", pick=picks)}
    return _teachers_page(at["school"], at["event"], picks, _name_typed([pick.child for pick in picks]), "", error)


def _name_typed(tokens: list[str]) -> str:
    """Of the first child that is known by one of these."""
    known = named_children(session)
    return next((known[token].name for token in tokens if token in known), "")


def _teachers_page(
    school: str, event: str, picks: list[Pick], child: str, search: str, error: DomainError | None = None
) -> Answer:
    found: Round = g.round
    with reading() as db:
        groups = _groups(db, found, picks, child, search)
        left = left_in_event(db, found.event, found.settings, g.contact)
    if not found.may_look(g.contact, now=clock.now()):
        return to("mine", school, event)
    if not groups:
        return to("children", school, event)
    values = {"groups": groups, "n": count_chosen(groups), "child": child, "search": search, "left": left}
    return event_page("teachers.html", found, error.status if error else 200, error=error, **values)


def _groups(db: Session, found: Round, picks: list[Pick], child: str, search: str) -> list[Group]:
    """Empty where the family has not told us of a child yet."""
    now, rules = clock.now(), found.settings
    if not found.event.is_simple:
        return teachers_by_child(db, found.event, g.contact, {pick.name for pick in picks}, settings=rules, now=now)
    chosen = {pick.resource for pick in picks}
    return [teachers_by_name(db, found.event, g.contact, chosen, child=child, search=search, settings=rules, now=now)]
