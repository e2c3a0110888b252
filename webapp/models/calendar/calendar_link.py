"""A calendar link is a contact's grant to write to, and read the busy times of, a calendar account of their own."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from webapp.models.base import owned, part_of
from webapp.models.system.errand import Errand
from webapp.models.system.granted import Granted

GOOGLE, MICROSOFT = "google", "microsoft"


class CalendarLink(Errand, Granted, table=True):
    """The errand is the reading of busy times: due again ten minutes after each, and at once on Save and Sync.

    A link that was disconnected keeps its row, so that its entries are found again when it is linked anew.
    """

    __table_args__ = (UniqueConstraint("contact_id", "provider"),)

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    contact_id: int = part_of("contact", index=False)
    writable: str = Field(default="[]")  # JSON: keys and names of the calendars to choose from, the primary one first
    calendar_id: str = Field(default="", max_length=512)  # the default calendar; empty until one is chosen
    calendar_name: str = Field(default="", max_length=250)
    is_import: bool = Field(default=False)  # busy times block slots; off for teachers (R36)
    saved_at: datetime | None = None  # Save and Sync, the third step of Export Setup (R33)
    paused_until: datetime | None = None  # as the provider said when it was asked too often
    synced_at: datetime | None = None  # when the busy times were last read whole

    @property
    def is_live(self) -> bool:
        """Whether calls may be made on it."""
        return self.connected_at is not None and self.disconnected_at is None and self.needs_reconnect_at is None

    @property
    def is_set_up(self) -> bool:
        """All three steps are done, and nobody disconnected; the grant may have died since."""
        is_linked = self.connected_at is not None and self.disconnected_at is None
        return is_linked and bool(self.calendar_id) and self.saved_at is not None

    @property
    def is_export(self) -> bool:
        """All three steps are done: linked, a default calendar chosen, Save and Sync clicked (R33)."""
        return self.is_live and self.is_set_up
