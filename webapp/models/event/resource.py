"""A resource holds slots in one event: a teacher, or a team that shares one schedule."""

from sqlmodel import Field, SQLModel

from webapp.models.base import owned, part_of, public_token


class Resource(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    event_id: int = part_of("event")
    token: str = public_token()
    name: str = Field(max_length=200)
    group_name: str = Field(default="", max_length=100)
    position: int = Field(default=0)
    room: str = Field(default="", max_length=2048)  # a room, or a link for in-person appointments
    virtual_room: str = Field(default="", max_length=2048)  # the teacher's own https link
