"""A school is found by its slug, and cannot take one of our own addresses."""

from datetime import datetime

import pytest
from factories import make_school, stored
from sqlmodel import Session

from webapp.errors import Invalid, NotFound
from webapp.models import FormerSchool
from webapp.models.people.school import RESERVED_SLUGS
from webapp.services.people.schools import add_school, present_school, school_of


@pytest.mark.both_databases
@pytest.mark.parametrize("slug", ["", "nothing", "a\0b", "LINDEN", "../x", "x" * 5000, "' OR 1=1"])
def test_what_is_no_school_is_not_found(session: Session, slug: str) -> None:
    make_school(session, slug="linden")

    with pytest.raises(NotFound):
        school_of(session, slug)


def test_a_school_is_found(session: Session) -> None:
    linden = make_school(session, slug="linden")

    assert school_of(session, "linden") is linden


@pytest.mark.parametrize("slug", ["", "-x", "x-", "X", "a b", "ä", "x" * 61, "a/b", *sorted(RESERVED_SLUGS)])
def test_a_bad_or_reserved_slug_is_refused(session: Session, now: datetime, slug: str) -> None:
    with pytest.raises(Invalid) as caught:
        add_school(session, slug=slug, name="Linden", zone="America/Chicago", now=now)

    assert caught.value.field == "slug"


def test_a_short_name_that_another_school_had_before_is_not_given_away(session: Session, now: datetime) -> None:
    """Its links would lead families to strangers."""
    linden = make_school(session, slug="linden-park")
    stored(session, FormerSchool(slug="linden", school_id=linden.id or 0))

    with pytest.raises(Invalid) as caught:
        add_school(session, slug="linden", name="Linden", zone="America/Chicago", now=now)

    assert caught.value.field == "slug"
    assert (present_school(session, "linden"), present_school(session, "linden-park")) == ("linden-park", None)
    assert present_school(session, "a\0b") is None


def test_an_unknown_zone_is_refused(session: Session, now: datetime) -> None:
    with pytest.raises(Invalid) as caught:
        add_school(session, slug="linden", name="Linden", zone="America/Nowhere", now=now)

    assert caught.value.field == "zone"


def test_a_school_is_added(session: Session, now: datetime) -> None:
    added = add_school(session, slug="linden-park-2", name="Linden", zone="America/Chicago", now=now)

    assert school_of(session, "linden-park-2") is added
