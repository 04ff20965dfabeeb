"""No secret leaves as text, in no usual encoding; everything else leaves as it was."""

import base64
import copy
import html
import json
import pickle
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from greenbot import redact as module
from greenbot.redact import MASK, Secret, encodings, mask_phone, redact, remember

TOKEN = "d75b3a66374942c5b3c019c698abc2067e151558acbd412345"
ODD = 'pa ss/w+rd&"<ключ>\\=?#%\n'
API = "https://1101.api.green-api.com"


# A secret this process knows


def _core(encode: Callable[[bytes], bytes], secret: str, lead: int, tail: int) -> tuple[str, str]:
    """The whole base64 text, and the part of it that only the secret decides."""
    raw = secret.encode()
    encoded = encode(b"x" * lead + raw + b"y" * tail).decode()
    return encoded, encoded[-(-lead * 8 // 6) : (lead + len(raw)) * 8 // 6]


ENCODERS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "upper case": str.upper,
    "url": lambda secret: quote(secret, safe=""),
    "url lower case": lambda secret: quote(secret, safe="").replace("%2F", "%2f").replace("%C", "%c"),
    "url path": quote,
    "url query": quote_plus,
    "url twice": lambda secret: quote(quote(secret, safe=""), safe=""),
    "url as httpx writes a path": lambda secret: quote(secret, safe="!$&'()*+,;=:@/"),
    "json": lambda secret: json.dumps(secret)[1:-1],
    "json in utf-8": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    "json with escaped slashes": lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
    "repr": lambda secret: repr(secret)[1:-1],
    "repr of bytes": lambda secret: repr(secret.encode())[2:-1],
    "html": html.escape,
    "hex": lambda secret: secret.encode().hex(),
    "HEX": lambda secret: secret.encode().hex().upper(),
    "reversed": lambda secret: secret[::-1],
}
for _name, _encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
    for _lead in range(3):
        ENCODERS[f"{_name} after {_lead} bytes"] = lambda secret, encode=_encode, lead=_lead: _core(  # type: ignore[misc]  # bound now
            encode, secret, lead, 4
        )[1]


@pytest.mark.parametrize("secret", [TOKEN, ODD, "s3cr3t", "pässwörd-парол", "*" * 9, "a" * 40], ids=repr)
@pytest.mark.parametrize("form", ENCODERS)
def test_a_known_secret_is_masked_in_every_encoding(form: str, secret: str) -> None:
    if form == "upper case" and not secret.isascii():
        secret = TOKEN
    shown = ENCODERS[form](secret)
    Secret(secret)
    assert redact(f"<{shown}>") == f"<{MASK}>"


def test_without_a_known_secret_the_same_texts_pass() -> None:
    # The control: what masks above is the knowledge of the secret, not luck.
    for encode in ENCODERS.values():
        assert redact(f"<{encode(TOKEN)}>") == f"<{encode(TOKEN)}>"


def test_a_secret_that_is_no_valid_text_is_masked_too() -> None:
    for secret in ("token\udc80\udcff", "token\ud800x"):
        Secret(secret)
        assert redact(f"[{secret}]") == f"[{MASK}]"


def test_overlapping_secrets_leave_nothing_of_either() -> None:
    remember("abcdefghij")
    remember("hijklmnopqrstuvw")
    assert redact("=abcdefghijklmnopqrstuvw=") == f"={MASK}="


def test_a_secret_that_overlaps_itself_leaves_nothing() -> None:
    remember("tok-tok-")
    assert redact("=tok-tok-tok-tok-=") == f"={MASK}="
    assert redact("=tok-tok-tok-=") == f"={MASK}="


def test_a_secret_inside_another_leaves_nothing_of_the_longer_one() -> None:
    remember("middle")
    remember("begin-middle-end")
    assert redact("begin-middle-end middle") == f"{MASK} {MASK}"


def test_a_mask_never_completes_another_secret() -> None:
    remember("secret-one")
    remember(f"ab{MASK}cd")
    assert redact("abSECRET-ONEcd") == MASK


def test_values_too_short_to_mask_safely_are_left() -> None:
    remember("hotel")
    assert redact("the hotel is full") == "the hotel is full"


def test_every_form_of_the_docstring_is_among_the_encodings() -> None:
    assert {TOKEN, TOKEN[::-1], TOKEN.encode().hex()} <= encodings(TOKEN)
    assert all(len(form) >= 6 for form in encodings("abcdef"))


NOISE = st.text(max_size=40)
SECRETS = st.text(
    alphabet=st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="*", exclude_categories=["Cs"]),
    min_size=8,
    max_size=40,
)


@given(st.lists(SECRETS, min_size=1, max_size=4), st.data())
def test_no_text_built_from_secrets_and_noise_keeps_a_secret(secrets: list[str], data: st.DataObject) -> None:
    module._known.clear()
    module._forms = None
    for secret in secrets:
        remember(secret)
    parts, forbidden = [data.draw(NOISE)], []
    for secret in secrets:
        encode = ENCODERS[data.draw(st.sampled_from([name for name in ENCODERS if name != "upper case"]))]
        form = encode(secret)
        forbidden.append(form)
        parts += [form, data.draw(NOISE)]
    masked = redact("".join(parts))
    assert not [form for form in forbidden if form in masked]
    assert not [secret for secret in secrets if secret in masked]
    assert redact(masked) == masked


@given(SECRETS, st.binary(max_size=20), st.binary(max_size=20), st.booleans())
def test_a_secret_inside_any_base64_text_is_masked(secret: str, before: bytes, after: bytes, urlsafe: bool) -> None:
    module._known.clear()
    module._forms = None
    remember(secret)
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    text = encode(before + secret.encode() + after).decode()
    core = text[-(-len(before) * 8 // 6) : (len(before) + len(secret.encode())) * 8 // 6]
    assert core not in redact(text)


FRAGMENTS = st.sampled_from(
    [
        *(
            "waInstance1101",
            "/",
            "%2F",
            "\\/",
            "sendMessage",
            "partner",
            "createInstance",
            "gac.",
            "://",
            "@",
            ":",
            "=",
            '"',
            "'",
            "\\",
            "?",
        ),
        *(
            "apiTokenInstance",
            "webhookUrlToken",
            "webhookUrl",
            "proxyInstance",
            "Authorization",
            "Bearer ",
            "10.0.0.1:80:",
            "***",
            "*",
            " ",
            "\n",
        ),
        *("qr.green-api.com/", "abcdefgh12345678", "null", "{", "}", ",", "system proxy", "password1"),
    ]
)


@given(st.lists(FRAGMENTS, max_size=30).map("".join))
@example('Authorization: "Bearer Bearer ')
@example("://a:b@://c:d@")
def test_masking_twice_changes_nothing(text: str) -> None:
    module._known.clear()
    module._forms = None
    remember("password1")
    masked = redact(text)
    assert redact(masked) == masked
    assert "password1" not in masked


@given(st.text(alphabet="*abc", max_size=30), st.lists(st.text(alphabet="*abc", min_size=6, max_size=9), max_size=3))
def test_masking_twice_changes_nothing_even_when_secrets_look_like_masks(text: str, secrets: list[str]) -> None:
    module._known.clear()
    module._forms = None
    for secret in secrets:
        remember(secret)
    masked = redact(text)
    assert redact(masked) == masked
    assert not [secret for secret in secrets if secret in masked]


# The Secret itself


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = Secret(TOKEN)
    for shown in (
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret:>20}",
        "%s" % secret,  # noqa: UP031 - the old way must be safe too
        repr([secret]),
        repr({"t": secret}),
    ):
        assert TOKEN not in shown
        assert MASK in shown
    assert secret.reveal() == TOKEN


@pytest.mark.parametrize(
    "leak", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, vars, bytes], ids=lambda leak: leak.__name__
)
def test_a_secret_cannot_be_copied_or_serialised(leak: Callable[[object], object]) -> None:
    with pytest.raises(TypeError) as caught:
        leak(Secret(TOKEN))
    assert TOKEN not in str(caught.value)


def test_secrets_compare_by_value_and_only_with_secrets() -> None:
    assert Secret(TOKEN) == Secret(TOKEN)
    assert Secret(TOKEN) != Secret(TOKEN + "x")
    assert Secret(TOKEN) != TOKEN
    assert len({Secret(TOKEN), Secret(TOKEN)}) == 1
    assert not Secret("")
    assert Secret("x")


# Phone numbers in logs


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("380441234567", "+38***4567"),
        ("+380441234567", "+38***4567"),
        ("to 380441234567@c.us now", "to +38***4567@c.us now"),
        ("+380 44 123 45 67", "+38***4567"),
        ("+7 (999) 123-45-67, room 12", "+79***4567, room 12"),
        ("11001234567-1581234048@g.us", "+11***4567-+15***4048@g.us"),
        ('{"phoneContact":11001234569}', '{"phoneContact":+11***4569}'),
        ("380441234567,380441234568", "+38***4567,+38***4568"),
        ("room 1203 from 14:00 on 22.11.2026", "room 1203 from 14:00 on 22.11.2026"),
        ("BAE5380441234567", "BAE5380441234567"),
        ("50.4501234567 30.5", "50.4501234567 30.5"),
        ("12345678", "12345678"),
    ],
)
def test_phone_numbers_are_masked_for_logs(text: str, masked: str) -> None:
    assert mask_phone(text) == masked
    assert mask_phone(masked) == masked
