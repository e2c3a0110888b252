"""What a school says about itself: Business Settings and Account Level Settings of Global Setup."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import delete, select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid
from webapp.models import Contact, FormerSchool, Resource, ResourceMember, School
from webapp.models.people.contact import is_last_first
from webapp.models.people.school import RESERVED_SLUGS
from webapp.services.people.contacts import Address, Home, without_control
from webapp.services.people.manners import speak_as, team_name
from webapp.services.people.schools import is_slug, refuse_taken
from webapp.services.system import audit
from webapp.services.system.audit import Who


def _header(text: str) -> str:
    """What mail programs show before the address: nothing that reads as an address or as another header."""
    if any(sign in text for sign in '<>@"\\') or "=?" in text:
        raise ValueError(N_('Type a name without < > @ " \\ and =?'))
    return without_control(text)


class SchoolInput(BaseModel):
    """Empty sender, reply address and support address mean those of the installation, empty formats those of each
    reader's language."""

    model_config = ConfigDict(str_strip_whitespace=True)

    name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(without_control)]
    address: Home = ""
    slug: Annotated[str, Field(min_length=1, max_length=60)]
    date_format: str = Field(default="", pattern="^(mdy|dmy|)$")
    time_format: str = Field(default="", pattern="^(12|24|)$")
    names: str = Field(default="first", pattern="^(first|last)$")
    sender_name: Annotated[str, Field(max_length=100), AfterValidator(_header)] = ""
    reply_to: Address = ""
    support_address: Address = ""
    link_days: int = Field(default=7, ge=1, le=30)
    allows_sign_up: bool = False
    allows_claims: bool = False
    asks_phone: bool = False
    asks_address: bool = False


_AS_THEY_ARE = """
    name address date_format time_format sender_name reply_to support_address link_days
    allows_sign_up allows_claims asks_phone asks_address
""".split()


def stored_settings(school: School) -> dict[str, object]:
    """As the form shows them."""
    shown: dict[str, object] = {field: getattr(school, field) for field in ("slug", *_AS_THEY_ARE)}
    return shown | {"names": "last" if school.names_last_first else "first"}


def save_settings(session: Session, school: School, typed: SchoolInput, *, who: Who, now: datetime) -> None:
    """Of a school that is locked. Another order of names renames the resources that are named after their teachers.
    Raises Invalid."""
    _move_address(session, school, typed)
    for field in _AS_THEY_ARE:
        setattr(school, field, getattr(typed, field))
    if (typed.names == "last") != school.names_last_first:
        _rename_resources(session, school)
    session.flush()
    audit.record(session, "school.settings", who=who, school_id=school.id, now=now)


def _move_address(session: Session, school: School, typed: SchoolInput) -> None:
    """The former address leads to the new one from then on."""
    if typed.slug == school.slug:
        return
    if not is_slug(typed.slug) or typed.slug in RESERVED_SLUGS:
        raise Invalid(N_("Choose another short name: small letters, digits and hyphens."), field="slug")
    refuse_taken(session, typed.slug, but=school.id)
    session.execute(delete(FormerSchool).where(col(FormerSchool.slug) == typed.slug))
    session.add(FormerSchool(slug=school.slug, school_id=school.id or 0))
    school.slug = typed.slug


def _rename_resources(session: Session, school: School) -> None:
    query = (
        select(Resource, Contact)
        .join(ResourceMember, col(ResourceMember.resource_id) == col(Resource.id))
        .join(Contact, col(Contact.id) == col(ResourceMember.contact_id))
        .where(col(Resource.school_id) == school.id)
        .order_by(col(Resource.id), col(ResourceMember.position), col(ResourceMember.contact_id))
    )
    teams: dict[int | None, tuple[Resource, list[Contact]]] = {}
    for resource, contact in session.execute(query):
        teams.setdefault(resource.id, (resource, []))[1].append(contact)
    is_last_first.set(school.names_last_first)
    named = [one for one in teams.values() if one[0].name == team_name([member.name for member in one[1]])]
    school.names_last_first = not school.names_last_first
    speak_as(school)
    for resource, members in named:
        resource.name = team_name([member.name for member in members])
