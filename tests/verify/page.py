"""The monitoring page in a real browser: what it looks like, what it refuses, and a day of it.

    python -m tests.verify.page                    every proof
    python -m tests.verify.page --shots FOLDER     keep the pictures there

Chromium is driven over its own protocol, against the page behind the real gate of the server.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from greenbot.overview_json import overview_document
from greenbot.server.page.routes import PAGE
from greenbot.server.sessions import PATH
from tests.server.page.stage import ADMIN, METRICS, VIEWER, Stage, overview, staging
from tests.verify.chromium import NoChromium, Tab, browsing, program
from tests.verify.page_probes import CONTRAST, DAY, ELEMENTS, OVERFLOW, ROLES
from tests.verify.page_service import real_service
from tests.verify.verdict import Verdict, prove, say

UPDATES = 28_800
WARM_UP = 600
MOST_GROWTH = 0.20
#: What is shown: how many instances, and whether something is wrong.
STATES = {"empty": (0, False), "three": (3, False), "many": (300, False), "firing": (300, True)}
SIZES = {360: 900, 1280: 900, 2560: 1440}
HOSTILE = (
    '<img src=x onerror="window.harmed=1">',
    "</script><script>window.harmed=1</script>",
    "javascript:window.harmed=1",
    '"><svg onload=window.harmed=1>',
    "\u202egnp.exe\u0000\u001b[2J",
    "{{constructor.constructor('window.harmed=1')()}}",
    "x" * 5000,
)
DRAWN = "document.getElementById('verdict') && !document.body.hasAttribute('aria-busy')"


async def sign_in(tab: Tab, stage: Stage, token: str = VIEWER) -> None:
    """Through the form, as a person."""
    await tab.visit(stage.page)
    await tab.until("document.getElementById('token')")
    await tab.js(f"document.getElementById('token').value = {json.dumps(token)}")
    await tab.js("document.getElementById('sign-in').requestSubmit()")


async def show(tab: Tab, stage: Stage, *, count: int, firing: bool) -> None:
    """Let the page draw another fleet."""
    stage.raw, stage.shown = None, overview(count, firing=firing)
    await tab.js("dispatchEvent(new Event('online'))")
    await tab.until(f"document.querySelectorAll('#instances tr').length >= {min(count, 12)}")
    await tab.until(f"(document.querySelectorAll('#alerts > li').length > 0) === {json.dumps(firing)}")
    await asyncio.sleep(0.3)


async def signing_in(tab: Tab, stage: Stage, verdict: Verdict) -> None:
    """The form, a wrong token, the right one, and where the token is then."""
    await sign_in(tab, stage, "a-wrong-token")
    await tab.until("document.getElementById('problem').textContent !== ''")
    verdict.holds("a wrong token is refused in words", so=await tab.js("location.pathname") == f"{PATH}/dashboard")
    await sign_in(tab, stage)
    await tab.until(DRAWN)
    kept = await tab.js("document.documentElement.outerHTML + location + document.cookie + JSON.stringify(localStorage)"
                        " + JSON.stringify(sessionStorage)")  # fmt: skip
    verdict.holds("the token is nowhere in the page, its address or its storage", so=VIEWER not in str(kept))
    verdict.holds("scripts cannot read the session", so=await tab.js("document.cookie") == "")
    urls = [str(cast(dict[str, object], each["request"])["url"]) for each in tab.seen("Network.requestWillBeSent")]
    verdict.holds("no address ever held the token", so=not any(VIEWER in url for url in urls))


async def looks(tab: Tab, stage: Stage, verdict: Verdict, shots: Path) -> None:
    """Every state, theme and width: nothing sticks out, and every text can be read."""
    await tab.js("document.activeElement.blur()")
    for state, (count, firing) in STATES.items():
        await show(tab, stage, count=count, firing=firing)
        for theme in ("light", "dark"):
            for width, height in SIZES.items():
                name = f"{state}-{theme}-{width}"
                picture = await tab.look(width, height, theme=theme)
                (shots / f"{name}.png").write_bytes(picture)
                wide, contrast = await tab.js(OVERFLOW), cast(dict[str, object], await tab.js(CONTRAST))
                sound = wide == [] and contrast["weak"] == [] and len(picture) > 8000
                verdict.holds(f"{name}: {contrast['texts']} texts readable, nothing sticks out", so=sound)
                if not sound:
                    say(f"          {wide} {contrast['weak']}")


async def hostile(tab: Tab, stage: Stage, verdict: Verdict) -> None:
    """Names, reasons and words that would rather be something else."""
    document = cast(dict[str, list[dict[str, object]]], overview_document(overview(len(HOSTILE), firing=True)))
    for one, words in zip(document["instances"], HOSTILE, strict=True):
        one |= {"name": words, "reason": words, "account": words, "paused": words, "breakers": {words: words}}
    for alert in document["alerts"]:
        alert |= {"rule": HOSTILE[0], "instance": HOSTILE[3], "acked_by": HOSTILE[1], "metric": HOSTILE[2]}
    for problem in document["problems"]:
        problem |= {"instance": HOSTILE[0], "reason": HOSTILE[1], "kind": HOSTILE[3]}
    document["errors"] = [{"status": 503, "kind": words, "count": 3} for words in HOSTILE]
    document["event_types"] = [{"type": words, "count": 3} for words in HOSTILE]
    stage.raw = json.dumps(document).encode()
    await tab.js("dispatchEvent(new Event('online'))")
    await tab.until(f"document.querySelectorAll('#instances tr').length === {len(HOSTILE)}")
    await asyncio.sleep(0.3)
    verdict.holds("hostile words make no element and no attribute", so=await tab.js(ELEMENTS) == [])
    verdict.holds("and run nothing", so=await tab.js("window.harmed === undefined") is True)
    shown = str(await tab.js("document.getElementById('instances').textContent"))
    verdict.holds("they stand there as they are", so=all(words in shown for words in HOSTILE if words[0] != "\u202e"))
    verdict.holds("without what turns or hides letters", so="\u202e" not in shown and "\u001b" not in shown)
    verdict.holds("and nothing sticks out", so=await tab.js(OVERFLOW) == [])
    stage.raw = None


async def patching(tab: Tab, stage: Stage, verdict: Verdict) -> None:
    """News change numbers in place: rows stay the same rows, the focus stays, and one request is enough."""
    await show(tab, stage, count=3, firing=True)
    await tab.js("document.querySelector('#instances tr').marked = 1; document.querySelector('.standing').focus()")
    await tab.js(
        "window.made = 0; new MutationObserver((all) => { for (const one of all)"
        " window.made += [...one.addedNodes].filter((node) => node.nodeType === 1).length })"
        ".observe(document.querySelector('main'), { childList: true, subtree: true })"
    )
    asked, unchanged = stage.asked, stage.unchanged
    tab.events.clear()
    await asyncio.sleep(10)
    verdict.holds("nothing new is said again: 304", so=stage.unchanged - unchanged == stage.asked - asked > 0)
    stage.shown = overview(3, firing=True, seed=8)
    await asyncio.sleep(4)
    paths = {str(cast(dict[str, object], each["request"])["url"]) for each in tab.seen("Network.requestWillBeSent")}
    verdict.holds("one request for each refresh", so=paths == {stage.url + METRICS})
    verdict.holds("every three seconds or so", so=3 <= stage.asked - asked <= 6)
    verdict.holds("no element is made anew for new numbers", so=await tab.js("window.made") == 0)
    marked = await tab.js("document.querySelector('#instances tr').marked === 1")
    focused = await tab.js("document.activeElement.classList.contains('standing')")
    verdict.holds("rows and the focus stay", so=bool(marked and focused))


async def hands(tab: Tab, stage: Stage, verdict: Verdict) -> None:
    """What an admin does, with the keyboard alone, and what a viewer cannot."""
    await show(tab, stage, count=3, firing=True)
    status = "fetch('/api/v1/monitoring/alerts/ack', {method: 'POST', body: '{}'}).then((answer) => answer.status)"
    verdict.holds("a viewer's session changes nothing", so=await tab.js(status) == 401)
    hidden = "getComputedStyle(document.querySelector('.alert .actions')).display"
    verdict.holds("and sees no buttons for it", so=await tab.js(hidden) == "none")
    await tab.js("document.getElementById('admin').focus()")
    await press(tab, "Enter")
    await tab.until("document.getElementById('unlock').open")
    await tab.call("Input.insertText", text=ADMIN)
    await press(tab, "Enter")
    await tab.until("document.body.hasAttribute('data-admin')")
    for button, words in (("ack", "I look"), ("silence", "works at the mains")):
        place = 0 if button == "ack" else 1
        await tab.js(f"document.querySelectorAll('.alert .actions')[0].children[{place}].focus()")
        await press(tab, "Enter")
        await tab.until("document.getElementById('act').open")
        await tab.js("document.getElementById('act-comment').focus()")
        await tab.call("Input.insertText", text=words)
        await press(tab, "Enter")
        await tab.until("!document.getElementById('act').open")
    about = {"rule": "instance_not_sendable", "instance": "astoria"}
    wanted = [
        (f"{PATH}/alerts/ack", {**about, "comment": "I look"}),
        (f"{PATH}/alerts/silences", {**about, "comment": "works at the mains", "duration": "1h"}),
    ]
    verdict.holds("an admin acknowledges and silences by keyboard", so=stage.acts == wanted)
    await tab.js("document.getElementById('admin').click()")
    await tab.until("!document.body.hasAttribute('data-admin')")
    await tab.until(f"{status}.then((status) => status === 401)")
    verdict.holds("and can give that up again", so=True)


async def press(tab: Tab, key: str) -> None:
    """One key, down and up."""
    codes = {"Enter": (13, "\r"), "Tab": (9, "")}
    code, text = codes[key]
    for kind in ("keyDown", "keyUp"):
        more = {"text": text} if text and kind == "keyDown" else {}
        await tab.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **more)


async def without_eyes(tab: Tab, stage: Stage, verdict: Verdict) -> None:
    """Landmarks, names, tables, the way of the Tab key, and what is said aloud."""
    await show(tab, stage, count=3, firing=False)
    nodes = cast(list[dict[str, dict[str, object]]], (await tab.call("Accessibility.getFullAXTree"))["nodes"])
    heard = [
        (node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node.get("ignored")
    ]
    nameless = [role for role, name in heard if role in ROLES - {"main"} and not name]
    roles = {role for role, _ in heard}
    verdict.holds(f"every control and region has a name {nameless}", so=nameless == [])
    wanted = {"banner", "main", "navigation", "table", "columnheader", "rowheader", "status"}
    verdict.holds(f"landmarks and tables are there {wanted - roles}", so=wanted <= roles)
    await tab.js("document.activeElement.blur(); document.querySelector('.skip').focus()")
    seen = []
    for _ in range(6):
        seen.append(await tab.js("document.activeElement.id || document.activeElement.className"))
        await press(tab, "Tab")
    verdict.holds(f"the Tab key goes through it in order {seen}", so=seen[:4] == ["skip", "theme", "admin", "sign-out"])
    await show(tab, stage, count=3, firing=True)
    said = str(await tab.js("document.getElementById('news').textContent"))
    verdict.holds("what changed is said politely, and only that", so="astoria is down" in said and "kyiv" in said)


async def walls(tab: Tab, stage: Stage, verdict: Verdict) -> None:
    """Everything that was asked for so far stayed at home, and the policy was never touched."""
    urls = [str(cast(dict[str, object], each["request"])["url"]) for each in tab.seen("Network.requestWillBeSent")]
    strangers = [url for url in urls if not url.startswith(stage.url)]
    verdict.holds(f"no request leaves the origin ({len(urls)} looked at)", so=strangers == [] and len(urls) > 5)
    verdict.holds("nothing broke in any script", so=tab.seen("Runtime.exceptionThrown") == [])
    verdict.holds("no violation of the content security policy", so=violations(tab) == [])
    await tab.js(
        "document.body.append(Object.assign(document.createElement('img'), {src: 'http://127.0.0.2:1/x.png'}))"
    )
    await tab.js("document.body.setAttribute('style', 'color: red')")
    await asyncio.sleep(0.5)
    verdict.holds("and one that is made is noticed", so=len(violations(tab)) >= 2)


def violations(tab: Tab) -> list[object]:
    """What the browser says it did not let the page do."""
    issues = [cast(dict[str, object], each["issue"])["code"] for each in tab.seen("Audits.issueAdded")]
    return [issue for issue in issues if issue == "ContentSecurityPolicyIssue"]


async def day(tab: Tab, stage: Stage, verdict: Verdict) -> None:
    """A day of looks, and what the page keeps of it."""
    await show(tab, stage, count=30, firing=True)
    await tab.js(DAY.replace("TURNS", str(WARM_UP)))
    before, nodes = await tab.heap_bytes(), await tab.js("document.querySelectorAll('*').length")
    await tab.js(DAY.replace("TURNS", str(UPDATES)))
    after, nodes_then = await tab.heap_bytes(), await tab.js("document.querySelectorAll('*').length")
    growth = after / before - 1
    words = f"{UPDATES} looks: {before / 1e6:.2f} MB before, {after / 1e6:.2f} MB after ({growth:+.1%})"
    verdict.holds(words, so=growth <= MOST_GROWTH)
    verdict.holds(
        f"elements of the page: {nodes} before, {nodes_then} after", so=abs(int(str(nodes_then)) - int(str(nodes))) < 60
    )


async def cut_off(tab: Tab, verdict: Verdict, shots: Path) -> None:
    """The server goes and comes back: the page says so, keeps the last numbers, and needs no new sign-in."""
    async with staging(overview(3)) as stage:
        await tab.visit(stage.page)  # another port of the same host and the same token: the session holds there, too
        await tab.until(DRAWN)
        before = await tab.js("document.getElementById('figures').textContent")
    await tab.until("!document.getElementById('banner').hidden")
    said = str(await tab.js("document.getElementById('banner').textContent"))
    verdict.holds(
        "it says that it is cut off, and since when", so="No connection since" in said and "last numbers" in said
    )
    verdict.holds("the last numbers stay", so=await tab.js("document.getElementById('figures').textContent") == before)
    verdict.holds("marked as old", so=await tab.js("document.body.hasAttribute('data-stale')") is True)
    for theme in ("light", "dark"):
        for width, height in SIZES.items():
            (shots / f"offline-{theme}-{width}.png").write_bytes(await tab.look(width, height, theme=theme))
    async with staging(overview(3), port=stage.port):
        await tab.until("document.getElementById('banner').hidden && !document.body.hasAttribute('data-stale')")
        verdict.holds("it goes on by itself; a restart of the service signs nobody out", so=True)
    async with staging(overview(3), port=stage.port, viewer="another-token-of-the-hotel"):
        await tab.until("document.getElementById('connection-text').textContent === 'Signed out'")
        verdict.holds("another token ends the sessions of the old one", so=True)


async def in_service(tab: Tab, folder: Path, verdict: Verdict, shots: Path) -> None:
    """The whole way: a shell sends, GREEN-API answers, the service counts, the page shows."""
    with real_service(folder) as service:
        await tab.visit(service.url + PAGE)
        await tab.until(DRAWN)
        for number in range(3):
            await asyncio.to_thread(service.send, f"message {number}")
        await tab.until("document.querySelector('#instances td:nth-of-type(4)')?.textContent === '3'")
        verdict.holds("messages of a shell are on the page of the service", so=True)
        await asyncio.to_thread(service.turn, "notAuthorized")
        await asyncio.to_thread(service.send, "to nobody")
        await tab.until("document.getElementById('errors').textContent.includes('not authorized')")
        verdict.holds("and what GREEN-API refuses is among the errors", so=True)
        (shots / "service.png").write_bytes(await tab.look(1280, 1000))
        await asyncio.to_thread(service.stop)
        await tab.until("document.body.hasAttribute('data-stale')")
        verdict.holds("a service that ended is noticed", so=True)


async def everything(folder: Path, verdict: Verdict, shots: Path) -> None:
    """All of it in one browser."""
    async with browsing(folder) as tab:
        async with staging(overview(3)) as stage:
            await signing_in(tab, stage, verdict)
            await tab.resize(1280, 900)
            await without_eyes(tab, stage, verdict)
            await looks(tab, stage, verdict, shots)
            await hostile(tab, stage, verdict)
            await hands(tab, stage, verdict)
            await walls(tab, stage, verdict)
            await tab.visit(stage.page)
            await patching(tab, stage, verdict)
            await day(tab, stage, verdict)
        await cut_off(tab, verdict, shots)
        await in_service(tab, folder, verdict, shots)


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=Path, help="keep the pictures in this folder")
    chosen = parser.parse_args(arguments)
    try:
        say(f"with {program()}")
    except NoChromium as error:
        say(str(error))
        return 2

    def proof(folder: Path, verdict: Verdict) -> None:
        shots: Path = chosen.shots or folder / "shots"
        shots.mkdir(parents=True, exist_ok=True)
        asyncio.run(everything(folder, verdict, shots))

    return prove("verify-page", proof)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
