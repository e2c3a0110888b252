"""Tests of the families' languages: who reads which, that a choice is kept, and that nothing but the words changes."""

import re
from typing import Any

import pytest
from app import Browser
from households import Households, form_of, text_of

from webapp import i18n
from webapp.models import Contact, Message

SPANISH = {"Accept-Language": "es-MX,es;q=0.9,en;q=0.8"}
OTHERS = [language for language in i18n.LANGUAGES if language != "en"]


def spoken(answer: Any) -> str:
    found = re.search(r'<html lang="([a-z]+)" dir="(?:ltr|rtl)">', answer.text)
    assert found
    return found[1]


def contact(homes: Households, name: str) -> Contact:
    with homes.database.reading() as session:
        return session.get_one(Contact, homes.people[name].id)


def choose(homes: Households, browser: Browser, language: str, **more: str) -> Any:
    return browser.post(f"/{homes.school.slug}/language", {"language": language} | more)


def read_in(homes: Households, name: str, language: str) -> Browser:
    choose(homes, homes.browser(name), language)
    return homes.browser(name)


def test_before_sign_in_a_browser_is_answered_in_the_language_that_it_asks_for(homes: Households) -> None:
    visitor = Browser(homes.app)

    page = visitor.get(f"{homes.base}/", headers=SPANISH)

    assert spoken(page) == "es"
    assert "Reserve sus conferencias" in text_of(page.text)
    assert {"Accept-Language", "Cookie"} <= set(page.vary)
    assert spoken(visitor.get(f"{homes.base}/")) == "en"
    assert spoken(visitor.get("/nowhere/at/all/", headers=SPANISH)) == "es"


def test_a_language_chosen_by_hand_outranks_the_browser_s_and_is_kept_before_sign_in(homes: Households) -> None:
    visitor = Browser(homes.app)
    form = form_of(visitor.get(f"{homes.base}/?x=1", headers=SPANISH).text, f"/{homes.school.slug}/language")

    chosen = choose(homes, visitor, "en", back=form["back"][0])

    assert chosen.location == f"{homes.base}/?x=1"
    assert spoken(visitor.get(f"{homes.base}/", headers=SPANISH)) == "en"
    cookie = visitor.client.get_cookie("language")
    assert cookie
    assert cookie.http_only
    assert cookie.value == "en"


def test_after_sign_in_the_contact_s_language_counts_in_every_browser(homes: Households, now: Any) -> None:
    read_in(homes, "alice", "es")
    with homes.database.transaction() as session:
        elsewhere = Browser(homes.app).sign_in(session, session.get_one(Contact, homes.people["alice"].id), now=now)
    elsewhere.client.set_cookie("language", "en")

    page = elsewhere.get(f"{homes.base}/mine", headers={"Accept-Language": "en"})

    assert spoken(page) == "es"
    assert contact(homes, "alice").language == "es"
    assert spoken(homes.browser("bob").get(f"{homes.base}/mine")) == "en"
    assert contact(homes, "bob").language == ""


def test_whoever_signs_in_is_remembered_in_the_language_that_they_read_then(homes: Households) -> None:
    visitor, email = Browser(homes.app), homes.people["bob"].email or ""
    visitor.post(f"{homes.base}/", {"email": email}, environ_overrides={"HTTP_ACCEPT_LANGUAGE": "es"})
    homes.run_jobs()
    [mail] = homes.mailer.sent_to(email)
    code = re.search(r"\d{3} \d{3}", mail.subject)
    assert code

    spanish = {"HTTP_ACCEPT_LANGUAGE": "es"}
    visitor.post(f"{homes.base}/code", {"code": code[0]}, environ_overrides=spanish)

    assert mail.subject.startswith("Su código para ")
    assert "Sirve durante 10 minutos." in mail.text
    assert contact(homes, "bob").language == "es"


@pytest.mark.parametrize("odd", ["xx", "../../etc/passwd", "x\0s", "x; DROP TABLE", "%(x)s", "e" * 4000, ""])
def test_what_is_no_language_of_ours_is_english(homes: Households, odd: str) -> None:
    """URL-018"""
    visitor = Browser(homes.app)

    assert choose(homes, homes.browser("alice"), odd).status_code == 303
    visitor.client.set_cookie("language", odd.replace("\0", "").replace(";", ""))
    page = visitor.get(f"{homes.base}/?lang={odd[:9]}", headers={"Accept-Language": odd.replace("\0", "") * 2})

    assert contact(homes, "alice").language == "en"
    assert (page.status_code, spoken(page)) == (200, "en")


def test_another_s_page_is_never_the_way_back(homes: Households) -> None:
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        assert choose(homes, Browser(homes.app), "es", back=target).location == f"/{homes.school.slug}/"


@pytest.mark.parametrize("language", OTHERS)
def test_each_language_s_pages_render_with_its_own_direction_and_no_english(homes: Households, language: str) -> None:
    browser = read_in(homes, "alice", language)
    picks = homes.pick("mia", "Folake", 0, "V"), homes.pick("leo", "Jonas", 2)
    homes.booked("alice", homes.pick("mia", "Petra", 1))
    direction = "rtl" if language == "ar" else "ltr"

    pages = [
        browser.get(f"{homes.base}/{path}")
        for path in ("teachers", "children", "mine", "mine/schedule", f"times?pick={homes.pick('mia', 'Folake')}")
    ]
    pages.append(browser.get(homes.check(*picks)))
    pages.append(browser.get(f"{homes.base}/nowhere"))

    for page in pages:
        assert f'<html lang="{language}" dir="{direction}">' in page.text
        assert not re.search(r"My Appointments|school time|Log Out|Choose|appointment", text_of(page.text))


def test_a_refusal_is_in_the_reader_s_language_with_times_as_it_writes_them(homes: Households) -> None:
    homes.booked("charlie", homes.pick("zoe", "Folake", 0, "V"))
    read_in(homes, "alice", "es")

    refused = homes.book("alice", homes.pick("mia", "Folake", 0, "V"))

    assert refused.status_code == 409
    words = text_of(refused.text)
    assert "Alguien acaba de tomar el horario de jue, 3 de dic, 4:00 p.m. con Folake Adeyemi." in words


def test_a_family_s_mails_are_in_its_language_and_the_office_s_are_not(homes: Households) -> None:
    read_in(homes, "alice", "es")

    homes.booked("alice", homes.pick("mia", "Folake", 0, "V"))
    homes.run_jobs()
    homes.booked("charlie", homes.pick("zoe", "Folake", 1, "V"))
    homes.run_jobs()

    [mail] = homes.mailer.sent_to(homes.people["alice"].email or "")
    assert mail.subject == f"Su cita, {homes.event.name}"
    assert '<html lang="es" dir="ltr">' in mail.html
    assert "jueves, 3 de diciembre" in mail.text
    assert "Todas las horas son las de la escuela" in mail.text
    assert [file.filename for file in mail.attachments] == ["Horario para imprimir.pdf"]
    [entry] = mail.invitations
    assert "SUMMARY:Conferencia con Folake Adeyemi" in entry.content.decode()
    [other] = homes.mailer.sent_to(homes.people["charlie"].email or "")
    assert other.subject == f"Your appointment, {homes.event.name}"
    assert i18n.language() == "en"


def test_arabic_reads_from_the_right_on_paper_and_in_mail_too(homes: Households) -> None:
    browser = read_in(homes, "alice", "ar")
    homes.booked("alice", homes.pick("mia", "Folake", 0, "V"))
    homes.run_jobs()

    [mail] = homes.mailer.sent_to(homes.people["alice"].email or "")
    file = browser.get(f"{homes.base}/mine/schedule.pdf")

    assert '<html lang="ar" dir="rtl">' in mail.html
    assert file.data.startswith(b"%PDF")


def test_a_language_changes_the_words_and_never_who_sees_what(homes: Households) -> None:
    """The co-parent and the stranger see the same times, pages and refusals in each."""
    token = homes.booked("alice", homes.pick("mia", "Petra", 1)).token
    paths = ("teachers", "mine", f"a/{token}/details", f"a/{token}/cancel", f"times?pick={homes.pick('mia', 'Folake')}")

    def seen(name: str) -> list[Any]:
        pages = [homes.browser(name).get(f"{homes.base}/{path}") for path in paths]
        values = [sorted(re.findall(r'name="(?:pick|t-[^"]*)" value="([^"]*)"', page.text)) for page in pages]
        return [[page.status_code for page in pages], values]

    for name in ("bob", "charlie"):
        in_english = seen(name)
        read_in(homes, name, "ar")
        assert seen(name) == in_english


def test_the_office_s_pages_stay_english(homes: Households) -> None:
    read_in(homes, "dora", "es")

    page = homes.browser("dora").get(f"/s/{homes.school.slug}/contacts", headers=SPANISH)

    assert spoken(page) == "en"
    assert spoken(homes.browser("dora").get(f"{homes.base}/mine")) == "es"


def test_the_office_sees_and_sets_a_contact_s_language(homes: Households) -> None:
    address = f"/s/{homes.school.slug}/contacts/{homes.people['bob'].id}"
    dora = homes.browser("dora")
    typed = {name: values[0] for name, values in form_of(dora.get(address).text, address).items() if name != "csrf"}

    saved = dora.post(address, typed | {"language": "es"})
    refused = dora.post(address, typed | {"language": "tlh"})

    assert saved.status_code == 303
    assert refused.status_code == 422
    assert contact(homes, "bob").language == "es"
    assert '<option value="es" selected>Español</option>' in dora.get(address).text
    assert spoken(homes.browser("bob").get(f"{homes.base}/mine")) == "es"


def test_a_code_s_mail_keeps_the_language_of_the_page_that_asked(homes: Households) -> None:
    visitor = Browser(homes.app)
    visitor.client.set_cookie("language", "es")

    visitor.post(f"{homes.base}/", {"email": "nobody@mail.example"})

    assert [message.language for message in homes.all(Message)] == ["es"]
