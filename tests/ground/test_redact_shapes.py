"""A secret nobody told us of is recognised by its place; everything else leaves exactly as it was."""

import json
import subprocess
import sys

import pytest

from greenbot.redact import MASK, Secret, redact

TOKEN = "d75b3a66374942c5b3c019c698abc2067e151558acbd412345"
API = "https://1101.api.green-api.com"

UNKNOWN = "4f9c0Zy7-unknown_token"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"{API}/waInstance1101/sendMessage/{UNKNOWN}", f"{API}/waInstance1101/sendMessage/***"),
        (
            f"POST /waInstance1101000001/sendMessage/{UNKNOWN} HTTP/1.1",
            "POST /waInstance1101000001/sendMessage/*** HTTP/1.1",
        ),
        (
            f"/waInstance110100000001/deleteNotification/{UNKNOWN}/1234567",
            "/waInstance110100000001/deleteNotification/***/1234567",
        ),
        (
            f"/waInstance1/receiveNotification/{UNKNOWN}?receiveTimeout=20",
            "/waInstance1/receiveNotification/***?receiveTimeout=20",
        ),
        (f"/wainstance1/SendMessage/{UNKNOWN}", "/wainstance1/SendMessage/***"),
        (f'{{"path":"/waInstance1/sendMessage/{UNKNOWN}","x":1}}', '{"path":"/waInstance1/sendMessage/***","x":1}'),
        (rf'{{"path":"\/waInstance1\/sendMessage\/{UNKNOWN}"}}', r'{"path":"\/waInstance1\/sendMessage\/***"}'),
        (f"next=%2FwaInstance1%2FsendMessage%2F{UNKNOWN}%2F9", "next=%2FwaInstance1%2FsendMessage%2F***%2F9"),
        (f"%252FwaInstance1%252FsendMessage%252F{UNKNOWN}", "%252FwaInstance1%252FsendMessage%252F***"),
        (f"wss://h/waInstance1/scanqrcode/{UNKNOWN}", "wss://h/waInstance1/scanqrcode/***"),
        ("/waInstance1/sendMessage/a%2Bb", "/waInstance1/sendMessage/***"),
        ("'/waInstance1/sendMessage/x'", "'/waInstance1/sendMessage/***'"),
        (f"https://qr.green-api.com/waInstance1101/{UNKNOWN}", "https://qr.green-api.com/waInstance1101/***"),
        (f"https://qr.greenapi.com/waInstance1101/{UNKNOWN}", "https://qr.greenapi.com/waInstance1101/***"),
        ("/partner/createInstance/gac.1234abcd", "/partner/createInstance/***"),
        (f"{API}/partner/deleteInstanceAccount/{UNKNOWN}", f"{API}/partner/deleteInstanceAccount/***"),
        ("partner token gac.0123456789abcdef ok", "partner token gac.*** ok"),
        ('{"apiTokenInstance":"abc"}', '{"apiTokenInstance":"***"}'),
        ('{"apiTokenInstance": "with \\" quote, comma", "x": 1}', '{"apiTokenInstance": "***", "x": 1}'),
        ('{\\"apiTokenInstance\\":\\"abc\\",\\"x\\":1}', '{\\"apiTokenInstance\\":\\"***\\",\\"x\\":1}'),
        ("{'newApiToken': 'abc', 'x': 1}", "{'newApiToken': '***', 'x': 1}"),
        ('{"apiTokenInstance":"cut off he', '{"apiTokenInstance":"***'),
        ("apiTokenInstance=abc&x=1", "apiTokenInstance=***&x=1"),
        ("apiTokenInstance=abc, x=1", "apiTokenInstance=***, x=1"),
        ('{"webhookUrlToken":"Bearer abc def"}', '{"webhookUrlToken":"Bearer ***"}'),
        ('{"webhookUrlToken":12345678}', '{"webhookUrlToken":***}'),
        ('"proxyInstance":"10.0.0.1:3128:login:pa ss,word"', '"proxyInstance":"***"'),
        ("10.0.0.1:3128:login:password failed", "10.0.0.1:3128:login:*** failed"),
        ("GREEN_API_TOKEN=abc GREEN_API_WEBHOOK_TOKEN='x y'", "GREEN_API_TOKEN=*** GREEN_API_WEBHOOK_TOKEN='***'"),
        ("export GREEN_API_WEBHOOK_SECRET=abc", "export GREEN_API_WEBHOOK_SECRET=***"),
        ("Authorization: Bearer abc\r\nHost: h", "Authorization: Bearer ***\r\nHost: h"),
        ("authorization: rawtoken\r\n", "authorization: ***\r\n"),
        ('"Authorization":"Basic dXNlcjpwYXNz"', '"Authorization":"Basic ***"'),
        ('"Authorization": "my own words"', '"Authorization": "***"'),
        ("[('Authorization', 'Bearer abc'), ('Host', 'h')]", "[('Authorization', 'Bearer ***'), ('Host', 'h')]"),
        ("(b'authorization', b'Bearer abc')", "(b'authorization', b'Bearer ***')"),
        ("postgresql://hotel:p@ss:w@db.example/x", "postgresql://***@db.example/x"),
        ("http://user:password@127.0.0.1:3128", "http://***@127.0.0.1:3128"),
        (
            '{"webhookUrl":"https://h.example/in?token=abc&b=1","x":2}',
            '{"webhookUrl":"https://h.example/in?***","x":2}',
        ),
        (r'{"webhookUrl":"https:\/\/h.example\/in?t=abc"}', r'{"webhookUrl":"https:\/\/h.example\/in?***"}'),
        ("webhook_url = 'https://h.example/in?abc'", "webhook_url = 'https://h.example/in?***'"),
    ],
)
def test_a_secret_is_recognised_by_its_place(text: str, masked: str) -> None:
    assert redact(text) == masked
    assert redact(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Your room is ready from 14:00. See you soon!",
        "Call reception: +380 44 123 45 67 or 380441234567@c.us",
        "11001234567-1581234048@g.us said: hello",
        "BAE5F4886F6F2D05 was read at 2026-11-22T08:00:00.000Z",
        "/var/lib/greenbot/greenbot.db is locked by 1234",
        "C:\\Users\\front desk\\menu.pdf",
        "https://maps.example/@50.45,30.52,17z?hl=en",
        "https://example.com/partner/hotels/prices?room=12",
        "https://example.com/waInstance/about",
        "{apiUrl}/waInstance{idInstance}/{method}/{apiTokenInstance}",
        "waInstance1101 is authorized",
        "GET https://1101.api.green-api.com/waInstance1101/getSettings/",
        "Authorization header is missing",
        "Parameter apiTokenInstance not define",
        "the apiTokenInstance belongs in a file",
        "webhookUrlToken is not set",
        '{"webhookUrl":"","webhookUrlToken":"","delaySendMessagesMilliseconds":500}',
        '{"apiTokenInstance":null,"newApiToken": null}',
        '{"proxyInstance":"system proxy","linkPreview":"yes"}',
        "proxyInstance: system proxy",
        '{"webhookUrl":"https://hooks.example/green-api/grand"}',
        '{"chatId":"11001234568@c.us","message":"Hi https://example.com?a=b","linkPreview":true}',
        '{"orderId":"1","token":"AR5vD","totalPrice":"1000"}',
        "write to reservations@hotel.example, see https://hotel.example",
        "https://hotel.example, or mail a:b@hotel.example",
        "ratio 1:2:3:4, time 10:20:30, ip 10.0.0.1:8080",
        "see gac.io",
        "[link=https://x]*** stars *** and _more_",
        "\x1b[31mred\x1b[0m \u202e reversed \ud800",
        "Дякуємо! Ваш номер 12 готовий 🏨",
    ],
    ids=lambda text: text[:40].encode("ascii", "backslashreplace").decode(),
)
def test_ordinary_text_is_left_exactly_as_it_is(text: str) -> None:
    Secret(TOKEN)
    assert redact(text) == text


def test_a_masked_json_body_is_still_json_with_the_same_keys() -> None:
    Secret("known-secret")
    body = {
        "apiTokenInstance": 'a"b\\c,d}',
        "webhookUrl": "https://h.example/in?token=abc",
        "webhookUrlToken": "Bearer x y",
        "proxyInstance": "10.0.0.1:1:u:p",
        "message": "see known-secret",
        "path": "/waInstance1/sendMessage/abc",
        "empty": None,
    }
    for text in (json.dumps(body), json.dumps(body, indent=2)):
        masked = json.loads(redact(text))
        assert list(masked) == list(body)
        assert (masked["apiTokenInstance"], masked["message"], masked["empty"]) == (MASK, f"see {MASK}", None)


HOSTILE = (
    "waInstance",
    "waInstance1101/sendMessage",
    "waInstance1/a/" + "%25" * 3,
    "://",
    "://a:",
    "://a@",
    ":a",
    "webhookUrl=",
    "webhookUrl=\\",
    'apiTokenInstance":"',
    "apiTokenInstance\\",
    "apiTokenInstance ",
    "Authorization: Bearer ",
    "Authorization: 'Bearer ",
    "10.0.0.1:1:",
    "1.1.1.1:1:a:",
    "1",
    "1.",
    " ",
    "\\",
    "\\u002f",
    "%25",
    '"',
    "gac.",
    "/partner/InstanceInstance",
    "aaaaab",
    "+1 ",
    "1-",
)

_WORK = """
import sys
from greenbot.redact import Secret, mask_phone, redact
Secret("aaaaaa"), Secret("known-secret-of-ordinary-length")
for piece in {pieces!r}:
    for size, start in ((1_000_000, ""), (200_000, "waInstance1"), (200_000, "apiTokenInstance="), (200_000, "://")):
        text = start + piece * (size // len(piece))
        redact(text), mask_phone(text)
print("done")
"""


def test_no_megabyte_of_hostile_text_makes_masking_hang() -> None:
    # A quadratic pattern would need hours for one of these texts, so the generous limit decides nothing else.
    done = subprocess.run(
        [sys.executable, "-c", _WORK.format(pieces=HOSTILE)], capture_output=True, text=True, timeout=300
    )
    assert (done.stdout, done.stderr) == ("done\n", "")
