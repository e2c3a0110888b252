"""A commit of which nobody knows whether it took effect is looked up, and where it cannot be, nothing is claimed."""

from collections.abc import Callable

import pytest
from households import Households, text_of
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

pytestmark = pytest.mark.both_databases

LOST = OperationalError(
    "COMMIT", {}, Exception("server closed the connection unexpectedly"), connection_invalidated=True
)
WORDS = "We could not find out whether {}. Look at your appointments before you try again."


@pytest.fixture
def lose(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """The connection is lost during the commits that begin now: each took effect or not."""
    commit = Session.commit

    def losing(*took_effect: bool) -> None:
        left = list(took_effect)

        def lost(session: Session) -> None:
            if not left:
                return commit(session)
            if left.pop(0):
                commit(session)
            else:
                session.rollback()
            raise LOST

        monkeypatch.setattr(Session, "commit", lost)

    return losing


def test_a_booking_that_took_effect_is_answered_as_booked(homes: Households, lose: Callable[..., None]) -> None:
    """RELIABILITY 2.2 and D2, BOOK-050: looked up by the key of the form, and not "just taken" by themselves."""
    lose(True)

    answer = homes.book("alice", homes.pick("mia", "Folake", 0, "V"))

    assert answer.status_code == 303
    [booked] = homes.standing()
    assert answer.location == f"{homes.base}/booked/{booked.act}"


def test_a_booking_that_did_not_is_made_after_all(homes: Households, lose: Callable[..., None]) -> None:
    lose(False)

    answer = homes.book("alice", homes.pick("mia", "Folake", 0, "V"))

    assert answer.status_code == 303
    assert len(homes.standing()) == 1


@pytest.mark.parametrize("took_effect", [True, False])
def test_where_nothing_can_be_found_out_nothing_is_claimed(
    homes: Households, lose: Callable[..., None], took_effect: bool
) -> None:
    key, pick = homes.key(), homes.pick("mia", "Folake", 0, "V")
    lose(took_effect, False)

    answer = homes.book("alice", pick, key=key)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
    assert WORDS.format("your times were booked") in text_of(answer.text)
    assert "Nothing was changed" not in text_of(answer.text)
    assert homes.book("alice", pick, key=key).status_code == 303
    assert len(homes.standing()) == 1


def test_a_cancellation_and_a_move_are_looked_up_too(homes: Households, lose: Callable[..., None]) -> None:
    booked = homes.booked("alice", homes.pick("mia", "Petra", 0))
    address, slot = f"{homes.base}/a/{booked.token}", homes.slots["Petra"][2]

    lose(True)
    moved = homes.browser("alice").post(f"{address}/move", {"key": homes.key(), "slot": slot.token, "kind": ""})
    lose(True)
    cancelled = homes.browser("alice").post(f"{address}/cancel", {"key": homes.key()})

    assert (moved.status_code, cancelled.status_code) == (303, 303)
    assert homes.standing() == []


def test_a_change_of_which_nothing_is_known_says_so(homes: Households, lose: Callable[..., None]) -> None:
    booked = homes.booked("alice", homes.pick("mia", "Petra", 0))
    lose(False, False)

    answer = homes.browser("alice").post(f"{homes.base}/a/{booked.token}/cancel", {"key": homes.key()})

    assert answer.status_code == 503
    assert WORDS.format("this was done") in text_of(answer.text)
