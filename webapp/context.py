"""Reach what `create_app` wired, from within a request, a job or a command."""

from dataclasses import dataclass

from flask import current_app

from webapp.config import Settings
from webapp.db import Database
from webapp.providers.base import Providers


@dataclass(frozen=True)
class Confab:
    """One installation: its settings, its database, and how it speaks to the outside."""

    settings: Settings
    database: Database
    providers: Providers


def confab() -> Confab:
    wired: Confab = current_app.extensions["confab"]
    return wired


def database() -> Database:
    return confab().database
