"""Answer where an appointment takes place: the only reader of Room, Virtual Room and link."""

from dataclasses import dataclass

from webapp.services.event.typed_link import is_safe_link

ROOM, LINK, MAKING, MISSING = "room", "link", "making", "missing"


@dataclass(frozen=True)
class Room:
    """`state`: a room in the school, a link, a link still being made, or nothing known yet. `url` may be opened."""

    state: str
    text: str = ""
    url: str | None = None
    passcode: str = ""


def room_of(
    *, is_virtual: bool, provider: str | None, room: str, virtual_room: str, join_url: str | None, passcode: str = ""
) -> Room:
    """The rule of R54: Room in person; online the typed link, or the meeting's own where a provider is on.

    While a provider is on, the typed link is never shown (R22); it comes back with the provider gone (R23).
    """
    if not is_virtual:
        return Room(ROOM, room, room if is_safe_link(room) else None) if room else Room(MISSING)
    if provider:
        return Room(LINK, join_url, join_url, passcode) if join_url else Room(MAKING)
    return Room(LINK, virtual_room, virtual_room) if is_safe_link(virtual_room) else Room(MISSING)
