"""Know who is there and what they may do: every view declares its access, and one guard enforces it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, current_app, g, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from sqlmodel import Session
from werkzeug.wrappers import Response

from webapp import clock
from webapp.context import database, look_once, reading
from webapp.errors import N_, DomainError, NotAllowed, NotFound
from webapp.languages import speak_to
from webapp.models import Contact, Level, Login, School
from webapp.services.booking.choices import picks_sent
from webapp.services.event.open_events import Round
from webapp.services.people.access import (
    Standing,
    acted_contact,
    are_of,
    granted_events,
    granted_resources,
    is_granted,
    own_resources,
    standing_before,
)
from webapp.services.people.manners import speak_as
from webapp.services.people.sign_in import SignedIn, start_sign_in
from webapp.services.system.audit import Who, record

View = TypeVar("View", bound=Callable[..., Any])

_LOOKING = frozenset({"GET", "HEAD"})


class Visitor(UserMixin):  # type: ignore[misc]  # flask-login has no types
    """A signed-in person as flask-login wants them; the id is the sign-in's secret. `school` and `own` are of the
    school in the URL, where there is one, and `round` is the event of a family's."""

    def __init__(self, secret: str, standing: Standing) -> None:
        self.id = secret
        self.person = standing.person
        self.school: School | None = standing.school
        self.own: Contact | None = standing.own
        self.round: Round | None = standing.round


@dataclass(frozen=True)
class Access:
    """What a view asks for: anybody, anyone signed in, a level of staff, or a family of the school."""

    kind: str
    level: Level = Level.CUSTOMER
    looks_first: bool = False


def public(view: View) -> View:
    return _declare(view, Access("public"))


def anyone_signed_in(view: View) -> View:
    return _declare(view, Access("signed_in"))


def staff(level: Level) -> Callable[[View], View]:
    """Contacts of the school in the URL from this level up; below Administrator only for what was granted to them: an
    event, or up to the level of Resource Administrator resources of it, which the view finds in `g.resources`. What
    Makers may do they do also for the resources to which they belong."""
    return lambda view: _declare(view, Access("staff", level))


def family(view: View) -> View:
    """Anybody with a contact in the school of the URL; others go to the event's sign-in, signed in elsewhere or not."""
    return _declare(view, Access("family"))


def family_looking_first(view: View) -> View:
    """As `family`, for a form whose view reads in the guard's look, and calls `stop_looking` before it writes."""
    return _declare(view, Access("family", looks_first=True))


def withheld_from_links(view: View) -> View:
    """Not for whoever came in by a mailed link, which may have been forwarded, until a password is given (T9)."""
    view.wants_password = True  # type: ignore[attr-defined]  # read by the guard
    return view


def as_oneself(view: View) -> View:
    """Nothing that an administrator may do, or see, while logged in as a teacher (T10)."""
    view.as_oneself = True  # type: ignore[attr-defined]  # read by the guard
    return view


class WantsPassword(NotAllowed):
    message = N_("You came in by a mailed link. Choose a password first, or sign in with yours.")


def init_auth(app: Flask) -> None:
    manager = LoginManager()
    # A sign-in is not worth less from another network: what must be, is of what was proved (`services/people/sign_in`).
    manager.session_protection = None
    manager.init_app(app, add_context_processor=False)
    manager.user_loader(_visitor)
    app.before_request(_guard)


def refuse_undeclared(app: Flask) -> None:
    """A route without a declared access fails at start-up (RELIABILITY B15)."""
    undeclared = [
        endpoint
        for endpoint, view in app.view_functions.items()
        if endpoint != "static" and not isinstance(getattr(view, "access", None), Access)
    ]
    if undeclared:
        raise RuntimeError(f"no access declared: {', '.join(sorted(undeclared))}")


def let_in(db: Session, login: Login, *, stays: Any) -> str:
    """Start a sign-in; call `remember` with the secret once the transaction is committed."""
    return start_sign_in(db, login, stays=stays, now=clock.now())


def remember(secret: str) -> None:
    """Give the secret to the browser, in a session that keeps nothing of the one before (fixation)."""
    visitor = _visitor(secret)
    session.clear()
    session.permanent = True
    login_user(visitor)


def forget() -> None:
    logout_user()
    session.clear()


def own_contact() -> Contact | None:
    """Of whoever is signed in, in the school of the URL: for views that ask nobody to be."""
    own: Contact | None = getattr(current_user, "own", None)
    return own


def person() -> SignedIn:
    """The person at the keyboard, in views that ask for one."""
    known: SignedIn = current_user.person
    return known


def who() -> Who:
    return person().who if current_user.is_authenticated else Who()


def _declare(view: View, access: Access) -> View:
    view.access = access  # type: ignore[attr-defined]  # read by the guard
    return view


def _visitor(secret: str) -> Visitor | None:
    """Asks the database at each request, once: a sign-in that has just ended lets nobody in."""
    named = request.view_args or {}
    event = named.get("event", "")  # a word in a family's address, a number in the office's
    with reading() as db:
        standing = standing_before(
            db, secret, named.get("school", ""), event if isinstance(event, str) else "", now=clock.now()
        )
    return Visitor(secret, standing) if standing else None


def _guard() -> Response | tuple[str, int, dict[str, str]] | None:
    view = current_app.view_functions.get(request.endpoint or "")
    access = getattr(view, "access", None)
    if access is None or access.kind == "public":
        return None
    if access.kind == "family" and (request.method in _LOOKING or access.looks_first):
        look_once()
    visitor = current_user._get_current_object()
    if not visitor.is_authenticated or _is_unknown_here(visitor, access):
        return _to_sign_in(access)
    if access.kind in {"staff", "family"}:
        _admit(visitor, access)
    if getattr(view, "as_oneself", False) and visitor.person.acting_as_id:
        raise NotAllowed(N_("This is not available while you are logged in as somebody else. Return first."))
    above_links = access.kind == "staff" and access.level >= Level.RESOURCE_ADMINISTRATOR
    if visitor.person.by_link and (above_links or getattr(view, "wants_password", False)):
        return _to_password()
    return None


def _is_unknown_here(visitor: Visitor, access: Access) -> bool:
    """Whether a family's page is opened in a sign-in of which its school has no contact, such as that of an address
    which the office has corrected since. It is answered as to whoever is not signed in: nobody learns more by it."""
    is_page = access.kind == "family" and request.method in _LOOKING and visitor.round is not None
    return is_page and visitor.own is None and visitor.person.acting_as_id is None


def _admit(visitor: Visitor, access: Access) -> None:
    if visitor.school is None:
        raise NotFound
    contact = _contact(visitor)
    g.school, g.own_contact, g.contact, g.within = visitor.school, visitor.own, contact, None
    speak_as(visitor.school)
    if access.kind == "family":
        speak_to(visitor.own)
        if visitor.round is None:
            raise NotFound
        g.round = visitor.round
        return
    if contact.level < Level.VIEWER:
        raise NotFound
    if contact.level < access.level:
        _note_refusal()
        raise NotAllowed
    named = request.view_args or {}
    if g.get("acting") and visitor.own is not None:
        _keep_within_own(visitor.own, named)
    if access.level >= Level.MAKER:
        _keep_within_grants(access, named)


def _keep_within_own(own: Contact, named: Mapping[str, Any]) -> None:
    """An Event Administrator who acts as a teacher of theirs gets nowhere in the teacher's other events (PRODUCT
    3.11): pages that name none keep to `g.within`, the events (ids) granted to the person; None for all."""
    if own.level == Level.ADMINISTRATOR:
        return
    with reading() as db:
        g.within = granted_events(db, own)
    if "event" in named and named["event"] not in g.within:
        raise NotFound


def _note_refusal() -> None:
    """A deed above one's level is no slip of the hand: our pages do not offer it (ADMIN-014)."""
    if request.method in _LOOKING:
        return
    with database().transaction() as db:
        record(db, "access.refused", who=who(), school_id=g.school.id, endpoint=request.endpoint, now=clock.now())


def _keep_within_grants(access: Access, named: Mapping[str, Any]) -> None:
    """`g.resources` are the only ones of the event that the reader may work on; None for all. `g.has_grant` is whether
    any is granted, and not only their own."""
    g.resources, g.has_grant = None, True
    event_id = named.get("event")
    if g.contact.level == Level.ADMINISTRATOR or event_id is None:
        return
    with reading() as db:
        if is_granted(db, g.contact, event_id):
            return
        if access.level > Level.RESOURCE_ADMINISTRATOR:
            raise NotFound
        g.resources = granted_resources(db, g.contact, event_id)
        g.has_grant = bool(g.resources)
        if access.level == Level.MAKER:
            g.resources |= own_resources(db, g.contact, event_id)
        if not g.resources or not are_of(db, g.resources, named):
            raise NotFound


def _contact(visitor: Visitor) -> Contact:
    """The contact as whom the person acts in this school: their own, or the teacher they logged in as."""
    if acted := _acted(visitor):
        g.acting = True
        return acted
    if visitor.own is None:
        raise NotFound
    return visitor.own


def _acted(visitor: Visitor) -> Contact | None:
    if visitor.person.acting_as_id is None:
        return None
    with reading() as db:
        return acted_contact(db, visitor.person, visitor.own)


def _to_sign_in(access: Access) -> Response | tuple[str, int, dict[str, str]]:
    values = request.view_args or {}
    if access.kind == "family":
        at: dict[str, Any] = {"school": values["school"], "event": values["event"]}
        address = url_for("parent.landing", **at, next=_asked_for() or _draft(at))
    else:
        address = url_for("login.sign_in", next=_asked_for())
    if request.headers.get("HX-Request"):
        return "", 401, {"HX-Redirect": address}
    return redirect(address, 303)


def _to_password() -> Response | tuple[str, int, dict[str, str]]:
    if request.method not in _LOOKING:
        raise WantsPassword
    address = url_for("profile.password", school=g.school.slug, next=_asked_for())
    return ("", 401, {"HX-Redirect": address}) if request.headers.get("HX-Request") else redirect(address, 303)


def _draft(at: dict[str, Any]) -> str | None:
    """The page with the times that a form had, where it had any: they survive the sign-in (BOOK-034)."""
    try:
        picks = picks_sent(request.form.to_dict(flat=False))
    except DomainError:
        return None
    return url_for("parent.times", **at, pick=[str(pick) for pick in picks]) if picks else None


def _asked_for() -> str | None:
    """The page to go on to after signing in; of a form, or a partial of a page, there is none."""
    is_page = request.method == "GET" and not request.headers.get("HX-Request")
    return request.full_path.rstrip("?") if is_page else None
