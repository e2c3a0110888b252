"""Give the appointments of a family, or of a teacher, to the calendar program that holds their private link."""

from datetime import UTC, datetime, time

from flask import Blueprint, request
from werkzeug.wrappers import Response

from webapp import clock
from webapp.auth import public
from webapp.context import confab, database
from webapp.documents.calendar_file import feed
from webapp.models.people.feed import TEACHER
from webapp.services.booking.own import entries_for_feed
from webapp.services.calendar.teacher_feed import teacher_feed
from webapp.services.message.invitations import entries_for_calendar
from webapp.services.people.feeds import count_look, holder_of
from webapp.services.people.manners import speaking_as

blueprint = Blueprint("feed", __name__)


@blueprint.get("/calendar/<secret>.ics")
@public
def calendar(secret: str) -> Response:
    """Nothing of the account; what did not change since the program last asked is not sent again."""
    now = clock.now()
    with database().reading() as db:
        school, contact, kind = holder_of(db, secret)
    with database().transaction() as db:
        count_look(db, contact, now=now)
    # Stamped by the day, so that the same appointments are the same file.
    today = datetime.combine(now.date(), time(), UTC)
    base_url = confab().settings.base_url
    with database().reading() as db, speaking_as(school, contact.language):
        if kind == TEACHER:
            said = teacher_feed(db, school, contact, base_url=base_url, since=now, stamped_at=today)
        else:
            entries = entries_for_feed(db, contact, now=now)
            said = entries_for_calendar(db, entries, base_url=base_url, now=today)
    answer = Response(feed(said, name=school.name), content_type="text/calendar; charset=utf-8")
    answer.add_etag()
    return answer.make_conditional(request.environ)
