"""Settings become objects here, and nowhere else."""

from typing import TYPE_CHECKING, Literal

from greenbot import failpoints
from greenbot.clock import Clock
from greenbot.config.settings import Instance, Settings
from greenbot.errors import ConfigError

if TYPE_CHECKING:
    from greenbot.api.client import Client, OnCall
    from greenbot.db.connect import Db


def open_store(settings: Settings, clock: Clock, *, create: bool = True) -> "Db":
    """The store of this machine, migrated where needed, and created unless `create` is False.

    Raises `StoreError`, or `UnsafePermissions` when others may write into its folder.
    """
    from greenbot.config.paths import make_private_dir
    from greenbot.db.connect import connect

    if create:
        make_private_dir(settings.paths.store_file.parent)
    return connect(settings.paths.store_file, clock=clock, create=create)


def make_client(
    settings: Settings,
    instance: Instance,
    clock: Clock,
    *,
    transport: 'Literal["inline", "pooled"]' = "inline",
    on_call: "OnCall | None" = None,
) -> "Client":
    """A client for one instance. Raises `TokenMissing` or `UnsafePermissions` when its token cannot be read.

    `transport` is `inline` for one call of a shell command, `pooled` inside an event loop.
    """
    from greenbot.api.client import Client, Credentials, ignore_call
    from greenbot.api.request import Timeouts

    _keep_failpoints_local(instance)
    credentials = Credentials(
        instance_name=instance.name,
        id=instance.id,
        token=instance.token(),
        api_url=instance.api_url,
        media_url=instance.media_url,
        partner_url=settings.api.partner_url,
        partner_token=settings.partner_token.find(),
    )
    seconds = settings.api.timeout_seconds
    timeouts = Timeouts(read=seconds, transfer=max(180.0, seconds))
    return Client(credentials, timeouts=timeouts, transport=transport, on_call=on_call or ignore_call, clock=clock)


def _keep_failpoints_local(instance: Instance) -> None:
    from urllib.parse import urlsplit

    if failpoints.armed() and urlsplit(instance.api_url).hostname not in ("127.0.0.1", "::1", "localhost"):
        raise ConfigError("Failpoints are armed, but this instance is a real one.", hint="Unset GREENBOT_FAILPOINTS.")
