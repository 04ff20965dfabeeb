"""The files of the page: what they hold, what they must not, and that the vendored ones are the published ones."""

import re
import shutil
import subprocess
from collections import Counter
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

from greenbot.server.page.assets import ASSETS, PAGE_HEADERS, body_of
from greenbot.server.page.routes import PAGE

FOLDER = Path(__file__).parents[3] / "greenbot" / "server" / "page" / "assets"
HTML = ("page.html", "sign_in.html")
OWN_SCRIPTS = tuple(name for name in ASSETS if name.endswith(".js") and name != "uplot.js")
#: uPlot 1.6.32 as it is published: dist/uPlot.iife.min.js, dist/uPlot.min.css and LICENSE.
VENDORED = {
    "uplot.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uplot.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "uplot.LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
}
#: What would make markup or code of data.
SINKS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|\beval\(|new Function"
    r"|setAttribute\([^)]*[\"'](?:style|on\w+|href|src)|\.(?:href|src|srcdoc|cssText)\s*="
)
VOID = {"meta", "link", "img", "input", "br", "hr"}


class Reading(HTMLParser):
    """What a template holds: its elements with their attributes, and that each is closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[tuple[str, str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append((self.open[-1] if self.open else "", data.strip()))

    def ids(self) -> set[str]:
        return {str(attributes["id"]) for _, attributes in self.elements if "id" in attributes}


def reading(name: str) -> Reading:
    return Reading(body_of(name).decode())


@pytest.mark.parametrize("name", VENDORED)
def test_vendored_files_are_the_published_ones(name: str) -> None:
    assert sha256((FOLDER / name).read_bytes()).hexdigest() == VENDORED[name]


def test_every_file_that_is_there_is_served_or_says_the_licence() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*ASSETS, *HTML, "uplot.LICENSE"}


@pytest.mark.parametrize("name", HTML)
def test_templates_are_whole(name: str) -> None:
    found = reading(name)
    assert found.open == []
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert [each for each, times in Counter(ids).items() if times > 1] == []
    assert ("html", {"lang": "en"}) in found.elements


@pytest.mark.parametrize("name", HTML)
def test_templates_hold_no_script_and_no_style_of_their_own(name: str) -> None:
    found = reading(name)
    assert [words for tag, words in found.words if tag in ("script", "style")] == []
    assert [tag for tag, _ in found.elements if tag in ("style", "iframe", "object", "embed", "base")] == []
    for _, attributes in found.elements:
        assert not [each for each in attributes if each.startswith("on") or each in ("style", "action", "srcdoc")]


@pytest.mark.parametrize("name", HTML)
def test_templates_load_nothing_but_served_files_of_this_server(name: str) -> None:
    for tag, attributes in reading(name).elements:
        for place in (attributes.get("src"), attributes.get("href")):
            if place is not None and not (tag == "a" and place.startswith("#")):
                assert place.removeprefix(f"{PAGE}/") in ASSETS


@pytest.mark.parametrize("name", HTML)
def test_every_field_has_a_label_and_every_reference_leads_somewhere(name: str) -> None:
    found = reading(name)
    labelled = {attributes.get("for") for tag, attributes in found.elements if tag == "label"}
    fields = [attributes["id"] for tag, attributes in found.elements if tag in ("input", "select")]
    assert set(fields) <= labelled
    for _, attributes in found.elements:
        for reference in ("aria-labelledby", "aria-describedby", "for"):
            assert set((attributes.get(reference) or "").split()) <= found.ids()
        if "href" in attributes and str(attributes["href"]).startswith("#"):
            assert str(attributes["href"])[1:] in found.ids()


def test_the_page_has_landmarks_tables_with_headings_and_a_polite_voice() -> None:
    found = reading("page.html")
    tags = Counter(tag for tag, _ in found.elements)
    assert (tags["main"], tags["nav"], tags["h1"]) == (1, 1, 1)
    assert tags["caption"] == tags["table"] == 3
    assert all("scope" in attributes for tag, attributes in found.elements if tag == "th")
    assert all("aria-labelledby" in attributes for tag, attributes in found.elements if tag == "section")
    assert [attributes["id"] for _, attributes in found.elements if attributes.get("aria-live") == "polite"] == ["news"]


@pytest.mark.parametrize("name", OWN_SCRIPTS)
def test_scripts_never_make_markup_of_data(name: str) -> None:
    assert SINKS.findall(body_of(name).decode()) == []


@pytest.mark.parametrize(
    "line",
    ["node.innerHTML = name;", 'a.setAttribute("href", x)', "a.href = url", "eval(x)", 'n.setAttribute("onclick", x)'],
)
def test_a_line_that_would_is_noticed(line: str) -> None:
    assert SINKS.search(line)


@pytest.mark.parametrize("name", OWN_SCRIPTS)
def test_scripts_find_every_element_they_name(name: str) -> None:
    text = body_of(name).decode()
    known = reading("page.html").ids() | reading("sign_in.html").ids()
    assert set(re.findall(r'(?:byId|getElementById)\("([^"]+)"\)', text)) <= known


@pytest.mark.parametrize("name", OWN_SCRIPTS)
def test_scripts_import_served_files_and_names_that_are_exported(name: str) -> None:
    for names, source in re.findall(r'^import \{ ([^}]+) \} from "\./([^"]+)";', body_of(name).decode(), re.MULTILINE):
        assert source in ASSETS
        exported = re.findall(
            r"^export (?:async )?(?:function|class|const) (\w+)", body_of(source).decode(), re.MULTILINE
        )
        assert {each.strip() for each in names.split(",")} <= set(exported)


@pytest.mark.parametrize("name", ["page.css", *OWN_SCRIPTS])
def test_files_ask_nobody_else_and_keep_no_secret(name: str) -> None:
    text = body_of(name).decode()
    assert re.findall(r"https?://|@import|url\(", text) == []
    kept = re.findall(r"(?:localStorage|sessionStorage)\.setItem\((\w+),", text)
    assert set(kept) <= {"KEY", "RETRIED"}


@pytest.mark.parametrize("name", OWN_SCRIPTS)
def test_brackets_close_where_they_should(name: str) -> None:
    """Where node is there, it reads the script itself."""
    text = body_of(name).decode()
    node = shutil.which("node")
    if node is not None:
        kind = [] if name == "theme.js" else ["--input-type=module"]
        checked = subprocess.run([node, *kind, "--check", "-"], input=text, text=True, capture_output=True)
        assert checked.returncode == 0, checked.stderr
    bare = re.sub(r"//[^\n]*|/(?:\[[^\]\n]*\]|\\.|[^/\n\\])+/[gi]*(?=[.;,)\s])|\"[^\"\n]*\"", "", text)
    for opening, closing in ("()", "[]", "{}"):
        assert bare.count(opening) == bare.count(closing)


def test_the_policy_allows_the_page_its_own_files_and_nothing_else() -> None:
    policy = dict(part.strip().split(" ", 1) for part in PAGE_HEADERS["Content-Security-Policy"].split(";"))
    assert policy.pop("default-src") == "'none'"
    assert {policy.pop(each) for each in ("script-src", "style-src", "connect-src", "img-src")} == {"'self'"}
    assert {policy.pop(each) for each in ("frame-ancestors", "base-uri", "form-action", "trusted-types")} == {"'none'"}
    assert policy == {"require-trusted-types-for": "'script'"}
