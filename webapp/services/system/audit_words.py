"""Say in the office's words what an action of the audit is."""

from webapp.errors import N_
from webapp.i18n import gettext

_LABELS = {
    "administrator.create": N_("Administrator added"),
    "appointment.cancel": N_("Appointment cancelled"),
    "appointment.confirm": N_("Appointment confirmed"),
    "appointment.make": N_("Appointment made for a family"),
    "appointment.move": N_("Appointment moved"),
    "appointments.confirm": N_("Several appointments confirmed"),
    "appointments.delete": N_("Several appointments cancelled"),
    "appointments.mail": N_("Mail to several parents"),
    "connection.needs_reconnect": N_("Connection ended by the provider"),
    "event.add": N_("Event added"),
    "event.copy_teachers": N_("Teachers copied from another event"),
    "event.delete": N_("Event deleted"),
    "event.restore": N_("Event restored"),
    "event.details": N_("Event details edited"),
    "event.duplicate": N_("Event duplicated"),
    "event.fill": N_("Teachers taken from the roster"),
    "event.sort_teachers": N_("Teachers sorted"),
    "event.opened_with_red": N_("Event opened against Preflight"),
    "event.text": N_("Message text saved"),
    "event.ui_setup": N_("UI Setup saved"),
    "event.vendor_ui_setup": N_("Vendor UI Setup saved"),
    "links.mailed": N_("Links mailed"),
    "field.add": N_("Appointment field added"),
    "field.unuse": N_("Appointment fields no longer asked"),
    "field.use": N_("Appointment fields asked again"),
    "event.zone": N_("Time zone changed"),
    "log_in_as.start": N_("Logged in as a teacher"),
    "log_in_as.end": N_("Logged back in"),
    "meeting.retry": N_("Links retried"),
    "notified.changed": N_("Notification Contacts changed"),
    "resource.add": N_("Resource added"),
    "resource.host": N_("Host of a team changed"),
    "resource.remove": N_("Teacher taken out of an event"),
    "resource.room": N_("Room changed"),
    "resource.virtual_room": N_("Virtual Room changed"),
    "roster.columns": N_("Columns of roster files named"),
    "roster.import": N_("Roster imported"),
    "service.add": N_("Service added"),
    "service.remove": N_("Service removed"),
    "slots.copy": N_("Slots copied"),
    "slots.create": N_("Slots created"),
    "slots.delete": N_("Slots deleted"),
    "slots.move": N_("Slots moved"),
    "slots.own.block": N_("Teacher blocked own times"),
    "slots.own.free": N_("Teacher freed own times"),
    "slots.update": N_("Slots updated"),
    "strays.keep": N_("Unknown meetings kept"),
    "strays.remove": N_("Unknown meetings removed"),
    "zoom.connected": N_("Zoom connected"),
    "zoom.deauthorised": N_("App removed in Zoom"),
    "zoom.disconnected": N_("Zoom disconnected"),
}


def label_of(action: str) -> str:
    """The action's own name where it has no words yet."""
    return gettext(_LABELS[action]) if action in _LABELS else action
