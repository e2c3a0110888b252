"""Speak to Zoom: its words and codes stay in here."""

from webapp.providers.zoom.client import zoom_meetings
from webapp.providers.zoom.oauth import zoom_grants
from webapp.providers.zoom.webhooks import zoom_webhooks

__all__ = ["zoom_grants", "zoom_meetings", "zoom_webhooks"]
