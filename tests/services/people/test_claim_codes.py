"""A code on the school's paper lets two households claim the child, and nobody who guesses."""

import re
from datetime import datetime

import pytest
from factories import LONG_AGO, make_class, make_contact, make_school, make_student, make_teacher
from sqlmodel import Session, col, select
from threads import at_once

from webapp.db import Database
from webapp.errors import NotFound
from webapp.models import Audit, ClaimCode, Contact, Guardian, School, Student
from webapp.services.people import claim_codes
from webapp.services.people.claim_codes import LETTERS, NoSuchCode, claim_by_code
from webapp.services.people.print_codes import CodesInput, NobodyMeant, choice_of, slips_of
from webapp.services.system.audit import SYSTEM
from webapp.services.system.vault import Vault

pytestmark = pytest.mark.both_databases


def codes(session: Session, school: School, **chosen: object) -> dict[str, str]:
    """By name, as they stand on the slips."""
    slips = slips_of(session, school, CodesInput(**chosen), who=SYSTEM, now=LONG_AGO)
    return {slip.name: slip.code for slip in slips}


def claim(session: Session, contact: Contact, code: str) -> Student:
    return claim_by_code(session, contact, code, who=SYSTEM, now=LONG_AGO)


@pytest.fixture
def school(session: Session) -> School:
    return make_school(session)


@pytest.fixture
def mia(session: Session, school: School) -> Student:
    return make_student(session, school, security_value="")


def test_the_code_ties_the_child_however_it_is_typed(session: Session, school: School, mia: Student) -> None:
    code = codes(session, school)["Mia Alvarez"]
    alice, bob = make_contact(session, school), make_contact(session, school, "Bob")

    assert claim(session, alice, f" {code.lower().replace('-', ' ')} ") is mia
    assert claim(session, bob, code.replace("-", "")) is mia

    assert re.fullmatch(f"[{LETTERS}]{{5}}-[{LETTERS}]{{5}}", code)
    assert {tie.contact_id for tie in session.exec(select(Guardian)).all() if tie.claimed_at} == {alice.id, bob.id}


def test_two_households_use_a_code_once_or_often_and_a_third_does_not(
    session: Session, school: School, mia: Student
) -> None:
    code = codes(session, school)["Mia Alvarez"]
    alice, bob, charlie = (make_contact(session, school, name) for name in ("Alice", "Bob", "Charlie"))

    for parent in (alice, alice, bob, alice, bob):
        claim(session, parent, code)

    with pytest.raises(NoSuchCode):
        claim(session, charlie, code)
    assert session.exec(select(ClaimCode.uses)).one() == 2


def test_printed_again_it_is_the_same_and_renewed_the_paper_is_worthless(
    session: Session, school: School, mia: Student
) -> None:
    alice = make_contact(session, school)
    first, again = codes(session, school), codes(session, school, student=mia.id)
    claim(session, alice, first["Mia Alvarez"])

    new = codes(session, school, renew=True)

    assert first == again != new
    for parent in (alice, make_contact(session, school, "Bob")):
        with pytest.raises(NoSuchCode):
            claim(session, parent, first["Mia Alvarez"])
    assert session.exec(select(ClaimCode.uses)).one() == 0


@pytest.mark.parametrize("spoil", ["", "x", "0" * 10, "٣" * 10, "A" * 40, "AAAA-AAAAAA' OR 1=1", "\u202eAB"])
def test_what_is_no_code_is_told_as_a_wrong_one(session: Session, school: School, mia: Student, spoil: str) -> None:
    codes(session, school)

    with pytest.raises(NoSuchCode) as caught:
        claim(session, make_contact(session, school), spoil)

    assert caught.value.field == "code"


def test_one_letter_beside_it_is_wrong(session: Session, school: School, mia: Student) -> None:
    code = codes(session, school)["Mia Alvarez"].replace("-", "")
    alice = make_contact(session, school)

    for n, letter in enumerate(code):
        other = LETTERS[(LETTERS.index(letter) + 1) % len(LETTERS)]
        with pytest.raises(NoSuchCode):
            claim(session, alice, code[:n] + other + code[n + 1 :])

    assert session.exec(select(Guardian)).all() == []


def test_a_code_is_good_in_its_own_school_only(session: Session, school: School, mia: Student) -> None:
    """T6: also where the other school has a code that begins alike."""
    other = make_school(session)
    zoe = make_student(session, other, "Zoe")
    code = codes(session, school)["Mia Alvarez"]
    codes(session, other)
    session.exec(select(ClaimCode).where(ClaimCode.student_id == zoe.id)).one().beginning = code[:4]
    session.flush()

    with pytest.raises(NoSuchCode):
        claim(session, make_contact(session, other), code)


def test_neither_the_row_nor_a_backup_tells_the_code_and_a_former_key_is_good_while_it_is_kept(
    session: Session, school: School, mia: Student
) -> None:
    """RELIABILITY T30: what is stored is four letters of ten."""
    old = codes(session, school)["Mia Alvarez"]
    alice, bob = make_contact(session, school), make_contact(session, school, "Bob")
    former, new = session.info["vault"], "another-key-of-the-installation-0123456789"

    session.info["vault"] = Vault([new, "tests-only-token-key-0123456789abcdef"])
    assert codes(session, school)["Mia Alvarez"] != old
    session.info["vault"] = Vault([new])
    with pytest.raises(NoSuchCode):
        claim(session, alice, old)

    session.info["vault"] = former
    claim(session, bob, old)
    assert old.replace("-", "")[4:] not in str(session.exec(select(ClaimCode)).one().model_dump())


def test_a_class_or_the_whole_roster_gets_slips_by_name_and_who_left_gets_none(
    session: Session, school: School, mia: Student
) -> None:
    leo, _gone = make_student(session, school, "Leo"), make_student(session, school, "Ada", absent_since=LONG_AGO)
    klass = make_class(session, school, make_teacher(session, school), leo)
    make_student(session, make_school(session), "Zoe")

    choice = choice_of(session, school.id or 0)

    assert list(codes(session, school)) == ["Leo Alvarez", "Mia Alvarez"]
    assert list(codes(session, school, class_id=klass.id)) == ["Leo Alvarez"]
    assert [(row.id, n) for row, n in choice.classes] == [(klass.id, 1)]
    assert choice.total == 2
    told = session.exec(select(Audit.subject).where(col(Audit.action) == "codes.print")).all()
    assert told == ["", f"class {klass.id}"]


def test_another_schools_students_and_classes_get_no_slips(session: Session, school: School, mia: Student) -> None:
    other = make_school(session)
    klass = make_class(session, school, make_teacher(session, school), mia)

    with pytest.raises(NotFound):
        codes(session, other, student=mia.id)
    with pytest.raises(NobodyMeant):
        codes(session, other, class_id=klass.id)


def test_where_all_beginnings_but_one_are_taken_nobody_gets_anothers(
    session: Session, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Ada", "Leo", "Mia"):
        make_student(session, school, name)
    drawn = iter(["AAAA", "AAAA", "BBBB", "AAAA", "CCCC", "CCCC", "DDDD"])
    monkeypatch.setattr(claim_codes, "_random", lambda: next(drawn))

    printed = codes(session, school)

    assert len({code[:4] for code in printed.values()}) == 3


def test_of_three_households_at_once_two_have_the_child(database: Database, now: datetime) -> None:
    """Whatever the moment, the database refuses a third."""
    with database.transaction() as session:
        school = make_school(session)
        make_student(session, school)
        parents = [make_contact(session, school, name) for name in ("Alice", "Bob", "Charlie")]
        code = codes(session, school)["Mia Alvarez"]

    def deed(parent: Contact) -> object:
        def alone() -> object:
            with database.transaction() as session:
                return claim(session, session.get_one(Contact, parent.id), code).id

        return alone

    came = at_once(*(deed(parent) for parent in parents))

    assert sorted(type(one).__name__ for one in came) == ["NoSuchCode", "int", "int"]
    with database.reading() as session:
        assert len(session.exec(select(Guardian)).all()) == 2
