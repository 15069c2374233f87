"""One settings file, driven by the environment and safe by default; docs/operate.md lists every variable."""

import os
import sys
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _

from helpdesk.lib.logs import logging_settings

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
TESTING = "pytest" in sys.modules
DEMO = env.bool("FIRSTLINE_DEMO", default=False)
DEBUG = env.bool("DEBUG", default=False)

DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var")))
FILES_DIR = DATA_DIR / "files"


def _secret_key() -> str:
    """SECRET_KEY from the environment, else one made once and kept in DATA_DIR (mode 0600)."""
    if key := env.str("SECRET_KEY", default=""):
        if len(key) < 50:
            raise ImproperlyConfigured("SECRET_KEY is too short: give at least 50 random characters.")
        return key
    if TESTING:
        return "only-for-tests-" + "0123456789" * 5
    path = DATA_DIR / "secret-key"
    if not path.exists():
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(get_random_secret_key() + get_random_secret_key())
    return path.read_text().strip()


SECRET_KEY = _secret_key()
# Secrets that were replaced: what was signed with them still opens, nothing new is.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# The one address that links in pages and mails carry; a request's Host header never decides it.
SITE_URL = env.str("SITE_URL", default="http://localhost:8000").rstrip("/")
SITE_NAME = env.str("SITE_NAME", default="Firstline")
HTTPS = SITE_URL.startswith("https://")
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", SITE_URL.split("://")[-1].split(":")[0]]
)
CSRF_TRUSTED_ORIGINS = [SITE_URL]

INSTALLED_APPS = [
    "helpdesk.back_office.BackOfficeConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_fsm",
    "django_htmx",
    "django_q",
    "rest_framework",
    "csp",
    "simple_history",
    "tickets",
    "knowledge",
    "escalation",
    "helpdesk.apps.HelpdeskConfig",
]

MIDDLEWARE = [
    "helpdesk.middleware.RequestLog",
    "helpdesk.middleware.KnownEncoding",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "helpdesk.middleware.SecureHeaders",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "helpdesk.middleware.ReaderPreferences",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "helpdesk.middleware.Refusals",
]

ROOT_URLCONF = "helpdesk.urls"
WSGI_APPLICATION = "helpdesk.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "NAME": "jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "environment": "helpdesk.jinja.environment",
            "context_processors": ["helpdesk.jinja.csrf"],
            "auto_reload": DEBUG,
        },
    },
    {
        # Only the admin and third parties' pages.
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "helpdesk" / "admin_templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    },
]

SQLITE_TUNING = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
        "PRAGMA cache_size=-20000; PRAGMA temp_store=MEMORY;"
    ),
}
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'firstline.sqlite3'}")}
_database = DATABASES["default"]
if "sqlite3" in _database["ENGINE"]:
    if not TESTING:
        Path(_database["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    _database["OPTIONS"] = SQLITE_TUNING
    _database["CONN_MAX_AGE"] = 60
else:
    _database["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=600)
    _database["ENGINE"] = "helpdesk.lib.postgresql"
    _database["CONN_HEALTH_CHECKS"] = True
    # Connections that a pooler shares between transactions know nothing of what an earlier one prepared.
    _database.setdefault("OPTIONS", {})["prepare_threshold"] = 1 if _database["CONN_MAX_AGE"] else None
if TESTING and (suffix := env.str("TEST_DB_SUFFIX", default="")):
    _database["TEST"] = {"NAME": f"test_firstline{suffix}"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Shared by every process, so that limits count together; nothing is kept in it that may not be lost.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

AUTH_USER_MODEL = "tickets.User"
AUTHENTICATION_BACKENDS = ["tickets.accounts.EmailBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "after_sign_in"
LOGOUT_REDIRECT_URL = "portal_home"
PASSWORD_RESET_TIMEOUT = 60 * 60
SESSION_ENGINE = "helpdesk.lib.sessions"
SESSION_COOKIE_AGE = 60 * 60 * 12
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "helpdesk.views.csrf_failure"
MESSAGE_STORAGE = "helpdesk.lib.flash.NewestInCookie"

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS and env.bool("SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31536000) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=1 if env.bool("BEHIND_PROXY", default=False) else 0)
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

LANGUAGE_CODE = env.str("LANGUAGE_CODE", default="en")
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "helpdesk" / "locale"]
# Storage is UTC; this is the zone the business reports in.
TIME_ZONE = env.str("BUSINESS_TIME_ZONE", default="UTC")
USE_I18N = USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": FILES_DIR}},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING or DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True  # half the work of collecting and compressing
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = TESTING or DEBUG

# Limits on what anyone may send.
MAX_FILE_BYTES = env.int("MAX_FILE_MB", default=20) * 1024 * 1024
MAX_FILES_PER_MESSAGE = 10
MAX_BODY_CHARACTERS = 100_000
MAX_SUBJECT_CHARACTERS = 200
DATA_UPLOAD_MAX_MEMORY_SIZE = 3 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
PUBLIC_FORMS_PER_HOUR = env.int("PUBLIC_FORMS_PER_HOUR", default=20)

# The API: one answer for everything, made in tickets.api; nothing of REST framework's own pages and sessions.
API_PER_MINUTE = env.int("API_PER_MINUTE", default=600)  # requests of one token
REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "tickets.api.problems.handle",
    "DEFAULT_AUTHENTICATION_CLASSES": ["tickets.api.authentication.BearerToken"],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["tickets.api.reading.Json"],
    "DEFAULT_PARSER_CLASSES": ["tickets.api.reading.StrictJson"],
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": f"{SITE_NAME} API",
    "VERSION": "1.0",
    "OAS_VERSION": "3.1.1",
    "POSTPROCESSING_HOOKS": [],
    "SERVE_INCLUDE_SCHEMA": False,
}

# Mail: the demo and development keep it in the local mailbox page; production names a server.
_MAILBOX, _SMTP = "tickets.caught_mail.EmailBackend", "django.core.mail.backends.smtp.EmailBackend"
EMAIL_BACKEND = env.str("EMAIL_BACKEND", default=_MAILBOX if DEMO or DEBUG else _SMTP)
EMAIL_HOST = env.str("EMAIL_HOST", default="localhost")
EMAIL_PORT = env.int("EMAIL_PORT", default=25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Firstline Support <support@firstline.test>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Keys of providers: to send (EMAIL_BACKEND=anymail.backends.….EmailBackend) as ANYMAIL_POSTMARK_SERVER_TOKEN, to prove
# their webhooks as ANYMAIL_WEBHOOK_SECRET and ANYMAIL_MAILGUN_WEBHOOK_SIGNING_KEY.
ANYMAIL: dict[str, object] = {
    name.removeprefix("ANYMAIL_"): value for name, value in os.environ.items() if name.startswith("ANYMAIL_")
}
# Whether customers may answer by mail to the desk's own address; a mailbox that we read is answered to in any case.
REPLY_BY_MAIL = env.bool("REPLY_BY_MAIL", default=DEMO)
# Off for mail servers that take no address with a plus; answers then find their request by the mail they answer.
REPLY_WITH_PLUS = env.bool("REPLY_WITH_PLUS", default=True)
# A reply's files leave with the mail up to this much together, encoded a third more; the rest is on the request's page.
MAIL_FILES_BYTES = env.int("MAIL_FILES_MB", default=7) * 1024 * 1024
UNDO_SEND_SECONDS = env.int("UNDO_SEND_SECONDS", default=10)

# Providers whose webhooks are answered.
MAIL_PROVIDERS = env.list("MAIL_PROVIDERS", default=[])

# Webhooks out: where they may go. Closed networks stay closed unless named here and ticked by an administrator.
WEBHOOK_HTTP = env.bool("WEBHOOK_HTTP", default=False)
WEBHOOK_PORTS = [
    int(port) for port in env.list("WEBHOOK_PORTS", default=[443, 8443, *([80, 8080] if WEBHOOK_HTTP else [])])
]
WEBHOOK_NETWORKS = env.list("WEBHOOK_NETWORKS", default=[])

# The queue is only the doorbell over our own tables; retry > timeout x (queue_limit / workers + 2).
Q_CLUSTER = {
    "name": "firstline",
    "orm": "default",
    "broker_class": "helpdesk.pulse.Broker",
    "workers": env.int("WORKERS", default=1),
    "queue_limit": 2,
    "bulk": 1,
    "timeout": 60,
    "retry": 300,
    "max_attempts": 3,
    "catch_up": False,
    "save_limit": 100,
    "poll": 1,
    "label": "Jobs",
}
RING_DOORBELL = env.bool("RING_DOORBELL", default=not TESTING)

LOGGING_CONFIG = None
logging_settings(json=env.bool("LOG_JSON", default=not DEBUG and not DEMO), level=env.str("LOG_LEVEL", default="INFO"))
SILENCED_SYSTEM_CHECKS: list[str] = []
