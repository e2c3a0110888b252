"""Whether the slots offer what the settings promise: virtual ones where Zoom is on, some for each teacher (F18)."""

from datetime import date, timedelta

from webapp.errors import N_
from webapp.i18n import short_day
from webapp.services.event.wall_time import day_bounds
from webapp.services.preflight.facts import Facts
from webapp.services.preflight.finding import (
    AMBER,
    APPOINTMENTS,
    CREATE_SLOTS,
    RED,
    UPDATE_SLOTS,
    Check,
    Finding,
    Subject,
)


def slots(facts: Facts) -> Check | None:
    """None for an event without coming slots, of which the page says just that."""
    if not facts.days:
        return None
    found = (_in_person(facts), _without_slots(facts), _clock_change(facts), _drifted(facts))
    return Check(
        N_("Slots"), N_("Each teacher has slots, of the types that are needed."), tuple(one for one in found if one)
    )


def _in_person(facts: Facts) -> Finding | None:
    if not facts.provider or facts.virtual:
        return None
    return Finding(
        "all_in_person",
        RED,
        N_("Zoom is chosen, but all slots are In-Person: no appointment gets a link."),
        N_("Make slots Virtual or Virtual/In-Person with Update Slots, or empty Online Meeting Provider in UI Setup."),
        UPDATE_SLOTS,
    )


def _without_slots(facts: Facts) -> Finding | None:
    without = tuple(offer.subject for offer in facts.offers if not offer.coming.slots)
    remedy = N_("Nobody can book them. Create slots for them, or leave it if they take no part.")
    return Finding("no_slots", AMBER, N_("No slots"), remedy, CREATE_SLOTS, without) if without else None


def _clock_change(facts: Facts) -> Finding | None:
    days = tuple(Subject(f"day {day}", short_day(day)) for day in facts.days if _changes(day, facts.zone))
    if not days:
        return None
    return Finding(
        "clock_change",
        AMBER,
        N_("The clocks change on a day of this event"),
        N_("Compare the times on the Appointments tab with what families were told."),
        APPOINTMENTS,
        days,
    )


def _drifted(facts: Facts) -> Finding | None:
    days = tuple(Subject(f"day {day}", short_day(day)) for day in facts.drifted)
    heading = N_("Slots begin at another time than was typed: the rules of the time zone have changed since")
    remedy = N_(
        "To keep what was typed, change the event's time zone in Edit Details to another one and back again, and mail "
        "the families the second time. Slots that were made since for the same times have to be deleted first, and "
        "made again after it."
    )
    return Finding("other_times", AMBER, heading, remedy, APPOINTMENTS, days) if days else None


def _changes(day: date, zone: str) -> bool:
    start, end = day_bounds(day, zone)
    return end - start != timedelta(days=1)
