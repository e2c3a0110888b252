"""Answer for users and for the settings that bind them; a pending user shows no id."""

from typing import Any

from ..answers import Answer
from .answers import ZoomError, zulu
from .calls import Call
from .paging import page_of
from .records import User
from .settings import account_settings_body, user_settings_body

ROLES = {"owner": ("0", "Owner"), "admin": ("1", "Admin"), "member": ("2", "Member")}
STATUSES = ("active", "inactive", "pending")
TYPES = {1: "Basic", 2: "Licensed", 4: "Unassigned without Meetings Basic", 99: "None"}
_NO_INVITATION = "A valid invitation to join the Zoom account was not found for this user."


def list_users(call: Call) -> Answer:
    status = call.query.get("status", "active")
    if status not in STATUSES:
        raise ZoomError(400, 300, "Invalid parameter: `status`.")
    rows = [user for user in call.state.all_users() if user.status == status]
    page, frame = page_of(call.state, rows, call.query, largest=2000, subject=f"users:{status}")
    return Answer(body={**frame, "page_number": 1, "users": [_listed(call, user) for user in page]})


def get_user(call: Call, user_id: str) -> Answer:
    user = find_user(call, user_id)
    if user.invitation_expired:
        raise invitation_missing()
    return Answer(body=_detailed(call, user))


def get_user_settings(call: Call, user_id: str) -> Answer:
    user = find_user(call, user_id)
    if user.invitation_expired:
        raise invitation_missing()
    if user.status == "pending":
        raise ZoomError(400, 1000, "You can not access settings of users that are still in pending state.")
    return Answer(body=user_settings_body(call.state.account, user, call.query.get("option")))


def get_account_settings(call: Call, account_id: str) -> Answer:
    account = call.state.account
    if account_id not in {"me", account.id}:
        raise ZoomError(404, 2001, f"Account does not exist: {account_id}")
    if account.plan == "free":
        raise ZoomError(400, 200, f"Only available for paid account: {account.id}.")
    return Answer(body=account_settings_body(account, call.query.get("option")))


def find_user(call: Call, user_id: str) -> User:
    """By id, by address whatever its case, or `me`; raises 1001 or, for another account's user, 1010."""
    if user_id == "me":
        return call.user
    user = call.state.users.get(user_id) or call.state.user_with_email(user_id)
    # A pending user has no id yet, so ours for it must open nothing.
    if user and not (user.status == "pending" and user_id == user.id):
        return user
    if user_id.casefold() in {address.casefold() for address in call.state.account.outsiders}:
        raise ZoomError(400, 1010, "User not found on this account")
    raise user_missing(user_id)


def user_missing(user_id: str) -> ZoomError:
    return ZoomError(404, 1001, f"User does not exist: {user_id}.")


def invitation_missing() -> ZoomError:
    return ZoomError(400, 1120, _NO_INVITATION)


def _listed(call: Call, user: User) -> dict[str, Any]:
    # Of a pending user the time is that of the call.
    created_at = zulu(call.now if user.status == "pending" else user.created_at)
    shown: dict[str, Any] = {
        "first_name": user.first_name,
        "last_name": user.last_name,
        "display_name": user.name,
        "email": user.email,
        "type": user.type,
        "status": user.status,
        "timezone": zone_of(call, user),
        "created_at": created_at,
        "user_created_at": created_at,
        "role_id": ROLES[user.role][0],
        "verified": 0 if user.status == "pending" else 1,
    }
    return shown if user.status == "pending" else {"id": user.id, "pmi": user.pmi, **shown}


def _detailed(call: Call, user: User) -> dict[str, Any]:
    account = call.state.account
    shown = {
        **_listed(call, user),
        "role_name": ROLES[user.role][1],
        "account_id": account.id,
        "account_number": account.number,
        "use_pmi": bool(user.settings.get("use_pmi", False)),
        "language": "en-US",
        "login_types": [100],
    }
    if user.status == "pending":
        return shown
    return {**shown, "personal_meeting_url": f"{call.site}/j/{user.pmi}"}


def zone_of(call: Call, user: User) -> str:
    return user.timezone or call.state.account.timezone
