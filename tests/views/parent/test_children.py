"""Tests of claiming a child by student ID and security value or by a printed code, and of letting go of one."""

from app import Browser
from factories import LONG_AGO, make_event, make_school, make_student
from households import Households, form_of, text_of

from webapp.models import Audit, Guardian
from webapp.services.people.claim_codes import codes_of
from webapp.services.people.contact_log import log_of


def claim(homes: Households, browser: Browser, student_ref: str, value: str) -> tuple[int, str]:
    answer = browser.post(f"{homes.base}/children", {"student_ref": student_ref, "security_value": value})
    return answer.status_code, text_of(answer.text)


def guardians(homes: Households) -> set[tuple[int, int]]:
    return {(row.contact_id, row.student_id) for row in homes.all(Guardian)}


def test_a_parent_without_a_child_is_asked_for_one_and_goes_on_to_the_teachers(homes: Households) -> None:
    dora, mia = homes.browser("dora"), homes.children["mia"]
    assert dora.get(f"{homes.base}/teachers").location == f"{homes.base}/children"

    added = dora.post(f"{homes.base}/children", {"student_ref": f" {mia.student_ref} ", "security_value": "2016-5-4"})

    assert added.location == f"{homes.base}/teachers"
    assert "Folake Adeyemi" in dora.get(f"{homes.base}/teachers").text
    assert (homes.people["dora"].id, mia.id) in guardians(homes)


def test_a_wrong_value_an_unknown_id_and_another_schools_child_get_the_same_answer(homes: Households) -> None:
    with homes.database.transaction() as session:
        foreign = make_student(session, make_school(session), "Zoe")
    dora, before = homes.browser("dora"), guardians(homes)

    answers = {
        claim(homes, dora, homes.children["mia"].student_ref, "2016-05-05"),
        claim(homes, dora, "nobody", "2016-05-04"),
        claim(homes, dora, foreign.student_ref, foreign.security_value),
        claim(homes, dora, homes.children["mia"].student_ref, ""),
    }

    assert len({status for status, _ in answers}) == 1
    assert all("No child with this ID and security value." in words for _, words in answers)
    assert guardians(homes) == before


def test_a_value_with_invisible_characters_is_refused_at_its_field(homes: Households) -> None:
    status, words = claim(homes, homes.browser("dora"), "S1\u200bX", "2016")

    assert status == 422
    assert "without invisible characters" in words


def test_guessing_ends_after_ten_tries_an_hour_even_for_the_right_value(homes: Households) -> None:
    dora, mia = homes.browser("dora"), homes.children["mia"]
    for _ in range(10):
        assert claim(homes, dora, mia.student_ref, "guess")[0] == 422

    status, words = claim(homes, dora, mia.student_ref, mia.security_value)

    assert status == 429
    assert "Too many tries." in words
    assert (homes.people["dora"].id, mia.id) not in guardians(homes)


def test_of_one_child_all_families_together_guess_ten_times_an_hour(homes: Households) -> None:
    mia, before = homes.children["mia"], guardians(homes)
    for name in ("dora", "charlie"):
        for _ in range(5):
            assert claim(homes, homes.browser(name), mia.student_ref, "guess")[0] == 422

    answers = [claim(homes, homes.browser("charlie"), ref, mia.security_value)[0] for ref in (mia.student_ref, "S0")]

    assert answers == [429, 422]
    assert guardians(homes) == before


def test_a_simple_event_asks_for_no_roster_child(homes: Households) -> None:
    with homes.database.transaction() as session:
        simple = make_event(session, homes.school, type="simple_pta")
    base = f"/{homes.school.slug}/{simple.slug}"

    assert homes.browser("alice").get(f"{base}/children").location == f"{base}/teachers"


def test_the_office_sees_in_the_log_who_claimed_a_child_and_who_guessed(homes: Households) -> None:
    dora, mia = homes.browser("dora"), homes.children["mia"]

    claim(homes, dora, mia.student_ref, "a-guess")
    claim(homes, dora, mia.student_ref, mia.security_value)
    claim(homes, dora, mia.student_ref, mia.security_value)

    with homes.database.reading() as session:
        said = [happened.said for happened in log_of(session, homes.people["dora"])]
    assert said.count("Student linked") == 1
    assert said.count("Asked for a child with a wrong ID or security value") == 1
    assert not [row for row in homes.all(Audit) if "a-guess" in row.detail or mia.student_ref in row.detail]


def by_code(homes: Households, browser: Browser, code: str) -> tuple[int, str]:
    answer = browser.post(f"{homes.base}/children/code", {"code": code})
    return answer.status_code, text_of(answer.text)


def code_for(homes: Households, child: str) -> str:
    number = homes.children[child].id or 0
    with homes.database.transaction() as session:
        return codes_of(session, homes.school.id or 0, [number], now=LONG_AGO)[number]


def test_the_code_on_the_schools_paper_claims_the_child(homes: Households) -> None:
    dora, code = homes.browser("dora"), code_for(homes, "mia")
    assert "Or with the code from the school" in text_of(dora.get(f"{homes.base}/children").text)

    added = dora.post(f"{homes.base}/children/code", {"code": code.lower()})

    assert added.location == f"{homes.base}/teachers"
    assert (homes.people["dora"].id, homes.children["mia"].id) in guardians(homes)


def test_a_wrong_code_is_refused_at_its_field_kept_and_noted(homes: Households) -> None:
    dora = homes.browser("dora")
    code_for(homes, "mia")

    answer = dora.post(f"{homes.base}/children/code", {"code": "AAAAA-AAAAA"})

    assert answer.status_code == 422
    assert "This code is not right, or does not work any more." in text_of(answer.text)
    assert 'aria-describedby="letter-code-h letter-code-err"' in answer.text
    assert form_of(answer.text, f"{homes.base}/children/code")["code"] == ["AAAAA-AAAAA"]
    with homes.database.reading() as session:
        [noted] = [one for one in log_of(session, homes.people["dora"]) if one.said.startswith("Asked for a child")]
    assert "AAAAA" not in f"{noted}"


def test_codes_and_security_values_are_guessed_ten_times_an_hour_together(homes: Households) -> None:
    dora, code = homes.browser("dora"), code_for(homes, "mia")
    for n in range(10):
        status, _ = by_code(homes, dora, "AAAAA-AAAAA") if n % 2 else claim(homes, dora, "S1", "guess")
        assert status == 422

    assert by_code(homes, dora, code)[0] == 429
    assert (homes.people["dora"].id, homes.children["mia"].id) not in guardians(homes)


def test_who_claimed_a_child_by_mistake_lets_go_of_it_and_the_office_sees_it(homes: Households) -> None:
    dora, mia = homes.browser("dora"), homes.children["mia"]
    claim(homes, dora, mia.student_ref, mia.security_value)
    address = f"{homes.base}/children/{mia.token}/remove"
    assert address in dora.get(f"{homes.base}/children").text
    asked = dora.get(address)
    assert "Remove this child?" in text_of(asked.text)
    assert (homes.people["dora"].id, mia.id) in guardians(homes)

    form = form_of(asked.text, address)
    removed, twice = dora.post(address, form), dora.post(address, form)

    assert removed.location == twice.location == f"{homes.base}/children"
    assert (homes.people["dora"].id, mia.id) not in guardians(homes)
    assert dora.get(address).status_code == dora.post(address, {"key": homes.key()}).status_code == 404
    with homes.database.reading() as session:
        assert [one.said for one in log_of(session, homes.people["dora"])][:2] == ["Student unlinked", "Student linked"]


def test_a_child_with_a_coming_appointment_stays_until_it_is_cancelled(homes: Households) -> None:
    dora, mia = homes.browser("dora"), homes.children["mia"]
    claim(homes, dora, mia.student_ref, mia.security_value)
    booked = homes.booked("dora", homes.pick("mia", "Petra", 0))
    address = f"{homes.base}/children/{mia.token}/remove"

    refused = dora.post(address, {"key": homes.key()})
    dora.post(f"{homes.base}/a/{booked.token}/cancel", {"key": homes.key()})
    removed = dora.post(address, {"key": homes.key()})

    assert refused.status_code == 409
    assert "You have an appointment for Mia Alvarez. Cancel it first." in text_of(refused.text)
    assert removed.status_code == 303


def test_what_the_school_tied_stays_and_anothers_child_is_not_found(homes: Households) -> None:
    alice, mia, zoe = homes.browser("alice"), homes.children["mia"], homes.children["zoe"]
    page = alice.get(f"{homes.base}/children").text

    refused = alice.post(f"{homes.base}/children/{mia.token}/remove", {"key": homes.key()})

    assert "/remove" not in page
    assert refused.status_code == 409
    assert "The school has linked this child to you." in text_of(refused.text)
    assert (homes.people["alice"].id, mia.id) in guardians(homes)
    its = f"{homes.base}/children/{zoe.token}/remove"
    assert alice.get(its).status_code == alice.post(its, {"key": homes.key()}).status_code == 404
