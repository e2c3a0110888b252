"""What the office changes while a family books, or somebody else in the office saves, ends as if one had come first."""

import pytest
from factories import make_teacher
from races.scene import Deed, Scene, came
from sqlmodel import Session, select, update
from threads import at_once

from webapp.models import Class, Contact, Event, EventSettings, School
from webapp.services.booking.errors import SlotChanged
from webapp.services.event.change_zone import change_zone
from webapp.services.event.resources import resources_of
from webapp.services.event.select_person import add_people
from webapp.services.event.settings import UiSetupInput, save_ui_setup
from webapp.services.system.audit import SYSTEM
from webapp.services.system.invariants import broken

pytestmark = [pytest.mark.races, pytest.mark.both_databases]

FORMS = [{"max_per_event": 2, "gap_minutes": 7, "allows_back_to_back": False}, {"max_per_child": 2}]
LIMITS = ["max_per_event", "max_per_child", "gap_minutes", "allows_back_to_back"]


def to_new_york(playing: Scene) -> Deed:
    def deed() -> None:
        with playing.database.transaction() as session:
            event = session.get_one(Event, playing.event.id)
            change_zone(session, event, "America/New_York", was=event.zone, tell=False, who=SYSTEM, now=playing.now)

    return deed


def save(playing: Scene, form: dict[str, object]) -> Deed:
    def deed() -> None:
        with playing.database.transaction() as session:
            event = session.get_one(Event, playing.event.id)
            typed = UiSetupInput.model_validate({"provider": "zoom", **form})
            save_ui_setup(session, event, typed, who=SYSTEM, now=playing.now)

    return deed


def is_as_promised(session: Session, playing: Scene) -> bool:
    return broken(session, now=playing.now) == []


def test_a_time_that_is_booked_while_the_zone_changes_goes_along_or_is_not_booked(playing: Scene) -> None:
    """RELIABILITY 2.8, I15: else its people would be held at the instant that it had before."""
    changed, booked = came(*at_once(to_new_york(playing), playing.book(2, 2)))

    assert (changed, booked) in {(None, None), (None, SlotChanged)}
    assert playing.holders() == {0: 0, 1: 1} | ({2: 2} if booked is None else {})
    assert playing.is_sound
    with playing.database.reading() as session:
        assert is_as_promised(session, playing)


def test_what_a_family_moves_or_cancels_while_the_zone_changes_is_where_it_is_said_to_be(playing: Scene) -> None:
    changed, moved, cancelled = came(*at_once(to_new_york(playing), playing.move(0, 2), playing.cancel(1)))

    assert (changed, cancelled) == (None, None)
    assert moved in {None, SlotChanged}
    assert playing.holders() == ({2: 0} if moved is None else {0: 0})
    with playing.database.reading() as session:
        assert is_as_promised(session, playing)


def test_of_two_who_save_the_settings_at_once_one_has_the_last_word_on_all_of_them(playing: Scene) -> None:
    """RELIABILITY 2.8, I5: of a mixture that nobody saved, what is booked would not be counted."""
    with playing.database.transaction() as session:
        session.execute(update(Class).values(appointments_allowed=3))
    save(playing, {"max_per_day": 4})()

    assert came(*at_once(*(save(playing, form) for form in FORMS))) == [None, None]

    with playing.database.reading() as session:
        settings = session.exec(select(EventSettings).where(EventSettings.event_id == playing.event.id)).one()
        kept = {name: getattr(settings, name) for name in LIMITS}
        assert kept in [UiSetupInput.model_validate(form).model_dump(include=set(LIMITS)) for form in FORMS]
        assert settings.max_per_day is None
        assert is_as_promised(session, playing)


def test_whom_two_add_at_once_stands_in_the_event_once(playing: Scene) -> None:
    """PRODUCT 2.4: Ok of Select Person, pressed twice or by two of the office."""
    with playing.database.transaction() as session:
        school = session.get_one(School, playing.event.school_id)
        kenji, lea = (make_teacher(session, school, first).id or 0 for first in ("Kenji", "Lea"))

    def add(*chosen: int) -> Deed:
        def deed() -> None:
            with playing.database.transaction() as session:
                event, editor = session.get_one(Event, playing.event.id), session.get_one(Contact, kenji)
                add_people(session, event, editor, chosen, who=SYSTEM, now=playing.now)

        return deed

    assert came(*at_once(add(kenji, lea), add(lea, kenji), add(kenji))) == [None, None, None]

    with playing.database.reading() as session:
        staffed = resources_of(session, session.get_one(Event, playing.event.id))
        added = [it for it in staffed if it.members[0].id in {kenji, lea}]
    assert sorted(it.members[0].first for it in added) == ["Kenji", "Lea"]
    assert len({it.resource.position for it in added}) == 2
