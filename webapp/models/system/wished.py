"""A wished row keeps one thing at a provider as we want it: the columns that all such rows share."""

from datetime import datetime

from sqlmodel import Field

from webapp.models.system.errand import Errand

PRESENT, ABSENT = "present", "absent"


class Wished(Errand):
    """Not a table. `wish` against `remote_id` says what is to do; `ordered` is the hash of what the provider was last
    told. A row is never wished back: a wish that returns is a new row."""

    wish: str = Field(default=PRESENT, max_length=8)
    wished_at: datetime  # since when it is awaited
    remote_id: str | None = Field(default=None, max_length=512)
    ordered: str = Field(default="", max_length=64)
    missed_at: datetime | None = None  # since when sweeps have not seen it as it shall be
    gone_at: datetime | None = None
    replaced_at: datetime | None = None

    @property
    def is_under_way(self) -> bool:
        """Made, or perhaps made by a call of which nobody knows what became."""
        return self.remote_id is not None or self.attempt_at is not None
