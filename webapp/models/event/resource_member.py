"""The contacts behind a resource; the first in order is the host of its online meetings."""

from sqlmodel import Field, SQLModel

from webapp.models.base import owned, part_of


class ResourceMember(SQLModel, table=True):
    resource_id: int = part_of("resource", primary=True)
    contact_id: int = part_of("contact", primary=True)
    school_id: int = owned()
    position: int = Field(default=0)
