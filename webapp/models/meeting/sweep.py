"""A sweep compares what a provider's user really holds with our rows, from time to time."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from webapp.models.base import owned
from webapp.models.system.errand import Errand


class Sweep(Errand, table=True):
    """One row per host of whom a meeting was ever made; due again after each look (RELIABILITY 2.4)."""

    __table_args__ = (UniqueConstraint("school_id", "provider", "host_key"),)

    id: int | None = Field(default=None, primary_key=True)
    school_id: int = owned()
    provider: str = Field(max_length=20)
    host_key: str = Field(max_length=100)
    swept_at: datetime | None = None
