"""A feed is the private calendar link of a contact: whoever has it reads their appointments; the row keeps its hash."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from webapp.models.base import owned, part_of


class Feed(SQLModel, table=True):
    contact_id: int = part_of("contact", primary=True)  # one each: a new link is the end of the one before
    school_id: int = owned()
    token_hash: str = Field(unique=True, max_length=64)
    made_at: datetime
