"""What only a browser can tell: that a family left the form on which its times are held, in which zone it is, and
whether words fit."""

from collections.abc import Iterator

import pytest
from chromium import served
from households import Households
from playwright.sync_api import Browser, Page, expect

from webapp import i18n
from webapp.models import Appointment, AppointmentField

pytestmark = pytest.mark.browser

ELSEWHERE = "America/Los_Angeles"
TOO_WIDE = """() => [...document.querySelectorAll('.btn, .seg span, .times label > span')].filter(one => {
    const place = one.closest('.cards, .bar > div, main, body').getBoundingClientRect()
    const box = one.getBoundingClientRect()
    const isOut = box.left < place.left || box.right > place.right
    return box.width && (isOut || one.scrollWidth > one.clientWidth + 1)
}).map(one => one.textContent.trim())"""


@pytest.fixture
def address(homes: Households) -> Iterator[str]:
    with served(homes.app) as address:
        yield address


@pytest.fixture
def page(browser: Browser, homes: Households, address: str) -> Iterator[Page]:
    """A phone two hours west of the school, signed in as Alice."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, timezone_id=ELSEWHERE)
    cookie = homes.browser("alice").client.get_cookie("confab")
    assert cookie is not None
    context.add_cookies([{"name": "confab", "value": cookie.value, "url": address}])
    page = context.new_page()
    page.goto(f"{address}{homes.base}/teachers")
    yield page
    context.close()


def go_to_the_last_step(page: Page) -> None:
    page.get_by_label("Petra Dvořák").check()
    page.get_by_role("button", name="See times").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("We are holding these times for you until")).to_be_visible()


def rows(homes: Households) -> list[Appointment]:
    return [one for one in homes.all(Appointment) if one.cancelled_at is None]


def soon(page: Page, is_so: object) -> bool:
    for _ in range(50):
        if is_so():  # type: ignore[operator]
            return True
        page.wait_for_timeout(100)
    return False


@pytest.mark.parametrize("asks_for_more", [False, True])
def test_who_leaves_the_form_gives_its_times_back_at_once(page: Page, homes: Households, asks_for_more: bool) -> None:
    """PRODUCT 3.6: also after they were held for longer."""
    go_to_the_last_step(page)
    assert [one.held_until is not None for one in rows(homes)] == [True]
    if asks_for_more:
        with page.expect_response(lambda answer: "/hold/" in answer.url):
            page.get_by_role("button", name="I need more time").click()

    page.get_by_role("link", name="My Appointments").click()

    expect(page.get_by_role("heading", name="My Appointments")).to_be_visible()
    assert soon(page, lambda: rows(homes) == [])


def test_who_closes_the_window_gives_them_back_too(page: Page, homes: Households) -> None:
    go_to_the_last_step(page)
    other = page.context.new_page()

    page.close(run_before_unload=True)

    assert soon(other, lambda: rows(homes) == [])


def test_who_reloads_the_form_is_told_that_its_times_are_held_no_longer(page: Page, homes: Households) -> None:
    """The word of leaving comes when the new page is made already, which must not promise what was given back."""
    go_to_the_last_step(page)

    page.reload()

    expect(page.get_by_text("We no longer hold these times for you.")).to_be_visible()
    assert rows(homes) == []


def test_enter_on_the_form_books(page: Page, homes: Households) -> None:
    """The phone's keyboard says "Go": it is not the button that asks for more time."""
    with homes.database.transaction() as session:
        topic = AppointmentField(school_id=homes.school.id, event_id=homes.event.id, label="Topic")
        session.add(topic)
    homes.change(asks_questions=True)
    go_to_the_last_step(page)

    page.get_by_label("Topic").fill("Reading")
    page.get_by_label("Topic").press("Enter")

    expect(page.get_by_role("heading", name="You are booked")).to_be_visible()
    assert [one.held_until for one in rows(homes)] == [None]


def test_who_sends_the_form_says_no_word_of_leaving(
    page: Page, homes: Households, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could come before the booking, and give the times to somebody else."""
    go_to_the_last_step(page)
    said: list[object] = []
    monkeypatch.setattr("webapp.views.parent.hold.release_hold", lambda *values, **_: said.append(values))

    page.get_by_role("button", name="Book 1 appointment").click()

    expect(page.get_by_role("heading", name="You are booked")).to_be_visible()
    page.wait_for_timeout(300)  # it would be here by now
    assert said == []
    assert [one.held_until for one in rows(homes)] == [None]


def test_the_browser_says_its_zone_and_the_own_time_stands_beside_the_schools(page: Page, homes: Households) -> None:
    """BOOK-046"""
    page.get_by_label("Petra Dvořák").check()
    page.get_by_role("button", name="See times").click()
    page.locator("details.fold summary").first.click()
    time = page.locator(".times label").first

    expect(time).to_contain_text("4:00 PM")
    expect(time).to_contain_text("2:00 PM")
    page.get_by_role("button", name="Hide my time").click()
    page.locator("details.fold summary").first.click()

    expect(time).to_contain_text("4:00 PM")
    expect(time).not_to_contain_text("2:00 PM")
    expect(page.get_by_role("button", name="Show my time (Pacific Time)")).to_be_visible()


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_on_a_phone_no_button_s_words_leave_it_and_no_button_its_place(
    page: Page, homes: Households, address: str, language: str
) -> None:
    """In each language: "Cancel appointment" beside "Keep it", and how one joins a meeting in German."""
    token = homes.booked("alice", homes.pick("mia", "Folake", 0, "V")).token
    homes.run_jobs()
    homes.browser("alice").post(f"/{homes.school.slug}/language", {"language": language})
    step_2 = f"times?pick={homes.pick('mia', 'Petra')}"
    for path in ("teachers", step_2, "mine", f"a/{token}/details", f"a/{token}/cancel", f"a/{token}/move", "children"):
        page.goto(f"{address}{homes.base}/{path}")

        assert page.evaluate(TOO_WIDE) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
    assert page.locator("html").get_attribute("lang") == language
