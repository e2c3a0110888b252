"""A school's logo, as it was made anew from what was uploaded: a small PNG and nothing else."""

from sqlmodel import Field, SQLModel

from webapp.models.base import owned


class Logo(SQLModel, table=True):
    school_id: int = owned(primary=True)
    digest: str = Field(max_length=20)  # of the picture; its address changes with it
    picture: bytes
