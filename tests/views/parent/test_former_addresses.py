"""A new custom name for the scheduling link: the former link goes on leading to the event."""

import pytest
from factories import make_event
from households import Households, text_of
from sqlmodel import select

from webapp.models import Event, FormerAddress


def rename(homes: Households, slug: str) -> int:
    """As the office saves UI Setup."""
    path = f"/s/{homes.school.slug}/e/{homes.event.id}/settings/ui-setup"
    typed = {"slug": slug, "opens_at": "2026-09-01T07:00", "allows_back_to_back": "1"}
    answer = homes.browser("dora").post(path, typed)
    return int(answer.status_code)


def slug_of(homes: Households) -> str:
    with homes.database.reading() as session:
        return session.get_one(Event, homes.event.id).slug


def test_a_former_link_leads_to_the_same_page_of_the_event(homes: Households) -> None:
    """PRODUCT 2.5: Scheduling Link, custom name."""
    assert rename(homes, " Früh 2027! ") == 303
    new = f"/{homes.school.slug}/fruh-2027"

    page = homes.browser("alice").get(f"{homes.base}/times?pick={homes.pick('leo', 'Jonas')}")
    landing = homes.browser("charlie").get(f"{homes.base}/")
    form = homes.browser("alice").post(f"{homes.base}/book", {"key": homes.key()})

    assert (page.status_code, page.location) == (302, f"{new}/times?pick={homes.pick('leo', 'Jonas')}")
    assert landing.location == f"{new}/"
    assert form.status_code == 404
    assert homes.browser("alice").get(page.location).status_code == 200


def test_back_to_the_former_name_nothing_leads_in_a_circle(homes: Households) -> None:
    first = slug_of(homes)
    rename(homes, "spring")

    assert rename(homes, first) == 303
    assert homes.browser("alice").get(f"{homes.base}/mine").status_code == 200
    assert homes.browser("alice").get(f"/{homes.school.slug}/spring/mine").location == f"{homes.base}/mine"
    assert [row.slug for row in homes.all(FormerAddress)] == ["spring"]


@pytest.mark.parametrize(("typed", "said"), [("Sign-In", "Confab uses the address"), ("!!!", "Use letters and digits")])
def test_a_name_that_is_ours_or_has_no_letter_is_refused_at_its_field(homes: Households, typed: str, said: str) -> None:
    before = slug_of(homes)
    path = f"/s/{homes.school.slug}/e/{homes.event.id}/settings/ui-setup"

    answer = homes.browser("dora").post(path, {"slug": typed})

    assert answer.status_code == 422
    assert said in text_of(answer.text.partition('id="ui-slug-err"')[2])
    assert slug_of(homes) == before


def test_an_address_that_leads_to_another_event_is_refused(homes: Households) -> None:
    """Also one that it had before: its mails still name it."""
    with homes.database.transaction() as session:
        other = make_event(session, homes.school, slug="other")
        session.add(FormerAddress(school_id=homes.school.id, slug="older", event_id=other.id))

    assert [rename(homes, "other"), rename(homes, "older")] == [422, 422]
    with homes.database.reading() as session:
        assert session.exec(select(FormerAddress.slug)).all() == ["older"]


@pytest.mark.parametrize("path", ["nowhere/", "nowhere/mine", "nowhere/a/x"])
def test_an_address_that_no_event_had_is_not_found(homes: Households, path: str) -> None:
    """URL-031"""
    assert homes.browser("alice").get(f"/{homes.school.slug}/{path}").status_code == 404
