"""Say which of the account's users may be meant by a teacher whose address none of them has (F4)."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from webapp.providers.base import RemoteUser
from webapp.services.meeting.teachers import Teacher

MOST = 3
_LEAST = 0.8
_PREFIX = 3


@dataclass(frozen=True)
class _Folded:
    """A person as both sides can be compared: without case, accents, dots, or what stands after a plus."""

    local: str
    words: tuple[str, ...]

    @property
    def blocks(self) -> set[str]:
        """Only those who share one are compared, so that thousands of users cost little."""
        known = {f"p:{self.local[:_PREFIX]}", f"s:{self.local[-_PREFIX:]}"} if self.local else set()
        return known | {f"w:{word}" for word in self.words if len(word) >= _PREFIX}


class Suggestions:
    """Made once per run of the users who may hold meetings; a user who is mapped already is never suggested."""

    def __init__(self, users: Iterable[RemoteUser], mapped: Iterable[str] = ()) -> None:
        used = set(mapped)
        self._blocks: dict[str, dict[str, tuple[RemoteUser, _Folded]]] = {}
        for user in users:
            if user.key and user.status == "active" and user.can_host and user.key not in used:
                known = _folded(user.email, user.name)
                for block in known.blocks:
                    self._blocks.setdefault(block, {})[user.key] = (user, known)

    def for_teacher(self, teacher: Teacher) -> list[RemoteUser]:
        """The best first, at most MOST; the same whatever the order in which the users came."""
        wanted = _folded(teacher.email or "", teacher.name)
        near = {key: both for block in wanted.blocks for key, both in self._blocks.get(block, {}).items()}
        scored = ((_likeness(wanted, known), user) for user, known in near.values())
        good = sorted((-score, user.email.casefold(), user.key, user) for score, user in scored if score >= _LEAST)
        return [user for *_, user in good[:MOST]]


def _likeness(one: _Folded, other: _Folded) -> float:
    """The same name or local part is 1, else the share of letters that agree in the better of the two."""
    names = _alike(" ".join(one.words), " ".join(other.words)) if len(one.words) > 1 and len(other.words) > 1 else 0
    return max(names, _alike(one.local, other.local))


def _alike(one: str, other: str) -> float:
    if not one or not other:
        return 0
    # SequenceMatcher depends on which of the two is first.
    matcher = SequenceMatcher(None, min(one, other), max(one, other), autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() >= _LEAST else 0


def _folded(email: str, name: str) -> _Folded:
    local = _plain(email.partition("@")[0]).partition("+")[0]
    words = sorted("".join(c if c.isalnum() else " " for c in _plain(name)).split())
    return _Folded("".join(c for c in local if c.isalnum()), tuple(words))


def _plain(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c)).strip()
