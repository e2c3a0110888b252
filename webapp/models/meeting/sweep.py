"""A sweep compares what a provider's user, or a teacher's calendar, really holds with our rows, from time to time."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from webapp.models.base import owned
from webapp.models.system.errand import Errand

PLACE = 600
"""Letters of the name of a place at a provider."""


class Sweep(Errand, table=True):
    """One row per host or calendar where we ever made anything; due again after each look (RELIABILITY 2.4)."""

    __table_args__ = (UniqueConstraint("school_id", "provider", "host_key"),)

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    provider: str = Field(max_length=20)
    host_key: str = Field(max_length=PLACE)  # a user of Zoom, or a link and its calendar
    swept_at: datetime | None = None
