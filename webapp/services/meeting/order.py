"""Say what a meeting shall be, whether the provider was told just that, and how it is known for ours."""

import hashlib
import secrets
from datetime import datetime

TOPIC_LENGTH = 200


def topic_of(event_name: str, resource_name: str) -> str:
    """The meeting's title at the provider: no child's name leaves the school (RELIABILITY 2.4)."""
    return f"{resource_name}, {event_name}"[:TOPIC_LENGTH]


def new_marker(life: str) -> str:
    """At most 40 characters, 80 random bits. `life` (system/installation.py) says which installation made it, and in
    which life of its data: a copy, or a restored backup, must not take another's meetings for its own strays."""
    return f"{life}-{secrets.token_urlsafe(10)}"


def digest(*, topic: str, starts_at: datetime, minutes: int, zone: str) -> str:
    """Equal digests need no call: creates and updates share a host's 100 a day."""
    told = f"{topic}\0{starts_at.isoformat()}\0{minutes}\0{zone}"
    return hashlib.sha256(told.encode()).hexdigest()
