"""Let Administrators read who did what in their school, and as whom."""

from datetime import date
from typing import Any

from flask import Blueprint, g, request
from werkzeug.wrappers import Response

from webapp.auth import staff
from webapp.context import database
from webapp.models import Level
from webapp.rendering import page
from webapp.services.system.audit_log import Sought, audit_page, audit_sheet
from webapp.views.download import download

blueprint = Blueprint("audit", __name__, url_prefix="/s/<school>")


@blueprint.get("/setup/audit")
@staff(Level.ADMINISTRATOR)
def log(school: str) -> tuple[str, int]:
    sought = _sought()
    with database().reading() as session:
        known = audit_page(session, g.school, sought)
    return page("admin/setup/audit.html", known=known, sought=sought, asked=_asked(sought), nav="setup")


@blueprint.get("/setup/audit/csv")
@staff(Level.ADMINISTRATOR)
def file(school: str) -> Response:
    with database().reading() as session:
        sheet = audit_sheet(session, g.school, _sought())
    return download(sheet, "csv", of=g.school.name)


def _sought() -> Sought:
    return Sought(
        person=request.args.get("q", "").replace("\0", "").strip()[:100],
        action=request.args.get("action", "").replace("\0", "")[:60],
        first=request.args.get("from", type=date.fromisoformat),
        last=request.args.get("to", type=date.fromisoformat),
        page=request.args.get("page", 1, type=int),
    )


def _asked(sought: Sought) -> dict[str, Any]:
    """What the addresses of the other pages and of the file carry on."""
    values = {"q": sought.person, "action": sought.action, "from": sought.first, "to": sought.last}
    return {name: value for name, value in values.items() if value}
