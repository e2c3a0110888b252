"""Serve one process of Confab: the application, and its jobs unless they are switched off."""

import gc

from jobs import scheduler
from webapp import create_app
from webapp.config import Settings
from webapp.logs import set_up_logs

set_up_logs()  # a worker that was not forked knows nothing of its parent's
settings = Settings.from_env()
app = create_app(settings)
if settings.run_jobs:
    scheduler.start(app)

# What is here by now stays. To look through it for garbage, every few requests, would hold up all who wait.
gc.freeze()
gc.set_threshold(10_000, 10, 10)
