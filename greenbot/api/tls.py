"""The TLS context: always verifying, built only for https and only once."""

import ssl
from functools import cache
from pathlib import Path


@cache
def tls_context() -> ssl.SSLContext:
    """A client context that checks certificate and host name against the system's authorities.

    A hashed folder of authorities is looked up by name when needed; parsing the whole bundle costs more than a
    Python start. SSL_CERT_FILE and SSL_CERT_DIR work as with every OpenSSL program.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    paths = ssl.get_default_verify_paths()
    if paths.capath and next(Path(paths.capath).glob("*.0"), None):
        context.load_verify_locations(capath=paths.capath)
    elif paths.cafile:
        context.load_verify_locations(cafile=paths.cafile)
    else:
        import certifi

        context.load_verify_locations(cafile=certifi.where())
    return context


@cache
def no_tls() -> ssl.SSLContext:
    """For plain http on loopback: a context that trusts nobody, so a slip into https fails instead of leaking."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
