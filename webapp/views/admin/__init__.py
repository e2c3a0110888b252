"""The office's and the teachers' pages, below /s/<school>/."""

from webapp.views.admin import (
    appointments,
    event_settings,
    events,
    importer,
    online_meetings,
    reports,
    rooms,
    setup,
    slots,
)

blueprints = tuple(
    module.blueprint
    for module in (events, event_settings, appointments, slots, rooms, importer, setup, online_meetings, reports)
)
