"""The TLS context of calls to strangers: always verifying, made once."""

import ssl
from functools import cache


@cache
def tls_context() -> ssl.SSLContext:
    """Checks certificate and host name against the system's authorities; SSL_CERT_FILE and SSL_CERT_DIR name others."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    paths = ssl.get_default_verify_paths()
    if not (paths.cafile or paths.capath):
        import certifi

        context.load_verify_locations(cafile=certifi.where())
    return context
