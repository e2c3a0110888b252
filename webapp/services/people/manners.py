"""Speak as the school does: its dates and times, and the order in which it writes names (PRODUCT 1.2); and as a
recipient reads."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from webapp import i18n
from webapp.models import School
from webapp.models.people.contact import is_last_first


def speak_as(school: School | None) -> None:
    """For the rest of the request, or plainly for None."""
    i18n.write_as(school.date_format if school else "", school.time_format if school else "")
    is_last_first.set(bool(school and school.names_last_first))


@contextmanager
def speaking_as(school: School, language: str) -> Iterator[None]:
    """For a mail, which nobody's request is about."""
    speak_as(school)
    try:
        with i18n.speaking(language):
            yield
    finally:
        speak_as(None)


@contextmanager
def writing_as(school: School) -> Iterator[None]:
    """For a command or a job, which another school's may follow in the same thread."""
    with i18n.writing(school.date_format, school.time_format), naming_as(school):
        yield


@contextmanager
def naming_as(school: School) -> Iterator[None]:
    """In the school's order of names, whoever speaks: a command or a job may write them too."""
    token = is_last_first.set(school.names_last_first)
    try:
        yield
    finally:
        is_last_first.reset(token)


def team_name(names: Sequence[str]) -> str:
    """A resource's name, of one teacher or of a team's members in order."""
    return ("; " if is_last_first.get() else ", ").join(names)[:200]
