"""What an office writes for its mails: a few harmless tags, and paragraphs as they look."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.documents.rich_text import TAGS, as_html, as_text, clean, without_dead_links


def test_plain_text_stays_as_it_was_typed() -> None:
    text = "Hello $(FirstName),\n\na < b & c"

    assert clean(text).source == text
    assert as_html(text) == "<p>Hello $(FirstName),</p>\n\n<p>a &lt; b &amp; c</p>"
    assert as_text(text) == text


def test_harmless_tags_stay() -> None:
    html = '<p>Dear <b>family</b>, <a href="https://school.example/map">the map</a></p><ul><li>Bring a pen</li></ul>'

    assert clean(html).source == html
    assert clean(html).removed == ()
    assert as_text(html) == "Dear family, the map: https://school.example/map\n\n- Bring a pen\n"


@pytest.mark.parametrize(
    ("typed", "html", "text"),
    [
        ("<p>Hi</p><p>$(Teacher)</p><p>Bye</p>", "<p>Hi</p>|<p>$(Teacher)</p>|<p>Bye</p>", "Hi|$(Teacher)|Bye\n"),
        ("Hi<br>you<h2>$(Teacher)</h2>Bye", "Hi<br>you|<h2>$(Teacher)</h2>|Bye", "Hi\nyou|$(Teacher)|Bye\n"),
        (
            "<ul><li><p>a</p><ul><li>b</li></ul></li></ul><p>c</p>",
            "<ul><li><p>a</p><ul><li>b</li></ul></li></ul>|<p>c</p>",
            "- a|- b|c\n",
        ),
        ("<b><p>a</p></b><p>c</p>", "<b><p>a</p></b>|<p>c</p>", "a|c\n"),
    ],
)
def test_blocks_stand_apart_as_paragraphs_do_and_whole(typed: str, html: str, text: str) -> None:
    """What names an appointment is repeated by paragraphs."""
    assert as_html(typed) == html.replace("|", "\n\n")
    assert as_text(typed) == text.replace("|", "\n\n")


@pytest.mark.parametrize(
    ("typed", "kept", "removed"),
    [
        ("<p>Hi<script>alert(1)</script></p>", "<p>Hi</p>", ("<script>",)),
        ('<p onclick="x()">Hi</p>', "<p>Hi</p>", ("onclick",)),
        ("<b>Hi</b><iframe src=https://e.example></iframe>", "<b>Hi</b>", ("<iframe>",)),
        ("<b>Hi</b><img src=https://tracker.example/p.gif onerror=x>", "<b>Hi</b>", ("<img>",)),
        ('<a href="javascript:alert(1)">x</a>', "<a>x</a>", ("href=javascript:alert(1)",)),
        ('<a href="//evil.example">x</a>', "<a>x</a>", ("href=//evil.example",)),
        ('<a href="http://school.example">x</a>', "<a>x</a>", ("href=http://school.example",)),
    ],
    ids=["script", "handler", "iframe", "tracker", "javascript", "no scheme", "http"],
)
def test_the_rest_is_removed_and_named(typed: str, kept: str, removed: tuple[str, ...]) -> None:
    """MACRO-013, MACRO-015"""
    assert (clean(typed).source, clean(typed).removed) == (kept, removed)


def test_a_link_may_lead_to_the_room() -> None:
    assert clean('<a href="$(Room)">Join</a>').removed == ()


def test_a_link_without_an_address_says_so() -> None:
    """MACRO-016"""
    shown = without_dead_links(as_html('<b>x</b> <a href="">Join</a>'), "link not available")

    assert "Join (link not available)" in shown
    assert "<a" not in shown


@given(st.text(alphabet="<>/abpiscrt\"'= \nhref&;#!-", max_size=80))
def test_only_harmless_tags_are_left_whatever_is_typed(typed: str) -> None:
    html = str(as_html(clean(typed).source))

    assert {name.lower() for name in re.findall(r"<\s*/?\s*([a-zA-Z][a-zA-Z0-9]*)", html)} <= TAGS
    assert clean(clean(typed).source).source == clean(typed).source
