"""Settings of the service and of what it reaches: pages and webhooks, guests' files, hooks."""

from greenbot.config.setting import Setting

SERVER = (
    Setting(
        key="server.host",
        type="host",
        default="127.0.0.1",
        trusted=True,
        doc="The address `greenbot serve` listens on; one that others can reach needs tokens first.",
        example='host = "127.0.0.1"',
    ),
    Setting(
        key="server.port",
        type="count",
        default=8080,
        least=0,
        most=65535,
        trusted=True,
        doc="The port `greenbot serve` listens on; 0 takes a free one.",
        example="port = 8080",
    ),
    Setting(
        key="server.trusted_proxies",
        type="networks",
        trusted=True,
        doc="Addresses of proxies whose X-Forwarded-For is believed.",
        example='trusted_proxies = ["10.0.0.2", "10.1.0.0/16"]',
    ),
    Setting(
        key="server.allowed_hosts",
        type="hosts",
        trusted=True,
        doc="Names under which people open the pages, besides this machine's own.",
        example='allowed_hosts = ["greenbot.hotel.example"]',
    ),
    Setting(
        key="server.tls_cert",
        type="file",
        trusted=True,
        doc="The certificate, with what it is signed by, as a PEM file.",
        example='tls_cert = "/etc/greenbot/tls/fullchain.pem"',
    ),
    Setting(
        key="server.tls_key",
        type="file",
        trusted=True,
        doc="The key of that certificate, readable by you alone.",
        example='tls_key = "/etc/greenbot/tls/key.pem"',
    ),
)

MEDIA = (
    Setting(
        key="media.hosts",
        type="host_patterns",
        default=(
            "*.green-api.com",
            "*.greenapi.com",
            "storage.yandexcloud.net",
            "*.storage.yandexcloud.net",
            "*.digitaloceanspaces.com",
        ),
        trusted=True,
        doc="Where files of guests may be fetched from; `*.` stands for everything below a name.",
        example='hosts = ["*.green-api.com", "*.storage.yandexcloud.net"]',
    ),
    Setting(
        key="media.file_mb",
        type="count",
        default=100,
        least=1,
        most=100,
        doc="The largest file of a guest that is fetched, in MB (GREEN-API docs: at most 100).",
        example="file_mb = 100",
    ),
    Setting(
        key="media.daily_mb",
        type="count",
        default=1000,
        least=1,
        most=1_000_000,
        doc="How much is fetched for one instance in 24 hours, in MB.",
        example="daily_mb = 1000",
    ),
)

CONTACTS = (
    Setting(
        key="contacts.checks_per_day",
        type="count",
        default=50,
        least=0,
        most=1000,
        doc="How many numbers `greenbot contacts check` asks about for one instance and day; 0 forbids it.",
        example="checks_per_day = 50",
    ),
    Setting(
        key="contacts.check_keep_days",
        type="count",
        default=30,
        least=1,
        most=365,
        doc="How long an answer about a number is believed, in days.",
        example="check_keep_days = 30",
    ),
)

WATCH = (
    Setting(
        key="watch.every_seconds",
        type="count",
        default=60,
        least=15,
        most=120,
        doc="How often `greenbot serve` asks GREEN-API for the state of each number, also of one that sends nothing.",
        example="every_seconds = 60",
    ),
)

OUTBOUND = (
    Setting(
        key="outbound.allow",
        type="places",
        trusted=True,
        doc="Where hooks may reach besides public https: names, addresses, networks, maybe with a port.",
        example='allow = ["127.0.0.1:9000", "10.0.0.0/8", "crm.internal"]',
    ),
)

UNDERSTAND = (
    Setting(
        key="understand.words",
        type="intent_words",
        doc="Further words by which guests' wishes are known: INTENT: phrase, phrase.",
        example='words = ["spa: massage, sauna*"]',
    ),
)

RETENTION = (
    Setting(
        key="inbox.keep_days",
        type="count",
        default=30,
        least=8,
        most=3650,
        doc="How long `greenbot serve` keeps events that are done, and deliveries to hooks that ended, in days.",
        example="keep_days = 30",
    ),
    Setting(
        key="outbox.keep_days",
        type="count",
        default=30,
        least=1,
        most=3650,
        doc="How long `greenbot serve` keeps messages that are over, in days; keys at least 7.",
        example="keep_days = 30",
    ),
)
