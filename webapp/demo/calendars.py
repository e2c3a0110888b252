"""Say which calendar accounts the demo's people have at Google and Outlook, and how Confab reaches them."""

from typing import Any

from webapp.demo import people, school
from webapp.sandbox.google.people import add_calendar
from webapp.sandbox.google.seeding import seed as seed_google
from webapp.sandbox.microsoft.seeding import seed as seed_microsoft
from webapp.sandbox.run import RunningSandbox

_APP = "Confab"
_GOOGLE_CLIENT = "confab-demo.apps.googleusercontent.com"
_SIGNS_IN = people.teacher_email("Folake", "Adeyemi")
_AT_HOME = ("folake@home.example", "Folake at home")
"""An address that the school does not know, to see it asked about."""


def seed_calendars(sandbox: RunningSandbox, base_url: str, *, empty: bool) -> dict[str, Any]:
    """The settings with which Confab reaches the stand-ins. Idempotent: what somebody changed there stays as they left
    it. The teacher who can sign in to the demo is the first to choose."""
    accounts = _accounts(empty=empty)
    return _google(sandbox, base_url, accounts) | _microsoft(sandbox, base_url, accounts)


def _accounts(*, empty: bool) -> list[tuple[str, str]]:
    first, last, email = school.ADMIN
    teachers = [] if empty else [(people.teacher_email(*one[1:3]), f"{one[1]} {one[2]}") for one in people.TEACHERS]
    teachers.sort(key=lambda one: one[0] != _SIGNS_IN)
    return [*teachers, (email, f"{first} {last}"), *([] if empty else [_AT_HOME])]


def _google(sandbox: RunningSandbox, base_url: str, accounts: list[tuple[str, str]]) -> dict[str, Any]:
    is_new = sandbox.google.account_with_email(_SIGNS_IN) is None
    app = seed_google(
        sandbox.google,
        accounts=[{"email": email, "name": name, "timezone": school.ZONE} for email, name in accounts],
        app={"client_id": _GOOGLE_CLIENT, "name": _APP, "redirect_uris": [f"{base_url}/oauth/google"]},
    )
    assert app is not None
    if is_new and sandbox.google.account_with_email(_SIGNS_IN):
        add_calendar(sandbox.google, {"email": _SIGNS_IN, "summary": "Conferences"})
    url = sandbox.google_url
    return {
        "google_client_id": app.id,
        "google_client_secret": app.secret,
        "google_consent_url": f"{url}/o/oauth2/v2/auth",
        "google_oauth_url": url,
        "google_api_url": f"{url}/calendar/v3",
        "google_person_url": f"{url}/v1/userinfo",
    }


def _microsoft(sandbox: RunningSandbox, base_url: str, accounts: list[tuple[str, str]]) -> dict[str, Any]:
    app = seed_microsoft(
        sandbox.microsoft,
        mailboxes=[{"email": email, "name": name, "zone": "Central Standard Time"} for email, name in accounts],
        app={"name": _APP, "redirect_uris": [f"{base_url}/oauth/microsoft"]},
    )
    assert app is not None
    url = sandbox.microsoft_url
    return {
        "microsoft_client_id": app.id,
        "microsoft_client_secret": app.secret,
        "microsoft_oauth_url": f"{url}/common/oauth2/v2.0",
        "microsoft_api_url": f"{url}/v1.0",
    }
