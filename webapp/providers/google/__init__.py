"""Speak to Google Calendar: its words and codes stay in here."""

from webapp.providers.google.client import google_calendars
from webapp.providers.google.oauth import google_grants

__all__ = ["google_calendars", "google_grants"]
