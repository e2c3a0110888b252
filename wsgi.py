"""Serve one process of Confab: the application, and its jobs unless they are switched off."""

from jobs import scheduler
from webapp import create_app
from webapp.config import Settings
from webapp.interpreter import settle_in
from webapp.logs import set_up_logs

set_up_logs()  # a worker that was not forked knows nothing of its parent's
settings = Settings.from_env()
app = create_app(settings)
if settings.run_jobs:
    scheduler.start(app)

settle_in()
