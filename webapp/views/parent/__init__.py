"""The families' pages, below /<school>/<event>/: sign in once, then three steps, and one's own appointments."""

from webapp.views.parent import (
    booking,
    change,
    children,
    feed,
    former,
    hold,
    landing,
    language,
    mine,
    own_time,
    profile,
    schedule,
    sign_in,
    teachers,
    times,
)
from webapp.views.parent.frame import blueprint

__all__ = [
    "blueprint",
    "booking",
    "change",
    "children",
    "feed",
    "former",
    "hold",
    "landing",
    "language",
    "mine",
    "own_time",
    "profile",
    "schedule",
    "sign_in",
    "teachers",
    "times",
]
