"""Global Setup / Business: what a school says about itself is what its pages and mails say."""

import struct
import zlib
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from typing import Any

import pytest
from app import Browser
from event_office import Office, open_office, words
from factories import make_contact, make_resource, make_school, stored
from online_office import time_stands_at
from PIL import Image

from jobs.mail_delivery import deliver_mail
from webapp.db import Database
from webapp.errors import Invalid
from webapp.models import Audit, Contact, FormerSchool, Logo, Resource, School
from webapp.services.people.logo import drawn_anew


@pytest.fixture
def office(database: Database, now: datetime) -> Iterator[Office]:
    with time_stands_at(now):
        yield open_office(database, now)


def save(office: Office, **typed: Any) -> Any:
    known = {"name": office.school.name, "slug": office.school.slug, "link_days": "7"}
    return office.dora.post(f"{office.base}/setup/business", known | typed)


def school(office: Office) -> School:
    return next(row for row in office.all(School) if row.id == office.school.id)


def upload(office: Office, content: bytes, filename: str = "logo.png") -> Any:
    return office.dora.post(
        f"{office.base}/setup/logo",
        {"logo": (BytesIO(content), filename)},
        content_type="multipart/form-data",
    )


def picture(size: tuple[int, int] = (600, 300), kind: str = "PNG", **more: Any) -> bytes:
    made = BytesIO()
    Image.new("RGB", size, "#1f6f78").save(made, kind, **more)
    return made.getvalue()


class TestSettings:
    def test_the_sections_stand_in_order(self, office: Office) -> None:
        """R102, PRODUCT 2.11"""
        page = words(office.dora.get(f"{office.base}/setup/business").text)

        headings = [
            "Business Settings", "Account Level Settings", "Registration and Login Settings", "Integration Options"
        ]  # fmt: skip
        assert sorted(headings, key=page.index) == headings

    def test_what_was_saved_stands_in_the_form_and_in_the_audit(self, office: Office) -> None:
        typed = {
            "name": "Linden — Ælfric's <School>", "address": "1 Elm St\nTown", "sender_name": "Linden, Office",
            "reply_to": "office@linden.example", "support_address": "help@linden.example", "link_days": "3",
            "date_format": "dmy", "time_format": "24", "names": "last",
        }  # fmt: skip

        answer = save(office, **typed)
        page = office.dora.get(f"{office.base}/setup/business").text

        assert answer.status_code == 303
        assert "Linden — Ælfric&#39;s &lt;School&gt;" in page
        assert "1 Elm St\nTown</textarea>" in page
        assert 'value="dmy" selected' in page
        assert "school.settings" in {row.action for row in office.all(Audit)}
        assert school(office).link_days == 3

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("sender_name", "Linden\r\nBcc: all@evil.example"),
            ("sender_name", "=?utf-8?Q?=0A?=Bcc: i@e.com"),
            ("sender_name", "Linden <evil@evil.example>"),
            ("reply_to", "a@b.example, c@d.example"),
            ("reply_to", "a@b.example\nBcc: c@d.example"),
            ("support_address", "javascript:alert(1)"),
            ("name", ""),
            ("name", "x" * 201),
            ("link_days", "31"),
            ("link_days", "0"),
            ("slug", "../s"),
            ("slug", "static"),
            ("date_format", "ymd"),
            ("time_format", "25"),
        ],
    )
    def test_what_cannot_be_used_is_refused_at_its_field(self, office: Office, field: str, value: str) -> None:
        """RELIABILITY T20, D12"""
        before = school(office).model_dump()

        answer = save(office, **{field: value})

        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text or 'role="alert"' in answer.text
        assert school(office).model_dump() == before

    def test_another_url_wants_a_free_name_and_the_former_one_leads_on(self, office: Office) -> None:
        """PRODUCT 1.2: links in mails and on paper, of families and of the office, with all that they ask for."""
        with office.arranged() as session:
            taken = make_school(session, slug="taken")
            stored(session, FormerSchool(slug="taken-before", school_id=taken.id or 0))
        former, stranger, event = office.school.slug, Browser(office.app), office.event.slug

        refused = [save(office, slug=slug) for slug in ("taken", "taken-before", "logout")]
        moved = save(office, slug="linden-park")

        assert [answer.status_code for answer in refused] == [422] * 3
        assert all("Choose another" in words(answer.text) for answer in refused)
        assert moved.location == "/s/linden-park/setup/business"
        assert office.dora.get("/s/linden-park/setup/business").status_code == 200
        assert stranger.get(f"/linden-park/{event}/").status_code == 200
        assert stranger.get(f"/{former}/{event}/?a=1").location == f"/linden-park/{event}/?a=1"
        assert stranger.get(f"/{former}/").location == "/linden-park/"
        assert office.dora.get(f"/s/{former}/events").location == "/s/linden-park/events"
        assert office.dora.post(f"/s/{former}/setup/business", {"name": "X"}).status_code == 404

    def test_back_to_the_former_url_nothing_leads_in_a_circle(self, office: Office) -> None:
        former = office.school.slug
        save(office, slug="linden-park")

        back = office.dora.post("/s/linden-park/setup/business", {"name": "Linden", "slug": former, "link_days": "7"})

        assert back.location == f"/s/{former}/setup/business"
        assert office.dora.get(f"/s/{former}/events").status_code == 200
        assert office.dora.get("/s/linden-park/events").location == f"/s/{former}/events"
        assert [(row.slug, row.school_id) for row in office.all(FormerSchool)] == [("linden-park", office.school.id)]


class TestWhatFollows:
    def test_dates_and_times_are_written_so_on_pages(self, office: Office) -> None:
        """PRODUCT 1.2"""
        office.slots(office.folake, 1)
        path = office.path("?date=2026-12-03")

        before = words(office.dora.get(path).text)
        save(office, date_format="dmy", time_format="24")
        after = words(office.dora.get(path).text)

        assert "Dec 3" in before
        assert "4 PM" in before
        assert "3 Dec" in after
        assert "16:00" in after
        assert "4 PM" not in after

    def test_and_on_the_families_pages_before_anybody_signed_in(self, office: Office) -> None:
        with office.arranged() as session:
            other = make_school(session)
        office.set(closes_at=datetime(2026, 12, 1, 22, 30, tzinfo=office.now.tzinfo))
        path = f"/{office.school.slug}/{office.event.slug}/"

        save(office, date_format="dmy", time_format="24")
        page = words(Browser(office.app).get(path).text)
        Browser(office.app).get(f"/{other.slug}/")

        assert "1 Dec" in page
        assert "16:30" in page

    def test_mails_say_it_so_and_come_from_the_school(self, office: Office) -> None:
        """PRODUCT 1.2, RELIABILITY T20"""
        save(office, date_format="dmy", time_format="24", sender_name="Linden, Office", reply_to="o@linden.example")
        [slot] = office.slots(office.folake, 1)
        office.booked(slot)
        deliver_mail(office.app)

        [mail] = office.app.extensions["confab"].providers.mailer.sent_to(office.alice.email)
        assert "3 December" in mail.text
        assert "16:00" in mail.text
        assert (mail.sender_name, mail.reply_to) == ("Linden, Office", "o@linden.example")

    def test_a_test_mail_is_what_a_family_would_be_mailed(self, office: Office) -> None:
        """PRODUCT 1.2"""
        save(office, date_format="dmy", time_format="24", sender_name="Linden, Office", reply_to="o@linden.example")
        office.booked(*office.slots(office.folake, 1))
        office.dora.post(office.path("settings/notifications/confirmation/test"), {})
        deliver_mail(office.app)

        mails = office.app.extensions["confab"].providers.mailer.sent
        [test] = [mail for mail in mails if mail.subject.startswith("Test: ")]
        [family] = office.app.extensions["confab"].providers.mailer.sent_to(office.alice.email)
        assert "3 December" in test.text
        assert "16:00" in test.text
        assert (test.text, test.sender_name, test.reply_to) == (family.text, family.sender_name, family.reply_to)

    def test_names_are_written_last_first_everywhere_and_back(self, office: Office) -> None:
        """PRODUCT 1.2: Display Contact Name As; what the office has named otherwise keeps its name."""
        with office.arranged() as session:
            team = [session.get_one(Contact, row.id) for row in office.all(Contact) if row.teacher_ref]
            make_resource(session, office.event, *team, name="Folake Adeyemi, Hugh Barlow")
            make_resource(session, office.event, team[0], name="Room of Silence")

        save(office, names="last")
        last = [row.name for row in office.all(Resource)]
        page = office.dora.get(f"{office.base}/setup/contacts").text
        save(office, names="first")

        assert last == ["Adeyemi, Folake", "Barlow, Hugh", "Adeyemi, Folake; Barlow, Hugh", "Room of Silence"]
        assert "Adeyemi, Folake" in page
        assert [row.name for row in office.all(Resource)][:2] == ["Folake Adeyemi", "Hugh Barlow"]

    def test_another_school_s_names_and_resources_stay(self, office: Office) -> None:
        """RELIABILITY T6"""
        with office.arranged() as session:
            other = make_school(session)
            make_contact(session, other, "Zoe", "Zimmer")

        save(office, names="last", date_format="dmy")

        foreign = next(row for row in office.all(School) if row.id == other.id)
        assert (foreign.names_last_first, foreign.date_format) == (False, "")


class TestLogo:
    def test_a_picture_becomes_a_small_png_of_our_own(self, office: Office) -> None:
        """ADMIN-011"""
        upload(office, picture(kind="JPEG", comment=b"<script>alert(1)</script>"), "logo.php")
        [row] = office.all(Logo)
        address = f"/logo/{office.school.slug}/{row.digest}.png"
        answer = Browser(office.app).get(address)

        assert answer.headers["Content-Type"] == "image/png"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert Image.open(BytesIO(answer.data)).size == (320, 160)
        assert b"script" not in answer.data
        assert address in Browser(office.app).get(f"/{office.school.slug}/{office.event.slug}/").text

    def test_a_polyglot_keeps_nothing_of_its_other_half(self, office: Office) -> None:
        """ADMIN-011"""
        upload(office, picture(kind="GIF") + b"<html><script>alert(1)</script>")

        assert b"script" not in office.all(Logo)[0].picture

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "Use a PNG, JPEG"),
            (b"<?php phpinfo();", "Use a PNG, JPEG"),
            (b"", "Use a PNG, JPEG"),
            (picture()[:60], "Use a PNG, JPEG"),
            (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "Use a PNG, JPEG"),
        ],
        ids=["svg", "php", "empty", "cut", "broken"],
    )
    def test_what_is_no_picture_of_a_known_kind_is_refused(self, office: Office, content: bytes, said: str) -> None:
        """ADMIN-009"""
        answer = upload(office, content, "logo.svg")

        assert answer.status_code == 422
        assert said in words(answer.text)
        assert office.all(Logo) == []

    def test_a_large_file_is_not_looked_into(self) -> None:
        with pytest.raises(Invalid, match="at most 2 megabytes"):
            drawn_anew(picture() + b"x" * 2 * 1024 * 1024)

    @pytest.mark.parametrize("side", [5000, 60000])
    def test_a_bomb_is_not_unfolded(self, office: Office, side: int) -> None:
        answer = upload(office, bomb(side))

        assert answer.status_code == 422
        assert office.all(Logo) == []

    def test_it_can_be_replaced_and_removed(self, office: Office) -> None:
        upload(office, picture())
        old = school(office).logo_digest
        upload(office, picture((100, 100)))
        new = school(office).logo_digest
        office.dora.post(f"{office.base}/setup/logo/remove")

        assert old != new
        assert school(office).logo_digest == ""
        for digest in (old, new, "0" * 20):
            assert Browser(office.app).get(f"/logo/{office.school.slug}/{digest}.png").status_code == 404

    def test_transparency_and_small_pictures_are_kept(self) -> None:
        made = BytesIO()
        Image.new("RGBA", (40, 20), (0, 0, 0, 0)).save(made, "PNG")

        again = Image.open(BytesIO(drawn_anew(made.getvalue())))

        assert (again.size, again.getpixel((0, 0))) == ((40, 20), (0, 0, 0, 0))


def bomb(side: int) -> bytes:
    """A small file that says it is of so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
