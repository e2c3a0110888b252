"""Name the refusals of booking, each with the words that a parent reads."""

from webapp.errors import N_, DomainError, Invalid, NotFound


class SlotTaken(DomainError):
    message = N_("%(time)s with %(teacher)s was just taken. Choose another time.")


class SlotChanged(DomainError):
    message = N_("%(time)s with %(teacher)s was just changed by the school. Look at the times again.")


class TimeClash(DomainError):
    message = N_("%(time)s with %(teacher)s overlaps another of your appointments. Choose another time.")


class ChildBusy(TimeClash):
    """The child is elsewhere with its other household, of which these words tell nothing: they are SlotTaken's."""

    message = SlotTaken.message


class FamilyBusy(DomainError):
    """As TimeClash, in words for the office."""

    message = N_("The family is in another appointment at %(time)s. Choose another time.")


class TeacherBusy(DomainError):
    message = N_("%(teacher)s is in another appointment at %(time)s. Choose another time.")


class NotAvailable(DomainError):
    """The teacher is busy in a calendar of their own, of which the words tell nothing."""

    message = N_("%(time)s with %(teacher)s is not available any more. Choose another time.")


class RuleBroken(DomainError):
    """What families are refused and the office may do all the same: its appointment is red until somebody confirms it
    (PRODUCT 3.7). `rule` is the short name that is kept with the appointment (red.py)."""

    rule: str = ""


class AlreadyBooked(RuleBroken):
    rule = "one_per_teacher"
    message = N_("%(child)s already has an appointment with %(teacher)s. Cancel or change that one first.")


class BookedByOthers(AlreadyBooked):
    """The words tell nothing of the other household."""

    message = N_("%(teacher)s takes no more appointments for %(child)s here. Ask the school for another one.")


class TakesNoAppointments(RuleBroken):
    rule = "no_appointments"
    message = N_("The class that %(child)s has with %(teacher)s takes no appointments.")


class LimitReached(RuleBroken):
    """One more would be more than the event's UI Setup allows. Values: most, child, teacher."""


class EventIsFull(LimitReached):
    rule = "per_event"
    message = N_("In this event a family can have %(most)s at most. Leave one out, or cancel one.")


class ChildIsFull(LimitReached):
    rule = "per_child"
    message = N_("In this event %(child)s can have %(most)s at most. Leave one out, or cancel one.")


class ClassIsBooked(LimitReached):
    rule = "per_class"
    message = N_("You already have an appointment for the class that %(child)s has with %(teacher)s.")


class DayIsFull(LimitReached):
    rule = "per_day"
    message = N_("%(teacher)s takes no more appointments on this day. Choose another day.")


class TooClose(RuleBroken):
    rule = "gap"
    message = N_("%(time)s with %(teacher)s is less than %(gap)s minutes from another of your appointments.")


class ClosedForTime(DomainError):
    message = N_("%(time)s with %(teacher)s cannot be booked any more: booking for it has closed. Choose a later time.")


class TooLateToCancel(DomainError):
    message = N_("It is too late to change or cancel this appointment here. %(rule)s")


class BookingClosed(DomainError):
    message = N_("Booking is closed. The school can still make appointments for you.")


class BookingNotOpenYet(DomainError):
    message = N_("Booking has not opened yet.")


class AlreadyCancelled(DomainError):
    message = N_("This appointment is already cancelled.")


class AppointmentMoved(DomainError):
    message = N_("This appointment was just moved to another time. Look at it again.")


class KeyUsed(DomainError):
    message = N_("This form was already used for something else. Reload the page and start again.")


class WrongKind(Invalid):
    message = N_("Choose in person or online for %(teacher)s.")


class NotOffered(NotFound):
    """A time, or a teacher with all times, that is not in the event any more, or never was."""

    message = N_("One of the times is not offered any more. Look at the times again.")


class NotYourTeacher(RuleBroken):
    rule = "not_taught"
    status = 422
    message = N_("%(teacher)s does not teach %(child)s.")
