"""Hold the import table of webapp/README.md, and the few things that stand in one file only."""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1]
FILES = sorted([*HOME.glob("webapp/**/*.py"), *HOME.glob("jobs/**/*.py"), HOME / "wsgi.py"])
OURS = {"webapp", "jobs", "wsgi"}

FIRST = {"errors", "clock", "config", "faults", "i18n", "interpreter", "logs", "portions"}
EDGE = {"views", "auth", "forms", "rendering", "csrf", "redirects", "context", "languages", "application"}
ROWS = {"db", "db_driver", "prepared", "schema", "migrations"}
TOP = {"demo", "wsgi", "webapp", "cli", "operations"}


@dataclass(frozen=True)
class Layer:
    """What may be imported: layers or modules of ours, libraries, and libraries that stay in the files named."""

    own: set[str] = field(default_factory=set)
    libraries: set[str] = field(default_factory=set)
    only_in: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def allows(self, one: "Import") -> bool:
        if one.top in OURS:
            return is_under(one.layer, self.own)
        if one.top in sys.stdlib_module_names:
            return True
        return is_under(one.module, self.libraries) or one.file.startswith(self.only_in.get(one.top, "-"))


SQL = {"sqlmodel", "sqlalchemy"}
WEB = tuple(f"webapp/providers/{name}" for name in ("http.py", "bearer.py", "zoom/", "google/", "microsoft/"))
LAYERS = {
    "errors": Layer(FIRST, {"pydantic", "babel"}),
    "models": Layer({"models"}, SQL),
    "db": Layer(
        FIRST | ROWS | {"models"},
        SQL,
        {"alembic": ("webapp/schema.py", "webapp/migrations/"), "psycopg": ("webapp/db_driver.py",)},
    ),
    "providers": Layer(
        FIRST | {"providers"},
        {"authlib"},
        {
            "requests": WEB,
            "urllib3": ("webapp/providers/http.py",),
            "babel": ("webapp/providers/microsoft/zones.py",),
            "flask_mail": ("webapp/providers/mail.py",),
        },
    ),
    "documents": Layer(
        FIRST | {"documents"},
        {"jinja2", "markupsafe"},
        {
            "arabic_reshaper": ("webapp/documents/lines.py",),
            "reportlab": ("webapp/documents/pdf.py", "webapp/documents/letters.py", "webapp/documents/slips.py"),
            "xhtml2pdf": ("webapp/documents/lines.py", "webapp/documents/paper.py"),
            "pypdf": ("webapp/documents/paper.py",),
            "segno": ("webapp/documents/paper.py", "webapp/documents/slips.py"),
            "icalendar": ("webapp/documents/calendar_file.py",),
            "nh3": ("webapp/documents/rich_text.py",),
            "openpyxl": ("webapp/documents/workbook.py",),
        },
    ),
    "services": Layer(
        FIRST | {"models", "providers.base", "documents", "db", "prepared", "services"},
        {*SQL, "markupsafe", "pydantic", "cryptography", "werkzeug.security"},
        {"PIL": ("webapp/services/people/logo.py",), "openpyxl": ("webapp/services/roster/workbook.py",)},
    ),
    "views": Layer(
        FIRST | EDGE | {"models", "providers.base", "documents", "db", "services"},
        {"flask", "flask_login", "htmx_flask", "itsdangerous", "pydantic", "werkzeug", "sqlmodel"},
        {
            "jinja2": ("webapp/rendering.py", "webapp/application.py"),
            "markupsafe": ("webapp/rendering.py",),
            "sqlalchemy": ("webapp/views/health.py",),
        },
    ),
    "jobs": Layer(
        FIRST | {"services", "models", "db", "context", "providers.base", "providers.sending", "jobs"},
        {"flask"},
        {
            "apscheduler": ("jobs/scheduler.py",),
            "sqlmodel": ("jobs/housekeeping.py",),
            "sqlalchemy": ("jobs/housekeeping.py",),
        },
    ),
    "sandbox": Layer({"sandbox"}, {"flask", "jinja2", "aiosmtpd", "werkzeug"}),
}
"""By the first name of each row in the map; the rest of its row is the same layer. Others may import everything."""

ONE_PLACE = {
    "requests": WEB,
    "flask_mail": ("webapp/providers/mail.py",),
    # The demo holds the scheduler that it has to stop.
    "apscheduler": ("jobs/scheduler.py", "webapp/demo/run.py"),
    "granian": ("webapp/cli.py",),
}


@dataclass(frozen=True)
class Import:
    file: str
    module: str
    is_for_types: bool

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]

    @property
    def layer(self) -> str:
        """Of a module of ours: such as `models`, `providers.zoom.client`, `jobs`."""
        return self.module.removeprefix("webapp.")


def place(file: Path) -> str:
    return file.relative_to(HOME).as_posix()


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(HOME).with_suffix("").parts).removesuffix(".__init__")


def layer_of(file: Path) -> str:
    parts = module_of(file).split(".")
    return parts[1] if parts[0] == "webapp" and len(parts) > 1 else parts[0]


def row_of(file: Path) -> str:
    layer = layer_of(file)
    return next((row for row, names in (("errors", FIRST), ("views", EDGE), ("db", ROWS)) if layer in names), layer)


@cache
def imports_of(file: Path) -> tuple[Import, ...]:
    for_types = {
        id(inner)
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    return tuple(
        Import(place(file), module, id(node) in for_types)
        for node in ast.walk(tree_of(file))
        for module in modules_named(file, node)
    )


def modules_named(file: Path, node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = absolute(file, node)
        for alias in node.names:
            whole = f"{base}.{alias.name}"
            yield whole if is_module_of_ours(whole) else base


def absolute(file: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module_of(file).split(".")
    climbed = package[: len(package) - node.level + (file.name == "__init__.py")]
    return ".".join([*climbed, *([node.module] if node.module else [])])


def is_module_of_ours(module: str) -> bool:
    path = HOME.joinpath(*module.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def all_imports() -> Iterator[Import]:
    for file in FILES:
        yield from imports_of(file)


def is_under(name: str, allowed: set[str]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in allowed)


def names_of_handlers(tree: ast.Module) -> Iterator[tuple[str, ast.ExceptHandler]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            yield ast.unparse(node.type) if node.type else "", node


def names_from(module: str, files: list[Path]) -> set[str]:
    nodes = (node for file in files for node in ast.walk(tree_of(file)))
    imports = (node for node in nodes if isinstance(node, ast.ImportFrom) and node.module == module)
    return {alias.name for node in imports for alias in node.names}


def test_the_files_are_found() -> None:
    assert {"webapp/services/booking/book.py", "webapp/sandbox/zoom/api.py", "jobs/batch.py"} <= set(map(place, FILES))
    assert all(row_of(file) in LAYERS.keys() | TOP for file in FILES)


@pytest.mark.parametrize("file", [file for file in FILES if row_of(file) in LAYERS], ids=place)
def test_each_layer_imports_what_the_map_allows(file: Path) -> None:
    rule = LAYERS[row_of(file)]

    strangers = [one.module for one in imports_of(file) if not rule.allows(one)]

    # The application that is handed to the mailer has a type, which is not there when the program runs.
    assert strangers == (["flask"] if place(file) == "webapp/providers/mail.py" else [])


@pytest.mark.parametrize("library", ONE_PLACE)
def test_a_library_stays_in_its_place(library: str) -> None:
    found = {one.file for one in all_imports() if one.top == library}

    assert found
    assert all(file.startswith(ONE_PLACE[library]) for file in found), found


def test_flask_stops_at_the_views() -> None:
    beneath = ("webapp/models/", "webapp/services/", "webapp/providers/", "webapp/documents/", "webapp/db.py")

    found = [one for one in all_imports() if one.top in {"flask", "flask_login"} and one.file.startswith(beneath)]

    assert [(one.file, one.is_for_types) for one in found] == [("webapp/providers/mail.py", True)]


def test_services_form_no_circle() -> None:
    graph = {
        module_of(file): {one.module for one in imports_of(file) if one.module.startswith("webapp.services.")}
        for file in FILES
        if layer_of(file) == "services"
    }

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_what_follows_and_where_it_takes_place_call_no_other_rule() -> None:
    """Everybody calls `consequences` and `room`; what these call must not call them back."""
    called: set[str] = set()
    waiting = ["webapp.services.booking.consequences", "webapp.services.booking.room"]
    while waiting:
        file = HOME.joinpath(*waiting.pop().split(".")).with_suffix(".py")
        new = {one.module for one in imports_of(file) if one.module.startswith("webapp.services.")} - called
        called |= new
        waiting += new

    assert called.isdisjoint(f"webapp.services.booking.{name}" for name in ("book", "cancel", "move", "change", "plan"))
    assert called.isdisjoint(f"webapp.services.meeting.{name}" for name in ("settle", "mapping", "connection"))


def test_views_ask_no_questions_of_the_database() -> None:
    asking = re.compile(r"(?<![.\w])(select|insert|update|delete|text)\(|\.(execute|exec)\(")
    edge = [file for file in FILES if row_of(file) == "views"]

    found = {place(file) for file in edge if asking.search(ast.unparse(tree_of(file)))}

    # Whether the database answers at all is not a question of any service.
    assert found == {"webapp/views/health.py"}
    assert names_from("sqlmodel", edge) == {"Session"}


def test_services_may_wake_the_jobs_know_a_lost_race_and_leave_transactions_to_the_edge() -> None:
    services = [file for file in FILES if row_of(file) == "services"]

    with_database = {place(file) for file in services if "Database" in names_from("webapp.db", [file])}

    assert names_from("webapp.db", services) == {"wake", "has_lost_a_race", "Database"}
    calling = ("system/tokens", "system/health", "system/revoke", "meeting/map_contacts", "meeting/map_teacher")
    watched = ("booking/bulk", "event/slots_task", "roster/import_task")
    assert with_database == {f"webapp/services/{name}.py" for name in calling + watched}


def test_whatever_happens_is_caught_in_one_place_only() -> None:
    """STYLE 14. A call's thread hands its error over to the caller's, where it is raised again."""
    everything = {
        place(file)
        for file in FILES
        if any(caught in {"Exception", ""} for caught, _ in names_of_handlers(tree_of(file)))
    }

    assert everything == {"jobs/batch.py", "webapp/providers/http.py"}


def test_who_catches_even_the_end_of_the_program_raises_it_again() -> None:
    for file in FILES:
        for caught, handler in names_of_handlers(tree_of(file)):
            if "BaseException" in caught:
                assert any(isinstance(node, ast.Raise) for node in ast.walk(handler)), place(file)


def test_the_time_is_asked_for_in_the_clock() -> None:
    asking = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}

    found = {
        place(file)
        for file in FILES
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in asking
    }

    # The stand-ins have a clock of their own; the scheduler ticks by the machine's, whatever a rehearsal says.
    ours = {file for file in found if not file.startswith("webapp/sandbox/")}
    assert ours == {"webapp/clock.py", "jobs/scheduler.py"}


def test_only_the_edge_asks_the_clock() -> None:
    asking = {one.file for one in all_imports() if one.module == "webapp.clock"}

    beneath = ("webapp/models/", "webapp/services/", "webapp/documents/")
    assert not any(file.startswith(beneath) for file in asking)


@pytest.mark.parametrize("file", FILES, ids=place)
def test_a_module_says_in_one_sentence_what_it_keeps_true(file: Path) -> None:
    tree = tree_of(file)
    if not tree.body:
        return  # an empty file only makes a folder a package

    first = (ast.get_docstring(tree) or "").partition("\n\n")[0]

    assert first.endswith("."), first


@pytest.mark.parametrize("name", LAYERS)
def test_the_map_names_each_layer_and_library(name: str) -> None:
    rows = re.findall(r"^\| (`.*?) \|$", (HOME / "webapp" / "README.md").read_text(), re.MULTILINE)
    [row] = [row for row in rows if row.startswith(f"`{name}`")]

    rule = LAYERS[name]
    assert not {library for library in {*rule.libraries, *rule.only_in} if library not in row} - {"sqlalchemy"}, row
