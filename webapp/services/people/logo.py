"""Take a school's logo only as a picture of its own: read within limits, drawn anew, and stored as a small PNG."""

import hashlib
from datetime import datetime
from io import BytesIO

from PIL import Image, UnidentifiedImageError
from sqlalchemy import select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid, NotFound
from webapp.models import Logo, School
from webapp.services.system import audit
from webapp.services.system.audit import Who

LARGEST, MOST_PIXELS, MOST_WIDE = 2 * 1024 * 1024, 16_000_000, (480, 160)
_KNOWN = ("PNG", "JPEG", "GIF", "WEBP")
_BROKEN = (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError)


class NoPicture(Invalid):
    message = N_("Use a PNG, JPEG, GIF or WebP picture.")
    field = "logo"


def drawn_anew(content: bytes) -> bytes:
    """A PNG without anything that the file carried besides (ADMIN-009 to ADMIN-011). Raises Invalid."""
    if len(content) > LARGEST:
        raise Invalid(N_("The picture is too large. Use one of at most 2 megabytes."), field="logo")
    try:
        with Image.open(BytesIO(content), formats=_KNOWN) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise Invalid(N_("The picture has too many pixels. Make it smaller first."), field="logo")
            small = picture.convert("RGBA")
    except (*_BROKEN, Image.DecompressionBombWarning) as error:
        raise NoPicture from error
    small.thumbnail(MOST_WIDE)
    clean, made = Image.new("RGBA", small.size), BytesIO()
    clean.paste(small)
    clean.save(made, "PNG", optimize=True)
    return made.getvalue()


def save_logo(session: Session, school: School, picture: bytes, *, who: Who, now: datetime) -> None:
    """`picture` is drawn anew."""
    school = session.get_one(School, school.id, with_for_update=True)
    school.logo_digest = hashlib.sha256(picture).hexdigest()[:20]
    row = session.get(Logo, school.id) or Logo(school_id=school.id or 0, digest="", picture=b"")
    row.digest, row.picture = school.logo_digest, picture
    session.add(row)
    audit.record(session, "school.logo", who=who, school_id=school.id, now=now, size=len(picture))


def remove_logo(session: Session, school: School, *, who: Who, now: datetime) -> None:
    school = session.get_one(School, school.id, with_for_update=True)
    school.logo_digest = ""
    if row := session.get(Logo, school.id):
        session.delete(row)
    audit.record(session, "school.logo", who=who, school_id=school.id, now=now, size=0)


def logo_of(session: Session, school: School, digest: str) -> bytes:
    """Raises NotFound for another than the present one."""
    query = select(col(Logo.picture)).where(col(Logo.school_id) == school.id, col(Logo.digest) == digest)
    picture: bytes | None = session.execute(query).scalar_one_or_none()
    if picture is None:
        raise NotFound
    return picture
