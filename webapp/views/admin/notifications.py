"""Write an event's mails, calendar entries and Printable Schedule: Notification Setup and CUI Messages."""

from flask import Blueprint, flash, g, request, url_for

from webapp import clock
from webapp.auth import staff, who
from webapp.context import confab, database
from webapp.documents.macros import SECTIONS
from webapp.errors import DomainError, NotFound
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.i18n import sentence
from webapp.models import Level
from webapp.models.message.message import CHANGED, CONFIRMATION, LINKS_READY
from webapp.models.message.message_text import CALENDAR, CANCELLATION, PRINTABLE, REMINDER, RESOURCE
from webapp.rendering import page
from webapp.services.event.inputs import LARGEST_ID
from webapp.services.message.default_texts import OfficeText
from webapp.services.message.hold_mails import waiting_count
from webapp.services.message.leaving import leaving_of_event
from webapp.services.message.older_invites import older_invites
from webapp.services.message.preview import SAMPLE, choices, preview, typed_text, wish_test
from webapp.services.message.texts import KINDS, MAILS, WITH_SCHEDULE, TextInput, reset_text, save_text, texts_of
from webapp.views.admin.event_frame import EVENT, Answer, event_page, framed, go_to

blueprint = Blueprint("notifications", __name__, url_prefix="/s/<school>")

TEXT = f"{EVENT}/settings/notifications/<kind>"


@blueprint.get(f"{EVENT}/settings/notifications")
@staff(Level.EVENT_ADMINISTRATOR)
def setup(school: str, event: int) -> Answer:
    return _page(event, CONFIRMATION)


@blueprint.get(f"{EVENT}/settings/cui-messages")
@staff(Level.EVENT_ADMINISTRATOR)
def cui_messages(school: str, event: int) -> Answer:
    return _page(event, PRINTABLE)


@blueprint.get(TEXT)
@staff(Level.EVENT_ADMINISTRATOR)
def one(school: str, event: int, kind: str) -> Answer:
    return _page(event, _known(kind))


@blueprint.post(TEXT)
@staff(Level.EVENT_ADMINISTRATOR)
def save(school: str, event: int, kind: str) -> Answer:
    form = Form.sent(TextInput, request.form)
    if not form:
        return _page(event, _known(kind), form)
    try:
        with database().transaction() as session:
            frame, now = framed(session, event), clock.now()
            saved = save_text(session, frame.event, _known(kind), form.value, who=who(), contact=g.contact, now=now)
    except DomainError as error:
        if isinstance(error, NotFound):
            raise
        form.refuse(error)
        return _page(event, kind, form, status=error.status)
    removed = ", ".join(saved.removed)
    flash(_("Saved. Removed, since mails cannot hold it: %(what)s", what=removed) if removed else _("Saved"))
    return go_to(_address(school, event, kind))


@blueprint.post(f"{TEXT}/reset")
@staff(Level.EVENT_ADMINISTRATOR)
def reset(school: str, event: int, kind: str) -> Answer:
    with database().transaction() as session:
        frame = framed(session, event)
        reset_text(session, frame.event, _known(kind), who=who(), contact=g.contact, now=clock.now())
    flash(_("The original text is back."))
    return go_to(_address(school, event, kind))


@blueprint.post(f"{TEXT}/preview")
@staff(Level.EVENT_ADMINISTRATOR)
def show(school: str, event: int, kind: str) -> Answer:
    """What is typed, as it would arrive; nothing is saved."""
    with database().reading() as session:
        framed(session, event)
    _known(kind)
    form = Form.sent(TextInput, request.form)
    shown, problem = None, "" if form else next(iter(form.errors.values()), form.problem)
    if form:
        try:
            with database().reading() as session:
                frame, now = framed(session, event), clock.now()
                typed = typed_text(form.value, _known(kind))
                base_url = confab().settings.base_url
                shown = preview(session, frame.event, typed, of=_chosen(), base_url=base_url, now=now)
        except DomainError as error:
            if isinstance(error, NotFound):
                raise
            problem = sentence(error)
    return page("admin/event/_preview.html", preview=shown, problem=problem)


@blueprint.post(f"{TEXT}/test")
@staff(Level.EVENT_ADMINISTRATOR)
def send_test(school: str, event: int, kind: str) -> Answer:
    if _known(kind) not in MAILS:
        raise NotFound
    with database().transaction() as session:
        frame = framed(session, event)
        wish_test(session, frame.event, kind, g.contact, now=clock.now())
    flash(_("A test of the saved text is on its way to %(email)s.", email=g.contact.email or ""))
    return go_to(_address(school, event, kind))


def _page(event: int, kind: str, refused: Form[TextInput] | None = None, *, status: int = 422) -> Answer:
    now = clock.now()
    with database().reading() as session:
        frame = framed(session, event)
        texts = texts_of(session, frame.event.id or 0)
        base_url, chosen = confab().settings.base_url, _chosen()
        shown = preview(session, frame.event, texts[kind], of=chosen, base_url=base_url, now=now)
        offered = choices(session, frame.event)
        waiting = waiting_count(session, frame.event, now=now)
        leaving = leaving_of_event(session, frame.event, now=now)
        older = older_invites(session, frame.event, now=now) if kind == CALENDAR else 0
    form = refused if refused is not None else _stored(texts[kind])
    more = {"texts": texts, "kind": kind, "form": form, "preview": shown, "labels": _labels(), "problem": ""}
    more |= {"waiting": waiting, "leaving": leaving, "of": 0, "older": older, "choices": offered, "chosen": chosen}
    more |= {"sections": _sections(), "kinds": KINDS, "mails": MAILS, "with_schedule": WITH_SCHEDULE, "told": _told()}
    return event_page("admin/event/notifications.html", frame, 200 if refused is None else status, **more)


def _chosen() -> int | None:
    """Of whom the preview is: an appointment's number, or SAMPLE."""
    number = request.values.get("shown", type=int)
    return number if number is not None and SAMPLE <= number <= LARGEST_ID else None


def _stored(text: OfficeText) -> Form[TextInput]:
    return Form(
        TextInput,
        {
            "version": text.version,
            "is_on": text.is_on,
            "uses_schedule": text.uses_schedule,
            "subject": text.subject,
            "body": text.body,
            "location": text.location,
            "file_name": text.file_name,
            "lead_hours": ", ".join(map(str, text.lead_hours)),
        },
    )


def _known(kind: str) -> str:
    if kind not in {*KINDS, PRINTABLE}:
        raise NotFound
    return kind


def _address(school: str, event: int, kind: str) -> str:
    if kind == PRINTABLE:
        return url_for("notifications.cui_messages", school=school, event=event)
    return url_for("notifications.one", school=school, event=event, kind=kind)


def _labels() -> dict[str, str]:
    return {
        CONFIRMATION: _("Confirmation email"),
        REMINDER: _("Reminder email"),
        CANCELLATION: _("Cancellation email"),
        CHANGED: _("Changed email"),
        LINKS_READY: _("Link is ready email"),
        RESOURCE: _("Resource Email Notification"),
        CALENDAR: _("Calendar Event Notification"),
        PRINTABLE: _("Printable Schedule"),
    }


def _told() -> dict[str, str]:
    """When each is sent, and to whom."""
    return {
        CONFIRMATION: _("Sent once to the appointment maker, for everything booked together."),
        REMINDER: _("Sent to the appointment maker before the day's first appointment."),
        CANCELLATION: _("Sent to the appointment maker when an appointment is cancelled."),
        CHANGED: _("Sent to the appointment maker when a time changes. It also tells of links that replace others."),
        LINKS_READY: _("Sent to the appointment maker once, for links that the Confirmation did not have yet."),
        RESOURCE: _("Sent to the teachers of an appointment that is booked, moved or cancelled."),
        CALENDAR: _("The entry that mails put into the calendars of those who get them."),
        PRINTABLE: _("The schedule that families print, and that mails carry as PDF."),
    }


def _sections() -> list[tuple[str, list[str]]]:
    names = {
        "appointment": _("Appointment"),
        "contact": _("Contact"),
        "event": _("Event"),
        "account": _("Account"),
    }
    return [(names[section], [f"$({name})" for name in macros]) for section, macros in SECTIONS.items()]
