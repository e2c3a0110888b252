"""What is kept on the cassettes holds no secret and nobody's address, and says where it comes from."""

import base64
import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from microsoft_tapes import PUBLIC
from tapes import CASSETTES

ALL = sorted(CASSETTES.rglob("*.json"))
SECRETS = {
    "a header's credentials": r"\b(?:Bearer|Basic) (?!x+\b)\S+",
    "a token": r"""(?<!page_)(?:token|secret|verifier)(?:=|"\s?:\s?")(?!x+\b)[^\s"&]""",
    "a code": r"""\bcode(?:=|"\s?:\s?"(?![A-Za-z]+"))(?!x+\b)[^\s"&]""",
    "a passcode": r"""(?:passw(?:or)?d|passcode|pwd|zak)(?:=|"\s?:\s?")(?!x+\b)[^\s"&]""",
    "something long and random": r"\b(?!x+\b)(?=\w*\d)[\w-]{32,}",
    "somebody's address": r"[\w.+-]+@(?!(?:[\w-]+\.)+example\b)[\w-]+",
}
"""Written apart from the scrubbing, which has to leave none of them: a placeholder is x, as often as needed."""


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def texts(part: Any, name: str = "") -> Iterator[str]:
    """Every text below, as it is and with its name; what is packed in base64 as it was said."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield from texts(value, key)
    elif isinstance(part, list):
        for value in part:
            yield from texts(value, name)
    elif name == "base64_string":
        yield base64.b64decode(part).decode("utf-8", "replace")
    else:
        yield f'"{name}": "{part}"' if isinstance(part, str) else ""
        yield str(part)


def found(cassette: Any) -> set[str]:
    """The name of our property at Microsoft is long, the same everywhere, and no secret."""
    all_texts = [text.replace(PUBLIC, "") for text in texts(cassette)]
    return {what for what, how in SECRETS.items() for text in all_texts if re.search(how, text, re.IGNORECASE)}


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(CASSETTES)))
def test_a_cassette_says_its_source_and_keeps_no_secret(path: Path) -> None:
    """R13"""
    cassette = read(path)

    assert found(cassette) == set()
    assert cassette["recorded_against"].startswith("Confab's own stand-in of ")
    assert "127.0.0.1:" not in path.read_text(), "the port of the stand-in differs each time"


PLANTED: dict[str, tuple[str, str]] = {
    "a bearer": ("authorization", "Bearer 9fK2"),
    "the client's secret": ("authorization", "Basic b3VyLWNsaWVudDpvdXItc2VjcmV0"),
    "a code in a form": ("asked", "grant_type=authorization_code&code=Qk3vX&redirect_uri=x"),
    "a verifier": ("asked", "grant_type=authorization_code&code=xxxxx&code_verifier=vvvvvvvvvvvv"),
    "a token in a form": ("asked", "token=abcdef"),
    "an access token": ("said", '{"access_token":"eyJzdiI6I","expires_in":3600}'),
    "a refresh token": ("said", '{"access_token":"xxxx", "refresh_token": "eyJzdiI6I"}'),
    "a passcode": ("said", '{"id":1,"password":"k7w2m9pq"}'),
    "a telephone's passcode": ("said", '{"id":1,"pstn_password":"123456"}'),
    "a join link": ("said", '{"join_url":"https://double.example/j/1?pwd=Zk91"}'),
    "a start link": ("said", '{"start_url":"https://double.example/s/1?zak=17.ab"}'),
    "something in base64": ("packed", '{"access_token":"eyJzdiI6I"}'),
    "a person": ("said", '{"email":"folake.adeyemi@a-real-school.org"}'),
    "a long one without a name": ("said", '{"key":"0f8fad5bd9cb469fa16570867728950e"}'),
    "a code in the scene": ("scene", "Qk3vX"),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_secret_on_a_cassette_is_found(planted: str) -> None:
    place, content = PLANTED[planted]
    cassette = copy.deepcopy(read(CASSETTES / "token_by_code.json"))
    exchange = cassette["http_interactions"][0]
    if place == "authorization":
        exchange["request"]["headers"]["Authorization"] = [content]
    elif place == "asked":
        exchange["request"]["body"]["string"] = content
    elif place == "said":
        exchange["response"]["body"]["string"] = content
    elif place == "packed":
        exchange["response"]["body"] = {"base64_string": base64.b64encode(content.encode()).decode()}
    else:
        cassette["scene"]["code"] = content

    assert found(cassette)


def test_every_cassette_is_played() -> None:
    played = "".join(path.read_text() for path in Path(__file__).parent.glob("test_cassettes*.py"))

    assert len(ALL) >= 16
    assert [path.stem for path in ALL if f'"{path.stem}"' not in played] == []
