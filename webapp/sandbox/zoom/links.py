"""Give each meeting its address."""

from .records import Meeting, User
from .settings import settings_of
from .state import ZoomState


def join_url(state: ZoomState, meeting: Meeting, host: User, site: str) -> str:
    """It carries a stand-in for the passcode where the host's settings allow that."""
    address = f"{site}/j/{meeting.pmi or meeting.id}"
    embeds = settings_of(state.account, host)["embed_password_in_join_link"]
    return f"{address}?pwd={meeting.passcode_key}" if meeting.passcode and embeds else address
