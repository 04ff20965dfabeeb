"""The documented answers of GREEN-API, as types.

Every key is optional and unknown keys stay in the dict: the documents mix ages, and servers are ahead of them.
"""

from typing import TypedDict


class Sent(TypedDict, total=False):
    """A message was queued; `urlFile` lives 15 days and comes with uploads only."""

    idMessage: str
    urlFile: str


class Forwarded(TypedDict, total=False):
    """The ids of the forwarded copies."""

    messages: list[str]


class StoredFile(TypedDict, total=False):
    """A file stored at GREEN-API for 15 days."""

    urlFile: str


class State(TypedDict, total=False):
    """authorized, notAuthorized, blocked, starting, suspended, yellowCard, sleepMode."""

    stateInstance: str


class PastState(TypedDict, total=False):
    """One entry of the history; `timestamp` in seconds."""

    stateInstance: str
    timestamp: int
    phoneNumber: int


class WaSettings(TypedDict, total=False):
    """The WhatsApp account; empty strings while it is not linked. `suspendedUntil` in seconds."""

    avatar: str
    phone: str
    stateInstance: str
    deviceId: str
    suspendedUntil: int


class Qr(TypedDict, total=False):
    """`type` qrCode (`message` is a PNG in base64), error, alreadyLogged or passkeyRequired."""

    type: str
    message: str


class AuthorizationCode(TypedDict, total=False):
    """A code to type into the phone."""

    status: bool
    code: str


class Notification(TypedDict, total=False):
    """The oldest notification; the same one returns until its receipt is deleted."""

    receiptId: int
    body: dict[str, object]


class Deleted(TypedDict, total=False):
    """`result` false: it was already gone."""

    result: bool
    reason: str


class FileLink(TypedDict, total=False):
    """A fresh link to a file."""

    downloadUrl: str


class JournalMessage(TypedDict, total=False):
    """One message of a journal; `timestamp` in seconds. Media and quotes bring further keys."""

    type: str
    idMessage: str
    timestamp: int
    typeMessage: str
    chatId: str
    textMessage: str
    extendedTextMessage: dict[str, object]
    downloadUrl: str
    caption: str
    fileName: str
    mimeType: str
    senderId: str
    senderName: str
    senderContactName: str
    statusMessage: str
    sendByApi: bool
    isEdited: bool
    isDeleted: bool


class JournalCall(TypedDict, total=False):
    """One call; `timestamp` of its end in seconds."""

    type: str
    idMessage: str
    timestamp: int
    typeMessage: str
    chatId: str
    isVideo: bool
    status: str
    isGroup: bool
    duration: int
    participants: list[dict[str, object]]


class CallRecording(TypedDict, total=False):
    """`status` processing or ready; the link lives an hour."""

    status: str
    downloadUrl: str
    expireAt: object
    durationMs: int
    sizeBytes: int


class QueuedMessage(TypedDict, total=False):
    """One message that waits at GREEN-API."""

    messageID: str
    messagesIDs: list[str]
    type: str
    body: dict[str, object]


class Count(TypedDict, total=False):
    """How many wait; up to 10 seconds old."""

    count: int


class Cleared(TypedDict, total=False):
    """The queue is empty now."""

    isCleared: bool
    reason: str


class CreatedGroup(TypedDict, total=False):
    """A new group."""

    created: bool
    chatId: str
    groupInviteLink: str


class Member(TypedDict, total=False):
    """One member of a group."""

    id: str
    lid: str
    isAdmin: bool
    isSuperAdmin: bool


class GroupData(TypedDict, total=False):
    """A group."""

    groupId: str
    owner: str
    subject: str
    creation: int
    groupInviteLink: str
    size: int
    participants: list[Member]


class PictureSet(TypedDict, total=False):
    """A picture was changed."""

    urlAvatar: str
    reason: str | None


class StatusView(TypedDict, total=False):
    """Who saw a status, and when, in seconds."""

    participant: str
    timestamp: int
    status: str


class Checked(TypedDict, total=False):
    """Whether a number has WhatsApp."""

    existsWhatsapp: bool
    chatId: str
    phoneNumber: str
    fromCache: bool


class Avatar(TypedDict, total=False):
    """A chat's picture; the link is empty if there is none or it is hidden."""

    urlAvatar: str
    available: bool
    existsWhatsapp: bool
    reason: str


class Contact(TypedDict, total=False):
    """One contact; `newChatId` when the hidden id of the chat has changed."""

    id: str
    name: str
    contactName: str
    type: str
    newChatId: str


class Chat(TypedDict, total=False):
    """One chat."""

    id: str
    archive: bool
    name: str
    type: str
    ephemeralExpiration: int
    ephemeralSettingTimestamp: int
    unreadCount: int
    newChatId: str


class ContactInfo(TypedDict, total=False):
    """Everything about a contact."""

    chatId: str
    avatar: str
    name: str
    contactName: str
    email: str
    category: str
    description: str
    products: list[dict[str, object]]
    lastSeen: object
    isArchive: bool
    isDisappearing: bool
    isMute: bool
    messageExpiration: int
    muteExpiration: int | None
    isBusiness: bool


class Disappearing(TypedDict, total=False):
    """How long messages of a chat stay, in seconds."""

    chatId: str
    disappearingMessagesInChat: bool
    ephemeralExpiration: int


class NewToken(TypedDict, total=False):
    """The new token of an instance, under one of two names. Secret."""

    apiTokenInstance: str
    newApiToken: str


class PartnerInstance(TypedDict, total=False):
    """One instance of a partner. Carries its token: secret."""

    idInstance: int
    name: str
    typeInstance: str
    timeCreated: str
    timeDeleted: str
    apiTokenInstance: str
    deleted: bool
    tariff: str
    isFree: bool
    isPartner: bool
    expirationDate: str
    isExpired: bool
    apiUrl: str
    mediaUrl: str
