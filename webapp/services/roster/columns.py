"""Remember what a school's files call the columns of a layout, so that the office says it once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete, select
from sqlmodel import Session, col

from webapp.errors import N_, Invalid, NotFound
from webapp.models import ColumnName
from webapp.services.roster.layout import Layout, plain
from webapp.services.roster.layouts import LAYOUTS
from webapp.services.roster.own_layouts import OWN
from webapp.services.roster.read_files import Table
from webapp.services.roster.sheet import ColumnsUnknown, intended, recognised, sheet_of
from webapp.services.system import audit
from webapp.services.system.audit import Who

EXAMPLES = 3
ANY_KIND = "auto"
LONGEST_HEADING = 255


@dataclass(frozen=True)
class Heading:
    """A column of a file with what it is taken for, and its first cells for whom the heading tells nothing."""

    name: str
    examples: list[str]
    column: str


@dataclass(frozen=True)
class Unclear:
    """A file whose columns have to be said; `number` is its place among the tables of the upload."""

    number: int
    file: str
    layout: Layout
    headings: list[Heading]


def layouts_of(session: Session, school_id: int, kind: str = ANY_KIND) -> list[Layout]:
    """All layouts, or those of one Data Type, each with the names that this school's files have for its columns."""
    learned: dict[str, dict[str, str]] = {}
    for name in _names(session, school_id):
        learned.setdefault(name.layout, {})[name.heading] = name.column
    return [
        replace(layout, learned=learned.get(layout.kind, {})) for layout in LAYOUTS if kind in {ANY_KIND, layout.kind}
    ]


def remembered(session: Session, school_id: int) -> dict[str, list[ColumnName]]:
    """By the titles of the layouts; what is not used is left out."""
    titles = {layout.kind: layout.title for layout in OWN}
    known: dict[str, list[ColumnName]] = {}
    for name in _names(session, school_id):
        if name.column and name.layout in titles:
            known.setdefault(name.layout, []).append(name)
    return known


def unclear(
    tables: Sequence[Table], layouts: Sequence[Layout], *, number: int | None = None, kind: str = ""
) -> Unclear | None:
    """The table of this number, else the first that is not recognised; read by the layout that was asked for."""
    if number is None:
        number = next((n for n, table in enumerate(tables) if not _is_clear(table, layouts)), None)
    if number is None:
        return None
    if not 0 <= number < len(tables):
        raise NotFound
    table = tables[number]
    own = [layout for layout in layouts if layout.kind in {own.kind for own in OWN}]
    layout = _of_kind(kind, own) or intended(table, own) or own[0]
    return Unclear(number, table.name, layout, [_heading(table, layout, n) for n in range(len(table.headings))])


def name_columns(
    session: Session, school_id: int, table: Table, kind: str, columns: Sequence[str], *, who: Who, now: datetime
) -> None:
    """`columns` are in the order of the table's headings, empty for what is not used. Raises Invalid, naming the
    columns, where one is missing, chosen twice or unknown."""
    layout = _of_kind(kind, OWN)
    known = {column.name for column in layout.columns} if layout else set()
    if layout is None or len(columns) != len(table.headings) or not set(columns) <= known | {""}:
        raise Invalid(N_("Choose what each column is."), field="column")
    said = {plain(heading): column for heading, column in zip(table.headings, columns, strict=True) if plain(heading)}
    sheet_of(table, replace(layout, learned=said))
    _forget(session, school_id, kind, list(said))
    session.add_all(
        ColumnName(school_id=school_id, layout=kind, heading=key, column=column)
        for key, column in said.items()
        if len(key) <= LONGEST_HEADING
    )
    session.flush()
    audit.record(session, "roster.columns", who=who, school_id=school_id, layout=layout.title, now=now)


def forget_columns(session: Session, school_id: int, kind: str, *, who: Who, now: datetime) -> None:
    """Forgetting what nobody knows is fine."""
    session.execute(
        delete(ColumnName).where(col(ColumnName.school_id) == school_id, col(ColumnName.layout) == kind[:30])
    )
    layout = _of_kind(kind, OWN)
    if layout is not None:
        audit.record(session, "roster.columns", who=who, school_id=school_id, layout=layout.title, now=now)


def _names(session: Session, school_id: int) -> Sequence[ColumnName]:
    query = select(ColumnName).where(col(ColumnName.school_id) == school_id)
    return session.execute(query.order_by(col(ColumnName.layout), col(ColumnName.heading))).scalars().all()


def _is_clear(table: Table, layouts: Sequence[Layout]) -> bool:
    try:
        return recognised(table, layouts) is not None
    except ColumnsUnknown:
        return False


def _of_kind(kind: str, layouts: Sequence[Layout]) -> Layout | None:
    return next((layout for layout in layouts if layout.kind == kind), None)


def _heading(table: Table, layout: Layout, position: int) -> Heading:
    cells = (line.cells[position].strip() for line in table.lines if position < len(line.cells))
    examples = [cell[:60] for cell in cells if cell and cell.isprintable()][:EXAMPLES]
    column = layout.column(table.headings[position])
    return Heading(table.headings[position], examples, column.name if column else "")


def _forget(session: Session, school_id: int, kind: str, keys: Sequence[str]) -> None:
    session.execute(
        delete(ColumnName).where(
            col(ColumnName.school_id) == school_id, col(ColumnName.layout) == kind, col(ColumnName.heading).in_(keys)
        )
    )
