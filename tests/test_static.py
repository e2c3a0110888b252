"""What is served as it is stays as it was taken, small, and free of script in pages; nothing tells of a machine."""

import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1]
STATIC, TEMPLATES = HOME / "webapp" / "static", HOME / "webapp" / "templates"
VENDOR = STATIC / "vendor"
PAGES = sorted(TEMPLATES.glob("**/*.html"))
LARGEST_STYLE = 40_000

_JINJA = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)
_COMMENTS = re.compile(r"{#.*?#}", re.DOTALL)
_MACROS = re.compile(r"{% macro (\w+)\(.*?%}(.*?){% endmacro %}", re.DOTALL)
_MACHINE = re.compile(r"(?<![\w.~-])/(?:work|root|tmp|home/[a-z]+)/")
_REGISTRY = re.compile(
    r"\b(?:pypi|npmjs|registry|artifactory|nexus|mirrors?)[\w.-]*\.(?:org|com|net|io|dev|local|internal)\b"
    r"|--(?:extra-)?index-url|--trusted-host|--find-links"
)


class Seen(HTMLParser):
    """What a page's source says: its tags with their attributes, and the text within scripts and styles."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.inline: list[str] = []
        self._within = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attributes}))
        self._within = tag if tag in {"script", "style"} else ""

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, text: str) -> None:
        if self._within and text.strip():
            self.inline.append(text)


def seen(page: Path) -> Seen:
    """The template's own markup; what Jinja fills in is left out."""
    return Seen(_JINJA.sub("", page.read_text()))


def name(page: Path) -> str:
    return page.relative_to(TEMPLATES).as_posix()


def opened(source: str) -> str:
    """With the heads of forms written out that a macro makes."""
    macros = {made: body for page in PAGES for made, body in _MACROS.findall(page.read_text())}
    return re.sub(r"(?<=<form ){{ \w+\.(\w+)\([^}]*}}", lambda found: macros[found[1]], source)


def tracked() -> list[Path]:
    """What is committed, or would be."""
    git = shutil.which("git")
    if not git or not (HOME / ".git").exists():
        pytest.skip("not a git repository")
    listing = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=HOME, capture_output=True, text=True, check=True).stdout
    return [HOME / path for path in listed.split("\0") if path and (HOME / path).is_file()]


def texts(files: list[Path]) -> dict[str, str]:
    found = {}
    for file in files:
        content = file.read_bytes()
        if b"\0" not in content:
            found[file.relative_to(HOME).as_posix()] = content.decode("utf-8", "replace")
    return found


def test_the_vendored_scripts_are_those_that_the_note_says() -> None:
    noted = dict(re.findall(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", (VENDOR / "README.md").read_text(), re.M))

    found = {
        file.relative_to(VENDOR).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in VENDOR.glob("*/**/*")
        if file.is_file() and file.name != "LICENSE"
    }

    assert found == noted
    assert all((VENDOR / file).with_name("LICENSE").exists() for file in found)
    assert "htmx@2.0.11/htmx.min.js" in found


def test_pages_load_what_is_there_and_only_from_here() -> None:
    asked_for = {asset for page in PAGES for asset in re.findall(r"asset\(['\"]([^'\"]+)['\"]\)", page.read_text())}

    assert asked_for
    assert not [asset for asset in asked_for if not (STATIC / asset).is_file()]
    for page in PAGES:
        sources = [given for tag, values in seen(page).tags for key, given in values.items() if key in {"src", "href"}]
        loaded = [given for given in sources if given.startswith(("http:", "//"))]
        assert not loaded, name(page)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_template_holds_no_script_and_no_style(page: Path) -> None:
    """The Content-Security-Policy would refuse them; a mail is read elsewhere, and has no style sheet."""
    found = seen(page)

    for tag, attributes in found.tags:
        assert "style" not in attributes or name(page).startswith("mail/"), (tag, attributes)
        assert not [key for key in attributes if key.startswith(("on", "hx-on", "data-hx-on"))], (tag, attributes)
        assert not any(value.strip().lower().startswith(("js:", "javascript:")) for value in attributes.values())
        assert tag not in {"style", "iframe", "object", "embed", "base"}
    assert not found.inline
    assert "hx-on" not in page.read_text()


@pytest.mark.parametrize("page", [page for page in PAGES if "<form" in page.read_text()], ids=name)
def test_every_form_that_posts_carries_the_csrf_value(page: Path) -> None:
    source = opened(_COMMENTS.sub("", page.read_text()))

    forms = re.findall(r"<form\b(.*?)>(.*?)</form>", source, re.DOTALL)

    assert len(forms) == source.lower().count("<form")
    for head, inside in forms:
        [method] = re.findall(r'\bmethod="(get|post|dialog)"', head)
        assert method == "dialog" or re.search(r'\baction="[^"]', head), head
        assert method != "post" or '<input type="hidden" name="csrf" value="{{ csrf_value() }}">' in inside, head


def test_no_template_switches_off_what_is_escaped() -> None:
    """Threads share the macros of a template: while one of them is without escaping, another fails in the midst of its
    page, or shows tags as text."""
    assert [name(page) for page in PAGES if re.search(r"\{%-?\s*autoescape", page.read_text())] == []


def test_htmx_runs_no_text_as_script_and_keeps_no_page() -> None:
    """RELIABILITY T34, T35"""
    [config] = re.findall(r"name=\"htmx-config\" content='([^']+)'", (TEMPLATES / "shell" / "base.html").read_text())

    expected = {
        "allowEval": False,
        "allowScriptTags": False,
        "includeIndicatorStyles": False,
        "selfRequestsOnly": True,
        "historyCacheSize": 0,
    }
    assert expected.items() <= json.loads(config).items()


def test_the_styles_are_small_and_ask_for_nothing_elsewhere() -> None:
    style = (STATIC / "app.css").read_text()

    assert len(style.encode()) < LARGEST_STYLE
    assert "@import" not in style
    assert not re.findall(r"url\((?!\s*['\"]?data:)[^)]*:", style)


@pytest.mark.parametrize("script", ["glue.js", "ui.js"])
def test_our_scripts_evaluate_no_text(script: str) -> None:
    source = (STATIC / script).read_text()

    assert not re.findall(r"\beval\(|new Function|\.innerHTML\s*=|document\.write|insertAdjacentHTML", source)


def test_nothing_committed_tells_of_the_machine_it_was_made_on() -> None:
    ours = {path: text for path, text in texts(tracked()).items() if not path.startswith("tests/")}

    assert len(ours) > 100
    assert not {path: found[0] for path, text in ours.items() if (found := _MACHINE.search(text))}


def test_nothing_committed_names_a_package_registry() -> None:
    found = {path: found[0] for path, text in texts(tracked()).items() if (found := _REGISTRY.search(text))}

    assert found.keys() <= {Path(__file__).relative_to(HOME).as_posix()}
