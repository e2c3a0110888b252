"""The columns of a day: every row fills the header, whatever the slots."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from webapp.services.event.day_layout import Scale, Tick, lay_out, scale_of, ticks_of
from webapp.services.event.grid_slot import GridSlot

FOUR = datetime(2026, 12, 3, 22, 0, tzinfo=UTC)  # 4 PM in Chicago
CHICAGO = "America/Chicago"
Times = tuple[datetime, datetime]


def span(start: int, length: int, at: datetime = FOUR) -> Times:
    begin = at + timedelta(minutes=start)
    return begin, begin + timedelta(minutes=length)


def slot(times: Times, number: int = 1) -> GridSlot:
    return GridSlot(
        id=number,
        starts_at=times[0],
        ends_at=times[1],
        time="",
        state="free",
        kind="P",
        text="P",
        spoken="",
        message="",
        appointment_id=None,
        booked=0,
        places=1,
        is_free=True,
    )


def test_slots_of_fifteen_and_twenty_minutes_share_columns_of_five() -> None:
    scale = scale_of([span(0, 15), span(15, 15), span(0, 20), span(20, 20)], CHICAGO)

    assert scale == Scale(FOUR, 5, 8)
    assert ticks_of(scale, CHICAGO) == (
        Tick("4 PM", 3, is_hour=True),
        Tick("4:15", 3, is_hour=False),
        Tick("4:30", 2, is_hour=False),
    )


def test_an_odd_start_makes_the_step_fit_the_clock() -> None:
    scale = scale_of([span(5, 15), span(20, 15)], CHICAGO)

    assert scale.step == 5
    assert [(tick.label, tick.colspan) for tick in ticks_of(scale, CHICAGO)] == [("4:05", 2), ("4:15", 3), ("4:30", 1)]


def test_draw_time_every_overrides_the_step_and_begins_at_a_round_time() -> None:
    """DESIGN 1, PRODUCT 2.6"""
    times = [span(5, 20), span(25, 20), span(50, 20)]

    scale = scale_of(times, CHICAGO, 10)
    cells, left_over = lay_out(scale, [slot(one, n) for n, one in enumerate(times, 1)])

    assert scale == Scale(FOUR, 10, 7)
    assert left_over == ()
    assert [(cell.colspan, cell.slot.id if cell.slot else 0) for cell in cells] == [(2, 1), (2, 2), (1, 0), (2, 3)]
    assert sum(tick.colspan for tick in ticks_of(scale, CHICAGO)) == scale.columns


def test_a_step_that_is_longer_than_a_slot_is_not_followed() -> None:
    """Else two slots would share a column, and one of them would not be seen."""
    assert scale_of([span(0, 15), span(15, 15)], CHICAGO, 30).step == 15


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 60)), min_size=1, max_size=12),
    st.integers(1, 60),
)
def test_whatever_is_drawn_every_slot_has_a_column_and_every_row_is_full(
    pairs: list[tuple[int, int]], every: int
) -> None:
    times, at = [], 0
    for gap, longer in pairs:
        times.append(span(at + gap, every + longer))
        at += gap + every + longer

    scale = scale_of(times, CHICAGO, every)
    cells, left_over = lay_out(scale, [slot(one, n) for n, one in enumerate(times)])

    assert scale.step == every
    assert left_over == ()
    assert sum(cell.colspan for cell in cells) == scale.columns
    assert min(cell.colspan for cell in cells) >= 1
    assert sum(tick.colspan for tick in ticks_of(scale, CHICAGO)) == scale.columns


def test_a_day_without_slots_has_no_columns() -> None:
    scale = scale_of([], CHICAGO)

    assert (scale.columns, ticks_of(scale, CHICAGO), lay_out(scale, [])) == (0, (), ((), ()))


def test_a_break_is_a_gap_and_the_end_is_filled_up() -> None:
    scale = Scale(FOUR, 5, 12)

    cells, left_over = lay_out(scale, [slot(span(30, 15), 2), slot(span(5, 10), 1)])

    assert [(cell.colspan, cell.slot.id if cell.slot else None) for cell in cells] == [
        (1, None),
        (2, 1),
        (3, None),
        (3, 2),
        (3, None),
    ]
    assert left_over == ()


def test_a_slot_that_overlaps_another_is_left_over() -> None:
    scale = Scale(FOUR, 5, 12)

    cells, left_over = lay_out(scale, [slot(span(0, 30), 1), slot(span(15, 30), 2), slot(span(30, 5), 3)])

    assert [cell.slot.id for cell in cells if cell.slot] == [1, 3]
    assert [slot.id for slot in left_over] == [2]


def test_the_hour_after_the_clock_is_set_back_is_marked_again() -> None:
    """On 2026-11-01 in Chicago 1 AM comes twice; the columns follow real minutes."""
    midnight = datetime(2026, 11, 1, 5, 0, tzinfo=UTC)
    scale = scale_of([span(0, 60, midnight), span(180, 60, midnight)], CHICAGO)

    assert [tick.label for tick in ticks_of(scale, CHICAGO)] == ["12 AM", "1 AM", "1 AM", "2 AM"]


SPANS = st.lists(st.builds(span, st.integers(0, 300), st.integers(1, 120)), max_size=12)


@given(SPANS, SPANS, st.sampled_from([CHICAGO, "Asia/Kathmandu", "UTC"]))
def test_the_colspans_of_each_row_sum_to_the_headers(row: list[Times], others: list[Times], zone: str) -> None:
    scale = scale_of([*row, *others], zone)
    slots = [slot(times, number) for number, times in enumerate(row)]

    ticks = ticks_of(scale, zone)
    cells, left_over = lay_out(scale, slots)

    assert sum(tick.colspan for tick in ticks) == scale.columns
    assert sum(cell.colspan for cell in cells) == scale.columns
    assert all(part.colspan > 0 for part in [*ticks, *cells])
    shown = [cell.slot for cell in cells if cell.slot]
    assert sorted(slot.id for slot in [*shown, *left_over]) == [slot.id for slot in slots]


@given(SPANS.filter(bool))
def test_a_cell_begins_and_ends_with_its_slot(row: list[Times]) -> None:
    scale = scale_of(row, CHICAGO)

    cells, _ = lay_out(scale, [slot(times, number) for number, times in enumerate(row)])

    at = 0
    for cell in cells:
        if cell.slot:
            begin = scale.first + timedelta(minutes=at * scale.step)
            assert (cell.slot.starts_at, cell.slot.ends_at) == (
                begin,
                begin + timedelta(minutes=cell.colspan * scale.step),
            )
        at += cell.colspan
