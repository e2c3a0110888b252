"""Reduce what an office wrote for a mail to a few harmless tags, and set plain text in paragraphs."""

import re
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser

import nh3
from markupsafe import Markup, escape

TAGS = frozenset({"a", "b", "br", "em", "h2", "h3", "i", "li", "ol", "p", "strong", "u", "ul"})
_BLOCK_NAMES = ("p", "h2", "h3", "ul", "ol")
_BLOCKS = re.compile(rf"<({'|'.join(_BLOCK_NAMES)})\b", re.IGNORECASE)
_MARKUP = re.compile(r"<[a-z/!]", re.IGNORECASE)
_ADDRESS = re.compile(r"https://|mailto:|\$\((Room|CancelLink|E_LINK)\)$", re.IGNORECASE)
_EMPTY_LINK = re.compile(r'<a(?: href="")?>(.*?)</a>', re.DOTALL)
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)[^>]*>", re.IGNORECASE)


@dataclass(frozen=True)
class Cleaned:
    """`removed` names the tags and attributes that were taken out, such as `<script>` and `onclick`."""

    source: str
    removed: tuple[str, ...]


def clean(source: str) -> Cleaned:
    """What is stored: text without tags stays as it was typed; of HTML only the harmless part is kept."""
    source = source.replace("\r\n", "\n").replace("\0", "")
    if not _MARKUP.search(source):
        return Cleaned(source, ())
    return Cleaned(_safe(source), tuple(_Refused(source).found))


def as_html(source: str) -> Markup:
    """Safe HTML of a stored text. Line breaks and empty lines mean what they look like, unless it has blocks itself."""
    safe = _safe(source) if _MARKUP.search(source) else str(escape(source))
    if _BLOCKS.search(safe):
        return Markup(_apart(safe))  # noqa: S704 - reduced to harmless tags
    paragraphs = [part.strip().replace("\n", "<br>\n") for part in re.split(r"\n[ \t]*\n", safe.strip())]
    # The empty line between paragraphs stays: what names an appointment is repeated by paragraphs.
    return Markup("\n\n".join(f"<p>{part}</p>" for part in paragraphs if part))  # noqa: S704 - as above


def without_dead_links(html: Markup, words: str) -> Markup:
    """A link whose address turned out to be none stands as its text, with words that say so."""
    said = Markup("{} ({})")
    return Markup(_EMPTY_LINK.sub(lambda link: str(said.format(Markup(link[1]), words)), str(html)))  # noqa: S704


def as_text(source: str) -> str:
    """The text part of the mail: tags gone, list items on lines of their own, addresses of links kept."""
    if not _MARKUP.search(source):
        return source
    told = re.sub(r'<a href="([^"]*)"[^>]*>(.*?)</a>', _told, _apart(_safe(source)), flags=re.DOTALL)
    lines = _TAG.sub(_line_break, told)
    return re.sub(r"\n{3,}", "\n\n", unescape(lines)).strip() + "\n"


def _told(link: re.Match[str]) -> str:
    return link[2] if link[1] == link[2] else f"{link[2]}: {link[1]}"


def _line_break(tag: re.Match[str]) -> str:
    closing, name = tag[1], tag[2].lower()
    if name == "br":
        return "\n"
    if name == "li":
        return "" if closing else "\n- "
    return "\n\n" if name in _BLOCK_NAMES and closing else ""


def _apart(safe: str) -> str:
    """With an empty line around each block that stands in no other: what names an appointment is repeated by
    paragraphs, and a tag that was opened is closed in the same one."""
    depth = 0

    def spaced(tag: re.Match[str]) -> str:
        nonlocal depth
        closing, name = bool(tag[1]), tag[2].lower()
        if name == "br":
            return tag[0]
        depth += -1 if closing else 1
        is_outermost = depth == (0 if closing else 1)
        if not is_outermost or name not in _BLOCK_NAMES:
            return tag[0]
        return f"{tag[0]}\n\n" if closing else f"\n\n{tag[0]}"

    return re.sub(r"\n{3,}", "\n\n", _TAG.sub(spaced, safe)).strip()


def _safe(source: str) -> str:
    return nh3.clean(
        source,
        tags=set(TAGS),
        attributes={"a": {"href"}},
        attribute_filter=lambda _tag, _name, value: value if _ADDRESS.match(value) else None,
        url_schemes={"https", "mailto"},
        link_rel=None,
    )


class _Refused(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[str, None] = {}
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.found[f"<{tag}>"] = None
            return
        for name, value in attrs:
            if (tag, name) != ("a", "href"):
                self.found[name] = None
            elif not _ADDRESS.match(value or ""):
                self.found[f"href={(value or '')[:40]}"] = None
