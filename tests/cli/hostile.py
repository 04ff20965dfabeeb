"""What strangers write: texts that would steer a terminal, a spreadsheet, a log or a renderer."""

import re

#: Every entry is one attack; the letter before it is its tag in the tests.
TEXTS = {
    "ansi colour": "\x1b[31mred\x1b[0m",
    "ansi clear": "\x1b[2J\x1b[1;1H",
    "osc title": "\x1b]0;owned\x07",
    "osc 8 link": "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "osc 52 clipboard": "\x1b]52;c;cm0gLXJmIC8=\x07",
    "dcs": "\x1bP$q\x1b\\",
    "c1 csi": "\x9b31m",
    "c1 osc": "\x9d0;owned\x9c",
    "backspaces": "safe\x08\x08\x08\x08evil",
    "carriage return": "good\revil",
    "new line": "one\n2026-11-22 ERROR forged",
    "bell and nul-like": "\x07\x01\x7f",
    "bidi override": "invoice\u202efdp.exe",
    "bidi isolates": "\u2066a\u2069\u2067b\u2069",
    "line separators": "a\u2028b\u2029c\u0085d",
    "zero width": "pay\u200bpal\ufeff",
    "tag characters": "flag\U000e0041\U000e0042\U000e007f",
    "rich markup": "[bold red]x[/bold red] [link=https://evil.example]y[/link]",
    "rich closing": "[/x]",
    "rich emoji": ":skull: [@click=app.quit]z[/]",
    "formula": '=HYPERLINK("https://evil.example")',
    "formula plus": "+1+cmd|' /C calc'!A0",
    "formula at": "@SUM(A1)",
    "formula full-width": "\uff1dcmd",
    "very long": "A" * 5000,
    "quotes": "'\";--<script>alert(1)</script>",
}

#: What a terminal would act upon: C0 without tab and newline, DEL, C1 (also as one raw byte), bidi, lines, tags.
_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]"
)
#: What greenbot itself may send to a terminal: colours.
_OWN = re.compile("\x1b\\[[0-9;]*m")


def steering(output: bytes, *, colours: bool = False) -> list[str]:
    """The steering characters in an output; with `colours`, greenbot's own colour sequences are allowed."""
    text = output.decode("utf-8", "surrogateescape")
    if colours:
        text = _OWN.sub("", text).replace("\r\n", "\n")
    return [f"{match.start()}: {match.group()!r}" for match in _STEERING.finditer(text)]
