"""Only links on a provider's own hosts are let through to families."""

import pytest

from webapp.providers.links import is_allowed_link

ZOOM = ("zoom.us",)
DEMO = ("127.0.0.1:5003",)


@pytest.mark.parametrize(
    "url", ["https://zoom.us/j/1", "https://linden.zoom.us/j/98?pwd=a.1", "https://zoom.us:443/j/1"]
)
def test_links_on_the_provider_s_hosts_are_allowed(url: str) -> None:
    assert is_allowed_link(url, ZOOM)


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        5,
        "http://zoom.us/j/1",
        "https://zoom.us.evil.example/j/1",
        "https://evilzoom.us/j/1",
        "https://evil.example/zoom.us",
        "https://zoom.us@evil.example/j/1",
        "https://zoom.us\\@evil.example/j/1",
        "https://zoom.us:8443/j/1",
        "https://zoom.us:x/j/1",
        "https://[zoom.us/j/1",
        "https://zoom.us/j/1\n",
        "https://zoom.us/j/1 onclick",
        'https://zoom.us/j/"><script>',
        "https://zo\u043em.us/j/1",
        "https://zoom%2eus/j/1",
        "javascript:alert(1)//zoom.us",
        "//zoom.us/j/1",
        "https:zoom.us/j/1",
        "https://zoom.us/j/" + "1" * 2048,
    ],
)
def test_whatever_else_claims_to_be_a_link_is_not(url: object) -> None:
    """F21"""
    assert not is_allowed_link(url, ZOOM)


def test_plain_http_is_let_through_for_the_stand_in_only() -> None:
    assert is_allowed_link("http://127.0.0.1:5003/j/1", DEMO)
    assert not is_allowed_link("http://127.0.0.1:5004/j/1", DEMO)
    assert not is_allowed_link("http://192.168.0.9:5003/j/1", ("192.168.0.9:5003",))
