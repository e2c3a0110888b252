"""Turn appointments red that a class allows no more, and let them be when it allows them again."""

from sqlalchemy import and_, or_, select, update
from sqlmodel import Session, col

from webapp.models import Appointment, Class, EventSettings
from webapp.models.booking.appointment import CALENDAR_BUSY, OVER_LIMIT


def hold_bookings(session: Session, school_id: int) -> None:
    """Nobody books before what classes allow is another: what was allowed when they looked counts, and is judged
    by `mark_over_limit`. Before any other lock, as bookings take it first."""
    settings = select(col(EventSettings.event_id)).where(col(EventSettings.school_id) == school_id)
    session.execute(settings.order_by(col(EventSettings.event_id)).with_for_update()).all()


def mark_over_limit(session: Session, school_id: int) -> None:
    """After a change of what classes allow (PTAN). The families keep what they have; the office cancels or confirms it.

    Two statements, however many appointments; what is red for another reason, or confirmed, is left as it is."""
    session.flush()
    allowed = (
        select(col(Class.appointments_allowed))
        .where(col(Class.id) == col(Appointment.class_id))
        .correlate(Appointment)
        .scalar_subquery()
    )
    stands = and_(
        col(Appointment.school_id) == school_id,
        col(Appointment.cancelled_at).is_(None),
        col(Appointment.class_id).is_not(None),
    )
    is_red_for_less = or_(col(Appointment.problem).is_(None), col(Appointment.problem) == CALENDAR_BUSY)
    is_plain = and_(is_red_for_less, col(Appointment.confirmed_at).is_(None))
    over = update(Appointment).where(stands, is_plain, col(Appointment.nth) > allowed)
    within = update(Appointment).where(stands, col(Appointment.problem) == OVER_LIMIT, col(Appointment.nth) <= allowed)
    for statement, problem in ((over, OVER_LIMIT), (within, None)):
        session.execute(statement.values(problem=problem), execution_options={"synchronize_session": False})
    session.expire_all()
