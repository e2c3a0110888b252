"""Settings come from the environment once, checked, and no complaint about them tells a secret."""

from typing import Any

import pytest
from pydantic import ValidationError

from webapp.cli import serve
from webapp.config import BadSettings, Settings

GOOD_SECRET, GOOD_KEY = "q7Xw2Lr9Vb4Nd8Kp1Zs6Ty3Hj5Mf0Gc-A", "Zp4Vt8Yb1Qc6Wd3Xn9Lk2Mj7Hg5Rf0Ts_B"
NEEDED = {"CONFAB_SECRET_KEY": GOOD_SECRET, "CONFAB_TOKEN_KEYS": GOOD_KEY}


def settings(**environment: str) -> Settings:
    return Settings.from_env(NEEDED | {f"CONFAB_{name.upper()}": value for name, value in environment.items()})


def complaints(environment: dict[str, str]) -> str:
    with pytest.raises(BadSettings) as refused:
        Settings.from_env(environment)
    return str(refused.value)


def test_two_secrets_are_enough() -> None:
    """The address is that at which `serve` can be reached."""
    served = {option.name: option.default for option in serve.params}

    made = settings()

    assert made.database_url == "sqlite:///confab.db"
    assert made.base_url == f"http://{served['host']}:{served['port']}"
    assert made.run_jobs
    assert not made.demo
    assert not made.debug


def test_each_setting_is_named_as_in_the_environment() -> None:
    made = settings(
        mail_server="mail.school.example",
        mail_port="2525",
        run_jobs="false",
        quarantine_seconds="2.5",
        trusted_proxies="1",
        unknown="ignored",
    )

    assert (made.mail_server, made.mail_port, made.run_jobs) == ("mail.school.example", 2525, False)
    assert (made.quarantine_seconds, made.trusted_proxies) == (2.5, 1)


def test_lists_are_separated_by_commas() -> None:
    made = settings(token_keys=f"{GOOD_KEY}, older ,,", zoom_link_hosts="zoom.us,zoomgov.com")

    assert made.token_keys == (GOOD_KEY, "older")
    assert made.zoom_link_hosts == ("zoom.us", "zoomgov.com")
    assert made.secret_key_fallbacks == ()


def test_an_address_ends_without_a_slash() -> None:
    assert settings(base_url="https://conferences.school.example/").base_url == "https://conferences.school.example"


@pytest.mark.parametrize("missing", sorted(NEEDED))
def test_what_is_missing_is_named(missing: str) -> None:
    told = complaints({name: value for name, value in NEEDED.items() if name != missing})

    assert told == f"{missing}: Field required"


def test_everything_that_is_wrong_is_named_at_once() -> None:
    wrong = {
        "CONFAB_SECRET_KEY": "short",
        "CONFAB_TOKEN_KEYS": " , ",
        "CONFAB_MAIL_PORT": "99999",
        "CONFAB_MAIL_ENCRYPTION": "perhaps",
        "CONFAB_RUN_JOBS": "sometimes",
        "CONFAB_TRUSTED_PROXIES": "-1",
        "CONFAB_QUARANTINE_SECONDS": "-3",
    }

    told = complaints(wrong)

    assert {line.partition(":")[0] for line in told.splitlines()} == set(wrong)


def test_no_complaint_and_no_description_tells_a_secret() -> None:
    secrets = {
        "CONFAB_SECRET_KEY": "canary-one",
        "CONFAB_MAIL_PORT": "canary-two",
        "CONFAB_MAIL_PASSWORD": "canary-three",
        "CONFAB_ZOOM_CLIENT_SECRET": "canary-four",
    }
    made = settings(mail_password="canary-five", zoom_client_secret="canary-six", secret_key_fallbacks="canary-seven")

    assert "canary" not in complaints(secrets)
    with pytest.raises(BadSettings) as refused:
        Settings.from_env(secrets)
    assert "canary" not in f"{refused.value.__cause__}"
    assert "canary" not in repr(made)
    assert GOOD_SECRET not in repr(made)
    assert GOOD_KEY not in repr(made)


def test_settings_do_not_change_and_have_no_unknown_names() -> None:
    made = settings()

    with pytest.raises(ValidationError):
        made.debug = True  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Settings(secret_key=GOOD_SECRET, token_keys=(GOOD_KEY,), mail_sever="typing error")  # type: ignore[call-arg]


def test_a_good_public_server_may_start() -> None:
    settings(base_url="https://conferences.school.example").refuse_unsafe()


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "[::1]:8000"])
def test_plain_http_is_for_this_machine(host: str) -> None:
    made = settings(base_url=f"http://{host}")

    made.refuse_unsafe()

    assert not made.is_https


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"debug": "true"}, "CONFAB_DEBUG"),
        ({"demo": "1"}, "CONFAB_DEMO"),
        ({"base_url": "http://conferences.school.example"}, "CONFAB_BASE_URL"),
        ({"base_url": "http://localhost.school.example"}, "CONFAB_BASE_URL"),
        ({"base_url": "http://127.0.0.1@school.example"}, "CONFAB_BASE_URL"),
        ({"base_url": "http:"}, "CONFAB_BASE_URL"),
        ({"base_url": "javascript:alert(1)"}, "CONFAB_BASE_URL"),
        ({"base_url": "//evil.example"}, "CONFAB_BASE_URL"),
        ({"secret_key": "a" * 40}, "CONFAB_SECRET_KEY looks like a default"),
        ({"secret_key": "Please-Change-Me-0123456789abcdefgh"}, "CONFAB_SECRET_KEY looks like a default"),
        ({"secret_key": "my-SECRET-key-0123456789abcdefghij"}, "CONFAB_SECRET_KEY looks like a default"),
        ({"secret_key_fallbacks": f"{GOOD_KEY[::-1]},changeme"}, "CONFAB_SECRET_KEY_FALLBACKS holds a weak key"),
        ({"token_keys": "short"}, "CONFAB_TOKEN_KEYS holds a weak key"),
        ({"token_keys": f"{GOOD_KEY},short"}, "CONFAB_TOKEN_KEYS holds a weak key"),
        ({"token_keys": f"{GOOD_KEY},{GOOD_SECRET}"}, "must differ"),
    ],
)
def test_a_public_server_that_would_be_open_does_not_start(changed: dict[str, Any], told: str) -> None:
    """RELIABILITY 5.6, ADMIN-008: the address is the operator's, and no page changes it."""
    made = settings(**({"base_url": "https://conferences.school.example"} | changed))

    with pytest.raises(BadSettings) as refused:
        made.refuse_unsafe()

    assert told in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_all_that_is_unsafe_is_told_at_once() -> None:
    made = settings(debug="1", demo="1", base_url="http://school.example")

    with pytest.raises(BadSettings) as refused:
        made.refuse_unsafe()

    assert len(str(refused.value).splitlines()) == 3
