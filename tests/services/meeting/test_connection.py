"""One grant connects a school; parting drops its tokens at once and keeps the mappings."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from factories import make_connection, make_contact, make_event, make_host, make_resource, make_school, make_slot
from factories import make_teacher as make_a_teacher
from fakes import FakeGrants, FakeMeetings, make_tokens
from sqlmodel import Session, select
from stages import NEEDED, ZoomStage

from webapp.errors import ProviderError
from webapp.i18n import sentence
from webapp.models import Appointment, Audit, Connection, Host, Level, Meeting, School
from webapp.providers.base import RemoteAccount
from webapp.sandbox.run import RunningSandbox, start_sandbox
from webapp.services.booking.consequences import follow
from webapp.services.meeting.connection import connection_of, disconnect, finish, remember_grant
from webapp.services.system.audit import Who
from webapp.services.system.handshake import MissingScopes, begin
from webapp.services.system.tokens import open_tokens

ACCOUNT = RemoteAccount("acc-1", "Linden Park", "office@linden.example")


def connect(session: Session, school: School, *, now: datetime, account: RemoteAccount = ACCOUNT) -> Connection:
    dora = make_contact(session, school, "Dora", "Office", level=Level.ADMINISTRATOR)
    tokens = make_tokens(scopes="meeting:write:admin")
    return remember_grant(session, school, "zoom", tokens, account, contact=dora, who=Who(7), now=now)


def waiting(session: Session, school: School, *, now: datetime) -> Appointment:
    teacher = make_a_teacher(session, school)
    make_host(session, teacher)
    resource = make_resource(session, make_event(session, school, settings={"provider": "zoom"}), teacher)
    slot = make_slot(session, resource, kind="V")
    ties = {"school_id": school.id, "event_id": resource.event_id, "resource_id": resource.id, "slot_id": slot.id}
    alice = make_contact(session, school)
    appointment = Appointment(**ties, contact_id=alice.id, child_key="s1", is_virtual=True, act="act", booked_at=now)
    session.add(appointment)
    session.flush()
    follow(session, [appointment.id or 0], now=now)
    return appointment


def meeting(session: Session) -> Meeting:
    session.expire_all()
    return session.exec(select(Meeting)).one()


class TestHandshake:
    def test_each_handshake_has_its_own_state_and_verifier(self) -> None:
        """R11"""
        grants = FakeGrants()

        first, second = begin(grants), begin(grants)

        assert first.state in first.url
        assert first.verifier not in first.url
        assert {first.state, first.verifier}.isdisjoint({second.state, second.verifier})
        assert 43 <= len(first.verifier) <= 128

    def test_a_code_becomes_tokens_and_the_account_they_are_for(self) -> None:
        """R6, R12"""
        granted = finish(FakeGrants(), FakeMeetings().for_store, code="c", verifier="v")

        assert granted.account == RemoteAccount("acc", "Linden Park", "office@linden.example")
        assert granted.tokens.access

    def test_a_grant_without_a_needed_scope_is_refused_by_name(self) -> None:
        """R12: OAUTH-012."""
        with pytest.raises(MissingScopes) as caught:
            finish(
                FakeGrants(missing=["meeting:write:meeting:admin"]), FakeMeetings().for_store, code="c", verifier="v"
            )

        assert "meeting:write:meeting:admin" in sentence(caught.value)

    def test_a_used_code_is_refused(self) -> None:
        grants, meetings = FakeGrants(), FakeMeetings()
        finish(grants, meetings.for_store, code="c", verifier="v")

        with pytest.raises(ProviderError):
            finish(grants, meetings.for_store, code="c", verifier="v")

    def test_the_whole_handshake_with_zoom(self, sandbox: RunningSandbox) -> None:
        """R6, R11, R12: over real HTTP."""
        zoom = ZoomStage(sandbox.zoom_url)
        handshake = begin(zoom.grants)
        code = zoom.code(verifier=handshake.verifier)

        granted = finish(zoom.grants, zoom.speak, code=code, verifier=handshake.verifier)

        assert granted.account.email == "office@linden.example"
        assert set(NEEDED) <= set(granted.tokens.scopes.split())


class TestRememberGrant:
    def test_the_connection_says_whose_account_it_is_and_who_connected(self, session: Session, now: datetime) -> None:
        """R6, R13"""
        school = make_school(session)

        connection = connect(session, school, now=now)

        assert connection.is_live
        shown = (connection.account_id, connection.account_name, connection.account_email, connection.connected_at)
        assert shown == ("acc-1", "Linden Park", "office@linden.example", now)
        assert connection.connected_by_id is not None
        assert connection.scopes == "meeting:write:admin"
        assert "access-" not in connection.access_token
        assert open_tokens(session, connection).access.startswith("access-")
        audit = session.exec(select(Audit)).one()
        assert (audit.action, audit.login_id, audit.subject) == ("zoom.connected", 7, f"connection {connection.id}")
        assert "linden" not in audit.detail.lower()

    def test_connecting_again_keeps_one_connection_and_all_mappings(self, session: Session, now: datetime) -> None:
        """R17"""
        school = make_school(session)
        host = make_host(session, make_a_teacher(session, school))
        dead = make_connection(
            session, school, needs_reconnect_at=now, disconnected_at=now, refresh_claim="x", refresh_lease_until=now
        )

        again = connect(session, school, now=now)

        assert again.id == dead.id
        assert again.is_live
        assert again.refresh_claim is None
        assert session.exec(select(Host)).one().remote_id == host.remote_id
        assert connection_of(session, school.id, "zoom") is again

    def test_a_school_sees_its_own_connection_only(self, session: Session, now: datetime) -> None:
        connect(session, make_school(session), now=now)

        assert connection_of(session, make_school(session).id, "zoom") is None

    def test_what_waited_for_the_connection_is_made_now(self, session: Session, now: datetime) -> None:
        """R66, R91: nobody has to do anything per event."""
        school = make_school(session)
        waiting(session, school, now=now)
        assert meeting(session).problem_code == "not_connected"

        connect(session, school, now=now)

        assert (meeting(session).problem_code, meeting(session).due_at) == ("", now)

    def test_what_was_given_up_for_a_dead_grant_is_tried_again(self, session: Session, now: datetime) -> None:
        """OAUTH-014: paused, not failed."""
        school = make_school(session)
        make_connection(session, school)
        waiting(session, school, now=now)
        given_up = meeting(session)
        given_up.due_at, given_up.problem, given_up.problem_code = None, "Dead.", "invalid_grant"

        connect(session, school, now=now)

        assert (meeting(session).problem, meeting(session).due_at) == (None, now)


class TestDisconnect:
    def test_the_tokens_are_gone_at_once_and_handed_over_for_revoking(self, session: Session, now: datetime) -> None:
        """R13: OAUTH-027."""
        connection = connect(session, make_school(session), now=now)
        held = open_tokens(session, connection)

        given = disconnect(session, connection, who=Who(7), now=now)

        assert given == held
        assert (connection.access_token, connection.refresh_token, connection.is_live) == ("", "", False)
        assert [row.action for row in session.exec(select(Audit))] == ["zoom.connected", "zoom.disconnected"]

    def test_disconnecting_twice_or_a_dead_grant_has_nothing_to_revoke(self, session: Session, now: datetime) -> None:
        connection = connect(session, make_school(session), now=now)
        disconnect(session, connection, who=Who(), now=now)

        assert disconnect(session, connection, who=Who(), now=now) is None

    def test_what_waits_says_that_zoom_is_not_connected_and_mappings_stay(
        self, session: Session, now: datetime
    ) -> None:
        school = make_school(session)
        connection = connect(session, school, now=now)
        waiting(session, school, now=now)
        assert meeting(session).due_at == now

        disconnect(session, connection, who=Who(), now=now)

        assert (meeting(session).problem_code, meeting(session).due_at) == ("not_connected", None)
        assert session.exec(select(Host)).one().state == "mapped"


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox() as running:
        yield running
