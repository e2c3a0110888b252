"""Say in plain words why an appointment has no link, and which steps put that right."""

from dataclasses import dataclass
from typing import Any

from webapp.errors import N_
from webapp.i18n import gettext
from webapp.models.meeting.host import CANNOT_HOST, INACTIVE, NO_EMAIL, NOT_FOUND, PENDING, TAKEN, VANISHED
from webapp.services.booking.wish_meetings import BLOCKED, NEEDS_RECONNECT, NO_CONTACT, NOT_CONNECTED, NOT_MAPPED

NO_LINK, SLOW, CHANGE, PASSCODE, SCOPES, OTHER = "no_link", "slow", "change", "passcode", "scopes", "other"
BAD_CLIENT = "invalid_client"
HOST_LIMIT, ACCOUNT_LIMIT = "host_limit", "account_limit"

OF_HOST = frozenset({NOT_MAPPED, NOT_FOUND, PENDING, INACTIVE, NO_EMAIL, CANNOT_HOST, VANISHED, TAKEN})
"""What reading the provider's users once more may mend."""
OF_CONNECTION = frozenset({NOT_CONNECTED, NEEDS_RECONNECT, SCOPES, BAD_CLIENT, "invalid_grant", "unreadable_tokens"})
"""What only an Administrator can mend, in Global Setup, or whoever runs Confab."""
OF_LIMIT = frozenset({HOST_LIMIT, ACCOUNT_LIMIT})


@dataclass(frozen=True)
class Advice:
    """What is wrong, in a heading and a sentence or two, and what to do about it, in order."""

    heading: str
    words: str
    steps: tuple[str, ...]


_LOOK_AGAIN = N_("Press Retry. Zoom's users are read again, and the links follow by themselves.")
_BY_THEMSELVES = N_("The links follow by themselves.")
_RETRY = N_("Press Retry.")
_OPEN_INTEGRATION = N_("An Administrator opens Global Setup / Business, Integration Options, Zoom Integration.")
_CONNECT = N_("There: Connect and Map Contacts, and permit the app in Zoom.")

_PASSCODE_STEPS = (
    N_("Sign in to the Zoom web portal as Admin or Owner."),
    N_("Open Account Management, Account Settings, Meeting tab."),
    N_("Under Security, find Passcode Requirement. A padlock there must be opened at account level first."),
    N_("Clear “Only allow numeric passcodes”; best, ask for 1 letter."),
    N_("Save, then come back and press Retry."),
)

_ADVICE: dict[str, tuple[str, str, tuple[str, ...]]] = {
    NO_CONTACT: (
        BLOCKED[NO_CONTACT],
        N_("Without a contact there is no Zoom user who could hold the meeting, and nobody is notified."),
        (
            N_("Attach the teacher's contact to this resource."),
            N_("If the contact is new to Zoom, Connect and Map Contacts once more."),
        ),
    ),
    NOT_CONNECTED: (
        BLOCKED[NOT_CONNECTED],
        N_("This event uses Zoom, but the school's Zoom account is not connected."),
        (_OPEN_INTEGRATION, _CONNECT, _BY_THEMSELVES),
    ),
    NEEDS_RECONNECT: (
        BLOCKED[NEEDS_RECONNECT],
        N_("Zoom does not accept the connection any more. It may have been removed in Zoom."),
        (_OPEN_INTEGRATION, _CONNECT, _BY_THEMSELVES),
    ),
    BAD_CLIENT: (
        N_("Zoom does not accept this installation"),
        N_("%(words)s No Administrator of the school can mend it. Next try: %(next_try)s."),
        (N_("Tell whoever runs Confab, who finds the reason in its log."), _BY_THEMSELVES),
    ),
    NOT_MAPPED: (
        BLOCKED[NOT_MAPPED],
        N_("This teacher is new since the contacts were mapped last."),
        (N_("Check that the teacher has a user in your Zoom account with the same email."), _LOOK_AGAIN),
    ),
    NOT_FOUND: (
        BLOCKED[NOT_FOUND],
        N_("Zoom has no active user with this teacher's email, so nobody can hold the meeting."),
        (
            N_("In your Zoom account, look for the teacher under Users, and under Pending Users."),
            N_("If the teacher uses another email in Zoom, make both the same."),
            N_("If the teacher is not there, add the user in Zoom and let the teacher accept the invitation."),
            _LOOK_AGAIN,
        ),
    ),
    PENDING: (
        BLOCKED[PENDING],
        N_("The teacher was invited to your Zoom account and has not accepted the invitation yet."),
        (
            N_("In your Zoom account, find the teacher under Pending Users. Resend the invitation if it is old."),
            N_("The teacher opens the invitation's email and accepts it."),
            _LOOK_AGAIN,
        ),
    ),
    INACTIVE: (
        BLOCKED[INACTIVE],
        N_("The teacher's Zoom user is deactivated and cannot hold meetings."),
        (N_("In your Zoom account, open Users, find the teacher and choose Activate."), _LOOK_AGAIN),
    ),
    NO_EMAIL: (
        BLOCKED[NO_EMAIL],
        N_("Teachers and Zoom users are matched by email, and this contact has none."),
        (N_("Import the teacher's email with the Importer, the same as in Zoom."), _LOOK_AGAIN),
    ),
    CANNOT_HOST: (
        BLOCKED[CANNOT_HOST],
        N_("The Zoom user is there, but may not hold meetings."),
        (N_("In your Zoom account, open Users and assign the teacher a Zoom licence."), _LOOK_AGAIN),
    ),
    VANISHED: (
        BLOCKED[VANISHED],
        N_("No other user is taken by itself, because somebody chose this one on purpose."),
        (
            N_("In your Zoom account, see whether the user was deleted or left the account."),
            N_("An Administrator chooses another Zoom user for the teacher, or matches by email again."),
            _BY_THEMSELVES,
        ),
    ),
    TAKEN: (
        BLOCKED[TAKEN],
        N_("A Zoom user can be in one meeting at a time, so that two teachers never share one."),
        (
            N_("An Administrator opens Show mapping, and chooses another Zoom user for one of the two."),
            _BY_THEMSELVES,
        ),
    ),
    PASSCODE: (
        N_("Zoom refused the passcode twice"),
        N_(
            "The second try followed the account's own rule: [%(rule)s] This is the meeting passcode, not a sign-in "
            "password."
        ),
        _PASSCODE_STEPS,
    ),
    SCOPES: (
        N_("Zoom does not permit this to the app"),
        N_("A permission is missing from the connection: %(words)s"),
        (_OPEN_INTEGRATION, N_("Disconnect, then Connect and Map Contacts, and permit all that is asked."), _RETRY),
    ),
    HOST_LIMIT: (
        N_("Daily limit of the teacher's Zoom user reached"),
        N_("Zoom allows 100 new or changed meetings per user and day. Next try: %(next_try)s."),
        (
            N_("Nothing needs to be done: it goes on by itself after midnight UTC."),
            N_("If it is urgent, type a link in the Virtual Room cell and empty Online Meeting Provider."),
        ),
    ),
    ACCOUNT_LIMIT: (
        N_("Daily limit of the school's Zoom account reached"),
        N_("Zoom allows a number of calls per account and day, shared by all apps. Next try: %(next_try)s."),
        (
            N_("Nothing needs to be done: it goes on by itself."),
            N_("If it happens often, look in Zoom which other app makes so many calls."),
        ),
    ),
    NO_LINK: (
        N_("No link typed, no provider on"),
        N_("This event has no Online Meeting Provider and the Virtual Room is empty, so parents have nothing to join."),
        (
            N_("Type the link in the Virtual Room cell."),
            N_("Or choose Zoom under Settings / UI Setup, Advanced Settings, Online Meeting Provider."),
        ),
    ),
    CHANGE: (
        N_("Zoom was not told of a change"),
        N_("The link works, but the meeting in Zoom still has its former time or title: %(words)s"),
        (N_("Look at the message from Zoom below, and put right what it names."), _RETRY),
    ),
    SLOW: (
        N_("Taking longer than usual"),
        N_("No link after %(minutes)s minutes. Tries so far: %(tries)s. %(words)s"),
        (
            N_("The appointment is Virtual, as it must be."),
            N_("Wait for the next try (%(next_try)s), or press Retry now."),
        ),
    ),
}

_CONNECTION_STEPS = (_OPEN_INTEGRATION, _CONNECT, _RETRY)
_OTHER_STEPS = (N_("Look at the message from Zoom below, and put right what it names."), _RETRY)
_TYPE_LINK = N_("Then type a link in the Virtual Room cell, or choose Zoom as Online Meeting Provider.")
_NOT_EXPORTED = N_("Export Setup is blank. Zoom links do not need it; the teacher's own calendar does.")
_FOUND_MISSING = N_(
    "Other Error: Confab User: %(name)s, %(email)s, Zoom User ID: %(zoom_id)s was not found in Zoom or is not active. "
    "Check Pending Users section of your Zoom Account."
)


def advice(code: str, values: dict[str, Any]) -> Advice:
    """`values` fill the places: words (the provider's problem as a sentence), rule, minutes, tries, next_try."""
    heading, words, steps = _ADVICE.get(code) or (values["words"], "", _steps(code))
    return Advice(gettext(heading), _filled(words, values), tuple(_filled(step, values) for step in steps))


def without_link_too(given: Advice) -> Advice:
    """The advice for a resource that has neither contact nor link."""
    return Advice(given.heading, given.words, (*given.steps, gettext(_TYPE_LINK)))


def not_exported_too(given: Advice) -> Advice:
    """The advice for a link that takes long, where the teacher's calendar is a cause to check: for Zoom it is advisory
    (R38, PRODUCT 3.14)."""
    first, *others = given.steps
    return Advice(given.heading, given.words, (first, gettext(_NOT_EXPORTED), *others))


def missing_user(*, name: str, email: str, remote_id: str) -> str:
    """The five parts of the reference product's report (R69)."""
    nothing = gettext("none")
    return gettext(_FOUND_MISSING, name=name, email=email or nothing, zoom_id=remote_id or nothing)


def _steps(code: str) -> tuple[str, ...]:
    return _CONNECTION_STEPS if code in OF_CONNECTION else _OTHER_STEPS


def _filled(message: str, values: dict[str, Any]) -> str:
    return gettext(message, **values).strip() if message else ""
