"""Tests of claiming a child by student ID and security value."""

from app import Browser
from factories import make_event, make_school, make_student
from households import Households, text_of

from webapp.models import Audit, Guardian
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
