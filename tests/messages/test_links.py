"""Links: the ones guests open, and the stricter ones GREEN-API fetches files from."""

import pytest

from greenbot.errors import BadDraft, BadFile
from greenbot.messages.outgoing import Button, FileByUrl
from tests.messages.samples import GUEST


@pytest.mark.parametrize(
    ("url", "file_name"),
    [
        ("https://h.example/a.pdf", "a.pdf"),
        ("http://h.example:8080/x/y/Menu-2026_11.PDF", "Menu-2026_11.PDF"),
        ("https://[2001:db8::1]/a.pdf", "a.pdf"),
        ("http://127.0.0.1:5000/files/a.pdf", "a.pdf"),
        ("https://localhost/a.pdf", "a.pdf"),
        ("https://h.example/файл.pdf", "файл.pdf"),
        ("https://h.example/a+b,c;d=e&f(1).pdf", "a+b,c;d=e&f(1).pdf"),
        ("HTTPS://H.EXAMPLE/a.pdf", "a.pdf"),
    ],
)
def test_a_direct_link_names_its_file(url: str, file_name: str) -> None:
    assert FileByUrl(chat_id=GUEST, url=url).params() == {"chatId": GUEST, "urlFile": url, "fileName": file_name}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "The link is empty"),
        (None, "The link is not text|is empty"),
        ("menu.pdf", "does not begin with https:// or http://"),
        ("C:\\menu.pdf", "does not begin with https:// or http://"),
        ("//h.example/a.pdf", "does not begin with"),
        ("ftp://h.example/a.pdf", "does not begin with"),
        ("file:///srv/a.pdf", "does not begin with"),
        ("https:h.example/a.pdf", "is not a complete link"),
        ("https:///a.pdf", "is not a complete link"),
        ("https://", "is not a complete link"),
        ("https://h..example/a.pdf", "is not a complete link"),
        ("https://h.example:99999/a.pdf", "is not a complete link"),
        ("https://h.example:0/a.pdf", "is not a complete link"),
        ("https://h.example:port/a.pdf", "is not a complete link"),
        ("https://[::1/a.pdf", "is not a complete link"),
        ("https://h.example/a b.pdf", "contains a space or an invisible character"),
        ("https://h.example/a.pdf\n", "contains a space or an invisible character"),
        ("https://h.example/\u202ea.pdf", "contains a space or an invisible character"),
        ("https://h.example/a\u00a0b.pdf", "contains a space or an invisible character"),
        ("https://h.example/a\x00.pdf", "zero byte"),
        ("https://user:password@h.example/a.pdf", "carries a name or password"),
        ("https://user@h.example/a.pdf", "carries a name or password"),
        ("https://h.example/a.pdf?x=1", r"contains '\?', which GREEN-API does not take in file links"),
        ("https://h.example/a%20b.pdf", "contains '%'"),
        ("https://h.example/a#b.pdf", "contains '#'"),
        ("https://h.example/~a/b.pdf", "contains '~'"),
        ("https://h.example/a!.pdf", "contains '!'"),
        ("https://h.example/$a.pdf", r"contains '\$'"),
        ("https://h.example/a€.pdf", "contains '€'"),
        ("https://h.example/a£.pdf", "contains '£'"),
        ("https://h.example", "does not end in a file name"),
        ("https://h.example/", "does not end in a file name"),
        ("https://h.example/menu", "does not end in a file name"),
        ("https://h.example/v1.2/", "has no extension|does not end in a file name"),
    ],
)
def test_links_no_file_can_be_fetched_from_are_refused(url: str, words: str) -> None:
    with pytest.raises((BadFile, BadDraft), match=words) as caught:
        FileByUrl(chat_id=GUEST, url=url)
    assert "password@" not in str(caught.value)


@pytest.mark.parametrize("name", ["menu", "menu.", ".pdf", "menu.p d f", "menu.pdf/"])
def test_a_file_from_a_link_needs_a_name_with_an_extension(name: str) -> None:
    with pytest.raises(BadFile, match=r"has no extension|contains a slash"):
        FileByUrl(chat_id=GUEST, url="https://h.example/get", file_name=name)


@pytest.mark.parametrize(
    "url",
    [
        "https://h.example/b?room=12&x=%20#top",
        "http://h.example",
        "https://h.example/~user/!",
        "https://xn--e1afmkfd.example",
    ],
)
def test_links_for_guests_may_hold_more(url: str) -> None:
    assert Button(action="url", label="Open", value=url).params(1)["url"] == url
