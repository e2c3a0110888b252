"""A column name is what a school's own files call a column of a layout, as the office once said."""

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from webapp.models.base import owned


class ColumnName(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("school_id", "layout", "heading"),)

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    layout: str = Field(max_length=30)
    heading: str = Field(max_length=255)  # without case and signs, as headings are compared
    column: str = Field(max_length=60)  # empty: this heading is not used
