"""Know which entries are about to be taken from a calendar: whoever is deleted meanwhile would leave them there."""

from sqlalchemy import ColumnElement
from sqlmodel import col

from webapp.models import CalendarEntry
from webapp.models.system.wished import ABSENT


def is_being_removed() -> tuple[ColumnElement[bool], ...]:
    is_standing = col(CalendarEntry.gone_at).is_(None)
    return col(CalendarEntry.wish) == ABSENT, is_standing, col(CalendarEntry.due_at).is_not(None)
