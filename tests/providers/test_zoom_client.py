"""The Zoom client through all that Zoom and the network do to it, over real HTTP against the stand-in."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from fakes import HeldTokens, make_tokens
from stages import UNASSIGNED, ZoomStage, an_order

from webapp import clock
from webapp.errors import ProviderError
from webapp.i18n import sentence
from webapp.providers import bearer
from webapp.providers.base import MadeMeeting, PasscodeRule
from webapp.providers.zoom import client, zoom_meetings

HOST = "folake.adeyemi@linden.example"


def refusal(work: Callable[..., Any], *arguments: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        work(*arguments)
    sentence(caught.value)  # every place of every message is filled
    return caught.value


def kinds(error: ProviderError) -> tuple[str, bool, bool]:
    return error.code, error.retry, error.arrived


class TestOrders:
    def test_zoom_is_told_each_setting_that_matters(self, zoom: ZoomStage) -> None:
        """R3, R100: F2, F17, F33. Waiting room on, nobody before the host, no personal room, no mails of its own."""
        order = an_order(zoom.add_user(HOST, settings={"use_pmi": True}), topic="Room 4\r\nBcc: x " + "y" * 300)

        made = zoom.provider.make(order)

        told = zoom.meeting(made.remote_id)
        wanted = {"use_pmi": False, "waiting_room": True, "join_before_host": False, "email_notification": False}
        assert wanted.items() <= told["settings"].items()
        assert told["settings"]["alternative_hosts_email_notification"] is False
        assert told["start_time"] == order.starts_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert (told["type"], told["timezone"], told["duration"]) == (2, "America/Chicago", 15)
        assert told["agenda"] == f"Ref {order.marker}"
        assert len(told["topic"]) == 200
        assert told["topic"].startswith("Room 4 Bcc")

    def test_a_change_touches_only_our_own_fields(self, zoom: ZoomStage) -> None:
        """F31: what the host set in Zoom stays."""
        order = an_order(zoom.add_user(HOST))
        made = zoom.provider.make(order)
        before = zoom.meeting(made.remote_id)
        zoom.sent.clear()

        zoom.provider.change(made.remote_id, replace(order, minutes=30))

        assert [request.method for request, _ in zoom.sent] == ["PATCH", "GET"]
        after = zoom.meeting(made.remote_id)
        assert {key for key in after if after[key] != before[key]} == {"duration"}

    def test_what_could_not_begin_in_time_is_not_sent_at_all(self, zoom: ZoomStage) -> None:
        """RELIABILITY 2.4: renewing a token may take long, and the quarantine counts from the stamp."""
        order = an_order(zoom.add_user(HOST))
        made = zoom.provider.make(order)
        zoom.sent.clear()

        for late in (
            lambda: zoom.provider.make(order, by=time.monotonic() - 1),
            lambda: zoom.provider.change(made.remote_id, order, by=time.monotonic() - 1),
        ):
            assert kinds(refusal(late)) == ("late", True, False)

        assert zoom.sent == []

    def test_the_start_link_is_nowhere_in_what_we_keep(self, zoom: ZoomStage) -> None:
        made = zoom.provider.make(an_order(zoom.add_user(HOST)))

        assert "zak" not in repr(made)
        assert "/s/" not in repr(made)

    def test_the_access_token_is_in_no_repr(self, zoom: ZoomStage) -> None:
        """R13"""
        tokens = zoom.store.tokens

        assert tokens.access not in repr(tokens)
        assert tokens.refresh not in repr(tokens)

    def test_removing_says_nothing_to_host_and_guests(self, zoom: ZoomStage) -> None:
        made = zoom.provider.make(an_order(zoom.add_user(HOST)))
        zoom.sent.clear()

        zoom.provider.remove(made.remote_id)

        assert "schedule_for_reminder=false" in str(zoom.sent[0][0].url)
        assert "cancel_meeting_reminder=false" in str(zoom.sent[0][0].url)

    def test_a_host_s_key_cannot_leave_its_place_in_the_address(self, zoom: ZoomStage) -> None:
        error = refusal(zoom.provider.make, an_order("../users/me"))

        assert error.code in {"not_found", "refused"}
        assert zoom.state()["meetings"] == []

    def test_lists_of_many_pages_are_read_to_their_end(self, zoom: ZoomStage, monkeypatch: pytest.MonkeyPatch) -> None:
        """R14: F45."""
        monkeypatch.setattr(client, "_PAGE", 2)
        hosts = [zoom.add_user(f"teacher{n}@linden.example") for n in range(5)]
        orders = [an_order(hosts[0]) for _ in range(5)]
        for order in orders:
            zoom.provider.make(order)

        users = {user.key for user in zoom.provider.users()}

        assert set(hosts) <= users
        assert all(len(zoom.provider.find(hosts[0], order.marker)) == 1 for order in orders)


class TestUnknownOutcomes:
    @pytest.mark.parametrize("kind", ["drop", "drip", "empty", "malformed"])
    def test_a_meeting_made_without_an_answer_may_have_arrived_and_is_found(
        self, zoom: ZoomStage, kind: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """R41: an unknown outcome is never a refusal. PROV-020: what drips has a deadline for the whole."""
        order = an_order(zoom.add_user(HOST))
        monkeypatch.setattr(bearer, "call", partial(bearer.call, deadline=4))
        zoom.plan("meetingCreate", kind)

        error = refusal(zoom.provider.make, order)

        assert (error.retry, error.arrived) == (True, True)
        assert len(zoom.provider.find(order.host_key, order.marker)) == 1

    @pytest.mark.parametrize(
        ("kind", "values"), [("html", {}), ("status", {"status": 500}), ("status", {"status": 503})]
    )
    def test_trouble_on_zoom_s_side_may_have_arrived(self, zoom: ZoomStage, kind: str, values: dict[str, Any]) -> None:
        order = an_order(zoom.add_user(HOST))
        zoom.plan("meetingCreate", kind, **values)

        error = refusal(zoom.provider.make, order)

        assert (error.retry, error.arrived) == (True, True)
        assert zoom.count(order.marker) == 0

    def test_what_was_deleted_while_the_list_lags_is_not_found(self, zoom: ZoomStage) -> None:
        order = an_order(zoom.add_user(HOST))
        made = zoom.provider.make(order)
        zoom.control("switches", clock_offset=20)
        zoom.delete_in_portal(made.remote_id)
        zoom.control("switches", list_lag=10)

        assert zoom.provider.find(order.host_key, order.marker) == []

    def test_one_odd_404_is_not_taken_for_a_meeting_that_is_gone(self, zoom: ZoomStage) -> None:
        """F27"""
        made = zoom.provider.make(an_order(zoom.add_user(HOST)))
        zoom.plan("meetingDelete", "status", status=404)

        error = refusal(zoom.provider.remove, made.remote_id)

        assert error.code != "gone"

    def test_an_xml_answer_to_a_passcode_is_worth_one_try_by_the_rule(self, zoom: ZoomStage) -> None:
        """R93: F1, Zoom even answered with XML."""
        order = an_order(zoom.add_user(HOST))
        zoom.plan("meetingCreate", "xml")

        error = refusal(zoom.provider.make, order)

        assert kinds(error) == ("passcode", False, False)

    def test_an_xml_answer_without_a_passcode_of_ours_is_given_up(self, zoom: ZoomStage) -> None:
        order = an_order(zoom.add_user(HOST), rule=None)
        zoom.plan("meetingCreate", "xml")

        error = refusal(zoom.provider.make, order)

        assert kinds(error) == ("unexplained", False, False)

    def test_a_link_that_leads_elsewhere_is_refused_and_its_meeting_removed(self, zoom: ZoomStage) -> None:
        """F21"""
        order = an_order(zoom.add_user(HOST))
        elsewhere = zoom.speak(link_hosts=("zoom.us",))

        error = refusal(elsewhere.make, order)

        assert kinds(error) == ("bad_link", False, False)
        assert zoom.count(order.marker) == 0

    def test_a_bad_link_that_could_not_be_removed_may_have_arrived(self, zoom: ZoomStage) -> None:
        order = an_order(zoom.add_user(HOST))
        zoom.plan("meetingDelete", "html")
        elsewhere = zoom.speak(link_hosts=("zoom.us",))

        error = refusal(elsewhere.make, order)

        assert kinds(error) == ("bad_link", False, True)


class TestRefusals:
    def test_a_host_who_has_not_accepted_the_invitation(self, zoom: ZoomStage) -> None:
        """R69: F3."""
        zoom.add_user(HOST, status="pending")

        error = refusal(zoom.provider.make, an_order(HOST))

        assert kinds(error) == ("pending", False, False)

    def test_a_user_of_another_account(self, zoom: ZoomStage) -> None:
        """R69: F4."""
        zoom.control("account", method="PATCH", outsiders=["elsewhere@mail.example"])

        error = refusal(zoom.provider.make, an_order("elsewhere@mail.example"))

        assert error.code == "not_found"
        assert error.detail.startswith("1010: User not found")

    def test_a_user_without_meetings(self, zoom: ZoomStage) -> None:
        """F6"""
        host = zoom.add_user(HOST, kind=UNASSIGNED)

        error = refusal(zoom.provider.make, an_order(host))

        assert error.code == "cannot_host"
        assert "3161" in error.detail

    def test_the_refused_passcode_carries_zoom_s_rule_from_the_brackets(self, zoom: ZoomStage) -> None:
        """R93"""
        host = zoom.add_user(HOST, rule="digits")

        error = refusal(zoom.provider.make, an_order(host, rule=PasscodeRule()))

        assert error.values["rule"] == "Password must contain only numeric characters."
        assert "[Password must contain only numeric characters.]" in sentence(error)

    @pytest.mark.parametrize("status", [400, 401])
    def test_a_missing_scope_is_named(self, zoom: ZoomStage, status: int) -> None:
        """R12: F25."""
        host = zoom.add_user(HOST)
        zoom.store.tokens = zoom.grant(scopes=["user:read:list_users:admin"])
        zoom.control("switches", scope_status=status)
        zoom.lies = True  # that it may be 401 stands in no description

        error = refusal(zoom.provider.make, an_order(host))

        assert kinds(error) == ("scopes", False, False)
        assert "meeting:write:meeting:admin" in error.detail
        assert zoom.store.renewals == 0

    @pytest.mark.parametrize("headers", ["documented", "observed", "seconds", "http_date", "bare"])
    @pytest.mark.parametrize(
        ("limit", "code"),
        [("second", "rate"), ("day", "account_limit"), ("host", "host_limit"), ("concurrent", "concurrent")],
    )
    def test_each_dialect_of_too_many_waits_as_long_as_it_must(
        self, zoom: ZoomStage, headers: str, limit: str, code: str
    ) -> None:
        """F10, F12: the words decide, for the headers may say nothing."""
        order = an_order(zoom.add_user(HOST))
        zoom.control("switches", limit_headers=headers)
        zoom.plan("meetingCreate", f"limit:{limit}")

        error = refusal(zoom.provider.make, order)

        midnight = (clock.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        assert kinds(error) == (code, True, False)
        if limit == "host":
            assert error.after is not None
            assert midnight < error.after < midnight + timedelta(minutes=11)
        elif limit == "day" and headers in {"documented", "seconds", "http_date"}:
            assert error.after is not None
            assert abs(error.after - midnight) < timedelta(seconds=3)
        elif headers in {"observed", "bare"}:
            assert error.after is None

    def test_the_hundred_and_first_meeting_of_a_day_waits_for_the_next(self, zoom: ZoomStage) -> None:
        """F10"""
        order = an_order(zoom.add_user(HOST))
        zoom.control("switches", daily_limit=1)
        zoom.provider.make(order)

        error = refusal(zoom.provider.make, order)

        assert error.code == "host_limit"


class TestTokens:
    def test_a_token_about_to_end_is_renewed_before_the_call(self, zoom: ZoomStage) -> None:
        zoom.store.tokens = replace(zoom.store.tokens, expires_at=clock.now() + timedelta(seconds=50))
        former = zoom.store.tokens

        zoom.provider.account()

        assert zoom.store.renewals == 1
        assert zoom.store.tokens.refresh != former.refresh
        assert [status for _, status in zoom.sent] == [200]

    def test_a_token_that_zoom_refuses_is_renewed_once_and_the_call_repeated(self, zoom: ZoomStage) -> None:
        order = an_order(zoom.add_user(HOST))
        zoom.store.tokens = replace(zoom.store.tokens, access="expired-too-early")

        zoom.provider.make(order)

        assert zoom.store.renewals == 1
        assert [status for _, status in zoom.sent] == [401, 201]
        assert zoom.count(order.marker) == 1

    def test_a_token_refused_twice_is_not_asked_for_again_and_again(self, zoom: ZoomStage) -> None:
        zoom.plan("user", "status", status=401, times=5)

        error = refusal(zoom.provider.account)

        assert kinds(error) == ("token", True, False)
        assert zoom.store.renewals == 1

    def test_a_revoked_grant_is_told_apart_from_an_old_token(self, zoom: ZoomStage) -> None:
        """F14"""
        zoom.control("revoke")

        error = refusal(zoom.provider.account)

        assert kinds(error) == ("invalid_grant", False, False)

    def test_the_wired_client_speaks_to_the_addresses_of_the_settings(self, zoom: ZoomStage) -> None:
        """R6: one account-level grant acts for every teacher."""
        host = zoom.add_user(HOST)
        provider = zoom_meetings(zoom.settings)(zoom.store)

        made = provider.make(an_order(host))

        assert isinstance(made, MadeMeeting)
        assert made.host_key == host

    def test_a_server_that_is_down_has_not_been_reached(self, zoom: ZoomStage) -> None:
        nowhere = zoom.speak(api_url="http://127.0.0.1:9/v2")

        error = refusal(nowhere.make, an_order("x"))

        assert kinds(error) == ("unreachable", True, False)
        assert "Zoom cannot be reached" in sentence(error)

    def test_a_store_without_a_grant_says_so_before_any_call(self, zoom: ZoomStage) -> None:
        class Empty(HeldTokens):
            def current(self) -> Any:
                raise ProviderError("Zoom is not connected", retry=False, code="not_connected")

        zoom.store = Empty(make_tokens())

        error = refusal(zoom.speak().passcode_rule, "x")

        assert error.code == "not_connected"
        assert zoom.sent == []
