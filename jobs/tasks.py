"""Run the long work that somebody started and watches."""

from flask import Flask

from jobs.batch import drain
from webapp import clock
from webapp.context import confab, database
from webapp.models import Task
from webapp.services.meeting.map_contacts import run_mapping
from webapp.services.system.errand import Claim


def run_tasks(app: Flask) -> None:
    drain(app, Task, _run, at_once=1)


def _run(claim: Claim) -> None:
    with database().reading() as session:
        kind = session.get_one(Task, claim.id).kind
    assert kind == "map_contacts"
    run_mapping(database(), confab().providers, claim, clock.now)
