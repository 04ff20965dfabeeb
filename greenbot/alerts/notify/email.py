"""E-mail, over SMTP with STARTTLS or TLS; without either only to servers that are allowed by name or address."""

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr

from greenbot.alerts.notify.telling import Field, KindOf, Reach, Settings, Telling, Told
from greenbot.outbound.addresses import Address, address_of, is_public
from greenbot.outbound.guard import ForbiddenTarget, Policy, Target, check_addresses
from greenbot.outbound.tls import tls_context
from greenbot.redact import Secret

#: Open without being allowed, on public addresses and encrypted.
_PORTS = (25, 465, 587, 2525)
_SUBJECT_LETTERS = 150
#: Of one step, and of all of them.
_TIMEOUT_SECONDS = 15.0
_WHOLE_SECONDS = 60.0


class _Smtp(smtplib.SMTP):
    """Connects to the address that was checked, whatever the name means by now."""

    def __init__(self, host: str, address: Address) -> None:
        super().__init__(timeout=_TIMEOUT_SECONDS)
        self._host = host
        self._address = str(address)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return socket.create_connection((self._address, port), timeout)


class _SmtpTls(_Smtp):
    """The same with TLS from the first byte."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return tls_context().wrap_socket(super()._get_socket(host, port, timeout), server_hostname=self._host)


async def deliver(telling: Telling, settings: Settings, reach: Reach, /) -> Told:
    """One attempt, in a thread: smtplib blocks."""
    host, port = str(settings["host"]).lower(), _port(settings)
    try:
        address = await _checked(host, port, settings, reach)
    except ForbiddenTarget as error:
        return Told(outcome="forbidden", words=str(error))
    except OSError:
        return Told(outcome="failed", words="the name of the mail server is not known")
    password = reach.sources.find(settings, "password")
    message = message_of(telling, settings)
    try:
        async with asyncio.timeout(_WHOLE_SECONDS):
            await asyncio.to_thread(_send, message, settings, _made(host, address, settings), port, password)
    except smtplib.SMTPException as error:
        return _refused(error)
    except ssl.SSLError:
        return Told(outcome="failed", words="the certificate or TLS of the mail server is not in order")
    except OSError as error:
        return Told(outcome="failed", words=f"the mail server cannot be reached ({type(error).__name__})")
    return Told(outcome="ok", words="the mail server took it", proof=f"Message-ID {message['Message-ID']}",
                is_proved=True)  # fmt: skip


def message_of(telling: Telling, settings: Settings) -> EmailMessage:
    """The mail. Its subject is one line whatever the title holds; its Message-ID is the same at each attempt."""
    message = EmailMessage()
    message["Subject"] = one_line(telling.title)[:_SUBJECT_LETTERS]
    message["From"] = formataddr(("greenbot", str(settings["from"])))
    message["To"] = ", ".join(_addresses(settings))
    message["Date"] = format_datetime(_moment(telling.at_ms))
    message["Message-ID"] = f"<{telling.id}@greenbot>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Greenbot-Alert"] = f"{telling.word} {telling.rule}"
    message.set_content(telling.text)
    return message


def one_line(text: str) -> str:
    """Without line breaks and other steering signs: nothing in a header can begin another header."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


async def _checked(host: str, port: int, settings: Settings, reach: Reach) -> Address:
    """The address to connect to. Raises ForbiddenTarget, OSError."""
    literal = address_of(host)
    target = Target(url="", scheme="https", host=host, port=port, address=literal)
    addresses = [literal] if literal is not None else list(await reach.resolve(host, port))
    listed = _listed(target, addresses, reach.policy())
    if listed is not None:
        return listed
    if _security(settings) == "none":
        raise ForbiddenTarget(f"{host}:{port} is spoken to without encryption.")
    if port not in _PORTS or not addresses or not all(map(is_public, addresses)):
        raise ForbiddenTarget(f"{host}:{port} is not a mail server of the public Internet.")
    return addresses[0]


def _listed(target: Target, addresses: Sequence[Address], policy: Policy) -> Address | None:
    """The first address that the list of what is allowed names."""
    if not policy.allow:
        return None
    try:
        return check_addresses(target, addresses, policy)[0]
    except ForbiddenTarget:
        return None


def _made(host: str, address: Address, settings: Settings) -> _Smtp:
    return (_SmtpTls if _security(settings) == "tls" else _Smtp)(host, address)


def _send(message: EmailMessage, settings: Settings, smtp: _Smtp, port: int, password: Secret | None) -> None:
    try:
        smtp.connect(smtp._host, port)
        if _security(settings) == "starttls":
            smtp.starttls(context=tls_context())
        if password is not None:
            smtp.login(str(settings.get("user") or settings["from"]), password.reveal())
        smtp.send_message(message, to_addrs=_addresses(settings))
        smtp.quit()
    finally:
        smtp.close()


def _refused(error: smtplib.SMTPException) -> Told:
    """What the server said, as a number: its words may quote addresses and passwords."""
    code = getattr(error, "smtp_code", None)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = max((answer[0] for answer in error.recipients.values()), default=None)
    words = "the mail server refused it" + (f" (status {code})" if isinstance(code, int) else "")
    is_final = isinstance(code, int) and 500 <= code < 600 and not isinstance(error, smtplib.SMTPAuthenticationError)
    return Told(outcome="refused" if is_final else "failed", words=words)


def _security(settings: Settings) -> str:
    return str(settings.get("security", "starttls"))


def _port(settings: Settings) -> int:
    port = settings.get("port")
    return port if isinstance(port, int) else (465 if _security(settings) == "tls" else 587)


def _addresses(settings: Settings) -> list[str]:
    to = settings["to"]
    return [one_line(str(one)) for one in to] if isinstance(to, list | tuple) else [one_line(str(to))]


KIND = KindOf(
    name="email",
    doc="Sends an e-mail over SMTP.",
    deliver=deliver,
    fields=(
        Field(name="host", type="word", needed=True, doc="The mail server."),
        Field(name="port", type="count", least=1, most=65535, doc="Its port; 587, or 465 with tls."),
        Field(
            name="security", type="choice", choices=("starttls", "tls", "none"), default="starttls",
            doc="none only for servers in outbound.allow.",
        ),
        Field(name="user", type="word", doc="The name to sign in with; the sender's address without it."),
        Field(name="password", type="secret", doc="The password to sign in with; without it nobody signs in."),
        Field(name="from", type="word", needed=True, doc="The address of the sender."),
        Field(name="to", type="words", needed=True, doc="The addresses of the receivers, as a list."),
    ),
)  # fmt: skip
