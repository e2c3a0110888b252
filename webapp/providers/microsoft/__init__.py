"""Speak to Microsoft Graph and its sign-in: their words and codes stay in here."""

from webapp.providers.microsoft.client import microsoft_calendars
from webapp.providers.microsoft.oauth import microsoft_grants

__all__ = ["microsoft_calendars", "microsoft_grants"]
