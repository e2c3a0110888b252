"""A time in which the teacher is busy by their own calendar: families learn that it is not to be had, and no more."""

from factories import make_busy
from households import Households, text_of
from sqlmodel import select

from webapp.models import Contact, ResourceMember


def make_folake_busy(homes: Households, *, slot: int) -> None:
    with homes.database.transaction() as session:
        member = select(ResourceMember.contact_id).where(ResourceMember.resource_id == homes.teachers["Folake"].id)
        folake = session.get_one(Contact, session.exec(member).one())
        make_busy(session, folake, homes.slots["Folake"][slot].starts_at, 15, calendar_name="Chemotherapy")


def test_it_is_shown_as_not_available_and_cannot_be_chosen(homes: Households) -> None:
    """R35"""
    make_folake_busy(homes, slot=0)

    page = homes.browser("alice").get(f"{homes.base}/times?pick={homes.pick('mia', 'Folake')}").text

    [first] = [label for label in page.split("<label>") if homes.slots["Folake"][0].token in label]
    assert "disabled" in first
    assert "not available" in first
    assert "busy" not in first
    assert "Chemotherapy" not in page


def test_what_came_up_meanwhile_is_refused_and_the_next_best_is_offered(homes: Households) -> None:
    """R35"""
    make_folake_busy(homes, slot=0)

    answer = homes.book("alice", homes.pick("mia", "Folake", 0, "V"))

    said = text_of(answer.text)
    assert answer.status_code == 409
    assert "Thu, Dec 3, 4:00 PM with Folake Adeyemi is not available any more. Choose another time." in said
    assert "The next best is Thu, Dec 3, 4:15 PM." in said
    assert homes.standing() == []
