"""The office's and the teachers' pages, below /s/<school>/."""

from webapp.views.admin import (
    appointments,
    audit,
    event_overview,
    event_settings,
    events,
    importer,
    online_meetings,
    reports,
    rooms,
    setup,
    slots,
    strays,
    team,
    zoom_user,
)

blueprints = (
    events.blueprint,
    event_overview.blueprint,
    event_settings.blueprint,
    appointments.blueprint,
    slots.blueprint,
    rooms.blueprint,
    team.blueprint,
    importer.blueprint,
    setup.blueprint,
    zoom_user.blueprint,
    online_meetings.blueprint,
    strays.blueprint,
    reports.blueprint,
    audit.blueprint,
)
