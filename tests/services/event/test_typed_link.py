"""The one validator of typed links: what it keeps, upgrades, refuses and offers."""

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from webapp.errors import Invalid
from webapp.i18n import sentence
from webapp.services.event.typed_link import TypedLink, checked_link, checked_room, is_safe_link

INVITATION = """Folake Adeyemi is inviting you to a scheduled Zoom meeting.

Join Zoom Meeting
https://us02web.zoom.us/j/81234567890?pwd=a1B2.1

Meeting ID: 812 3456 7890
"""


def refusal(text: str) -> str:
    with pytest.raises(Invalid) as caught:
        checked_link(text)
    assert caught.value.field == "url"
    assert caught.value.status == 422
    return sentence(caught.value)


@pytest.mark.parametrize(
    "link",
    [
        "https://zoom.us/j/1?pwd=a1B2.1",
        "https://us02web.zoom.us/my/adeyemi#success",
        "https://meet.google.com/abc-defg-hij",
        "https://teams.microsoft.com/l/meetup-join/19%3ameeting_x%40thread.v2/0?context=%7b%22Tid%22%3a%22a%22%7d",
        "https://xn--bcher-kva.example/j/1",
        "https://bit.ly/x",
    ],
)
def test_links_of_meeting_services_are_kept_as_they_are(link: str) -> None:
    """ROOM-021, ROOM-027."""
    assert checked_link(f"  {link}\n") == TypedLink(link, was_upgraded=False)
    assert is_safe_link(link)


def test_http_is_upgraded_and_javascript_is_refused() -> None:
    """R48: https only; http:// becomes https with a notice; anything else is refused in the cell."""
    assert checked_link("http://zoom.us/j/1") == TypedLink("https://zoom.us/j/1", was_upgraded=True)
    assert not is_safe_link("http://zoom.us/j/1")

    assert refusal("javascript:alert(1)") == "Only links that start with https:// can be used here."


def test_an_empty_cell_is_no_link() -> None:
    assert checked_link("  \n") == TypedLink("", was_upgraded=False)
    assert not is_safe_link("")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("JaVaScRiPt:alert(1)", "start with https://"),  # ROOM-002
        ("java\tscript:alert(1)", "invisible characters"),  # ROOM-003
        ("\x01javascript:alert(1)", "invisible characters"),
        (" javascript:alert(1)", "start with https://"),
        ("vbscript:x", "start with https://"),  # ROOM-005
        ("file:///etc/passwd", "start with https://"),
        ("blob:https://zoom.us/1", "start with https://"),
        ("about:blank", "start with https://"),
        ("view-source:https://zoom.us", "start with https://"),
        ("ftp://zoom.us/1", "start with https://"),
        ("https:zoom.us/j/1", "start with https://"),
        ("//evil.example/j/1", "whole link"),  # ROOM-006
        ("zoom.us/j/1", "whole link"),
        ("https://zoom.us@evil.example/j/1", "Remove the part before @"),  # ROOM-008
        ("https://zoom.us\\@evil.example", "the character \\"),  # ROOM-009
        ('https://zoom.us/"onclick="x', 'the character "'),
        ("https://zoom.us/'x", "the character '"),
        ("https://zoom.us/<script>", "the character <"),
        ("https://127.0.0.1/", "not a number address"),  # ROOM-012
        ("https://127.0.0.1./", "not a number address"),
        ("https://169.254.169.254/", "not a number address"),
        ("https://[::1]/", "not a number address"),
        ("https://2130706433/", "not a number address"),
        ("https://0x7f000001/", "not a number address"),
        ("https://0177.0.0.0x1/", "not a number address"),
        ("https://localhost/", "not a host name"),
        ("https://zoom.us./j/1", "not a host name"),
        ("https://zo%6fm.us/j/1", "not a host name"),
        ("https://zoom_us.example/", "not a host name"),
        ("https://-zoom.us/", "not a host name"),
        ("https:///j/1", "not a host name"),
        ("https://stra\u00dfe.example/", "not a host name"),  # Python and browsers read it as two different hosts
        ("https://\uff5aoom.us/", "not a host name"),
        ("https://zoom.us:8443/j/1", "Remove the colon"),
        ("https://zoom.us/j/1\r\nATTENDEE:mailto:x@evil.example", "https://zoom.us/j/1."),  # ROOM-014
        ("https://zoom.us/" + "x" * 5000, "at most 2,048 characters"),  # ROOM-015
        ("https://zoom.us/" + "\u00e9" * 1000, "at most 2,048 characters"),
        ("https://zoom.us/\u202ej/1", "invisible characters"),
        ("https://zoom.us/\ud800", "invisible characters"),
        ("Room 12", "looks like a room"),  # ROOM-017
        ("112", "looks like a room"),
        ("zoommtg://zoom.us/join?confno=1", "start with https://"),  # ROOM-020
    ],
)
def test_each_wrong_text_is_refused_with_its_own_reason(text: str, words: str) -> None:
    assert words in refusal(text)
    assert not is_safe_link(text)


@pytest.mark.parametrize(
    "link",
    [
        "https://zoom.us/s/123?pwd=x",
        "https://us02web.zoom.us/%73/123",
        "https://us02web.zoom.us/j/123?tk=1&zak=abc",
        "https://meet.example/?%7aak=abc",
    ],
)
def test_the_hosts_start_link_is_explained(link: str) -> None:
    """RELIABILITY T15: who opens it becomes host."""
    assert "start link" in refusal(link)


def test_a_host_in_other_letters_is_stored_as_it_goes_over_the_wire() -> None:
    """ROOM-011: it is shown as punycode, not as the name that it imitates."""
    link = checked_link("https://z\u043e\u043em.us/j/1")

    assert link.url == "https://xn--zm-fmca.us/j/1"
    assert not is_safe_link("https://z\u043e\u043em.us/j/1")


def test_a_pasted_invitation_offers_the_one_link_in_it() -> None:
    """ROOM-018: stored only after the person agreed."""
    with pytest.raises(Invalid) as caught:
        checked_link(INVITATION)

    assert caught.value.values["link"] == "https://us02web.zoom.us/j/81234567890?pwd=a1B2.1"
    assert caught.value.values["link"] in sentence(caught.value)


def test_two_links_or_a_bad_one_in_a_pasted_text_are_not_offered() -> None:
    two = INVITATION + "\nJoin by phone: https://zoom.us/u/abc"
    start_link = "Start here: https://zoom.us/s/1?zak=a and wait"

    assert "link" not in _values(two)
    assert "link" not in _values(start_link)


def _values(text: str) -> dict[str, object]:
    with pytest.raises(Invalid) as caught:
        checked_link(text)
    return caught.value.values


def outcome(text: str) -> TypedLink | Invalid:
    try:
        return checked_link(text)
    except Invalid as refused:
        return refused


@given(st.text(max_size=200))
@example("https://a.b")
@example("https://A.b:443")
def test_whatever_is_typed_is_refused_or_becomes_a_harmless_link(text: str) -> None:
    """R48."""
    came = outcome(text)

    if isinstance(came, Invalid):
        assert came.field == "url"
        assert sentence(came)
    else:
        assert came.url == "" or _is_harmless(came.url)


LABEL = st.from_regex(r"[A-Za-z0-9\u00e0-\u00f6\u0430-\u044f]([A-Za-z0-9\u00e0-\u00f6-]{0,8}[a-z0-9])?", fullmatch=True)
AUTHORITY = st.lists(LABEL, min_size=1, max_size=4).map(".".join) | st.text(
    "aZ0.-@:[]%_\u00df\u3002\uff0e", max_size=12
)
REST = st.just("") | st.text(max_size=40).map("/".__add__) | st.text("sjzak=&?/#%73", max_size=20).map("/".__add__)


@given(st.sampled_from(["https://", "http://", "HTTPS://", "https:/"]), AUTHORITY, REST)
def test_whatever_looks_like_a_link_is_refused_or_becomes_a_harmless_one(start: str, authority: str, rest: str) -> None:
    """R48."""
    came = outcome(start + authority + rest)

    if isinstance(came, Invalid):
        assert came.field == "url"
    else:
        assert _is_harmless(came.url)
        assert came.was_upgraded == (start == "http://")


def _is_harmless(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    facts = {
        "https": url.startswith("https://") and parts.scheme == "https",
        "ascii": url.isascii() and url.isprintable(),
        "short": len(url) <= 2048,
        "no delimiters": not set(url) & set(" \\\"'`<>"),
        "only a host": parts.netloc == host and "." in host and not host.rpartition(".")[2].isdigit(),
        "stable": checked_link(url) == TypedLink(url, was_upgraded=False),
        "shown": is_safe_link(url),
    }
    assert all(facts.values()), facts
    return True


@pytest.mark.parametrize("room", ["112", "Lab 2", "Gym: east door", "Raum Ä 3", "\u6559\u5ba4 5", ""])
def test_a_room_is_a_short_text(room: str) -> None:
    assert checked_room(f" {room} ").text == room


def test_a_room_may_be_a_link_by_the_same_rules() -> None:
    upgraded = checked_room("http://zoom.us/j/1")

    assert (upgraded.text, upgraded.was_upgraded) == ("https://zoom.us/j/1", True)
    for wrong in ["javascript:alert(1)", "https://zoom.us@evil.example", "data:text/html,x", "zoommtg://zoom.us"]:
        with pytest.raises(Invalid) as caught:
            checked_room(wrong)
        assert caught.value.field == "room"


@pytest.mark.parametrize("room", ["x" * 61, "Room\x00 12", "Room\n12", "Room \u202e21"])
def test_a_long_room_or_one_with_invisible_characters_is_refused(room: str) -> None:
    with pytest.raises(Invalid) as caught:
        checked_room(room)

    assert caught.value.field == "room"
