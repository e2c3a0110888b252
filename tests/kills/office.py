"""Let an administrator import rosters, of which each is wholly in the database or not at all."""

import factories as make
import requests
from kills.log import Effect
from races.audit import ask
from races.crowd import AGENT, Crowd, signed_in
from races.families import Attempt

from webapp import clock
from webapp.models import Level, School
from webapp.services.people.accounts import login_for
from webapp.services.people.sign_in import STAFF_STAYS, start_sign_in
from webapp.services.roster.doubt import ALL

IMPORT = "import"
SIZE = 4
_KEPT = """
SELECT (SELECT count(*) FROM student WHERE school_id = :school AND student_ref LIKE :some),
    (SELECT count(*) FROM contact WHERE school_id = :school AND (parent_ref LIKE :some OR teacher_ref LIKE :some)),
    (SELECT count(*) FROM login WHERE email LIKE :address),
    (SELECT count(*) FROM class WHERE school_id = :school AND class_ref LIKE :some),
    (SELECT count(*) FROM classteacher t JOIN class c ON c.id = t.class_id
        WHERE c.school_id = :school AND c.class_ref LIKE :some),
    (SELECT count(*) FROM enrolment e JOIN student s ON s.id = e.student_id
        WHERE e.school_id = :school AND s.student_ref LIKE :some),
    (SELECT count(*) FROM guardian g JOIN student s ON s.id = g.student_id
        WHERE g.school_id = :school AND s.student_ref LIKE :some),
    (SELECT count(*) FROM importrun WHERE id = :run AND applied_at IS NOT NULL AND content IS NULL)
"""
_APPLIED = """
SELECT max(id), count(*),
    (SELECT count(*) FROM audit u WHERE u.school_id = :school AND u.action = 'roster.import')
FROM importrun WHERE school_id = :school AND applied_at IS NOT NULL
"""
_NAMES = "SELECT DISTINCT first FROM student WHERE school_id = :school AND student_ref NOT LIKE '%.%'"
_WHOLE = (SIZE, SIZE + 1, SIZE + 1, 1, 1, SIZE, SIZE, 1)
_NONE = (0,) * len(_WHOLE)


class Office:
    """Dora at the Importer of the crowd's school. Each of her files brings new people, and renames every child of the
    crowd: families book for them at the same time."""

    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self.slug = crowd.base.split("/")[1]
        self._numbers: dict[int, int] = {}
        self._children = sorted({child.student_ref or "" for p in crowd.parents for child in p.children})
        with crowd.running.database.transaction() as db:
            school = db.get_one(School, crowd.school_id)
            dora = make.make_contact(db, school, "Dora", "Office", level=Level.ADMINISTRATOR)
            login = login_for(db, dora.email or "", now=clock.now())
            dora.login_id = login.id
            secret = start_sign_in(db, login, stays=STAFF_STAYS, now=clock.now())
        self.dora = signed_in(crowd.running.app, dora, [], secret)

    def attempt(self) -> Attempt:
        """The form of Apply, with its word that the renamed are the same; the file is uploaded already, which changes
        nothing of the roster."""
        run = self._upload(len(self._numbers))
        self._numbers[run] = len(self._numbers)
        key = self.crowd.key()
        form = self.crowd.post(self.dora, f"/s/{self.slug}/importer/{run}/apply", [("key", key), ("same", ALL)])
        return Attempt(IMPORT, form, about=run, key=key)

    def effect(self, run: int) -> Effect:
        number = self._numbers[run]
        asked = {"some": f"{number}.%", "address": f"{number}.%@{self.slug}.example", "run": run}
        kept = tuple(ask(self.crowd.running.url, _KEPT, school=self.crowd.school_id, **asked)[0])
        return {_WHOLE: Effect.WHOLE, _NONE: Effect.NONE}.get(kept, Effect.TORN)

    def complaints(self) -> list[str]:
        """The children have the name that the last import gave them all, and each import stands once in the audit."""
        school = {"school": self.crowd.school_id}
        [[last, applied, written]] = ask(self.crowd.running.url, _APPLIED, **school)
        names = {row.first for row in ask(self.crowd.running.url, _NAMES, **school)}
        wrong = [] if last is None or names == {self._name(last)} else [f"import {last}: children are named {names}"]
        return wrong if applied == written else [*wrong, f"imports: {applied} applied, {written} in the audit"]

    def _upload(self, number: int) -> int:
        answer = requests.post(
            f"http://127.0.0.1:{self.crowd.running.port}/s/{self.slug}/importer",
            data={"csrf": self.dora.csrf},
            files=[("file", (name, "\n".join(rows).replace("|", "\t"))) for name, rows in self._files(number).items()],
            headers={"Cookie": f"confab={self.dora.cookie}", "User-Agent": AGENT, "Sec-Fetch-Site": "same-origin"},
            allow_redirects=False,
            timeout=30,
        )
        assert answer.status_code == 303, answer.text
        return int(answer.headers["Location"].rpartition("/")[2])

    def _name(self, run: int) -> str:
        return f"Child of {self._numbers[run]}"

    def _files(self, n: int) -> dict[str, list[str]]:
        every, host = range(SIZE), f"{self.slug}.example"
        renamed = [f"{ref}|Child of {n}|Of the crowd|2016-05-04" for ref in self._children]
        new = [f"{n}.{i}|Zoe|Novak|2017-01-0{i + 1}" for i in every]
        return {
            "Student.txt": ["StudentID|First|Last|SecurityValue", *renamed, *new],
            "Teacher.txt": ["TeacherID|First|Last|Email|Room", f"{n}.t|Tara|Novak|{n}.t@{host}|12"],
            "Class.txt": ["ClassID|TeacherID|ClassName", f"{n}.c|{n}.t|Grade {n}"],
            "Enrollment.txt": ["StudentID|ClassID", *(f"{n}.{i}|{n}.c" for i in every)],
            "Parent.txt": ["ParentID|First|Last|Email", *(f"{n}.{i}|Nina|Novak|{n}.{i}@{host}" for i in every)],
            "ParentStudent.txt": ["ParentID|StudentID", *(f"{n}.{i}|{n}.{i}" for i in every)],
        }
