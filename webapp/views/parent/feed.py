"""Make, renew and stop the private link by which a family's own calendar follows their appointments."""

from flask import g, session, url_for

from webapp import clock
from webapp.auth import as_oneself, family, who, withheld_from_links
from webapp.context import confab, database, reading
from webapp.models import Contact
from webapp.services.people.feeds import feed_of, is_secret_of, make_feed, stop_feed
from webapp.views.parent.frame import Answer, blueprint, event_page, to


@blueprint.get("/<school>/<event>/mine/calendar")
@family
@as_oneself
@withheld_from_links
def feed(school: str, event: str) -> Answer:
    """The link is shown in the browser that made it: the server keeps its hash alone."""
    secret = session.get("feed", "")
    with reading() as db:
        known = feed_of(db, g.contact)
    link = _link(secret) if is_secret_of(known, secret) else ""
    return event_page("feed.html", g.round, feed=known, link=link)


@blueprint.post("/<school>/<event>/mine/calendar")
@family
@as_oneself
@withheld_from_links
def renew_feed(school: str, event: str) -> Answer:
    with database().transaction() as db:
        session["feed"] = make_feed(db, db.get_one(Contact, g.contact.id), who=who(), now=clock.now())
    return to("feed", school, event)


@blueprint.post("/<school>/<event>/mine/calendar/stop")
@family
@as_oneself
@withheld_from_links
def end_feed(school: str, event: str) -> Answer:
    with database().transaction() as db:
        stop_feed(db, db.get_one(Contact, g.contact.id), who=who(), now=clock.now())
    return to("feed", school, event)


def _link(secret: str) -> str:
    return confab().settings.base_url + url_for("feed.calendar", secret=secret)
