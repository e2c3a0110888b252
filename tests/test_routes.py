"""Every route says who may come, and each answer keeps its promise: generated from the map of addresses."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from app import Browser
from conftest import KEY, NOW
from flask import Flask
from routes import ACCESS, HEADERS, RULES, SAFE, ask, each, methods, name, of_kind, providers, settings, unfit
from sqlalchemy import text
from town import Town, build_town
from werkzeug.routing import Rule

import webapp
from webapp import clock, create_app
from webapp.auth import public
from webapp.db import Database
from webapp.models import Level, metadata
from webapp.models.people.school import RESERVED_SLUGS
from webapp.services.system.vault import Vault

PUBLIC = """
    health.livez health.readyz
    webhooks.zoom
    login.home login.sign_in login.send_sign_in
    parent.school parent.landing parent.send parent.code parent.redeem parent.new_code parent.password parent.sign_out
""".split()
"""What strangers may ask for: nothing gets in here by accident."""

FOR_TEACHERS = """
    reports.landing reports.teachers_schedule reports.teachers_schedule_file
    appointments_list.overview appointments_list.find
""".split()
FOR_MAKERS = """
    appointments.appointment own_times.show own_times.change
    make_appointment.teacher make_appointment.form make_appointment.find make_appointment.make
""".split()
"""For teachers who may book, within what is their own."""

IN_PART = """
    events.event_list slots.show slots.form slots.preview slots.act slots.task slots.task_progress
    appointments.overview appointments.cancel appointments.confirm appointments.move appointments.slot
    appointments_list.selected appointments_list.do appointments_list.task appointments_list.task_progress
""".split()
"""For Resource Administrators too, within what is granted to them."""

FOR_ADMINISTRATORS = """
    event_details.duplicate event_details.duplicate_sent
    event_delete.ask event_delete.delete_sent event_delete.restore
    audit.log audit.file strays.decide strays.look
    events.add events.add_sent importer.importer importer.upload importer.show importer.apply
    importer.columns importer.say_columns importer.forget importer.discard importer.progress
    importer.say_dates
    setup.business setup.connect setup.mapping setup.remap setup.part setup.notify
    zoom_user.choose zoom_user.pick zoom_user.match_again zoom_user.look_up
    contacts.start contacts.find contacts.add contacts.add_sent
    contact.info contact.save contact.appointments contact.log contact.remove
    student.info student.save student.appointments student.clone student.remove
    vendor_access.show vendor_access.level vendor_access.grant vendor_access.grant_some vendor_access.remove
    families.children families.link_child families.unlink_child
    families.parents families.link_parent families.unlink_parent
""".split()

WRITES_ON_GET = {"setup.callback", "calendar_sign_in.callback"}
"""The provider sends whoever gave the permission back by GET; the session's `state` stands for the form's value."""

FIELDS = """
    absent column file
    a account act all capacity child clock code confirmed customer date dates day deed duration email end event f
    first free from grade grant key kind last level mapping message n name next notified number page parent_ref
    password pick provider q reason ref remove report resource resources room same security_value seen since slot
    slots slug sort start state stray student_ref subject take task teacher teacher_ref teachers text to type user v
    via virtual_room was zone
    by category people tell template
""".split()
ODD = ["\0", "-1", "9" * 20, "2026-02-30", "<script>alert(1)</script>\u202e"]
ASKED = [rule for rule in RULES if rule.endpoint not in {"static", "health.readyz", "webhooks.zoom"}]
"""With tests of their own: what is served as it is, and whether this process is ready (views/test_health.py)."""

PAGES = [rule for rule in RULES if "GET" in methods(rule) and rule in ASKED]
SIGNED = {"webhooks.zoom"}
"""No browser sends there; a signature says who does (views/test_webhooks.py)."""
DEEDS = [rule for rule in RULES if set(methods(rule)) - SAFE and rule.endpoint not in SIGNED]
STAFF = of_kind("staff")


PUBLIC += ["feed.calendar", "parent.choose_language"]
FOR_ADMINISTRATORS += ["claim_codes.show", "claim_codes.print_codes"]
FOR_ADMINISTRATORS += """
    class_editor.save class_editor.teachers class_editor.find class_editor.students
    classes.add classes.add_sent classes.remove_look classes.remove
    families.find_child families.find_parent vendor_access.find
""".split()
PUBLIC += "school_settings.picture login.link_wish login.send_link login.link login.link_page login.redeem_link".split()
FOR_TEACHERS += """
    printable.show printable.file
    help.index help.show
    profile.show profile.save profile.address profile.address_code profile.address_proved
    profile.password profile.save_password profile.log_out_everywhere
    calendar_sync.show calendar_sync.status calendar_sync.save calendar_sync.disconnect calendar_sync.invite
    calendar_sync.put_back
    calendar_sync.renew_feed calendar_sync.end_feed calendar_sign_in.sign_in
""".split()
FOR_ADMINISTRATORS += """
    contact.invite school_settings.save school_settings.upload school_settings.remove
    setup_contacts.show setup_contacts.links setup_contacts.progress setup_contacts.level
    setup_contacts.remove_look setup_contacts.remove setup_contacts.reset
    new_account.add new_account.add_sent
""".split()
FIELDS += """
    allows_claims allows_sign_up asks_address asks_phone class_id language phone renew student
    address again batch date_format invite link_days logo names of people proof_code proof_password prove reply_to
    sender_name support_address time_format who
    appointments_allowed class_ref group_name named words
    calendar is_import is_mine
""".split()


@pytest.fixture(autouse=True)
def _conference_time() -> Iterator[None]:
    clock.move(NOW - datetime.now(UTC))
    yield
    clock.move(timedelta())


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One for all tests that change nothing in it."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('town') / 'town.db'}", vault=Vault([KEY]))
    metadata.create_all(database.engine)
    clock.move(NOW - datetime.now(UTC))
    built = build_town(database, now=NOW)
    yield built
    built.homes.close()
    database.dispose()


def test_the_map_is_read() -> None:
    assert len(STAFF) > 30
    assert len(of_kind("family")) > 10
    assert len(DEEDS) > 20


def test_every_view_declares_its_access_and_each_declaration_is_meant() -> None:
    """RELIABILITY B15, T5"""
    kinds = {access.kind for access in ACCESS.values()}
    levels = {endpoint: access.level for endpoint, access in ACCESS.items() if access.kind == "staff"}

    assert kinds == {"public", "signed_in", "staff", "family"}
    assert {endpoint for endpoint, access in ACCESS.items() if access.kind == "public"} == set(PUBLIC)
    assert {endpoint for endpoint, level in levels.items() if level == Level.VIEWER} == set(FOR_TEACHERS)
    assert {endpoint for endpoint, level in levels.items() if level == Level.MAKER} == set(FOR_MAKERS)
    assert {endpoint for endpoint, level in levels.items() if level == Level.ADMINISTRATOR} == set(FOR_ADMINISTRATORS)
    assert {endpoint for endpoint, level in levels.items() if level == Level.RESOURCE_ADMINISTRATOR} == set(IN_PART)
    assert set(levels.values()) == set(Level) - {Level.CUSTOMER}


def test_an_application_with_an_undeclared_view_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """RELIABILITY B15"""
    register = webapp._register

    def with_one_more(app: Flask) -> None:
        register(app)
        app.add_url_rule("/declared", "declared", public(lambda: "fine"))
        app.add_url_rule("/forgotten", "forgotten", lambda: "for everybody")

    monkeypatch.setattr(webapp, "_register", with_one_more)

    with pytest.raises(RuntimeError, match=r": forgotten$"):
        create_app(settings(), providers())


def test_no_school_can_take_one_of_our_own_addresses() -> None:
    """PRODUCT 1.2"""
    first = {str(rule).split("/")[1] for rule in RULES} - {""}

    assert {word for word in first if "<" not in word} <= RESERVED_SLUGS


@each(DEEDS)
def test_a_deed_needs_the_value_of_our_own_page(town: Town, rule: Rule) -> None:
    """RELIABILITY T16, LOGIN-036"""
    address, dora = town.address(rule), town.dora()

    without = dora.client.open(address, method=methods(rule)[0])
    wrong = dora.client.open(address, method=methods(rule)[0], data={"csrf": "guess"})

    assert (without.status_code, wrong.status_code) == (403, 403)
    assert not unfit(without)


@each(DEEDS)
def test_a_deed_of_another_site_is_refused_even_with_the_value(town: Town, rule: Rule) -> None:
    """RELIABILITY T16"""
    address, dora = town.address(rule), town.dora()
    with dora.client.session_transaction() as cookie:
        cookie["csrf"] = "known"

    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://e.example"}):
        answer = dora.client.open(address, method=methods(rule)[0], data={"csrf": "known"}, headers=headers)
        assert answer.status_code == 403


@each([rule for rule in DEEDS if str(rule) not in map(str, PAGES)])
def test_a_deed_is_not_done_by_a_link(town: Town, rule: Rule) -> None:
    """URL-028, LOGIN-035"""
    dora = town.dora()

    answers = [dora.get(town.address(rule), follow_redirects=True), dora.client.head(town.address(rule))]

    # /sign-out alone reads as a school of that name and /linden/language as an event, which none can take.
    expected = {404, 308} if rule.endpoint in {"login.sign_out", "parent.choose_language"} else {405}
    assert {answer.status_code for answer in answers} <= expected


@each(RULES)
def test_only_declared_methods_are_answered(town: Town, rule: Rule) -> None:
    """URL-028"""
    address, dora = town.address(rule), town.dora()
    with dora.client.session_transaction() as cookie:
        cookie["csrf"] = "known"
    declared = {method for other in RULES if str(other) == str(rule) for method in methods(other)}

    for method in {"POST", "PUT", "PATCH", "DELETE", "TRACE"} - declared:
        answer = dora.client.open(address, method=method, headers={"X-CSRF-Token": "known"})
        # Some addresses read as an event's too, with or without a slash, of a school that there can be none of.
        assert answer.status_code in {404, 405, 308}, method


@each(of_kind("staff", "family", "signed_in"))
def test_who_is_signed_out_is_led_to_the_sign_in(town: Town, rule: Rule) -> None:
    """RELIABILITY T36, URL-027: also where HTMX is said to ask"""
    nobody, place = Browser(town.app), town.here
    sign_in = f"/{place.school}/{place.event_slug}/" if ACCESS[rule.endpoint].kind == "family" else "/sign-in"

    plain, swap = (ask(nobody, rule, town.address(rule), htmx=htmx) for htmx in (False, True))

    assert (plain.status_code, plain.location.partition("?")[0]) == (303, sign_in)
    assert (swap.status_code, swap.headers["HX-Redirect"].partition("?")[0]) == (401, sign_in)
    assert swap.text == ""


@each(STAFF)
def test_strangers_do_not_learn_that_it_is_there(town: Town, rule: Rule) -> None:
    """Another school's Administrator, a parent of the school, and a school that does not exist: all the same."""
    address = town.address(rule)
    nowhere = town.address(rule, school="nowhere")

    answers = [
        ask(town.signed_in(town.stranger), rule, address),
        ask(town.alice(), rule, address),
        ask(town.signed_in(town.staff[Level.CUSTOMER]), rule, address),
        ask(town.dora(), rule, nowhere),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert len({re.sub(r'name="csrf" value="[^"]*"', "", answer.text) for answer in answers}) == 1


@each(STAFF)
def test_each_level_of_staff_reaches_what_is_declared_for_it(town: Town, rule: Rule) -> None:
    """PRODUCT 1.6, RELIABILITY T5, ADMIN-017"""
    needed, address = ACCESS[rule.endpoint].level, town.address(rule)

    for level in (level for level in Level if Level.VIEWER <= level < needed):
        assert ask(town.signed_in(town.staff[level]), rule, address).status_code == 403, level
    if "GET" in methods(rule):
        for level in (level for level in Level if level >= needed):
            person = town.granted.get(level, town.staff[level])
            assert ask(town.signed_in(person), rule, address).status_code in {200, 204, 303, 422}, level


@each([r for r in STAFF if "event" in r.arguments and ACCESS[r.endpoint].level < Level.ADMINISTRATOR])
def test_an_event_administrator_finds_granted_events_only(town: Town, rule: Rule) -> None:
    """PRODUCT 1.6"""
    without_grant = town.signed_in(town.staff[Level.EVENT_ADMINISTRATOR])

    assert ask(without_grant, rule, town.address(rule)).status_code == 404


WITHIN = [rule for rule in STAFF if ACCESS[rule.endpoint].level <= Level.RESOURCE_ADMINISTRATOR]
PARTS = {"resource", "slot", "appointment"}


@each([rule for rule in WITHIN if "event" in rule.arguments])
def test_a_resource_administrator_finds_events_with_a_granted_resource_only(town: Town, rule: Rule) -> None:
    """PRODUCT 1.6, ADMIN-015"""
    without_grant = town.signed_in(town.staff[Level.RESOURCE_ADMINISTRATOR])

    assert ask(without_grant, rule, town.address(rule)).status_code == 404


@each([rule for rule in WITHIN if PARTS & rule.arguments])
def test_what_belongs_to_a_teacher_who_is_not_granted_is_not_found(town: Town, rule: Rule) -> None:
    """PRODUCT 1.6, ADMIN-015: one part of the address at a time is another teacher's."""
    bob = town.signed_in(town.granted[Level.RESOURCE_ADMINISTRATOR])

    for part in PARTS & rule.arguments:
        address = town.address(rule, **{part: vars(town.not_granted)[part]})
        assert ask(bob, rule, address, key=town.homes.key()).status_code == 404, part


NAMED = {"event", "appointment", "slot", "resource", "contact_id", "student", "run", "task"}


@each([rule for rule in STAFF if NAMED & rule.arguments])
def test_what_belongs_to_another_school_is_not_found(town: Town, rule: Rule) -> None:
    """RELIABILITY T6: one part of the address at a time is the other school's."""
    dora, foreign = town.dora(), town.elsewhere.values(rule)

    for part in NAMED & rule.arguments:
        address = town.address(rule, **{part: foreign[part]})
        assert ask(dora, rule, address, key=town.homes.key()).status_code == 404, part


@each([rule for rule in of_kind("family") if rule.endpoint != "parent.count"])
def test_a_family_finds_nothing_of_a_school_that_is_not_theirs(town: Town, rule: Rule) -> None:
    """RELIABILITY T6. Of a page there they are asked to sign in, as a stranger is. The count says how many choices its
    own address holds, and nothing of the school."""
    alice, there = town.alice(), town.elsewhere

    key = town.homes.key()
    away = ask(alice, rule, town.address(rule, there), key=key)
    answers = [ask(alice, rule, town.address(rule, event=there.event_slug), key=town.homes.key())]
    if "token" in rule.arguments:
        answers += [ask(alice, rule, town.address(rule, token=there.token), key=town.homes.key())]

    assert {answer.status_code for answer in answers} == {404}
    if "GET" in methods(rule):
        stranger = ask(Browser(town.homes.app), rule, town.address(rule, there), key=key)
        assert (away.status_code, away.location) == (stranger.status_code, stranger.location)
    else:
        assert away.status_code == 404


@each([rule for rule in PAGES if rule.endpoint not in WRITES_ON_GET])
def test_looking_changes_nothing(town: Town, rule: Rule) -> None:
    """RELIABILITY T16, D8: not by a page, a partial, or a scanner's HEAD."""
    person = town.alice() if ACCESS[rule.endpoint].kind == "family" else town.dora()
    address, database = town.address(rule), town.homes.database
    before = rows(database)

    answers = [ask(person, rule, address), ask(person, rule, address, htmx=True)]
    person.client.head(address)

    assert all(answer.status_code in {200, 204, 303, 410, 422} for answer in answers)
    assert rows(database) == before


def rows(database: Database) -> dict[str, list[Any]]:
    with database.reading() as session:
        return {
            table.name: [tuple(row) for row in session.execute(text(f'SELECT * FROM "{table.name}"'))]
            for table in metadata.sorted_tables
        }


def test_static_files_may_be_kept_and_are_safe_too(town: Town) -> None:
    with Browser(town.app).get("/static/app.css") as answer:
        headers = dict(answer.headers)

    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert HEADERS.items() <= headers.items()
    for escape in ("../config.py", "%2e%2e/config.py", "..%2fconfig.py", "vendor/../../config.py", "nothing.css"):
        assert Browser(town.app).get(f"/static/{escape}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/no/such/page/at/all",
        "/%00",
        "/a%00b/c/",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/%252e%252e/x/",
        "/%c0%ae/x/",
        "/s/%ff/events",
        "/s/linden/e/99999999999999999999/",
        "/s/linden/e/-1/",
        "/s/linden/e/1.5/",
        "/" + "a" * 3000,
    ],
)
def test_an_odd_address_is_not_found(town: Town, path: str) -> None:
    """URL-022"""
    answer = town.dora().get(path)

    assert answer.status_code in {404, 308}
    assert not unfit(answer)


def test_another_host_is_refused(town: Town) -> None:
    """URL-019, RELIABILITY T19"""
    answer = Browser(town.app).get("/sign-in", base_url="http://evil.example")

    assert answer.status_code == 400
    assert "evil.example" not in answer.text


@pytest.mark.both_databases
def test_whatever_is_asked_no_answer_is_a_fault(database: Database) -> None:
    """URL-009 to URL-018, URL-024: every address, with every odd value in every field."""
    town = build_town(database, now=NOW)

    faults = [fault for rule in ASKED for fault in faults_of(town, rule)]

    town.homes.close()
    assert not faults, "\n".join(faults)


def faults_of(town: Town, rule: Rule) -> Iterator[str]:
    person = town.alice() if ACCESS[rule.endpoint].kind == "family" else town.dora()
    key = town.homes.key()
    asked = [{}, *(odd_values(shift) | {"key": key} for shift in range(len(ODD)))]
    for values, place in [({}, town.elsewhere), *((values, town.here) for values in asked)]:
        if wrong := unfit(sent(person, rule, town.address(rule, place), values)):
            yield f"{name(rule)} {values}: {wrong}"


def odd_values(shift: int) -> dict[str, str]:
    """Each field another one, so that the first that is refused hides no other for ever."""
    return {field: ODD[(n + shift) % len(ODD)] for n, field in enumerate(FIELDS)}


def sent(person: Browser, rule: Rule, address: str, values: dict[str, str]) -> Any:
    return person.get(address, query_string=values) if "GET" in methods(rule) else person.post(address, values)
