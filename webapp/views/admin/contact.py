"""One contact: Contact Info, Appointments, Log, and Delete."""

from typing import Any

from flask import Blueprint, flash, g, request

from webapp import clock
from webapp.auth import staff, who
from webapp.context import database
from webapp.errors import DomainError
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.i18n import sentence
from webapp.models import Contact, Level
from webapp.services.people.contact_log import log_of
from webapp.services.people.contacts import ContactInput, contact_of, save_contact
from webapp.services.people.delete_person import delete_contact
from webapp.services.people.links import mail_link
from webapp.services.people.their_appointments import appointments_of_contact
from webapp.views.admin.people_frame import CONTACT, Answer, people_page, to
from webapp.views.proof import proof_asked

blueprint = Blueprint("contact", __name__, url_prefix="/s/<school>")


@blueprint.get(CONTACT)
@staff(Level.ADMINISTRATOR)
def info(school: str, contact_id: int) -> Answer:
    with database().reading() as session:
        person = contact_of(session, g.school.id, contact_id)
    return _info_page(person, _stored(person))


@blueprint.post(CONTACT)
@staff(Level.ADMINISTRATOR)
def save(school: str, contact_id: int) -> Answer:
    """Another address of the staff's is their level for whoever reads it: it is asked about as a level is."""
    form = Form.sent(ContactInput, request.form)
    if form and _moves_staff(contact_id, form) and (question := proof_asked()):
        return question
    try:
        with database().transaction() as session:
            person = contact_of(session, g.school.id, contact_id, locked=True)
            if form:
                save_contact(session, person, form.over(_stored(person)), who=who(), now=clock.now())
    except DomainError as error:
        if error.status == 404:
            raise
        form.refuse(error)
    if not form:
        with database().reading() as session:
            return _info_page(contact_of(session, g.school.id, contact_id), form, 422)
    flash(_("Saved"))
    return to("contact.info", contact_id=contact_id)


@blueprint.get(f"{CONTACT}/appointments")
@staff(Level.ADMINISTRATOR)
def appointments(school: str, contact_id: int) -> Answer:
    with database().reading() as session:
        person = contact_of(session, g.school.id, contact_id)
        shown = appointments_of_contact(session, person, page=request.args.get("page", 1, type=int))
    return people_page("appointments", person=person, tab="appointments", shown=shown)


@blueprint.get(f"{CONTACT}/log")
@staff(Level.ADMINISTRATOR)
def log(school: str, contact_id: int) -> Answer:
    with database().reading() as session:
        person = contact_of(session, g.school.id, contact_id)
        happened = log_of(session, person)
    return people_page("log", person=person, tab="log", happened=happened)


@blueprint.post(f"{CONTACT}/link")
@staff(Level.ADMINISTRATOR)
def invite(school: str, contact_id: int) -> Answer:
    """Instead of a password that all share: each gets a link of their own (RELIABILITY T9)."""
    try:
        with database().transaction() as session:
            person = contact_of(session, g.school.id, contact_id, locked=True)
            mail_link(session, person, who=who(), now=clock.now())
    except DomainError as error:
        if error.status == 404:
            raise
        return _refused(contact_id, error)
    flash(_("A sign-in link is on its way to %(email)s.", email=person.email))
    return to("contact.info", contact_id=contact_id)


@blueprint.post(f"{CONTACT}/delete")
@staff(Level.ADMINISTRATOR)
def remove(school: str, contact_id: int) -> Answer:
    try:
        with database().transaction() as session:
            delete_contact(session, g.school.id, contact_id, who=who(), now=clock.now())
    except DomainError as error:
        if error.status == 404:
            raise
        return _refused(contact_id, error)
    flash(_("Deleted."))
    return to("contacts.start")


def _moves_staff(contact_id: int, form: Form[ContactInput]) -> bool:
    with database().reading() as session:
        person = contact_of(session, g.school.id, contact_id)
    return person.level > Level.CUSTOMER and form.over(_stored(person)).email != (person.email or "")


def _refused(contact_id: int, error: DomainError) -> Answer:
    with database().reading() as session:
        person = contact_of(session, g.school.id, contact_id)
    return _info_page(person, _stored(person), error.status, problem=sentence(error))


def _info_page(person: Contact, form: Form[ContactInput], status: int = 200, **more: Any) -> Answer:
    return people_page("contact", status, person=person, tab="info", form=form, **more)


def _stored(person: Contact) -> Form[ContactInput]:
    return Form(ContactInput, {name: getattr(person, name) or "" for name in ContactInput.model_fields})
