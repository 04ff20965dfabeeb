"""From resolved values to the typed `Settings`."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from greenbot.config import secrets
from greenbot.config.files import DEFAULT
from greenbot.config.layers import Given
from greenbot.config.paths import Paths
from greenbot.config.resolve import Resolved
from greenbot.config.secrets import TokenSource
from greenbot.config.settings import (
    ApiSettings,
    ContactSettings,
    Instance,
    LogPlace,
    LogSettings,
    MediaSettings,
    ServerSettings,
    Settings,
)

Sources = Mapping[str, TokenSource]


def build_settings(resolved: Resolved, paths: Paths, sources: Sources, files: tuple[Path, ...]) -> Settings:
    """The settings; everything in `resolved` is checked already."""
    store_file = paths.state_dir / Path(resolved.text("database")).expanduser()
    return Settings(
        paths=replace(paths, store_file=store_file),
        database=resolved.text("database"),
        default_instance=resolved.maybe_text("default_instance"),
        instances={name: _instance(resolved, name, sources) for name in resolved.instances},
        api=_api(resolved),
        partner_token=sources["api.partner_token"],
        webhook_secret=sources["webhook.secret"],
        standard_secret=sources["webhook.standard_secret"],
        heartbeat_url=sources["alerts.heartbeat_url"],
        server=_server(resolved, paths, sources),
        media=MediaSettings(
            hosts=resolved.words("media.hosts"),
            file_mb=resolved.count("media.file_mb"),
            daily_mb=resolved.count("media.daily_mb"),
        ),
        contacts=ContactSettings(
            checks_per_day=resolved.count("contacts.checks_per_day"),
            check_keep_days=resolved.count("contacts.check_keep_days"),
        ),
        log=_log(resolved, "log."),
        log_place=_log_place(resolved),
        outbound_allow=resolved.words("outbound.allow"),
        understand_words=resolved.words("understand.words"),
        inbox_keep_days=resolved.count("inbox.keep_days"),
        outbox_keep_days=resolved.count("outbox.keep_days"),
        watch_every_seconds=resolved.count("watch.every_seconds"),
        ambiguous_policy=resolved.text("ambiguous_policy"),
        timezone=resolved.text("timezone"),
        language=resolved.text("language"),
        country_code=resolved.maybe_text("country_code"),
        values=resolved.values,
        origins=resolved.origins,
        files=files,
    )


def build_sources(resolved: Resolved, paths: Paths, environ: Mapping[str, str]) -> Sources:
    """Where each secret is to be read, by full key; notes contradictions in `resolved.problems`, reads nothing."""
    folder = paths.secrets_dir
    wanted = {
        "api.partner_token": ("partner token", folder / "partner-token"),
        "webhook.secret": ("webhook secret", folder / "webhook-secret"),
        "webhook.standard_secret": ("Standard Webhooks secret", folder / "standard-webhooks-secret"),
        "alerts.heartbeat_url": ("heartbeat URL", folder / "heartbeat-url"),
        "server.viewer_token": ("viewer token", folder / "viewer-token"),
        "server.admin_token": ("admin token", folder / "admin-token"),
    }
    for name in resolved.instances:
        for leaf in ("token", "webhook_token", "webhook_token_previous"):
            label = f"{leaf.replace('_', ' ')} of {name}"
            wanted[f"instances.{name}.{leaf}"] = (label, secrets.secret_file(folder, name, leaf))
    return {key: _source(resolved, paths, environ, key, *about) for key, about in wanted.items()}


def _source(
    resolved: Resolved, paths: Paths, environ: Mapping[str, str], key: str, label: str, default_file: Path
) -> TokenSource:
    found = resolved.source_of(key)
    if found is None:
        source, origin = _default_source(environ, key, label, default_file), DEFAULT
    else:
        source, origin = _named_source(paths, environ, key, label, *found), found[1].origin
    resolved.values[key], resolved.origins[key] = source.place, origin
    return source


def _default_source(environ: Mapping[str, str], key: str, label: str, default_file: Path) -> TokenSource:
    folder = environ.get("CREDENTIALS_DIRECTORY")  # systemd: LoadCredential=grand-kyiv.token:...
    files = [Path(folder, default_file.name), default_file] if folder else [default_file]
    return secrets.from_files(files, label=label, missing_hint=_missing_hint(key, default_file))


def _named_source(
    paths: Paths, environ: Mapping[str, str], key: str, label: str, way: str, given: Given
) -> TokenSource:
    value, origin = given
    if way == "value":
        return secrets.from_value(str(value), label=label, place=f"environment {origin.name}")
    if way == "env":
        return secrets.from_env(str(value), environ, label=label)
    if way == "keyring":
        return secrets.from_keyring(str(value), key.removeprefix("instances."), label=label)
    if way == "command" and isinstance(value, tuple):
        return secrets.from_command(value, environ, label=label)
    file = (origin.file or paths.config_file).parent / Path(str(value)).expanduser()
    return secrets.from_files([file], label=label, missing_hint=_missing_hint(key, file))


def _missing_hint(key: str, file: Path) -> str:
    head, name, leaf = (*key.split("."), "")[:3]
    if head == "instances" and leaf == "token":
        return f"Store it with: greenbot instances edit {name} --token-stdin"
    return f"Write it into {file}, readable by you alone (chmod 600)."


def _instance(resolved: Resolved, name: str, sources: Sources) -> Instance:
    own = f"instances.{name}."
    return Instance(
        name=name,
        id=resolved.text(own + "id"),
        api_url=resolved.text(own + "api_url"),
        media_url=resolved.text(own + "media_url"),
        token=sources[own + "token"],
        webhook_token=sources[own + "webhook_token"],
        webhook_token_previous=sources[own + "webhook_token_previous"],
        tags=resolved.words(own + "tags"),
        timezone=resolved.text(own + "timezone"),
        language=resolved.text(own + "language"),
        country_code=resolved.maybe_text(own + "country_code"),
        rate_limit_per_minute=resolved.count(own + "rate_limit_per_minute"),
        rate_limit_per_second=resolved.number(own + "rate_limit_per_second"),
        ambiguous_policy=resolved.text(own + "ambiguous_policy"),
        log=_log(resolved, own + "log_"),
    )


def _log(resolved: Resolved, prefix: str) -> LogSettings:
    return LogSettings(
        detailed=resolved.switch(prefix + "detailed"),
        request_body=resolved.switch(prefix + "request_body"),
        response_body=resolved.switch(prefix + "response_body"),
    )


def _log_place(resolved: Resolved) -> LogPlace:
    return LogPlace(
        to=resolved.text("log.to"),
        level=resolved.text("log.level"),
        phones=resolved.switch("log.phones"),
        max_mb=resolved.count("log.max_mb"),
        max_hours=resolved.count("log.max_hours"),
        keep=resolved.count("log.keep"),
    )


def _server(resolved: Resolved, paths: Paths, sources: Sources) -> ServerSettings:
    return ServerSettings(
        host=resolved.text("server.host"),
        port=resolved.count("server.port"),
        trusted_proxies=resolved.words("server.trusted_proxies"),
        allowed_hosts=resolved.words("server.allowed_hosts"),
        tls_cert=_file(resolved, paths, "server.tls_cert"),
        tls_key=_file(resolved, paths, "server.tls_key"),
        viewer_token=sources["server.viewer_token"],
        admin_token=sources["server.admin_token"],
    )


def _file(resolved: Resolved, paths: Paths, key: str) -> Path | None:
    """A file, seen from the folder of the configuration that names it."""
    named = resolved.maybe_text(key)
    if named is None:
        return None
    return (resolved.origins[key].file or paths.config_file).parent / Path(named).expanduser()


def _api(resolved: Resolved) -> ApiSettings:
    return ApiSettings(
        base_url=resolved.text("api.base_url"),
        media_url=resolved.text("api.media_url"),
        partner_url=resolved.text("api.partner_url"),
        timeout_seconds=resolved.number("api.timeout_seconds"),
        max_retries=resolved.count("api.max_retries"),
        rate_limit_per_minute=resolved.count("api.rate_limit_per_minute"),
        rate_limit_per_second=resolved.number("api.rate_limit_per_second"),
    )
