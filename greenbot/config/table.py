"""Every setting greenbot knows, as one table.

The loader, the editor, `greenbot config list`, the example file and its test all read this
table: a new setting is a row here, a field in `settings.py` and a line in `config.example.toml`.
"""

from dataclasses import replace

from greenbot.config.service_table import CONTACTS, MEDIA, OUTBOUND, RETENTION, SERVER, UNDERSTAND, WATCH
from greenbot.config.setting import SOURCES, Scope, Setting, Value

__all__ = ["GENERAL", "INSTANCE", "SECTIONS", "SETTINGS", "SOURCES", "Scope", "Setting", "Value", "full_key"]

_GENERAL = (
    Setting(
        key="default_instance",
        type="name",
        env="GREENBOT_INSTANCE",
        doc="The instance a command uses when none is named.",
        example='default_instance = "grand-kyiv"',
    ),
    Setting(
        key="database",
        type="database",
        default="greenbot.db",
        trusted=True,
        doc="The store: a file name in the state folder, or an absolute path.",
        example='database = "greenbot.db"',
    ),
    Setting(
        key="ambiguous_policy",
        type="choice",
        default="reconcile",
        choices=("reconcile", "hold", "resend"),
        doc="What to do when nobody knows whether a message was sent.",
        example='ambiguous_policy = "reconcile"',
    ),
    Setting(
        key="timezone",
        type="timezone",
        default="UTC",
        doc="The hotel's time zone: for quiet hours, schedules and tables.",
        example='timezone = "Europe/Kyiv"',
    ),
    Setting(
        key="language",
        type="language",
        default="en",
        doc="The language guests are written to by default.",
        example='language = "en"',
    ),
    Setting(
        key="country_code",
        type="country_code",
        doc="Completes national numbers that begin with 0.",
        example='country_code = "380"',
    ),
)

_API = (
    Setting(
        key="api.base_url",
        type="url",
        default="https://api.green-api.com",
        env="GREEN_API_BASE_URL",
        trusted=True,
        doc="Where GREEN-API answers.",
        example='base_url = "https://api.green-api.com"',
    ),
    Setting(
        key="api.media_url",
        type="url",
        default="https://media.green-api.com",
        env="GREEN_API_MEDIA_URL",
        trusted=True,
        doc="Where files are uploaded; follows base_url unless set.",
        example='media_url = "https://media.green-api.com"',
    ),
    Setting(
        key="api.partner_url",
        type="url",
        default="https://api.green-api.com",
        env="GREEN_API_PARTNER_URL",
        trusted=True,
        doc="Where the partner methods answer; follows base_url unless set.",
        example='partner_url = "https://api.green-api.com"',
    ),
    Setting(
        key="api.timeout_seconds",
        type="number",
        default=30.0,
        env="GREEN_API_TIMEOUT",
        least=1,
        most=180,
        doc="How long to wait for an answer.",
        example="timeout_seconds = 30",
    ),
    Setting(
        key="api.max_retries",
        type="count",
        default=3,
        env="GREEN_API_MAX_RETRIES",
        least=0,
        most=10,
        doc="How often a call that was certainly not carried out is repeated.",
        example="max_retries = 3",
    ),
    Setting(
        key="api.rate_limit_per_minute",
        type="count",
        default=60,
        env="GREEN_API_RATE_LIMIT_PER_MINUTE",
        least=1,
        most=3000,
        doc="Messages an instance sends in any minute at most.",
        example="rate_limit_per_minute = 60",
    ),
    Setting(
        key="api.rate_limit_per_second",
        type="number",
        default=2.0,
        env="GREEN_API_RATE_LIMIT_PER_SECOND",
        least=0.01,
        most=50,
        doc="Messages an instance sends in any second at most (GREEN-API docs: 50).",
        example="rate_limit_per_second = 2",
    ),
)

_LOG = (
    Setting(
        key="log.detailed",
        type="switch",
        default=False,
        env="GREEN_API_ENABLE_DETAILED_LOGGING",
        doc="Write each call with its timing, sizes and host, and each step: all there is of level debug.",
        example="detailed = false",
    ),
    Setting(
        key="log.request_body",
        type="switch",
        default=False,
        env="GREEN_API_LOG_REQUEST_BODY",
        doc="Also write what was sent: guests' numbers and texts.",
        example="request_body = false",
    ),
    Setting(
        key="log.response_body",
        type="switch",
        default=False,
        env="GREEN_API_LOG_RESPONSE_BODY",
        doc="Also write what GREEN-API answered.",
        example="response_body = false",
    ),
    Setting(
        key="log.to",
        type="choice",
        default="file",
        choices=("file", "stderr", "journal", "none"),
        doc="Where the log goes: the file logs/greenbot.log, stderr, systemd's journal, or nowhere.",
        example='to = "file"',
    ),
    Setting(
        key="log.level",
        type="choice",
        default="info",
        choices=("debug", "info", "warning", "error"),
        doc="Write what is at least so grave.",
        example='level = "info"',
    ),
    Setting(
        key="log.phones",
        type="switch",
        default=False,
        trusted=True,
        doc="Write guests' numbers whole instead of masked.",
        example="phones = false",
    ),
    Setting(
        key="log.max_mb",
        type="count",
        default=32,
        least=1,
        most=10_000,
        doc="A log file is put aside when it has so many megabytes.",
        example="max_mb = 32",
    ),
    Setting(
        key="log.max_hours",
        type="count",
        default=24,
        least=1,
        most=8_760,
        doc="A log file is put aside when it is so old.",
        example="max_hours = 24",
    ),
    Setting(
        key="log.keep",
        type="count",
        default=14,
        least=1,
        most=10_000,
        doc="So many files that were put aside are kept.",
        example="keep = 14",
    ),
)


def _secret(key: str, doc: str, *, env: str | None, scope: Scope = "global", sources: tuple[str, ...]) -> list[Setting]:
    """The secret itself, which only `env` may carry, and one setting per place it can be kept in."""
    leaf = key.rpartition(".")[2]
    value = Setting(
        key=key,
        type="secret",
        env=env,
        scope=scope,
        secret=True,
        trusted=True,
        doc=doc,
        example=f'{leaf}_file = "FILE"',
    )
    types = {"file": "path", "env": "env_name", "command": "argv", "keyring": "keyring"}
    docs = {
        "file": "A file that holds it, readable by you alone.",
        "env": "The environment variable that holds it.",
        "command": "A program that prints it.",
        "keyring": "The service name under which the system's keyring holds it.",
    }
    examples = {
        "file": f'{leaf}_file = "secrets/grand-kyiv.token"',
        "env": f'{leaf}_env = "GRAND_KYIV_TOKEN"',
        "command": f'{leaf}_command = ["pass", "show", "green-api/grand-kyiv"]',
        "keyring": f'{leaf}_keyring = "greenbot"',
    }
    places = [
        replace(
            value, key=f"{key}_{way}", type=types[way], env=None, secret=False, doc=docs[way], example=examples[way]
        )
        for way in sources
    ]
    return [value, *places]


_SECRETS = (
    *_secret("api.partner_token", "The token of a partner account.", env="GREEN_API_PARTNER_TOKEN", sources=SOURCES),
    *_secret(
        "webhook.secret", "Signs webhooks that a relay passes on.", env="GREEN_API_WEBHOOK_SECRET", sources=SOURCES
    ),
    *_secret(
        "webhook.standard_secret",
        "The same for a relay that signs as Standard Webhooks (whsec_...).",
        env="GREENBOT_STANDARD_WEBHOOKS_SECRET",
        sources=SOURCES,
    ),
    *_secret("server.viewer_token", "Opens the pages for reading.", env="GREENBOT_VIEWER_TOKEN", sources=SOURCES),
    *_secret(
        "alerts.heartbeat_url",
        "Called each minute while alerts are looked at; silence there means that greenbot is dead.",
        env="GREENBOT_HEARTBEAT_URL",
        sources=SOURCES,
    ),
    *_secret("server.admin_token", "Opens what changes rules.", env="GREENBOT_ADMIN_TOKEN", sources=SOURCES),
)

_INSTANCE = (
    Setting(
        key="id",
        type="id",
        env="GREEN_API_INSTANCE_ID",
        scope="instance",
        doc="idInstance in the GREEN-API console.",
        example='id = "1101000001"',
    ),
    *_secret("token", "apiTokenInstance in the console.", env="GREEN_API_TOKEN", scope="instance", sources=SOURCES),
    *_secret(
        "webhook_token",
        "What GREEN-API sends in Authorization (webhookUrlToken).",
        env="GREEN_API_WEBHOOK_TOKEN",
        scope="instance",
        sources=SOURCES,
    ),
    *_secret(
        "webhook_token_previous",
        "The webhook token before the last change, accepted while GREEN-API still uses it.",
        env=None,
        scope="instance",
        sources=("file", "env"),
    ),
    Setting(
        key="tags",
        type="names",
        default=(),
        scope="instance",
        doc="Names of groups this instance belongs to.",
        example='tags = ["coast"]',
    ),
)


def _own(key: str, general: str) -> Setting:
    """The same setting for one instance."""
    setting = next(setting for setting in (*_GENERAL, *_API, *_LOG) if setting.key == general)
    example = f"{key} = {setting.example.partition(' = ')[2]}"
    return replace(setting, key=key, scope="instance", env=None, default=None, inherits=general, example=example)


SETTINGS: tuple[Setting, ...] = (
    *_GENERAL,
    *_API,
    *_LOG,
    *OUTBOUND,
    *SERVER,
    *MEDIA,
    *CONTACTS,
    *UNDERSTAND,
    *RETENTION,
    *WATCH,
    *_SECRETS,
    *_INSTANCE,
    _own("api_url", "api.base_url"),
    _own("media_url", "api.media_url"),
    _own("rate_limit_per_minute", "api.rate_limit_per_minute"),
    _own("rate_limit_per_second", "api.rate_limit_per_second"),
    _own("ambiguous_policy", "ambiguous_policy"),
    _own("timezone", "timezone"),
    _own("language", "language"),
    _own("country_code", "country_code"),
    _own("log_detailed", "log.detailed"),
    _own("log_request_body", "log.request_body"),
    _own("log_response_body", "log.response_body"),
)

GENERAL = {setting.key: setting for setting in SETTINGS if setting.scope == "global"}
INSTANCE = {setting.key: setting for setting in SETTINGS if setting.scope == "instance"}
#: The sections of the file besides `[instances.NAME]`.
SECTIONS = tuple(dict.fromkeys(key.partition(".")[0] for key in GENERAL if "." in key))


def full_key(setting: Setting, instance: str | None = None) -> str:
    """`api.timeout_seconds`, or `instances.grand-kyiv.tags`."""
    return setting.key if instance is None else f"instances.{instance}.{setting.key}"
