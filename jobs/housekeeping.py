"""Forget what nobody needs any more: old counters, uploads, sign-ins and codes, events deleted long ago."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import delete
from sqlmodel import col

from webapp import clock
from webapp.context import database
from webapp.models import Appointment, RequestKey, SignIn, SignInCode, SignInLink, WebhookReceipt
from webapp.services.event.delete_event import forget_deleted
from webapp.services.roster.import_run import forget_uploads
from webapp.services.system.rate import forget_old
from webapp.services.system.statistics import look_at_what_has_grown

_A_DAY, _A_WEEK, _A_MONTH = timedelta(days=1), timedelta(days=7), timedelta(days=30)


def keep_house(app: Flask) -> None:
    with app.app_context():
        now = clock.now()
        with database().transaction() as session:
            forget_old(session, now=now)
            forget_deleted(session, now=now)
            forget_uploads(session, before=now - _A_DAY)
            session.execute(delete(SignInCode).where(col(SignInCode.expires_at) < now - _A_DAY))
            session.execute(delete(SignInLink).where(col(SignInLink.expires_at) < now - _A_DAY))
            session.execute(delete(SignIn).where(col(SignIn.expires_at) < now - _A_DAY))
            # What was merely held is nothing that anybody looks for.
            held = col(Appointment.held_until).is_not(None)
            session.execute(delete(Appointment).where(held, col(Appointment.cancelled_at) < now - _A_DAY))
            session.execute(delete(RequestKey).where(col(RequestKey.created_at) < now - _A_MONTH))
            session.execute(delete(WebhookReceipt).where(col(WebhookReceipt.received_at) < now - _A_WEEK))


def note_sizes(app: Flask) -> None:
    with app.app_context():
        if database().is_sqlite:
            return
        with database().transaction() as session:
            look_at_what_has_grown(session)
