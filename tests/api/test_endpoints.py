"""The catalogue against GREEN-API's documents."""

import inspect
import re

import pytest

from greenbot.api.client import Client
from greenbot.api.endpoints import ENDPOINTS, Endpoint, find, unlisted
from greenbot.errors import UnknownMethod, UsageError

ROWS = list(ENDPOINTS.values())

# GREEN-API docs, one group per section, November 2026.
DOCUMENTED = {
    "account": """
        getSettings setSettings getWaSettings getStateInstance getStateInstanceHistory getStatusInstance
        reboot logout qr scanqrcode getAuthorizationCode setProfilePicture updateApiToken getDeviceInfo
        setSystemProxy
    """,
    "sending": """
        sendMessage sendFileByUpload sendFileByUrl uploadFile sendLocation sendContact sendPoll
        forwardMessages sendInteractiveButtons sendInteractiveButtonsReply sendTyping sendReaction
        sendButtons sendTemplateButtons sendListMessage sendTemplate sendLink
    """,
    "receiving": """
        receiveNotification deleteNotification downloadFile
    """,
    "journals": """
        getChatHistory getMessage lastIncomingMessages lastOutgoingMessages lastIncomingCalls
        lastOutgoingCalls getCallRecording
    """,
    "queues": """
        showMessagesQueue clearMessagesQueue getMessagesCount getWebhooksCount clearWebhooksQueue
    """,
    "groups": """
        createGroup updateGroupName getGroupData addGroupParticipant removeGroupParticipant setGroupAdmin
        removeAdmin setGroupPicture leaveGroup updateGroupSettings
    """,
    "statuses": """
        sendTextStatus sendVoiceStatus sendMediaStatus deleteStatus getStatusStatistic getIncomingStatuses
        getOutgoingStatuses
    """,
    "service": """
        readChat checkWhatsapp getAvatar getContacts getChats getContactInfo addContact editContact
        deleteContact editMessage deleteMessage archiveChat unarchiveChat setDisappearingChat
    """,
    "catalogs": """
        getProducts getProduct getCollections getCollection getOrderDetails createCollection createProduct
        editProduct deleteProduct editCollection deleteCollection moveCollections sendProduct sendOrder
    """,
    "partner": """
        getInstances createInstance deleteInstanceAccount
    """,
}
RATES = {
    100.0: "receiveNotification deleteNotification",
    50.0: """sendMessage sendButtons sendTemplateButtons sendListMessage sendTemplate sendLocation sendLink sendContact
        sendFileByUrl sendFileByUpload sendPoll forwardMessages getInstances createInstance deleteInstanceAccount""",
    10.0: """getMessage addGroupParticipant removeGroupParticipant setGroupAdmin removeAdmin leaveGroup readChat
        checkWhatsapp getAvatar deleteMessage archiveChat unarchiveChat deleteStatus""",
    5.0: "downloadFile sendTextStatus sendVoiceStatus sendMediaStatus",
    3.0: "qr",
    0.1: "setProfilePicture",
    1 / 60: "clearWebhooksQueue",
}


@pytest.mark.parametrize("group", DOCUMENTED)
def test_every_documented_method_has_its_row(group: str) -> None:
    assert {row.name for row in ROWS if row.group == group} == set(DOCUMENTED[group].split())


def test_rates_are_those_of_the_documents_and_one_elsewhere() -> None:
    listed = {name: rate for rate, names in RATES.items() for name in names.split()}
    assert {row.name: row.rate_per_second for row in ROWS} == {row.name: listed.get(row.name, 1.0) for row in ROWS}


def test_names_differ_also_without_their_case() -> None:
    assert len({row.name.lower() for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_agrees_with_itself(row: Endpoint) -> None:
    files = [param.name for param in row.params if param.type == "file"]
    assert (row.flag is not None) == (row.answer == "flag")
    assert files == (["file"] if row.body in ("multipart", "raw") else [])
    assert row.body in {"GET": ("none", "query"), "DELETE": ("none", "path"), "WEBSOCKET": ("none",)}.get(
        row.verb, ("json", "multipart", "raw")
    )
    assert not (row.sends and row.repeat_safe), "a send is never safe to repeat"
    assert row.call_class != "send" or row.sends
    assert bool(row.params) or row.body in ("none", "json")
    assert row.summary
    assert not row.summary.endswith(".")
    assert all(param.doc for param in row.params)


@pytest.mark.parametrize(
    "name",
    ["reboot", "logout", "setSettings", "clearMessagesQueue", "clearWebhooksQueue", "updateApiToken", "createInstance"],
)
def test_what_cannot_be_undone_is_not_repeated(name: str) -> None:
    assert not find(name).repeat_safe


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_has_a_typed_method(row: Endpoint) -> None:
    method = getattr(Client, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", row.name).lower())
    assert inspect.iscoroutinefunction(method)
    assert method.__doc__ == f"{row.summary}."
    assert f'"{row.name}"' in inspect.getsource(method)


@pytest.mark.parametrize("name", ["sendMessage", "SENDMESSAGE", "SendMessage", " sendmessage "])
def test_a_method_is_found_in_any_case(name: str) -> None:
    assert find(name).name == "sendMessage"


def test_a_typo_gets_a_suggestion() -> None:
    with pytest.raises(UnknownMethod) as error:
        find("sendMesage")
    assert error.value.hint == "Did you mean sendMessage?" or "sendMessage" in (error.value.hint or "")


def test_a_method_of_tomorrow_can_be_called_but_never_repeated() -> None:
    row = unlisted("sendSticker")
    assert (row.repeat_safe, row.body, row.answer) == (False, "json", "empty")
    assert unlisted("getStickers", verb="GET").body == "query"


@pytest.mark.parametrize("name", ["", "../reboot", "a/b", "send Message", "ж", "a?b=c"])
def test_a_method_name_is_one_plain_path_segment(name: str) -> None:
    with pytest.raises(UsageError):
        unlisted(name)
