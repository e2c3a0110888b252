"""Hold the two families of errors: what a person can read, and what an errand can act on."""

from datetime import datetime


def N_(message: str) -> str:  # noqa: N802 - the name that gettext's tools look for
    """Mark a message id for translation; the sentence is made where it is read."""
    return message


class DomainError(Exception):
    """A rule of the school or of the software was broken, in words that a person can act on.

    `message` is a gettext id with %(name)s places, filled from `values` by `i18n.sentence`.
    `field` names the input that has to change, where there is one. `status` is the HTTP status.
    """

    message: str = N_("That could not be done.")
    field: str | None = None
    status: int = 409

    def __init__(self, message: str | None = None, *, field: str | None = None, **values: object) -> None:
        self.message = message or self.message
        self.field = field or self.field
        self.values = values
        super().__init__(self.message)


class Invalid(DomainError):
    """What was typed cannot be used as it stands; `field` says where."""

    status = 422


class NotFound(DomainError):
    """Missing, or not this person's: the two are never told apart."""

    message = N_("This page does not exist, or it is not yours to see.")
    status = 404


class NotAllowed(DomainError):
    """Known and visible, but not for this person's level."""

    message = N_("You are not allowed to do this.")
    status = 403


class Busy(DomainError):
    """The database is taken by others; nothing was changed and the same request may be sent again."""

    message = N_("Many people are here right now. Nothing was changed. Try again in a few seconds.")
    status = 503


class LostRace(Busy):
    """PostgreSQL ended this transaction, one of several that waited for each other, or it gave way before it came to
    that. It may be begun again at once."""


class Unsure(DomainError):
    """The connection was lost while a change was being kept: it may have taken effect or not (RELIABILITY 2.2)."""

    message = N_("We could not find out whether this was saved. Look before you try again.")
    status = 503


class TooManyTries(DomainError):
    """A rate limit was reached; it passes by itself after `minutes`."""

    message = N_("Too many tries. Wait %(minutes)s minutes, then try again.")
    status = 429


class ProviderError(Exception):
    """An outside service did not do what was asked.

    `message` is a gettext id for the office, `detail` the service's own words. `retry` says whether the same
    request may work later; `arrived` that it may have been carried out although no answer came; `after` is the
    earliest time that the service named for another try; `code` is the service's own error code.
    """

    def __init__(
        self,
        message: str,
        *,
        retry: bool,
        arrived: bool = False,
        after: datetime | None = None,
        code: str = "",
        detail: str = "",
        **values: object,
    ) -> None:
        self.message = message
        self.retry = retry
        self.arrived = arrived
        self.after = after
        self.code = code
        self.detail = detail
        self.values = values
        super().__init__(message)
