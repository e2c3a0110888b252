"""Speak to Zoom: its words and codes stay in here."""

from webapp.providers.zoom.client import zoom_meetings
from webapp.providers.zoom.oauth import zoom_grants

__all__ = ["zoom_grants", "zoom_meetings"]
