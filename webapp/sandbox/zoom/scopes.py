"""Know for each operation its rate label and the scopes that open it, classic and granular, as Zoom publishes them."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Operation:
    """`id` is the operationId of Zoom's description; any one of the scopes will do."""

    id: str
    label: str
    granular: tuple[str, ...]
    classic: tuple[str, ...]

    def is_open_to(self, scopes: Iterable[str]) -> bool:
        return not {*self.granular, *self.classic}.isdisjoint(scopes)


def _pair(name: str) -> tuple[str, str]:
    return (f"{name}:admin", name)


_USER = (*_pair("user:read"), *_pair("user:write"))
_READ = _pair("meeting:read")
_WRITE = _pair("meeting:write")
_ACCOUNT = ("account:read:settings:admin", "account:read:settings:master")

OPERATIONS = {
    operation.id: operation
    for operation in (
        Operation("users", "MEDIUM", ("user:read:list_users:admin",), _USER),
        Operation("user", "LIGHT", _pair("user:read:user"), (*_USER, "user_profile", "user_info:read")),
        Operation("userSettings", "MEDIUM", _pair("user:read:settings"), _USER),
        Operation("accountSettings", "MEDIUM", _ACCOUNT, ("account:read:admin",)),
        Operation("meetings", "MEDIUM", _pair("meeting:read:list_meetings"), _READ),
        Operation("meetingCreate", "LIGHT", _pair("meeting:write:meeting"), _WRITE),
        Operation("meeting", "LIGHT", _pair("meeting:read:meeting"), _READ),
        Operation("meetingUpdate", "LIGHT", _pair("meeting:update:meeting"), _WRITE),
        Operation("meetingDelete", "LIGHT", _pair("meeting:delete:meeting"), _WRITE),
        Operation("meetingStatus", "LIGHT", _pair("meeting:update:status"), _WRITE),
    )
}
# What an admin-managed app that makes and lists meetings has to ask for.
DEFAULT_SCOPES = tuple(operation.granular[0] for operation in OPERATIONS.values())
