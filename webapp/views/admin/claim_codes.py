"""Print the codes by which families claim their children, for a class, a student or everybody."""

from flask import Blueprint, g, request, url_for
from werkzeug.wrappers import Response

from webapp import clock
from webapp.auth import staff, who, withheld_from_links
from webapp.context import confab, database
from webapp.documents.slips import Slips
from webapp.errors import DomainError
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.models import Level
from webapp.rendering import page
from webapp.services.people.print_codes import CodesInput, choice_of, code_row, slips_of
from webapp.services.people.students import student_of
from webapp.views.admin.people_frame import Answer
from webapp.views.download import send

blueprint = Blueprint("claim_codes", __name__, url_prefix="/s/<school>/students/codes")


@blueprint.get("")
@staff(Level.ADMINISTRATOR)
def show(school: str) -> Answer:
    asked = Form.sent(CodesInput, request.args)
    return _page(Form(CodesInput, asked.typed if asked else {}))


@blueprint.post("")
@staff(Level.ADMINISTRATOR)
@withheld_from_links
def print_codes(school: str) -> Answer:
    """By POST: whoever has none yet gets a code."""
    form = Form.sent(CodesInput, request.form)
    if not form:
        return _page(form, 422)
    try:
        with database().transaction() as db:
            slips = slips_of(db, g.school, form.value, who=who(), now=clock.now())
    except DomainError as error:
        if error.status == 404:
            raise
        form.refuse(error)
        return _page(form, error.status)
    address = confab().settings.base_url + url_for("parent.school", school=school)
    content = confab().press.print_slips(Slips(slips, g.school.name, address, form.value.language or "en"))
    return send(content, "application/pdf", f"{_('Codes for families')}.pdf")


def _page(form: Form[CodesInput], status: int = 200) -> Response | tuple[str, int]:
    number = form["student"]
    with database().reading() as db:
        pupil = student_of(db, g.school.id, int(number)) if form and number else None
        row = code_row(db, pupil) if pupil else None
        choice = choice_of(db, g.school.id) if pupil is None else None
    values = {"form": form, "pupil": pupil, "code": row, "choice": choice}
    return page("admin/contacts/codes.html", status, nav="contacts", **values)
