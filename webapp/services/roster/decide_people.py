"""Decide which contact each teacher and parent of an import is, and what an import may change about them."""

from webapp.errors import N_
from webapp.models import Level
from webapp.services.people.accounts import LONGEST, SHORTEST
from webapp.services.people.common_passwords import is_common
from webapp.services.roster.facts import ParentFact, TeacherFact
from webapp.services.roster.held import HeldPerson, Lists, People, RefKind
from webapp.services.roster.report import CREATED, ERROR, UNCHANGED, UPDATED, WARNING, Report

TAKEN = N_("%(value)s already belongs to %(holder)s.")
SAME_PERSON = N_("%(value)s belongs to %(holder)s of the staff. The parent is taken to be the same person.")
OTHER_ADDRESS = N_("%(holder)s is staff; their e-mail address stays %(value)s. The school changes it in Contacts.")
LEVEL_STAYS = N_("%(holder)s is an administrator; an import does not change their level.")
ADDRESS_STAYS = N_("%(holder)s is an administrator; an import does not change their e-mail address.")
COMMON_PASSWORD = N_("The password was not set: it is long beyond reason, or easily guessed.")
SHORT_PASSWORD = N_("The password was not set: it needs at least %(shortest)s characters.")
PASSWORD_NOT_SET = N_("The password was not set. %(holder)s signs in with a mailed code.")

_EMAIL = ("Email", "email", "Secondary Email", "Teacher_email", "Contact_email")
_Fact = TeacherFact | ParentFact


class _AddressTaken(Exception):
    def __init__(self, holder: HeldPerson) -> None:
        self.holder = holder
        super().__init__()


def place_teachers(facts: list[TeacherFact], lists: Lists, report: Report) -> None:
    refs = frozenset(fact.ref for fact in facts)
    for fact in facts:
        known = lists.people.teachers.get(fact.ref)
        if known is not None and lists.doubts.is_other("teachers", fact, known, report):
            continue
        person = _person(fact, "teacher_ref", refs, lists.people, report)
        if person is not None:
            before = person.columns()
            _describe_teacher(fact, person, refs, lists.people, report)
            gets_password = _take_password(fact, person, lists, report)
            is_changed = gets_password or person.columns() != before
            report.count(_action(before["teacher_ref"], is_changed=is_changed), "teachers", person.name)


def place_parents(facts: list[ParentFact], lists: Lists, report: Report) -> None:
    refs = frozenset(fact.ref for fact in facts)
    for fact in facts:
        known = lists.people.parents.get(fact.ref)
        if known is not None and not known.is_staff and lists.doubts.is_other("parents", fact, known, report):
            continue
        person = _person(fact, "parent_ref", refs, lists.people, report)
        if person is not None:
            before = person.columns()
            _describe_parent(fact, person, refs, lists.people, report)
            is_changed = person.columns() != before
            report.count(_action(before["parent_ref"], is_changed=is_changed), "parents", person.name)


def _person(fact: _Fact, kind: RefKind, refs: frozenset[str], people: People, report: Report) -> HeldPerson | None:
    """The contact that the row is about, a new one, or None where the address is somebody else's."""
    try:
        person = _match(fact, kind, refs, people)
    except _AddressTaken as taken:
        report.problem(fact.at, _EMAIL, ERROR, TAKEN, value=fact.email, holder=taken.holder.name)
        return None
    if person is None:
        person = HeldPerson(None, email=fact.email, first=fact.first, last=fact.last)
        people.add(person)
    people.named.add(person)
    return person


def _match(fact: _Fact, kind: RefKind, refs: frozenset[str], people: People) -> HeldPerson | None:
    """By ID, else by address: a teacher may be a parent too, and a system may give a person a new ID."""
    mine = people.by_ref(kind).get(fact.ref)
    theirs = people.addresses.get(fact.email) if fact.email else None
    if theirs is None or theirs is mine:
        return mine
    held = theirs.ref(kind)
    if mine is not None or (held is not None and not _is_same(theirs, fact, kind, held in refs)):
        raise _AddressTaken(theirs)
    return theirs


def _is_same(person: HeldPerson, fact: _Fact, kind: RefKind, has_own_row: bool) -> bool:
    """A parent may stand in the file once for each child; of two teachers with one address, one is a mistake."""
    return _folded(person) == _folded(fact) and (kind == "parent_ref" or not has_own_row)


def _folded(named: HeldPerson | _Fact) -> list[str]:
    return f"{named.first} {named.last}".casefold().split()


def _describe_teacher(
    fact: TeacherFact, person: HeldPerson, refs: frozenset[str], people: People, report: Report
) -> None:
    people.identify(person, "teacher_ref", fact.ref, refs)
    person.absent_since = None
    _take_address(fact, person, people, report)
    person.write(
        first=fact.first,
        last=fact.last,
        room=fact.room or None,
        virtual_room=fact.virtual_room or None,
    )
    if person.is_administrator:
        if fact.level is not None:
            report.problem(fact.at, ("AccessLevel",), WARNING, LEVEL_STAYS, holder=person.name)
    else:
        person.level = fact.level or max(person.level, Level.VIEWER)


def _describe_parent(
    fact: ParentFact, person: HeldPerson, refs: frozenset[str], people: People, report: Report
) -> None:
    """The school's word on its staff comes from the Teacher file and from Contacts, not from a parent's row."""
    people.identify(person, "parent_ref", fact.ref, refs)
    if person.is_staff:
        if fact.email and fact.email != person.email:
            values = {"holder": person.name, "value": person.email or "–"}
            report.problem(fact.at, _EMAIL, WARNING, OTHER_ADDRESS, **values)
        elif _folded(person) != _folded(fact):
            values = {"holder": person.name, "value": fact.email or fact.ref}
            report.problem(fact.at, _EMAIL, WARNING, SAME_PERSON, **values)
    elif person.parent_ref == fact.ref:
        _take_address(fact, person, people, report)
        person.write(first=fact.first, last=fact.last)


def _take_address(fact: _Fact, person: HeldPerson, people: People, report: Report) -> None:
    """An administrator's address is their way in: nobody gets it by a line in a file."""
    if fact.email is None or fact.email == person.email:
        return
    if person.is_administrator:
        report.problem(fact.at, _EMAIL, WARNING, ADDRESS_STAYS, holder=person.name)
    else:
        people.move(person, fact.email)


def _take_password(fact: TeacherFact, person: HeldPerson, lists: Lists, report: Report) -> bool:
    """Only for a login that has none, and that opens nothing but this teacher's contact in this school."""
    login = lists.logins.get(person.email or "")
    if not fact.password or person.email is None or (login is not None and login.has_password):
        return False
    is_linked_elsewhere = person.login_id is not None and (login is None or login.id != person.login_id)
    if person.is_administrator or is_linked_elsewhere or (login is not None and not login.is_ours):
        report.problem(fact.at, ("Password",), WARNING, PASSWORD_NOT_SET, holder=person.name)
        return False
    if len(fact.password) < SHORTEST:
        report.problem(fact.at, ("Password",), WARNING, SHORT_PASSWORD, shortest=SHORTEST)
        return False
    if len(fact.password) > LONGEST or is_common(fact.password, email=person.email):
        report.problem(fact.at, ("Password",), WARNING, COMMON_PASSWORD)
        return False
    lists.new_passwords[person.email] = fact.password
    return True


def _action(ref_before: object, *, is_changed: bool) -> str:
    """A known contact who becomes a teacher is a new teacher."""
    if ref_before is None:
        return CREATED
    return UPDATED if is_changed else UNCHANGED
