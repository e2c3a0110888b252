"""Save what a school says about itself, and its logo: Global Setup / Business."""

from flask import Blueprint, flash, g, redirect, request, url_for
from werkzeug.wrappers import Response

from webapp import clock
from webapp.auth import public, staff, who
from webapp.context import database, reading
from webapp.errors import DomainError
from webapp.forms import Form
from webapp.i18n import gettext as _
from webapp.i18n import sentence
from webapp.models import Level, School
from webapp.services.people.logo import LARGEST, NoPicture, drawn_anew, logo_of, remove_logo, save_logo
from webapp.services.people.school_settings import SchoolInput, save_settings, stored_settings
from webapp.services.people.schools import school_of
from webapp.views.admin.setup import business_page

blueprint = Blueprint("school_settings", __name__)

Answer = Response | tuple[str, int]


@blueprint.post("/s/<school>/setup/business")
@staff(Level.ADMINISTRATOR)
def save(school: str) -> Answer:
    form = Form.sent(SchoolInput, request.form)
    try:
        if form:
            with database().transaction() as db:
                saved = db.get_one(School, g.school.id, with_for_update=True)
                typed = form.over(Form(SchoolInput, stored_settings(saved)))
                save_settings(db, saved, typed, who=who(), now=clock.now())
            flash(_("Saved"))
            return redirect(url_for("setup.business", school=saved.slug), 303)
    except DomainError as error:
        form.refuse(error)
    return business_page(422, settings=form)


@blueprint.post("/s/<school>/setup/logo")
@staff(Level.ADMINISTRATOR)
def upload(school: str) -> Answer:
    try:
        sent = request.files.get("logo")
        if sent is None:
            raise NoPicture
        picture = drawn_anew(sent.stream.read(LARGEST + 1))
        with database().transaction() as db:
            save_logo(db, g.school, picture, who=who(), now=clock.now())
    except DomainError as error:
        return business_page(error.status, logo_problem=sentence(error))
    flash(_("Saved"))
    return redirect(url_for("setup.business", school=school), 303)


@blueprint.post("/s/<school>/setup/logo/remove")
@staff(Level.ADMINISTRATOR)
def remove(school: str) -> Answer:
    with database().transaction() as db:
        remove_logo(db, g.school, who=who(), now=clock.now())
    flash(_("Saved"))
    return redirect(url_for("setup.business", school=school), 303)


@blueprint.get("/logo/<school>/<digest>.png")
@public
def picture(school: str, digest: str) -> Response:
    """Drawn by us, of a fixed type, and nothing in it can run (ADMIN-009)."""
    with reading() as db:
        content = logo_of(db, school_of(db, school), digest if digest.isalnum() else "")
    return Response(content, mimetype="image/png", headers={"Content-Security-Policy": "default-src 'none'; sandbox"})
