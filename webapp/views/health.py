"""Tell machines whether this process lives and whether it can serve."""

from flask import Blueprint
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from webapp.auth import public
from webapp.context import database

blueprint = Blueprint("health", __name__)


@blueprint.get("/livez")
@public
def livez() -> tuple[str, int]:
    return "ok\n", 200


@blueprint.get("/readyz")
@public
def readyz() -> tuple[str, int]:
    try:
        with database().reading() as session:
            session.execute(text("SELECT 1 FROM school"))
    except SQLAlchemyError:
        return "not ready\n", 503
    return "ready\n", 200
