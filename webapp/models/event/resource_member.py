"""The contacts behind a resource; the first in order is the host of its online meetings."""

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from webapp.models.base import owned, part_of


class ResourceMember(SQLModel, table=True):
    __table_args__ = (Index("ix_resourcemember_contact_id_resource_id", "contact_id", "resource_id"),)

    resource_id: int = part_of("resource", primary=True)
    contact_id: int = part_of("contact", primary=True)
    school_id: int = owned()
    position: int = Field(default=0)
