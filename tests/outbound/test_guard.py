"""What may be called, as a list of what people try."""

from ipaddress import ip_address

import pytest

from greenbot.errors import UsageError
from greenbot.outbound.guard import ForbiddenTarget, Policy, check_addresses, check_url, parse_allowed
from tests.outbound.corpus import GOOD, INSIDE_V4, INSIDE_V6, carried, forbidden_urls

CORPUS = list(dict.fromkeys(forbidden_urls()))


def allowing(*entries: str) -> Policy:
    return Policy(allow=tuple(map(parse_allowed, entries)))


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) >= 300


@pytest.mark.parametrize("url", CORPUS, ids=ascii)
def test_a_trap_is_refused_by_its_text_alone(url: str) -> None:
    with pytest.raises(ForbiddenTarget) as refused:
        check_url(url, Policy())
    assert len(url) < 10 or url not in str(refused.value)


@pytest.mark.parametrize("url", CORPUS, ids=ascii)
def test_a_trap_stays_one_when_other_things_are_allowed(url: str) -> None:
    others = allowing("192.168.77.0/24", "crm.internal", "*.our.internal:8443", "[fd77::1]:9000", "10.77.0.1:1")
    try:
        target = check_url(url, others)
    except ForbiddenTarget:
        return
    # A port or http may be right for a network on the list, so the last word has the address.
    for place in ("127.0.0.1", "8.8.8.8", "169.254.169.254", "64:ff9b::7f00:1"):
        with pytest.raises(ForbiddenTarget):
            check_addresses(target, [ip_address(place)], others)


@pytest.mark.parametrize("url", GOOD)
def test_ordinary_addresses_pass(url: str) -> None:
    target = check_url(url, Policy())
    assert target.scheme == "https"
    assert target.port == 443
    assert check_addresses(target, [ip_address("8.8.8.8")], Policy())


@pytest.mark.parametrize("place", [*INSIDE_V4, *INSIDE_V6, *carried()])
def test_a_name_must_not_lead_inside(place: str) -> None:
    target = check_url("https://hooks.example.com/", Policy())
    with pytest.raises(ForbiddenTarget):
        check_addresses(target, [ip_address(place)], Policy())
    with pytest.raises(ForbiddenTarget):
        check_addresses(target, [ip_address("8.8.8.8"), ip_address(place)], Policy())


@pytest.mark.parametrize(
    ("entries", "url", "place"),
    [
        (["127.0.0.1:9000"], "http://127.0.0.1:9000/in", "127.0.0.1"),
        (["127.0.0.1:9000"], "http://localhost:9000/in", "127.0.0.1"),
        (["127.0.0.1:9000"], "http://[::ffff:127.0.0.1]:9000/in", "::ffff:127.0.0.1"),
        (["127.0.0.1"], "https://127.0.0.1/in", "127.0.0.1"),
        (["::1"], "http://[::1]:8000/", "::1"),
        (["[::1]:8000"], "http://[::1]:8000/", "::1"),
        (["10.0.0.0/8"], "http://10.1.2.3:8080/", "10.1.2.3"),
        (["10.0.0.0/8"], "http://crm:8080/", "10.1.2.3"),
        (["crm.internal"], "http://crm.internal/in", "10.1.2.3"),
        (["crm.internal:8443"], "https://crm.internal:8443/in", "192.168.3.4"),
        (["CRM.internal"], "http://crm.INTERNAL:1/", "fd00::5"),
        (["*.internal"], "http://a.b.internal/", "10.1.2.3"),
        (["partner.example.com:8443"], "https://partner.example.com:8443/", "8.8.8.8"),
        (["169.254.169.254"], "http://169.254.169.254/latest", "169.254.169.254"),
        (["64:ff9b::/96"], "https://hooks.example.com/", "64:ff9b::8.8.8.8"),
        (["64:ff9b::/96", "10.0.0.0/8"], "https://hooks.example.com/", "64:ff9b::10.1.2.3"),
    ],
)
def test_what_is_on_the_list_passes(entries: list[str], url: str, place: str) -> None:
    policy = allowing(*entries)
    address = ip_address(place)
    assert check_addresses(check_url(url, policy), [address], policy) == [address]


@pytest.mark.parametrize(
    ("entries", "url", "place"),
    [
        (["127.0.0.1:9000"], "http://127.0.0.1:9001/", "127.0.0.1"),
        (["127.0.0.1:9000"], "http://127.0.0.2:9000/", "127.0.0.2"),
        (["127.0.0.1:9000"], "http://[::1]:9000/", "::1"),
        (["10.0.0.0/8"], "http://crm/", "11.0.0.1"),
        (["crm.internal"], "http://crm.internal.evil.com/", "10.1.2.3"),
        (["crm.internal"], "http://xcrm.internal/", "10.1.2.3"),
        (["crm.internal"], "http://crm.internal/", "169.254.169.254"),
        (["crm.internal"], "http://crm.internal/", "fd00:ec2::254"),
        (["crm.internal"], "http://crm.internal/", "0.0.0.0"),
        (["crm.internal"], "http://crm.internal/", "64:ff9b::7f00:1"),
        (["*.internal"], "http://internal/", "10.1.2.3"),
        (["crm.internal:8443"], "https://crm.internal:443/", "10.1.2.3"),
        (["10.1.2.3"], "http://crm.internal/", "10.1.2.4"),
        (["64:ff9b::/96"], "https://hooks.example.com/", "64:ff9b::7f00:1"),
        (["::/0"], "https://hooks.example.com/", "64:ff9b::7f00:1"),
        (["0.0.0.0/0"], "https://hooks.example.com/", "::1"),
    ],
)
def test_the_list_opens_no_more_than_it_says(entries: list[str], url: str, place: str) -> None:
    policy = allowing(*entries)
    with pytest.raises(ForbiddenTarget):
        check_addresses(check_url(url, policy), [ip_address(place)], policy)


def test_of_several_addresses_only_those_on_the_list_are_used() -> None:
    policy = allowing("127.0.0.1:9000")
    target = check_url("http://localhost:9000/", policy)
    assert check_addresses(target, [ip_address("::1"), ip_address("127.0.0.1")], policy) == [ip_address("127.0.0.1")]


@pytest.mark.parametrize(
    ("hosts", "url", "passes"),
    [
        (("*.green-api.com",), "https://api.green-api.com/f", True),
        (("*.green-api.com",), "https://green-api.com/f", False),
        (("*.green-api.com",), "https://green-api.com.evil.com/f", False),
        (("*.green-api.com",), "https://evilgreen-api.com/f", False),
        (("media.green-api.com",), "https://MEDIA.green-api.com/f", True),
    ],
)
def test_media_come_from_known_hosts_only(hosts: tuple[str, ...], url: str, passes: bool) -> None:
    policy = Policy(hosts=hosts)
    if passes:
        check_url(url, policy)
    else:
        with pytest.raises(ForbiddenTarget):
            check_url(url, policy)


@pytest.mark.parametrize("entry", ["", "http://x", "10.0.0.1/8", "10.0.0.0/99", "a b", "x:9x", "[::1", "127.1", "*"])
def test_a_wrong_entry_is_named(entry: str) -> None:
    with pytest.raises(UsageError):
        parse_allowed(entry)


def test_what_is_shown_of_an_address_has_no_path() -> None:
    target = check_url("https://hooks.example.com/services/T0/B0/secretsecret?token=secretsecret", Policy())
    assert target.shown == "https://hooks.example.com"
