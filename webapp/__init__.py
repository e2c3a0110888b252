"""Wire one installation of Confab: the only place that knows all layers."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

from flask import Flask
from htmx_flask import Htmx
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp.application import Application
from webapp.auth import init_auth, refuse_undeclared
from webapp.config import LOOPBACK, Settings
from webapp.context import Confab, init_looking, note_commit
from webapp.csrf import init_csrf
from webapp.db import Database
from webapp.documents.press import Press
from webapp.languages import init_languages
from webapp.providers.base import CalendarProvider, Grants, Providers, TokenStore
from webapp.rendering import init_rendering
from webapp.services.system.vault import Vault


def create_app(settings: Settings, providers: Providers | None = None) -> Flask:
    """The application; jobs are started apart (jobs/scheduler.py). Tests may give other providers."""
    app = Application(__name__)
    app.config.update(_flask_settings(settings))
    database = Database(settings.database_url, vault=Vault(settings.token_keys))
    database.at_commit.append(note_commit)
    press = Press(settings.print_processes)
    app.extensions["confab"] = Confab(settings, database, providers or _providers(app, settings), press)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    Htmx(app)
    init_looking(app)
    init_languages(app)
    init_csrf(app)
    init_auth(app)
    init_rendering(app)
    _register(app)
    refuse_undeclared(app)
    return app


def _flask_settings(settings: Settings) -> dict[str, object]:
    return {
        "SECRET_KEY": settings.secret_key,
        "SECRET_KEY_FALLBACKS": list(settings.secret_key_fallbacks),
        # Those of this machine too, for whoever watches /readyz.
        "TRUSTED_HOSTS": [urlsplit(settings.base_url).hostname or "localhost", *LOOPBACK, "[::1]"],
        "SESSION_COOKIE_NAME": "__Host-confab" if settings.is_https else "confab",
        "SESSION_COOKIE_SECURE": settings.is_https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": timedelta(days=30),
        "SESSION_REFRESH_EACH_REQUEST": False,
        "MAX_CONTENT_LENGTH": 32 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 4 * 1024 * 1024,
        "MAX_FORM_PARTS": 20_000,
        "MAIL_SERVER": settings.mail_server,
        "MAIL_PORT": settings.mail_port,
        "MAIL_USERNAME": settings.mail_username,
        "MAIL_PASSWORD": settings.mail_password,
        "MAIL_USE_TLS": settings.mail_encryption == "starttls",
        "MAIL_USE_SSL": settings.mail_encryption == "tls",
        "MAIL_DEFAULT_SENDER": settings.mail_sender,
    }


def _providers(app: Flask, settings: Settings) -> Providers:
    from webapp.providers.google import google_calendars, google_grants
    from webapp.providers.mail import SmtpMailer
    from webapp.providers.microsoft import microsoft_calendars, microsoft_grants
    from webapp.providers.zoom import zoom_grants, zoom_meetings, zoom_webhooks

    grants: dict[str, Grants] = {"zoom": zoom_grants(settings)}
    calendars: dict[str, Callable[[TokenStore], CalendarProvider]] = {}
    if settings.google_client_id:
        grants["google"], calendars["google"] = google_grants(settings), google_calendars(settings)
    if settings.microsoft_client_id:
        grants["microsoft"], calendars["microsoft"] = microsoft_grants(settings), microsoft_calendars(settings)
    return Providers(
        meetings={"zoom": zoom_meetings(settings)},
        grants=grants,
        link_hosts={"zoom": settings.zoom_link_hosts},
        mailer=SmtpMailer(app),
        webhooks=zoom_webhooks(settings),
        calendars=calendars,
    )


def _register(app: Flask) -> None:
    from webapp.views import feed, health, login, problems, webhooks
    from webapp.views.admin import blueprints as admin
    from webapp.views.parent import blueprint as parent
    from webapp.views.teacher import calendar_sign_in, calendar_sync, own_times

    problems.init_problems(app)
    ours = (login.blueprint, feed.blueprint, health.blueprint, webhooks.blueprint)
    of_teachers = (calendar_sync.blueprint, calendar_sign_in.blueprint, own_times.blueprint)
    for blueprint in (*ours, *admin, *of_teachers, parent):
        app.register_blueprint(blueprint)
