"""The people of the demo school, all of them invented, as the four roster files and the parents' two."""

from collections.abc import Sequence
from itertools import cycle

GRADES = ("Grade 1", "Grade 3", "Grade 5")

# (TeacherID, First, Last, Room, grade, what they teach): two class teachers and two subject teachers a grade
TEACHERS = (
    ("T01", "Folake", "Adeyemi", "112", 0, "Class 1A"),
    ("T02", "Jonas", "Eriksen", "114", 0, "Class 1B"),
    ("T03", "Inés", "Castellanos", "208", 0, "Music"),
    ("T04", "Kenji", "Ito", "Studio", 0, "Art"),
    ("T05", "Margaret", "Hollis", "214", 1, "Class 3A"),
    ("T06", "Zofia", "Jankowski", "216", 1, "Class 3B"),
    ("T07", "Leila", "Farahani", "211", 1, "Mathematics"),
    ("T08", "Rohan", "Gupta", "Lab 2", 1, "Science"),
    ("T09", "Petra", "Dvořák", "302", 2, "Class 5A"),
    ("T10", "Wanjiru", "Kamau", "304", 2, "Class 5B"),
    ("T11", "Sara", "Lindqvist", "306", 2, "Mathematics"),
    ("T12", "Hugh", "Barlow", "Gym", 2, "Physical Education"),
)
PENDING, INACTIVE, MISSING, OTHER_ADDRESS = "T09", "T10", "T08", "T06"
"""Teachers whom the demo's Zoom account knows only half, or not at all."""

# (parent's first name, family name, children): the first is the demo's parent
FAMILIES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Rosa", "Alvarez", ("Mia", "Leo")),
    ("Maximiliane Alexandra Wilhelmina", "von Hohenstein-Wolfeschlegelsteinhausen", ("Friederike Charlotte Amalia",)),
    ("ليلى", "الحدّاد", ("أمير", "ياسمين")),
    ("美玲", "王", ("小明",)),
    ("Claire", "Bennett", ("Noah", "Ella")),
    ("Peter", "Odhiambo", ("Zuri",)),
    ("Elena", "Cruz", ("Mateo", "Sofía")),
    ("Min-ji", "Park", ("Jin",)),
    ("Daniel", "Obi", ("Grace", "Samuel")),
    ("Anke", "Meyer", ("Lucas",)),
    ("Tom", "Clarke", ("Owen", "Isla")),
    ("Hana", "Watanabe", ("Ren",)),
    ("Priya", "Patel", ("Ravi", "Anika")),
    ("Olga", "Petrova", ("Sofia",)),
    ("Fatima", "Rahman", ("Aisha", "Yusuf")),
    ("Sean", "Murphy", ("Niamh",)),
    ("Thandiwe", "Nkosi", ("Lwazi", "Zanele")),
    ("Marek", "Żółkiewski", ("Łucja",)),
    ("Linh", "Nguyễn", ("An", "Bình")),
    ("Søren", "Ødegaard", ("Åse",)),
)
_SURNAMES = (
    "Abbott Barnes Carver Delgado Ellison Fischer Garner Hoffman Iverson Jensen Keller Lambert Moreau Novak Osborne "
    "Pruitt Quigley Rossi Santos Tanaka Ueda Vargas Walsh Xiong Yilmaz Zimmer Almeida Becker Costa Dubois Engel "
    "Ferrari Gruber Haas Ibarra Jovic Kovacs Lindgren Molina Nilsen"
).split()
_PARENTS = "Ana Ben Chloe David Eva Felix Gina Hugo Iris Jan Kate Liam Maria Nils Oana Paul Rita Stefan Tina".split()
_CHILDREN = (
    "Adam Bella Caleb Dora Ethan Flora Gavin Hazel Ivan Julia Kai Luna Milo Nora Oscar Pia Quentin Rose Simon Tess "
    "Uma Viktor Wren Xena Yara Zane Abel Bea Cora Dean"
).split()


def families() -> list[tuple[str, str, tuple[str, ...]]]:
    """Sixty, every second of the invented rest with two children."""
    parents, children = cycle(_PARENTS), cycle(_CHILDREN)
    rest = [
        (next(parents), surname, tuple(next(children) for _ in range(1 + n % 2))) for n, surname in enumerate(_SURNAMES)
    ]
    return [*FAMILIES, *rest]


def teacher_email(first: str, last: str) -> str:
    plain = str.maketrans("éřáőż", "eraoz")
    return f"{first[0]}.{last}@lindenpark.example".lower().translate(plain)


def parent_email(number: int, first: str, last: str) -> str:
    """`rosa.alvarez@mail.example`; a name in another script gets a number instead."""
    name = f"{first.split()[0]}.{last.split()[-1].split('-')[0]}".lower()
    return f"{name}@mail.example" if name.isascii() else f"family{number:02}@mail.example"


def roster_files() -> dict[str, bytes]:
    """The files as an office would export them."""
    students, enrolments, parents, ties = [], [], [], []
    grades = cycle(range(len(GRADES)))
    sections = cycle((0, 1))
    for number, (first, last, children) in enumerate(families(), 1):
        parents.append((f"P{number:03}", first, last, parent_email(number, first, last)))
        for place, child in enumerate(children):
            student = f"S{number:03}{place + 1}"
            grade, section = next(grades), next(sections)
            students.append((student, child, last, f"{2019 - 2 * grade}-{1 + number % 12:02}-{1 + number % 28:02}"))
            ties.append((f"P{number:03}", student))
            enrolments += [(student, class_id) for class_id in _classes_of(grade, section)]
    return {
        "students.txt": _file("StudentID First Last SecurityValue", students),
        "teachers.txt": _file("TeacherID First Last Email Room", [_teacher(*t) for t in TEACHERS]),
        "classes.txt": _file("ClassID TeacherID ClassName GroupName", [_class(*t) for t in TEACHERS]),
        "enrollment.txt": _file("StudentID ClassID", enrolments),
        "parents.txt": _file("ParentID First Last Email", parents),
        "parent-student.txt": _file("ParentID StudentID", ties),
    }


def _classes_of(grade: int, section: int) -> list[str]:
    """The student's class teacher and both subject teachers of the grade."""
    first = grade * 4
    return [f"C{first + 1 + section:02}", f"C{first + 3:02}", f"C{first + 4:02}"]


def _teacher(ref: str, first: str, last: str, room: str, _grade: int, _subject: str) -> tuple[str, ...]:
    return ref, first, last, teacher_email(first, last), room


def _class(ref: str, _first: str, _last: str, _room: str, grade: int, subject: str) -> tuple[str, ...]:
    return ref.replace("T", "C"), ref, subject, GRADES[grade]


def _file(columns: str, rows: Sequence[tuple[str, ...]]) -> bytes:
    lines = ["\t".join(columns.split()), *("\t".join(row) for row in rows)]
    return ("\n".join(lines) + "\n").encode()
