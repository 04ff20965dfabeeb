"""Which secrets open what, as the settings say it."""

from collections.abc import Mapping

from greenbot.config.settings import Settings
from greenbot.server.auth import Tokens


def tokens_of(settings: Settings) -> Tokens:
    """Every secret that opens a route. Raises `UnsafePermissions` when others could read one, `TokenMissing`."""
    return Tokens(
        webhook={name: instance.webhook_tokens() for name, instance in settings.instances.items()},
        viewer=settings.server.viewer_token.find(),
        admin=settings.server.admin_token.find(),
        relay=settings.webhook_secret.find(),
        standard=settings.standard_secret.find(),
    )


def places_of(settings: Settings) -> Mapping[str, str]:
    """Where each of them is looked for, for what a person is told."""
    own = {name: instance.webhook_token.place for name, instance in settings.instances.items()}
    pages = {"viewer": settings.server.viewer_token.place, "admin": settings.server.admin_token.place}
    return own | pages | {"relay": settings.webhook_secret.place}


def ids_of(settings: Settings) -> Mapping[str, str]:
    """GREEN-API's number of each instance."""
    return {name: instance.id for name, instance in settings.instances.items()}
