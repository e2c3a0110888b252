"""Tests of where an appointment takes place."""

from datetime import UTC, datetime, timedelta

import pytest

from webapp.services.booking.offers import Offer
from webapp.services.booking.room import LINK, MAKING, MISSING, ROOM, Room, room_of

U, J = "https://meet.linden.example/u", "https://linden.zoom.us/j/1"


@pytest.mark.parametrize(
    ("kind", "wanted", "provider", "shown"),
    [
        ("P", None, None, "12"),
        ("P", None, "zoom", "12"),
        ("V", None, None, U),
        ("V", None, "zoom", J),
        ("PV", False, None, "12"),
        ("PV", False, "zoom", "12"),
        ("PV", True, None, U),
        ("PV", True, "zoom", J),
    ],
)
def test_room_virtual_room_or_the_meetings_link_by_kind_and_provider(
    kind: str, wanted: bool | None, provider: str | None, shown: str
) -> None:
    """R54: the eight cases of the room macro."""
    is_virtual = offer(kind).kind_of(wanted)

    room = room_of(is_virtual=is_virtual, provider=provider, room="12", virtual_room=U, join_url=J, passcode="k7")

    assert room.text == shown
    assert room.url == (shown if shown != "12" else None)
    assert room.passcode == ("k7" if shown == J else "")
    assert room.state == (ROOM if shown == "12" else LINK)


def test_with_a_provider_the_typed_link_is_never_shown_not_even_while_waiting() -> None:
    """R22: F22, nothing else is put in its place unasked."""
    room = room_of(is_virtual=True, provider="zoom", room="12", virtual_room=U, join_url=None)

    assert room == Room(MAKING)


@pytest.mark.parametrize("typed", ["", "javascript:alert(1)", "http://meet.linden.example/u", "meet me in the hall"])
def test_online_without_a_safe_link_is_missing(typed: str) -> None:
    assert room_of(is_virtual=True, provider=None, room="12", virtual_room=typed, join_url=J) == Room(MISSING)


def test_a_link_in_the_room_cell_can_be_opened_and_no_room_is_missing() -> None:
    """R2"""
    link = room_of(is_virtual=False, provider=None, room=U, virtual_room="", join_url=None)
    hostile = room_of(is_virtual=False, provider=None, room="javascript:alert(1)", virtual_room="", join_url=None)
    empty = room_of(is_virtual=False, provider=None, room="", virtual_room=U, join_url=J)

    assert link == Room(ROOM, U, U)
    assert hostile == Room(ROOM, "javascript:alert(1)", None)
    assert empty == Room(MISSING)


def offer(kind: str) -> Offer:
    at = datetime(2026, 12, 3, 22, 0, tzinfo=UTC)
    return Offer(
        slot_id=1,
        token="slot",
        starts_at=at,
        ends_at=at + timedelta(minutes=15),
        kind=kind,
        capacity=1,
        version=1,
        resource_id=1,
        resource="resource",
        teacher="Folake Adeyemi",
        zone="America/Chicago",
        members=(1,),
        is_busy=False,
        shared={},
        host={},
        places=(),
    )
