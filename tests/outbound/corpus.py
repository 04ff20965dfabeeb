"""Addresses that strangers would like us to call, and a few that are all right."""

# ruff: noqa: RUF001, SIM905 - look-alike letters are what this file is about, and lists of words stay readable

import ipaddress
from collections.abc import Iterator

#: Addresses of this machine, its networks, its cloud, and of nobody.
INSIDE_V4 = (
    "127.0.0.1 127.0.0.2 127.1.2.3 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.254 "
    "192.168.0.1 192.168.255.255 169.254.169.254 169.254.170.2 169.254.0.1 100.64.0.1 100.100.100.200 100.127.255.255 "
    "168.63.129.16 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 "
    "224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255"
).split()
INSIDE_V6 = (
    "::1 :: ::2 fe80::1 fe80::a9fe:a9fe febf::1 fc00::1 fd00::1 fd00:ec2::254 fd20:ce::254 fec0::1 ff02::1 ff05::2 "
    "100::1 2001:db8::1 2001::1 2001:10::1 2001:20::1 3fff::1 5f00::1 4000::1 8000::1 ::ffff:0:127.0.0.1"
).split()
#: Each way of writing an IPv4 address inside an IPv6 one.
CARRIERS = (
    "::ffff:{dotted}",
    "::ffff:{high:x}:{low:x}",
    "0:0:0:0:0:ffff:{high:x}:{low:x}",
    "::{dotted}",
    "::{high:x}:{low:x}",
    "64:ff9b::{dotted}",
    "64:ff9b::{high:x}:{low:x}",
    "64:ff9b:1::{high:x}:{low:x}",
    "2002:{high:x}:{low:x}::1",
    "2001:0:5ef5:79fb:0:0:{nhigh:x}:{nlow:x}",
)
CARRIED = ("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "100.64.0.1")
#: NAT64, 6to4 and the like stay closed even for an address that is public itself.
CARRIED_PUBLIC = ("64:ff9b::8.8.8.8", "64:ff9b:1::808:808", "2002:808:808::1", "::8.8.8.8")
NUMERIC = (
    "2130706433 0x7f000001 0x7f.0x0.0x0.0x1 0x7F.1 017700000001 0177.0.0.1 0177.0.0.01 127.1 127.0.1 00127.0.0.1 "
    "127.000.000.001 127.0.0.1.1 127.0.0 0 0x0 00 1 2852039166 0xa9fea9fe 0251.0376.0251.0376 169.16689662 "
    "3232235521 0300.0250.0.1 256.256.256.256 127.0.0.256 127.0.0.-1 999999999999 4294967296 1.1.1.0x1 8.8.8.010 "
    "127.0.0.1. 127.0.0.1.. 0x.0x.0 127.0.0.0x 10.1 0xA.1 example.1 host.0x7f foo.0177"
).split()
NAMES = (
    "localhost LOCALHOST LocalHost localhost. metadata crm printer a -bad.example bad-.example .example.com "
    "example..com example.com. api.green-api.com. _ a_.b- xn-- *.example.com exa%6dple.com example.com%00.evil.com "
    "127.0.0.1%2eexample.com example.com%2f example.com%23 example.com%40 [example.com] [127.0.0.1] [::1 ::1] [] "
    "[::1%25eth0] [fe80::1%eth0] [::ffff:127.0.0.1%251] [v1.fe80] [::1]extra [0:0:0:0:0:0:0:0:1] [:::1] [::g]"
).split()
#: IDNA would make ASCII of these, and then it is another host.
UNICODE = (
    "①②⑦.⓪.⓪.①",
    "１２７.0.0.1",
    "127。0。0。1",
    "127．0．0．1",
    "127｡0｡0｡1",
    "ⓛocalhost",
    "locałhost",
    "ｌｏｃａｌｈｏｓｔ",
    "ℓocalhost",
    "еxample.com",
    "example\u200b.com",
    "example\u00ad.com",
    "example.com\u2044evil",
    "example.com\uff0fevil",
    "exam\u202eple.com",
    "例え.jp",
    "faß.de",
    "𝟏𝟐𝟕.𝟎.𝟎.𝟏",
)
WHOLE = (
    "",
    "https",
    "https:",
    "https:/",
    "https://",
    "https:///",
    "https:///etc/passwd",
    "https:example.com",
    "https:/example.com",
    "https:\\\\example.com",
    "https://\\example.com",
    "https://example.com\\@127.0.0.1/",
    "https://example.com\\.evil.com",
    "https://example.com#@127.0.0.1/\n",
    "https://example.com\t/",
    "https://exam\nple.com/",
    "https://exam\rple.com/",
    "https://example.com/\r\nHost: evil",
    "https://example.com /",
    " https://example.com/",
    "https://example.com/ ",
    "\x00https://example.com/",
    "https://example.com/\x00",
    "https://example.com/\x7f",
    "//example.com/",
    "example.com",
    "/etc/passwd",
    "?x",
    "#x",
    "https://?x",
    "https://#x",
    "https://:443",
    "https://@",
    "https://@example.com",
    "https://:@example.com",
    "https://api@127.0.0.1",
    "https://api:key@127.0.0.1",
    "https://example.com@127.0.0.1",
    "https://127.0.0.1@example.com",
    "https://example.com:443@127.0.0.1:22",
    "https://example.com%40127.0.0.1@evil.com",
    "https://a@b@c",
    "https://user:pass@example.com",
    "https://example.com:0/",
    "https://example.com:1/",
    "https://example.com:22/",
    "https://example.com:80/",
    "https://example.com:8443/",
    "https://example.com:65536/",
    "https://example.com:99999/",
    "https://example.com:-1/",
    "https://example.com:+443/",
    "https://example.com: 443/",
    "https://example.com:443:443/",
    "https://example.com:44３/",
    "https://example.com:0x1bb/",
    "https://example.com:000443/",
    "https://example.com:/",
    "http://example.com/",
    "http://example.com:443/",
    "HTTP://example.com/",
    "http://8.8.8.8/",
    "ftp://example.com/",
    "ftps://example.com/",
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "file://example.com/share",
    "gopher://127.0.0.1:6379/_INFO",
    "dict://127.0.0.1:11211/stats",
    "ldap://127.0.0.1/",
    "ldaps://example.com/",
    "tftp://127.0.0.1/x",
    "smb://127.0.0.1/c$",
    "jar:https://example.com!/",
    "data:text/plain,hello",
    "javascript:alert(1)",
    "blob:https://example.com/1",
    "ws://example.com/",
    "wss://example.com/",
    "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
    "ssh://example.com/",
    "mailto:a@example.com",
    "view-source:https://example.com/",
    "https\u200b://example.com/",
    "ｈttps://example.com/",
    "httpſ://example.com/",
    "https://" + "a" * 64 + ".com/",
    "https://" + ".".join(["a" * 60] * 5) + "/",
    "https://example.com/" + "a" * 5000,
)
GOOD = (
    "https://example.com",
    "https://example.com/",
    "https://example.com:443/hook",
    "HTTPS://EXAMPLE.COM/Path",
    "https://hooks.example.co.uk/a/b?c=d&e=%2F#frag",
    "https://xn--fa-hia.de/",
    "https://_dmarc.example.com/",
    "https://8.8.8.8/",
    "https://[2606:4700:4700::1111]/",
    "https://[2a00:1450:4001:81b::200e]:443/",
    "https://1.2.3.4.example.com/",
    "https://a1.0x7f.example.com/",
    "https://example.com/http://127.0.0.1/@",
)


def forbidden_urls() -> Iterator[str]:
    """Every one of them must be refused, without any list of what is allowed, before a name is asked for."""
    for host in (*INSIDE_V4, *NUMERIC, *NAMES, *UNICODE):
        yield f"https://{host}/hook"
    for host in INSIDE_V4[::3]:
        yield f"https://{host}:443/"
        yield f"http://{host}:80/"
    for inside in (*INSIDE_V6, *carried(), *CARRIED_PUBLIC):
        yield f"https://[{inside}]/hook"
    yield from WHOLE


def carried() -> Iterator[str]:
    """Inner addresses behind each way of translation."""
    for dotted in CARRIED:
        number = int(ipaddress.IPv4Address(dotted))
        high, low = divmod(number, 0x10000)
        for carrier in CARRIERS:
            yield carrier.format(dotted=dotted, high=high, low=low, nhigh=high ^ 0xFFFF, nlow=low ^ 0xFFFF)
