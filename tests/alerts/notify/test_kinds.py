"""Each kind of receiver against a real server of this machine: what it sends, what it takes as proof, what it hides."""

import base64
import hmac
import json
import ssl
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import pytest

from greenbot.alerts.notify import apprise, email, pagerduty, slack, telegram, webhook
from greenbot.alerts.notify import command as program
from greenbot.alerts.notify.kinds import KINDS
from greenbot.alerts.notify.telling import Item, Telling, Told
from greenbot.outbound.guard import Policy, parse_allowed
from greenbot.redact import redact

from .conftest import House, Mailbox, Server, mail_server

SIGNING = "whsec_" + base64.b64encode(b"k" * 32).decode()
Keep = Callable[[str, str], str]


def item(**more: Any) -> Item:
    fields: dict[str, Any] = {
        "rule": "high_error_rate", "instance": "kyiv", "word": "firing", "severity": "high", "value": "42.0 %",
        "threshold": ">= 10%", "since_ms": 1_790_000_000_000, "ended_ms": None, "reason": "value",
    } | more  # fmt: skip
    return Item(**fields)


def telling(**more: Any) -> Telling:
    fields: dict[str, Any] = {
        "id": "ntc_0123", "word": "firing", "rule": "high_error_rate", "severity": "high",
        "title": "[HIGH] kyiv: error rate 42.0 % (high_error_rate)", "text": "kyiv: 42.0 %\nLook: greenbot status",
        "items": (item(),), "at_ms": 1_790_000_030_000,
    } | more  # fmt: skip
    return Telling(**fields)


HOSTILE = telling(title="a <!channel> & <b>\r\nBcc: all@example.com", text="<https://evil.example|click> @here *b*")


async def test_a_webhook_is_signed_and_carries_its_id(house: House, server: Server, secret: Keep) -> None:
    settings = {"url": server.url, "secret_file": secret("hook", SIGNING)}
    told = await webhook.deliver(telling(), settings, house.reach)
    (asked,) = server.asked
    headers = {name.lower(): value for name, value in asked.headers.items()}
    signed = f"ntc_0123.{headers['webhook-timestamp']}.".encode() + asked.body
    wanted = base64.b64encode(hmac.new(b"k" * 32, signed, sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"
    assert headers["webhook-id"] == headers["idempotency-key"] == asked.json["id"] == "ntc_0123"
    assert (told.outcome, told.is_proved, told.proof) == ("ok", True, "status 200")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(204, "ok"), (301, "failed"), (404, "failed"), (422, "refused"), (429, "busy"), (500, "failed")],
)
async def test_what_a_status_means(house: House, server: Server, status: int, outcome: str) -> None:
    server.status, server.reply = status, "no \x1b[31m way"
    told = await webhook.deliver(telling(), {"url": server.url}, house.reach)
    assert told.outcome == outcome
    assert "\x1b" not in told.words


async def test_slack_reads_no_mention_and_no_link_in_it(house: House, server: Server, secret: Keep) -> None:
    told = await slack.deliver(HOSTILE, {"url_file": secret("slack", server.url)}, house.reach)
    (asked,) = server.asked
    assert "<" not in asked.json["text"] and "&lt;!channel&gt; &amp;" in asked.json["text"]
    assert (asked.json["mrkdwn"], asked.json["parse"], asked.json["link_names"]) == (False, "none", False)
    assert told.is_proved


async def test_telegram_keeps_the_token_to_itself_and_asks_for_no_markup(
    house: House, server: Server, secret: Keep
) -> None:
    server.reply = json.dumps({"ok": True, "result": {"message_id": 77}})
    base = server.url.removesuffix("/in")
    settings = {"token_file": secret("telegram", "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"), "chat": "-100123"}
    told = await telegram.deliver(HOSTILE, settings | {"api_url": base}, house.reach)
    (asked,) = server.asked
    assert asked.path == "/bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/sendMessage"
    assert "parse_mode" not in asked.json and asked.json["chat_id"] == "-100123"
    assert told.proof == "Telegram message 77"
    server.status, server.reply = 400, "bad bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
    refused = await telegram.deliver(HOSTILE, settings | {"api_url": base}, house.reach)
    assert refused.outcome == "refused" and "AAHdqTcv" not in refused.words
    down = await telegram.deliver(HOSTILE, settings | {"api_url": "http://127.0.0.1:1"}, house.reach)
    assert down == Told(outcome="failed", words="no connection")


async def test_pagerduty_opens_takes_note_and_closes_the_same_incident(
    house: House, server: Server, secret: Keep
) -> None:
    settings = {"key_file": secret("pd", "0123456789abcdef0123456789abcdef"), "api_url": server.url.removesuffix("/in")}
    for word in ("firing", "acked", "resolved"):
        one: Any = word
        assert (await pagerduty.deliver(telling(word=one, items=(item(word=one),)), settings, house.reach)).is_proved
    assert [asked.json["event_action"] for asked in server.asked] == ["trigger", "acknowledge", "resolve"]
    assert {asked.json["dedup_key"] for asked in server.asked} == {"greenbot high_error_rate kyiv"}
    assert {asked.path for asked in server.asked} == {"/v2/enqueue"}
    assert server.asked[0].json["payload"]["severity"] == "error"
    assert "payload" not in server.asked[1].json


async def test_a_drill_at_pagerduty_closes_behind_itself_and_touches_no_real_incident() -> None:
    events = pagerduty.events_of(telling(word="drill", items=(item(word="drill"),)), "key")
    assert [event["event_action"] for event in events] == ["trigger", "resolve"]
    assert {event["dedup_key"] for event in events} == {"greenbot high_error_rate kyiv ntc_0123"}


async def test_a_program_gets_json_and_few_variables(house: House, tmp_path: Path) -> None:
    script = "import json,os,sys; json.dump([json.load(sys.stdin), dict(os.environ), sys.argv], open(sys.argv[1], 'w'))"
    settings = {"command": [sys.executable, "-c", script, str(tmp_path / "out"), "$(id); `id`"]}
    told = await program.deliver(telling(), settings, house.reach)
    body, environ, argv = json.loads((tmp_path / "out").read_text())
    assert told.is_proved, told.words
    assert body["id"] == environ["GREENBOT_NOTICE_ID"] == "ntc_0123"
    assert (environ["GREENBOT_RULE"], environ["GREENBOT_INSTANCES"]) == ("high_error_rate", "kyiv")
    assert argv[2] == "$(id); `id`"
    assert not any(name.startswith("GREEN_API_") for name in environ)


@pytest.mark.parametrize(
    ("argv", "words"),
    [(["false"], "exit status 1"), (["sleep", "30"], "it did not end within 1 seconds"),
     (["/no/such/program"], "the program cannot be started")],
)  # fmt: skip
async def test_a_program_that_fails_says_how(house: House, argv: list[str], words: str) -> None:
    told = await program.deliver(telling(), {"command": argv, "timeout_seconds": 1}, house.reach)
    assert (told.outcome, told.words, told.proof) == ("failed", words, None)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=mail.test",
         "-addext", "subjectAltName=DNS:mail.test", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    theirs = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
    monkeypatch.setattr(email, "tls_context", lambda: theirs)
    yield ours


def mail(house: House, box: Mailbox, **more: Any) -> dict[str, object]:
    """The settings of a receiver that writes to `box`, whose name is mail.test."""

    async def resolve(host: str, port: int) -> Any:
        from ipaddress import ip_address

        assert host == "mail.test"
        return [ip_address("127.0.0.1")]

    allowed = Policy(allow=(parse_allowed("mail.test"),))
    house.reach = replace(house.reach, resolve=resolve, policy=lambda: allowed)
    to = ["night@hotel.example", "chief@hotel.example"]
    return {"host": "mail.test", "port": box.port, "from": "bot@hotel.example", "to": to} | more


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_mail_goes_encrypted_to_the_server_that_its_certificate_names(
    house: House, trusted: ssl.SSLContext, secret: Keep, security: str
) -> None:
    async with mail_server(Mailbox(tls=trusted), tls_from_the_start=security == "tls") as box:
        password = secret("smtp", "correct-horse-battery")
        settings = mail(house, box, security=security, user="bot", password_file=password)
        told = await email.deliver(telling(), settings, house.reach)
    assert told.is_proved, told.words
    (text,) = box.mails
    assert "Subject: [HIGH] kyiv: error rate 42.0 % (high_error_rate)" in text
    assert "To: night@hotel.example, chief@hotel.example" in text
    assert "Message-ID: <ntc_0123@greenbot>" in text
    said = [line.upper() for line in box.lines]
    assert [line for line in said if line.startswith("RCPT")] == [
        "RCPT TO:<NIGHT@HOTEL.EXAMPLE>", "RCPT TO:<CHIEF@HOTEL.EXAMPLE>"
    ]  # fmt: skip
    if security == "starttls":
        order = [line.partition(" ")[0] for line in said]
        assert order.index("STARTTLS") < order.index("AUTH")


async def test_a_certificate_of_somebody_else_gets_no_password(house: House, certificate: Path, secret: Keep) -> None:
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    async with mail_server(Mailbox(tls=ours)) as box:
        settings = mail(house, box, password_file=secret("smtp", "correct-horse-battery"))
        told = await email.deliver(telling(), settings, house.reach)
    assert (told.outcome, told.words) == ("failed", "the certificate or TLS of the mail server is not in order")
    assert not any(line.startswith("AUTH") for line in box.lines)


async def test_a_server_that_offers_no_encryption_gets_nothing(house: House, secret: Keep) -> None:
    async with mail_server(Mailbox(refusals={"EHLO": "250 sink"})) as box:
        told = await email.deliver(telling(), mail(house, box), house.reach)
    assert told.outcome == "failed" and box.mails == []


async def test_nothing_in_a_title_becomes_a_header(house: House) -> None:
    async with mail_server(Mailbox()) as box:
        told = await email.deliver(HOSTILE, mail(house, box, security="none"), house.reach)
    assert told.is_proved, told.words
    head = box.mails[0].partition("\r\n\r\n")[0]
    assert not any(line.lower().startswith("bcc") for line in head.splitlines())
    assert not any("all@example.com" in line for line in box.lines if line.upper().startswith("RCPT"))


@pytest.mark.parametrize(
    ("verb", "answer", "outcome"),
    [("MAIL", "550 no", "refused"), ("RCPT", "550 nobody", "refused"), ("RCPT", "451 later", "failed"),
     ("DATA", "554 spam", "refused"), ("EHLO", "421 busy", "failed")],
)  # fmt: skip
async def test_what_a_mail_server_refuses(house: House, verb: str, answer: str, outcome: str) -> None:
    refusals = {verb: answer} | ({"HELO": answer} if verb == "EHLO" else {})
    async with mail_server(Mailbox(refusals=refusals)) as box:
        told = await email.deliver(telling(), mail(house, box, security="none"), house.reach)
    assert told.outcome == outcome
    assert "nobody" not in told.words and "spam" not in told.words


@pytest.mark.parametrize("allow", [(), ("10.0.0.0/8",)])
async def test_a_mail_server_of_this_house_has_to_be_allowed(house: House, allow: tuple[str, ...]) -> None:
    async with mail_server(Mailbox()) as box:
        settings = mail(house, box)
        refused = Policy(allow=tuple(map(parse_allowed, allow)))
        house.reach = replace(house.reach, policy=lambda: refused)
        told = await email.deliver(telling(), settings, house.reach)
    assert (told.outcome, box.lines) == ("forbidden", [])


class _Apprise:
    """As much of Apprise as is used."""

    made: ClassVar["list[_Apprise]"] = []
    answer: Any = True

    def __init__(self) -> None:
        self.servers: list[str] = []
        self.told: list[tuple[Any, ...]] = []
        _Apprise.made.append(self)

    def add(self, servers: str) -> bool:
        self.servers.append(servers)
        return servers.startswith("json://")

    def notify(self, *words: Any) -> bool:
        self.told.append(words)
        if isinstance(_Apprise.answer, Exception):
            raise _Apprise.answer
        return bool(_Apprise.answer)


@pytest.mark.parametrize(
    ("url", "answer", "outcome"),
    [("json://h/k", True, "ok"), ("json://h/k", False, "failed"), ("json://h/k", OSError("json://h/k"), "failed"),
     ("nonsense://k", True, "refused")],
)  # fmt: skip
async def test_apprise_is_told_in_plain_text(
    house: House, secret: Keep, monkeypatch: pytest.MonkeyPatch, url: str, answer: Any, outcome: str
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", types.SimpleNamespace(Apprise=_Apprise))
    monkeypatch.setattr(_Apprise, "answer", answer)
    told = await apprise.deliver(HOSTILE, {"url_file": secret("apprise", url)}, house.reach)
    assert told.outcome == outcome
    assert url not in told.words
    if outcome == "ok":
        assert _Apprise.made[-1].told == [(HOSTILE.text, HOSTILE.title, "failure", "text")]


async def test_without_apprise_it_says_what_to_install(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    told = await apprise.deliver(telling(), {}, house.reach)
    assert "pip install 'greenbot[notify]'" in told.words


@pytest.mark.parametrize("kind", ["slack", "telegram", "pagerduty", "apprise"])
def test_a_secret_is_masked_wherever_it_turns_up(house: House, secret: Keep, kind: str) -> None:
    (field,) = (one for one in KINDS[kind].fields if one.type == "secret")
    value = f"https://hooks.example.com/{kind}/zzTOPsecret99"
    found = house.reach.sources.need({f"{field.name}_file": secret("s", value)}, field.name)
    assert value not in f"{found} {redact(value)}"
