"""Read all files of an upload together: refused as a whole, or facts and the rows that are left out."""

from collections.abc import Mapping, Sequence

from webapp.errors import N_, Invalid
from webapp.services.roster.clever import read_clever
from webapp.services.roster.facts import Roster
from webapp.services.roster.layout import UNREAD, Layout
from webapp.services.roster.layouts import LAYOUTS
from webapp.services.roster.microsoft import read_microsoft
from webapp.services.roster.oneroster import read_oneroster
from webapp.services.roster.own_files import read_own_files
from webapp.services.roster.read_files import Table, read_table
from webapp.services.roster.repeats import leave_out_repeats
from webapp.services.roster.report import NOT_READ, NOTE, Problem, ReadFile
from webapp.services.roster.sheet import Sheet, recognised, unknown
from webapp.services.roster.times import read_times
from webapp.services.roster.upload import is_workbook
from webapp.services.roster.workbook import read_workbook

NO_ROWS = N_("No rows found under the headings of %(file)s.")
BLANK_ROWS = N_("Empty rows, skipped: %(n)s.")


def read_roster(files: Mapping[str, bytes], layouts: Sequence[Layout] = LAYOUTS, *, dates: str = "") -> Roster:
    """Raises Invalid, naming the file, where one is not readable or lacks what its layout requires."""
    roster = Roster()
    sheets = _sheets(read_tables(files), layouts, roster)
    read_own_files(sheets, roster)
    read_oneroster(sheets, roster)
    read_microsoft(sheets, roster)
    read_clever(sheets, roster)
    read_times(sheets, roster, dates=dates)
    leave_out_repeats(roster)
    return roster


def read_tables(files: Mapping[str, bytes]) -> list[Table]:
    """A workbook may hold several. Raises Invalid."""
    return [table for name, content in files.items() for table in _tables(name, content)]


def _tables(name: str, content: bytes) -> list[Table]:
    return read_workbook(name, content) if is_workbook(content) else [read_table(name, content)]


def _sheets(tables: list[Table], layouts: Sequence[Layout], roster: Roster) -> list[Sheet]:
    sheets: list[Sheet] = []
    for table in tables:
        sheet = recognised(table, layouts)
        if sheet is not None:
            sheets.append(sheet)
            _describe(sheet, roster)
        else:
            roster.notes.append(Problem(table.name, 0, "", NOTE, NOT_READ))
    if not sheets:
        raise unknown(tables[0]) if tables else Invalid(N_("Choose a file."), field="file")
    _refuse_empty(sheets)
    return sheets


def _describe(sheet: Sheet, roster: Roster) -> None:
    table = sheet.table
    roster.files.append(ReadFile(table.name, sheet.layout.title, table.encoding, table.delimiter, len(table.lines)))
    if sheet.layout.kind != UNREAD and sheet.unknown_columns:
        roster.unknown_columns[table.name] = sheet.unknown_columns
    if table.blank_rows:
        roster.notes.append(Problem(table.name, 0, "", NOTE, BLANK_ROWS, {"n": table.blank_rows}))


def _refuse_empty(sheets: list[Sheet]) -> None:
    """A OneRoster zip with nothing but its manifest says that nothing changed; headings alone say nothing."""
    if not any(sheet.table.lines for sheet in sheets):
        raise Invalid(NO_ROWS, field="file", file=", ".join(sheet.table.name for sheet in sheets))
