"""Near misses are suggested, and nobody who could not hold a meeting."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.providers.base import RemoteUser
from webapp.services.meeting.suggest import MOST, Suggestions
from webapp.services.meeting.teachers import Teacher

FOLAKE = Teacher(1, "Folake Adeyemi", "folake.adeyemi@linden.example")
NAMES = ["Folake Adeyemi", "FOLAKE ADEYEMI", "Hugh Barlow", "Ada Brook", "", "José Núñez"]
LOCALS = ["folake.adeyemi", "FAdeyemi", "folakeadeyemi+zoom", "hugh", "ada.brook", "jose.nunez", "x"]

remote_users = st.builds(
    RemoteUser,
    key=st.sampled_from(["", *"abcdefgh"]),
    email=st.builds("{}@{}".format, st.sampled_from(LOCALS), st.sampled_from(["linden.example", "Zoom.example"])),
    name=st.sampled_from(NAMES),
    status=st.sampled_from(["active", "inactive", "pending"]),
    can_host=st.booleans(),
)
accounts = st.lists(remote_users, max_size=12, unique_by=lambda user: user.key)


@pytest.mark.parametrize(
    ("email", "name"),
    [
        ("folake.adeyemi@linden-district.example", "Somebody"),
        ("Folake.Adeyemi@LINDEN.org", "Somebody"),
        ("folakeadeyemi+zoom@linden.example", "Somebody"),
        ("folake.adeyeni@linden.example", "Somebody"),
        ("fa12@linden.example", "Adeyemi, Folake"),
        ("fa12@linden.example", "FÓLAKE ADEYEMI"),
    ],
)
def test_who_is_meant_is_suggested(email: str, name: str) -> None:
    """F4: another domain, an alias, a letter, the same name."""
    others = [RemoteUser(f"o{n}", f"someone{n}@linden.example", f"Someone {n}", "active") for n in range(20)]

    suggested = Suggestions([*others, RemoteUser("z1", email, name, "active")]).for_teacher(FOLAKE)

    assert [user.key for user in suggested] == ["z1"]


def test_a_stranger_is_not_suggested() -> None:
    stranger = RemoteUser("z1", "ada.brook@linden.example", "Ada Brook", "active")

    assert Suggestions([stranger]).for_teacher(FOLAKE) == []


@settings(max_examples=60, deadline=None)
@given(accounts, st.sets(st.sampled_from("abcdefgh")), st.randoms())
def test_only_free_users_who_may_host_are_suggested_in_an_order_that_stands(users, mapped, random) -> None:  # type: ignore[no-untyped-def]
    suggested = Suggestions(users, mapped).for_teacher(FOLAKE)

    assert len(suggested) <= MOST
    assert all(u.key and u.status == "active" and u.can_host and u.key not in mapped for u in suggested)
    shuffled = random.sample(users, len(users))
    assert Suggestions(shuffled, mapped).for_teacher(FOLAKE) == suggested
    shouting = Teacher(1, FOLAKE.name.upper(), str(FOLAKE.email).upper())
    assert Suggestions(users, mapped).for_teacher(shouting) == suggested
