"""Every method of the documentation has a route with its documented verb and host."""

from __future__ import annotations

import pytest

from greenbot.simulator.methods.registry import METHODS
from greenbot.simulator.server import build_app
from greenbot.simulator.world import World

GET = """scanqrcode getSettings getWaSettings getStateInstance getStateInstanceHistory getStatusInstance reboot logout
 qr updateApiToken getDeviceInfo setSystemProxy receiveNotification lastIncomingMessages lastOutgoingMessages
 lastIncomingCalls lastOutgoingCalls showMessagesQueue clearMessagesQueue getMessagesCount getWebhooksCount
 getStatusStatistic getIncomingStatuses getOutgoingStatuses getContacts getChats"""
POST = """setSettings getAuthorizationCode setProfilePicture sendMessage sendFileByUrl sendLocation sendContact
 sendPoll forwardMessages sendInteractiveButtons sendInteractiveButtonsReply sendTyping sendReaction sendButtons
 sendTemplateButtons sendListMessage sendTemplate sendLink downloadFile getChatHistory getMessage
 getCallRecording createGroup updateGroupName getGroupData addGroupParticipant removeGroupParticipant setGroupAdmin
 removeAdmin setGroupPicture leaveGroup updateGroupSettings sendTextStatus sendVoiceStatus sendMediaStatus
 deleteStatus readChat checkWhatsapp getAvatar getContactInfo addContact editContact deleteContact editMessage
 deleteMessage archiveChat unarchiveChat setDisappearingChat sendFileByUpload uploadFile
 getProducts getProduct getCollections getCollection getOrderDetails createCollection
 createProduct editProduct deleteProduct editCollection deleteCollection
 moveCollections sendProduct sendOrder"""
DELETE = "deleteNotification clearWebhooksQueue"
MEDIA = {"sendFileByUpload", "uploadFile"}
ARCHIVED = {
    "getStatusInstance",
    "setSystemProxy",
    "sendButtons",
    "sendTemplateButtons",
    "sendListMessage",
    "sendTemplate",
}

ROWS = [(name, verb) for verb, names in (("GET", GET), ("POST", POST), ("DELETE", DELETE)) for name in names.split()]


@pytest.fixture(autouse=True)
def registered(world: World) -> None:
    build_app(world)


@pytest.mark.parametrize(("name", "verb"), ROWS)
def test_a_documented_method_is_served(name: str, verb: str) -> None:
    method = METHODS[name.lower()]
    assert (method.name, method.verb) == (name, verb)
    assert method.host == ("media" if name in MEDIA else "api")
    assert (method.handler is None) == (name in ARCHIVED)


def test_nothing_else_is_served() -> None:
    assert {method.name for method in METHODS.values()} == {name for name, _ in ROWS}
