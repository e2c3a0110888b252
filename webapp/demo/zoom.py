"""Say whom the demo's Zoom account knows: most teachers, some of them only half."""

from webapp.config import Settings
from webapp.demo import people, school
from webapp.sandbox.run import RunningSandbox
from webapp.sandbox.zoom.events import subscribe
from webapp.sandbox.zoom.seeding import seed

_OTHER_STATUS = {people.PENDING: "pending", people.INACTIVE: "inactive"}


def seed_zoom(sandbox: RunningSandbox, settings: Settings, *, empty: bool) -> None:
    """Idempotent: what somebody changed in the stand-in stays as they left it."""
    first, last, email = school.ADMIN
    owner = {"email": email, "first_name": first, "last_name": last, "role": "owner"}
    seed(
        sandbox.zoom,
        account={"name": school.NAME, "timezone": school.ZONE},
        users=[owner, *([] if empty else _teachers())],
        app={
            "client_id": settings.zoom_client_id,
            "client_secret": settings.zoom_client_secret,
            "name": "Confab",
            "redirect_uris": [f"{settings.base_url}/zoom/callback"],
        },
    )


def send_webhooks(sandbox: RunningSandbox, settings: Settings) -> None:
    """Once our pages are served: the stand-in asks them at once whether they know the secret."""
    subscribe(sandbox.zoom, f"{settings.base_url}/zoom/webhook", settings.zoom_webhook_secrets[0])


def _teachers() -> list[dict[str, str]]:
    return [_user(*teacher[:3]) for teacher in people.TEACHERS if teacher[0] != people.MISSING]


def _user(ref: str, first: str, last: str) -> dict[str, str]:
    email = people.teacher_email(first, last)
    if ref == people.OTHER_ADDRESS:
        email = f"{first}.{last}@staff.lindenpark.example".lower()
    return {"email": email, "first_name": first, "last_name": last, "status": _OTHER_STATUS.get(ref, "active")}
