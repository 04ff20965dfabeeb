"""Calls the official SDK as its users do, in both its styles, and checks every call by its answer.

Runs in .venv-interop: standard library and SDK only.
usage: python -m tests.interop.sdk_check API_URL MEDIA_URL ID TOKEN
"""

import asyncio
import json
import logging
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

from whatsapp_api_client_python import API

from tests.interop.sdk import DEFECTS, Sdk, Simulator, must

GUEST = "11001234568@c.us"
OTHER_GUEST = "11001234569@c.us"
#: Bytes that are a PNG and a JPEG to anyone who looks at their beginning.
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(64) + b"\xff\xd9"


def account(sdk: Sdk) -> None:
    """Settings and state."""

    def is_authorized() -> bool:
        return bool(sdk.call("account", "getStateInstance").get("stateInstance") == "authorized")

    with sdk.check("getStateInstance"):
        must(is_authorized(), "the instance is not authorized")
    with sdk.check("setSettings", "getSettings"):
        wanted = {"incomingWebhook": "yes", "outgoingWebhook": "no", "delaySendMessagesMilliseconds": 500}
        answer = sdk.call("account", "setSettings", wanted | {"webhookUrl": "", "linkPreview": "no"})
        must(answer.get("saveSettings") is True, "not saved")
        sdk.eventually(
            "incomingWebhook=yes", lambda: sdk.call("account", "getSettings").get("incomingWebhook") == "yes"
        )
        sdk.eventually("the reboot's end", is_authorized)


def sending(sdk: Sdk) -> str:
    """Every kind of message. Returns the id of a text."""
    hello = ""
    with sdk.check("sendMessage"):
        hello = str(
            sdk.call("sending", "sendMessage", GUEST, f"Hello, {sdk.style}", linkPreview=False).get("idMessage")
        )
        must(hello, "no idMessage")
    with sdk.check("sendFileByUrl"):
        url = "https://example.com/menu.pdf"
        must(sdk.call("sending", "sendFileByUrl", GUEST, url, "menu.pdf", "The menu").get("idMessage"), "no idMessage")
    with sdk.check("sendFileByUpload"):
        picture = sdk.file("pool.png", PNG)
        answer = sdk.call("sending", "sendFileByUpload", GUEST, picture, "pool.png", "The pool")
        must(answer.get("idMessage") and str(answer.get("urlFile")).startswith("http"), "no idMessage and urlFile")
    with sdk.check("uploadFile"):
        upload(sdk)
    with sdk.check("sendLocation"):
        answer = sdk.call("sending", "sendLocation", GUEST, 50.4501, 30.5234, "Grand Kyiv", "1 Main street")
        must(answer.get("idMessage"), "no idMessage")
    with sdk.check("sendContact"):
        contact = {"phoneContact": 11001234569, "firstName": "Olena", "company": "Grand Kyiv"}
        must(sdk.call("sending", "sendContact", GUEST, contact).get("idMessage"), "no idMessage")
    with sdk.check("sendPoll"):
        options = [{"optionName": "Sea view"}, {"optionName": "Garden"}]
        must(sdk.call("sending", "sendPoll", GUEST, "Which room?", options, False).get("idMessage"), "no idMessage")
    with sdk.check("forwardMessages"):
        forwarded = sdk.call("sending", "forwardMessages", OTHER_GUEST, GUEST, [hello]).get("messages")
        must(isinstance(forwarded, list) and len(forwarded) == 1 and forwarded[0] != hello, f"{forwarded!r}")
    return hello


def upload(sdk: Sdk) -> None:
    """uploadFile: works in the plain style, cannot work in the async one."""
    path = sdk.file("map.png", PNG)
    if not sdk.is_async:
        must(str(sdk.call("sending", "uploadFile", path).get("urlFile")).startswith("http"), "no urlFile")
        return
    try:
        answer = sdk.call("sending", "uploadFile", path)
    except Exception:  # noqa: BLE001 - which one depends on the version of aiohttp underneath
        sdk.defect("async-upload-file", still_there=True)
    else:
        sdk.defect("async-upload-file", still_there=answer.code is None)


def receiving(sdk: Sdk) -> None:
    """The polling of events: take one, delete it, see the next."""
    with sdk.check("receiveNotification"):
        while (waiting := sdk.call("receiving", "receiveNotification", 5)).data:
            drop(sdk, waiting.get("receiptId"))
        first, second = (sdk.simulator.guest_writes(GUEST, f"{word}, {sdk.style}") for word in ("One", "Two"))
        taken = sdk.call("receiving", "receiveNotification")
        must(taken.get("body")["idMessage"] == first, f"not the first event: {taken.data!r}")
        must(taken.get("body")["typeWebhook"] == "incomingMessageReceived", "not an incoming message")
    with sdk.check("deleteNotification"):
        answer = sdk.call("receiving", "deleteNotification", taken.get("receiptId"))
        if sdk.is_async:
            same = sdk.call("receiving", "receiveNotification").get("receiptId") == taken.get("receiptId")
            sdk.defect("async-delete-notification", still_there=same)
            drop(sdk, taken.get("receiptId"))
        else:
            must(answer.get("result") is True, f"{answer.data!r}")
        following = sdk.call("receiving", "receiveNotification")
        must(following.get("body")["idMessage"] == second, "the second event is not next")
        drop(sdk, following.get("receiptId"))


def drop(sdk: Sdk, receipt_id: int) -> None:
    """Delete an event with the plain method, which works."""
    sdk.client.receiving.deleteNotification(receipt_id)


def journals(sdk: Sdk, hello: str) -> None:
    """Messages found again, and forgotten after the given minutes."""
    asked = sdk.simulator.guest_writes(OTHER_GUEST, f"Is there a pool, {sdk.style}?")

    def ids(method: str, *arguments: object) -> list[str]:
        return [item["idMessage"] for item in sdk.call("journals", method, *arguments).items()]

    with sdk.check("getChatHistory"):
        sdk.eventually("the text in the history", lambda: hello in ids("getChatHistory", GUEST, 100))
        must(len(ids("getChatHistory", GUEST, 1)) == 1, "count is ignored")
    with sdk.check("getMessage"):
        message = sdk.call("journals", "getMessage", GUEST, hello)
        must(message.get("idMessage") == hello, "another message")
        must(message.get("textMessage") == f"Hello, {sdk.style}", f"another text: {message.data!r}")
    with sdk.check("lastIncomingMessages", "lastOutgoingMessages"):
        must(asked in ids("lastIncomingMessages"), "the question is missing")
        must(hello in ids("lastOutgoingMessages"), "the text is missing")
        # A minute of the simulated world passes in a second.
        time.sleep(1.5)
        forgotten = asked not in ids("lastIncomingMessages", 1), hello not in ids("lastOutgoingMessages", 1)
        if sdk.is_async:
            sdk.defect("async-minutes", still_there=not any(forgotten))
        else:
            must(all(forgotten), f"minutes is ignored: {forgotten}")


def service(sdk: Sdk, hello: str) -> None:
    """Marks, checks, edits and deletions."""
    with sdk.check("readChat"):
        asked = sdk.simulator.guest_writes(GUEST, "Hello?")
        must(sdk.call("marking", "readChat", GUEST, asked).get("setRead") is True, "not read")
    with sdk.check("checkWhatsapp"):
        must(sdk.call("serviceMethods", "checkWhatsapp", 11001234568).get("existsWhatsapp") is True, "by number")
        must(sdk.call("serviceMethods", "checkWhatsapp", chatId=GUEST).get("existsWhatsapp") is True, "by chat id")
    with sdk.check("editMessage"):
        answer = sdk.call("serviceMethods", "editMessage", GUEST, hello, "Good morning")
        must(answer.get("idMessage"), f"{answer.data!r}")
        edited = sdk.call("journals", "getMessage", GUEST, hello)
        must("Good morning" in json.dumps(edited.data), f"not edited: {edited.data!r}")
    with sdk.check("deleteMessage"):
        answer = sdk.call("serviceMethods", "deleteMessage", GUEST, hello)
        must(answer.code == 200, f"{answer.error!r}")
        sdk.defect("not-json-is-empty-list", still_there=answer.data == "[]")
        if not sdk.is_async:
            sdk.defect("delete-message-prints", still_there=hello in answer.printed)
        deleted = sdk.call("journals", "getMessage", GUEST, hello)
        must(deleted.code != 200 or deleted.get("isDeleted") is True, f"still there: {deleted.data!r}")


def queues(sdk: Sdk) -> None:
    """The send queue, whose head does not show."""
    with sdk.check("showMessagesQueue"):
        sdk.simulator.hold_queue(True)
        try:
            sent = [sdk.call("sending", "sendMessage", GUEST, f"Queued {n}").get("idMessage") for n in range(3)]
            shown = [item["messageID"] for item in sdk.call("queues", "showMessagesQueue").items()]
            must(set(shown) & set(sent), f"none of {sent} in {shown}")
            must(all(item["type"] == "sendMessage" for item in sdk.call("queues", "showMessagesQueue").items()), "type")
        finally:
            sdk.simulator.hold_queue(False)


def groups(sdk: Sdk) -> None:
    """A group's whole life."""
    group = ""

    def done(method: str, key: str, *arguments: object) -> None:
        with sdk.check(method):
            answer = sdk.call("groups", method, group, *arguments)
            must(answer.get(key) is True, f"{answer.data!r}")

    def data() -> dict[str, Any]:
        answer = sdk.call("groups", "getGroupData", group)
        must(answer.get("groupId") == group, f"{answer.data!r}")
        return dict(answer.data)

    def admins() -> set[str]:
        return {member["id"] for member in data()["participants"] if member["isAdmin"]}

    with sdk.check("createGroup"):
        answer = sdk.call("groups", "createGroup", f"Guests, {sdk.style}", [GUEST])
        group = answer.get("chatId")
        must(answer.get("created") is True and str(group).endswith("@g.us"), f"{answer.data!r}")
    done("updateGroupName", "updateGroupName", "Guests of room 12")
    done("addGroupParticipant", "addParticipant", OTHER_GUEST)
    done("setGroupAdmin", "setGroupAdmin", OTHER_GUEST)
    with sdk.check("getGroupData"):
        must(data()["subject"] == "Guests of room 12", "the name did not change")
        must(OTHER_GUEST in admins(), "the new member is no admin")
    done("removeAdmin", "removeAdmin", OTHER_GUEST)
    with sdk.check("removeAdmin"):
        must(OTHER_GUEST not in admins(), "still an admin")
    done("removeGroupParticipant", "removeParticipant", OTHER_GUEST)
    with sdk.check("removeGroupParticipant"):
        must(OTHER_GUEST not in {member["id"] for member in data()["participants"]}, "still a member")
    done("setGroupPicture", "setGroupPicture", sdk.file("group.jpg", JPEG))
    done("updateGroupSettings", "updateGroupSettings", False, True)
    done("leaveGroup", "leaveGroup")


def statuses(sdk: Sdk) -> None:
    """Stories: only for the defect of their statistics."""
    with sdk.check("sendTextStatus"):
        status = sdk.call("statuses", "sendTextStatus", "Open until eleven").get("idMessage")
        must(status, "no idMessage")
    with sdk.check("getStatusStatistic"):
        answer = sdk.call("statuses", "getStatusStatistic", status)
        if sdk.is_async:
            sdk.defect("async-status-statistic", still_there=answer.code != 200)
        else:
            answer.items()


def run(style: str, arguments: list[str], folder: Path) -> Sdk:
    """Every check in one style."""
    api_url, media_url, id_instance, token = arguments
    client = API.GreenAPI(id_instance, token, host=api_url, media=media_url)
    loop = asyncio.new_event_loop()
    sdk = Sdk(client, style, Simulator(api_url, id_instance), folder, loop)
    account(sdk)
    hello = sending(sdk)
    receiving(sdk)
    journals(sdk, hello)
    service(sdk, hello)
    queues(sdk)
    groups(sdk)
    statuses(sdk)
    loop.close()
    return sdk


def main() -> int:
    """Both styles; a line per result."""
    # The SDK logs whole answers to stderr, also those of its own defects, which are expected here.
    logging.disable()
    warnings.simplefilter("ignore")
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for style in ("sync", "async"):
            sdk = run(style, sys.argv[1:], Path(folder))
            failed = failed or bool(sdk.failed)
            methods = list(dict.fromkeys(sdk.passed))
            print(f"{style}: {len(methods)} methods answered as they should: {', '.join(methods)}")
            for name in sdk.excused:
                print(f"{style}: excused, a defect of the SDK: {DEFECTS[name]} [{name}]")
            for line in sdk.failed:
                print(f"{style}: FAILED {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
