"""A family is asked for each appointment what the event asks, without JavaScript, and nothing typed is lost."""

from typing import Any

import pytest
from households import Households, form_of, text_of
from sqlmodel import select

from webapp.models import Answer, Appointment, AppointmentField, Contact, Service

TOPIC, LANGUAGE = "What would you like to talk about?", "Interpreter <b>"


@pytest.fixture
def asking(homes: Households) -> Households:
    """The event has services, a question that must be answered and a choice."""
    with homes.database.transaction() as session:
        ties: dict[str, Any] = {"school_id": homes.school.id, "event_id": homes.event.id}
        session.add_all([Service(**ties, name="Report"), Service(**ties, name="Virtual")])
        session.add(AppointmentField(**ties, label=TOPIC, is_required=True))
        session.add(AppointmentField(**ties, label=LANGUAGE, kind="choice", options="none\nEspañol"))
    homes.change(asks_questions=True)
    return homes


def sent(asking: Households, page: str, **answers: str) -> dict[str, list[str]]:
    """The form of the page as a browser would send it, with the answers to its first appointment filled in."""
    form = form_of(page, f"{asking.base}/book")
    pick = form["pick"][0].rsplit(".", 1)[0]
    with asking.database.reading() as session:
        services = {service.name: service.id for service in session.exec(select(Service))}
        fields = {field.label: field.id for field in session.exec(select(AppointmentField))}
    if "service" in answers:
        form[f"service-{pick}"] = [str(services[answers["service"]])]
    if "topic" in answers:
        form[f"q{fields[TOPIC]}-{pick}"] = [answers["topic"]]
    if "language" in answers:
        form[f"q{fields[LANGUAGE]}-{pick}"] = [answers["language"]]
    return form


def check_page(asking: Households, pick: str) -> str:
    answer = asking.browser("alice").get(asking.check(pick))
    assert answer.status_code == 200
    return str(answer.text)


def test_what_was_answered_is_kept_with_the_appointment_and_shown_to_the_office(asking: Households) -> None:
    """PRODUCT 1.10, 2.16"""
    page = check_page(asking, asking.pick("leo", "Jonas", 0))

    answer = asking.browser("alice").post(
        f"{asking.base}/book", sent(asking, page, service="Report", topic="  Reading\tand <i>  ", language="Español")
    )

    assert answer.status_code == 303, answer.text
    [booked] = asking.standing()
    assert booked.service == "Report"
    assert [(a.label, a.text) for a in asking.all(Answer)] == [(TOPIC, "Reading and <i>"), (LANGUAGE, "Español")]
    office = asking.browser("dora").get(f"/s/{asking.school.slug}/e/{asking.event.id}/a/{booked.id}").text
    assert "Service Report" in text_of(office)
    assert "Reading and &lt;i&gt;" in office
    assert "online. Report" in text_of(asking.browser("alice").get(f"{asking.base}/mine").text)


def test_what_is_missing_is_said_at_its_field_and_the_rest_stays(asking: Households) -> None:
    page = check_page(asking, asking.pick("leo", "Jonas", 0))

    answer = asking.browser("alice").post(f"{asking.base}/book", sent(asking, page, service="Virtual", language="none"))

    assert (answer.status_code, asking.standing()) == (422, [])
    assert "Some questions are not answered yet." in text_of(answer.text)
    assert "Fill this in." in text_of(answer.text)
    assert "<option selected>none</option>" in answer.text.replace("<option  ", "<option ")
    assert "autofocus" in answer.text


def test_the_name_that_a_new_family_typed_stays_when_an_answer_is_missing(asking: Households) -> None:
    with asking.database.transaction() as session:
        alice = session.get_one(Contact, asking.people["alice"].id)
        alice.first = alice.last = ""
    page = check_page(asking, asking.pick("leo", "Jonas", 0))

    typed = sent(asking, page) | {"first": "Alicia", "last": "Álvarez"}
    refused = asking.browser("alice").post(f"{asking.base}/book", typed)

    assert refused.status_code == 422
    again = form_of(refused.text, f"{asking.base}/book")
    assert (again["first"], again["last"]) == (["Alicia"], ["Álvarez"])


def test_a_listed_answer_with_a_tab_or_two_blanks_inside_can_be_chosen(asking: Households) -> None:
    """PRODUCT 1.10: browsers send one blank for them."""
    with asking.database.transaction() as session:
        field = session.exec(select(AppointmentField).where(AppointmentField.label == LANGUAGE)).one()
        field.options = "none\nEspañol  de\tMéxico"
    page = check_page(asking, asking.pick("leo", "Jonas", 0))

    form = sent(asking, page, service="Report", topic="x", language="Español de México")
    answer = asking.browser("alice").post(f"{asking.base}/book", form)

    assert answer.status_code == 303
    assert "Español de México" in [answer.text for answer in asking.all(Answer)]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"topic": "x"}, "Choose one."),
        ({"service": "Report", "topic": "x" * 1001}, "at most 1000 characters"),
        ({"service": "Report", "topic": "x", "language": "Klingon"}, "Choose one of the list."),
        ({"service": "Report", "topic": "a\u202eb"}, "without invisible characters"),
        ({"service": "Report", "topic": "   "}, "Fill this in."),
    ],
)
def test_answers_that_cannot_be_are_refused(asking: Households, answers: dict[str, str], said: str) -> None:
    """BOOK-022"""
    page = check_page(asking, asking.pick("leo", "Jonas", 0))

    answer = asking.browser("alice").post(f"{asking.base}/book", sent(asking, page, **answers))

    assert (answer.status_code, asking.standing()) == (422, [])
    assert said in text_of(answer.text)


def test_an_answer_is_taken_as_phones_and_other_scripts_write_it(asking: Households) -> None:
    """BOOK-022: what joins letters, or makes one emoji of several, is no invisible character."""
    page = check_page(asking, asking.pick("leo", "Jonas", 0))
    topic = "می\u200cخواهم 👩\u200d🏫"

    answer = asking.browser("alice").post(
        f"{asking.base}/book", sent(asking, page, service="Report", topic=topic.replace(" ", "\u00a0"))
    )

    assert answer.status_code == 303, answer.text
    assert [kept.text for kept in asking.all(Answer)] == [topic]


def test_a_lost_time_keeps_what_was_answered(asking: Households) -> None:
    """BOOK-001: 409 with what was typed; on to the last step again, it stands there."""
    page = check_page(asking, asking.pick("leo", "Jonas", 0))
    zoe = check_page_of_charlie(asking)
    asking.browser("charlie").post(f"{asking.base}/book", sent(asking, zoe, service="Report", topic="Zoe"))

    lost = asking.browser("alice").post(f"{asking.base}/book", sent(asking, page, service="Report", topic="Fractions"))
    form = form_of(lost.text, f"{asking.base}/times")
    pick = asking.pick("leo", "Jonas")
    again = asking.browser("alice").post(f"{asking.base}/times", form | {f"t-{pick}": [asking.slots["Jonas"][3].token]})

    assert lost.status_code == 409
    assert again.status_code == 200
    assert 'value="Fractions"' in again.text


def check_page_of_charlie(asking: Households) -> str:
    return str(asking.browser("charlie").get(asking.check(asking.pick("zoe", "Jonas", 0))).text)


def test_a_removed_service_is_offered_no_more_and_past_bookings_keep_its_text(asking: Households) -> None:
    """R79, R80"""
    page = check_page(asking, asking.pick("leo", "Jonas", 0))
    form = sent(asking, page, service="Report", topic="x")
    asking.browser("alice").post(f"{asking.base}/book", form)
    second = check_page(asking, asking.pick("mia", "Petra", 3))
    late = sent(asking, second, service="Report", topic="y")
    with asking.database.transaction() as session:
        session.delete(session.exec(select(Service).where(Service.name == "Report")).one())
        for field in session.exec(select(AppointmentField)):
            field.is_used = False

    answer = asking.browser("alice").post(f"{asking.base}/book", late)

    assert answer.status_code == 422
    assert "This is not offered any more." in text_of(answer.text)
    assert TOPIC not in answer.text
    assert [a.service for a in asking.all(Appointment)] == ["Report"]
    assert [a.text for a in asking.all(Answer)] == ["x"]


def test_a_service_named_virtual_makes_no_meeting(asking: Households) -> None:
    """R74: the slot is in person."""
    page = check_page(asking, asking.pick("mia", "Petra", 0))

    asking.browser("alice").post(f"{asking.base}/book", sent(asking, page, service="Virtual", topic="x"))

    [booked] = asking.standing()
    assert (booked.service, booked.is_virtual, asking.current_meetings()) == ("Virtual", False, [])


def test_an_event_that_asks_nothing_looks_for_no_questions(homes: Households) -> None:
    page = check_page(homes, homes.pick("leo", "Jonas", 0))

    assert "What the appointment is for" not in page
