"""The office prints codes for families: for the school, a class, or one student, as a file of slips."""

import io
import re
from collections.abc import Iterator
from datetime import datetime

import pytest
from households import Households, play, text_of
from online_office import time_stands_at
from pypdf import PdfReader

from webapp.db import Database
from webapp.models import Audit, ClaimCode

CODE = r"\b[3-9A-Y]{5}-[3-9A-Y]{5}\b"


@pytest.fixture
def homes(database: Database, now: datetime) -> Iterator[Households]:
    with time_stands_at(now):
        played = play(database, now=now)
        yield played
        played.close()


def page(homes: Households) -> str:
    return f"/s/{homes.school.slug}/students/codes"


def printed(homes: Households, **form: object) -> str:
    answer = homes.browser("dora").post(page(homes), form)
    assert answer.status_code == 200, text_of(answer.text)
    assert answer.mimetype == "application/pdf"
    reader = PdfReader(io.BytesIO(answer.data))
    return " ".join(" ".join(one.extract_text().split()) for one in reader.pages)


def test_one_file_has_a_slip_for_each_student_with_the_schools_own_address(homes: Households) -> None:
    slips = printed(homes)

    assert all(name in slips for name in ("Leo Alvarez", "Mia Alvarez", "Zoe Novak"))
    assert slips.count(f"http://localhost/{homes.school.slug}/") == 3
    assert len(set(re.findall(CODE, slips))) == 3
    assert len(homes.all(ClaimCode)) == 3


def test_what_is_printed_is_what_a_family_types(homes: Households) -> None:
    [code] = re.findall(CODE, printed(homes, student=homes.children["zoe"].id, language="de"))

    claimed = homes.browser("dora").post(f"{homes.base}/children/code", {"code": code})

    assert claimed.status_code == 303
    assert "Zoe Novak" in homes.browser("dora").get(f"{homes.base}/children").text


def test_a_look_at_the_page_makes_no_code_and_the_students_page_leads_to_it(homes: Households) -> None:
    dora, number = homes.browser("dora"), homes.children["mia"].id

    whole, single = dora.get(page(homes)), dora.get(f"{page(homes)}?student={number}")

    assert "The whole school, 3 students" in text_of(whole.text)
    assert "No code was printed yet." in text_of(single.text)
    assert f"{page(homes)}?student={number}" in dora.get(f"/s/{homes.school.slug}/students/{number}").text
    assert homes.all(ClaimCode) == []


def test_renewing_is_asked_for_and_stands_in_the_audit_without_a_code(homes: Households) -> None:
    before = printed(homes)
    again, renewed = printed(homes), printed(homes, renew="1")

    assert before == again != renewed
    rows = [row for row in homes.all(Audit) if row.action == "codes.print"]
    assert ['"renewed": true' in row.detail for row in rows] == [False, False, True]
    assert not re.search(CODE, " ".join(row.detail for row in rows))


def test_for_nobody_no_file_is_made(homes: Households) -> None:
    dora = homes.browser("dora")

    nobody = dora.post(page(homes), {"class_id": 2147483000})
    odd = dora.post(page(homes), {"class_id": "x", "language": "tlh"})

    assert nobody.status_code == odd.status_code == 422
    assert "There is no student to print a code for." in text_of(nobody.text)
    assert dora.post(page(homes), {"student": 2147483000}).status_code == 404
