"""What every MeetingProvider promises: the fake in memory and the Zoom client over HTTP, held to the same tests."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from passcode_rules import broken
from stages import BASIC, UNASSIGNED, FakeStage, Stage, an_order

from webapp.errors import ProviderError
from webapp.providers.base import PasscodeRule
from webapp.providers.links import is_allowed_link

DIGITS = PasscodeRule(length=6, have_number=True, only_allow_numeric=True)
STRICT = PasscodeRule(10, True, True, True, False, True, 4)


@pytest.fixture(params=["fake", "zoom"])
def stage(request: pytest.FixtureRequest) -> Stage:
    return FakeStage() if request.param == "fake" else request.getfixturevalue("zoom")


def refusal(work: Callable[..., Any], *arguments: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        work(*arguments)
    return caught.value


class TestMeetingProvider:
    def test_each_order_makes_a_meeting_with_a_link_of_its_own(self, stage: Stage) -> None:
        """R3, R63: F11. One host, its own link and identity."""
        host = stage.add_user("folake.adeyemi@linden.example")
        order = an_order(host)

        first, second = stage.provider.make(order), stage.provider.make(an_order(host))

        assert first.join_url != second.join_url
        assert first.remote_id != second.remote_id
        assert is_allowed_link(first.join_url, stage.link_hosts)
        assert (first.host_key, first.starts_at) == (host, order.starts_at)
        assert stage.count(order.marker) == 1

    def test_the_passcode_has_letters_and_digits_where_the_rule_is_free(self, stage: Stage) -> None:
        """R92"""
        host = stage.add_user("folake.adeyemi@linden.example")

        made = stage.provider.make(an_order(host))

        assert not broken(made.passcode, PasscodeRule(length=8, have_letter=True, have_number=True))

    @pytest.mark.parametrize("rule", [DIGITS, STRICT], ids=["digits", "strict"])
    def test_the_first_passcode_follows_the_host_s_rule(self, stage: Stage, rule: PasscodeRule) -> None:
        """R94: F1."""
        host = stage.add_user("folake.adeyemi@linden.example")
        stage.set_rule("folake.adeyemi@linden.example", rule)

        read = stage.provider.passcode_rule(host)
        made = stage.provider.make(an_order(host, rule=read))

        assert read == rule
        assert not broken(made.passcode, rule)

    def test_a_passcode_by_an_old_rule_is_refused_with_the_rule_s_words(self, stage: Stage) -> None:
        """R93, R94"""
        host = stage.add_user("folake.adeyemi@linden.example")
        stage.set_rule("folake.adeyemi@linden.example", DIGITS)
        order = an_order(host, rule=PasscodeRule())

        error = refusal(stage.provider.make, order)

        assert (error.code, error.retry, error.arrived) == ("passcode", False, False)
        assert "numeric" in str(error.values["rule"])
        assert stage.count(order.marker) == 0

    def test_where_no_rule_could_be_read_the_provider_chooses_one_that_fits(self, stage: Stage) -> None:
        host = stage.add_user("folake.adeyemi@linden.example")
        stage.set_rule("folake.adeyemi@linden.example", DIGITS)

        made = stage.provider.make(an_order(host, rule=None))

        assert made.passcode
        assert not broken(made.passcode, DIGITS)

    def test_a_rule_that_cannot_be_read_is_none(self, stage: Stage) -> None:
        assert stage.provider.passcode_rule("nobody") is None

    def test_a_meeting_is_found_by_its_marker_under_its_host_only(self, stage: Stage) -> None:
        host, other = stage.add_user("a@linden.example"), stage.add_user("b@linden.example")
        order = an_order(host)
        made = stage.provider.make(order)
        stage.provider.make(an_order(host))

        assert stage.provider.find(host, order.marker) == [made]
        assert stage.provider.find(host, "another-marker") == []
        assert stage.provider.find(other, order.marker) == []

    def test_all_that_carry_the_marker_are_found(self, stage: Stage) -> None:
        host = stage.add_user("a@linden.example")
        order = an_order(host)
        made = [stage.provider.make(order) for _ in range(3)]

        assert stage.provider.find(host, order.marker) == made

    def test_the_host_s_list_shows_each_meeting_with_its_marker(self, stage: Stage) -> None:
        """RELIABILITY 2.4: what a sweep compares with our rows."""
        host, other = stage.add_user("a@linden.example"), stage.add_user("b@linden.example")
        orders = [an_order(host), an_order(host)]
        made = [stage.provider.make(order) for order in orders]
        stage.provider.make(an_order(other))
        gone = stage.provider.make(an_order(host))
        stage.delete_in_portal(gone.remote_id)

        seen = {(one.remote_id, one.marker, one.starts_at) for one in stage.provider.coming(host)}

        assert seen == {(m.remote_id, o.marker, o.starts_at) for m, o in zip(made, orders, strict=True)}

    def test_a_meeting_asked_for_by_itself_is_as_it_was_made_or_not_there(self, stage: Stage) -> None:
        made = stage.provider.make(an_order(stage.add_user("a@linden.example")))
        assert stage.provider.read(made.remote_id) == made

        stage.delete_in_portal(made.remote_id)

        assert stage.provider.read(made.remote_id) is None

    def test_a_changed_meeting_keeps_its_identity_and_says_its_new_time(self, stage: Stage) -> None:
        """R40, R100"""
        host = stage.add_user("a@linden.example")
        order = an_order(host)
        made = stage.provider.make(order)
        later = an_order(host, marker=order.marker, starts_at=order.starts_at + timedelta(hours=2), topic="Later")

        changed = stage.provider.change(made.remote_id, later)

        assert (changed.remote_id, changed.starts_at) == (made.remote_id, later.starts_at)
        assert changed.passcode == made.passcode
        assert stage.provider.find(host, order.marker) == [changed]

    def test_changing_what_was_deleted_at_the_provider_says_that_it_is_gone(self, stage: Stage) -> None:
        """F19, F27"""
        host = stage.add_user("a@linden.example")
        made = stage.provider.make(an_order(host))
        stage.delete_in_portal(made.remote_id)

        error = refusal(stage.provider.change, made.remote_id, an_order(host))

        assert (error.code, error.retry, error.arrived) == ("gone", False, False)

    def test_removing_twice_is_fine(self, stage: Stage) -> None:
        """R100"""
        host = stage.add_user("a@linden.example")
        order = an_order(host)
        made = stage.provider.make(order)

        stage.provider.remove(made.remote_id)
        stage.provider.remove(made.remote_id)

        assert stage.count(order.marker) == 0
        assert stage.provider.find(host, order.marker) == []

    @pytest.mark.parametrize(
        ("status", "kind", "code"), [("active", UNASSIGNED, "cannot_host"), ("inactive", 2, "not_found")]
    )
    def test_who_may_not_host_gets_no_meeting(self, stage: Stage, status: str, kind: int, code: str) -> None:
        """R71: F4, F6. And nobody else is taken in their place."""
        host = stage.add_user("a@linden.example", status=status, kind=kind)
        order = an_order(host)

        error = refusal(stage.provider.make, order)

        assert (error.code, error.retry, error.arrived) == (code, False, False)
        assert stage.count(order.marker) == 0

    def test_a_host_whom_nobody_knows_gets_no_meeting(self, stage: Stage) -> None:
        error = refusal(stage.provider.make, an_order("no-such-user"))

        assert (error.code, error.retry) == ("not_found", False)

    def test_all_users_are_listed_with_what_mapping_needs(self, stage: Stage) -> None:
        """R14, R58: pending users have no key, free users are marked."""
        active = stage.add_user("active@linden.example")
        basic = stage.add_user("basic@linden.example", kind=BASIC)
        stage.add_user("pending@linden.example", status="pending")
        inactive = stage.add_user("inactive@linden.example", status="inactive")
        unlicensed = stage.add_user("unlicensed@linden.example", kind=UNASSIGNED)

        users = {user.email.split("@")[0]: user for user in stage.provider.users()}

        keys = {name: users[name].key for name in ("active", "basic", "pending", "inactive", "unlicensed")}
        assert keys == {
            "active": active,
            "basic": basic,
            "pending": "",
            "inactive": inactive,
            "unlicensed": unlicensed,
        }
        assert {name for name in keys if users[name].is_basic} == {"basic"}
        assert {name for name in keys if not users[name].can_host} == {"unlicensed"}
        assert [users[name].status for name in ("active", "pending", "inactive")] == ["active", "pending", "inactive"]

    def test_the_account_says_whose_grant_it_is(self, stage: Stage) -> None:
        """R13"""
        account = stage.provider.account()

        assert account.account_id
        assert account.email == "office@linden.example"
