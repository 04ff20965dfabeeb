"""Sending methods: each checks its parameters, makes a draft and puts it into the send queue."""

from __future__ import annotations

from urllib.parse import urlsplit

from greenbot.simulator import params
from greenbot.simulator.drafts import MAX_TYPING_MS, MIN_TYPING_MS, TYPING_TYPES, Draft, common_fields, enqueue
from greenbot.simulator.files import file_message_type, mime_type_of, store_file
from greenbot.simulator.journal import JournalMessage
from greenbot.simulator.methods.registry import Answer, Call, archive, method
from greenbot.simulator.replies import BAD_REQUEST, ApiRefusal, validation
from greenbot.simulator.samples import messages

MAX_TEXT = 20_000
MAX_CAPTION = 1024
MAX_PREVIEW_FIELD = 300
MAX_QUESTION = 255
MIN_OPTIONS, MAX_OPTIONS = 2, 12
MAX_BUTTONS, MAX_BUTTON_TEXT = 3, 25
BUTTON_FIELDS = {"copy": "copyCode", "call": "phoneNumber", "url": "url"}
TOO_BIG_URL = "File from url exceeded max upload size. Size: 1000mb Limit: 100mb Url: {url}"
# GREEN-API docs: sendFileByUrl refuses links with these characters or spaces.
BAD_URL_CHARACTERS = frozenset(" ~$€%#£?!")
NAME_FIELDS = ("firstName", "middleName", "lastName", "company")

for _name in ("sendButtons", "sendTemplateButtons", "sendListMessage", "sendTemplate"):
    archive(_name, verb="POST")


@method("sendMessage", verb="POST", needs="running")
async def send_message(call: Call) -> Answer:
    chat_id, quoted, typing_ms = common_fields(call)
    text = params.text(call.params, "message", longest=MAX_TEXT)
    preview = params.flag(call.params, "linkPreview", default=True)
    size = params.one_of(call.params, "typePreview", ("large", "small"))
    title, description = _custom_preview(call)
    draft = Draft(
        chat_id=chat_id,
        kind="sendMessage",
        message_data=messages.extended_text(text, title=title, description=description),
        queue_body={"message": text, "linkPreview": preview, "typePreview": size or None},
        quoted_message_id=quoted,
        typing_ms=typing_ms,
    )
    return {"idMessage": enqueue(call, draft)}


def _custom_preview(call: Call) -> tuple[str, str]:
    value = call.params.get("customPreview")
    if value is None:
        return "", ""
    fields = params.mapping(value, "customPreview")
    title = params.text(fields, "title", longest=MAX_PREVIEW_FIELD)
    params.optional_text(fields, "link", longest=MAX_PREVIEW_FIELD)
    return title, params.optional_text(fields, "description", longest=MAX_PREVIEW_FIELD)


@method("sendLink", verb="POST", needs="running")
async def send_link(call: Call) -> Answer:
    """Deprecated in favour of sendMessage, but still served."""
    chat_id, quoted, typing_ms = common_fields(call)
    link = _url(call, "urlLink")
    draft = Draft(
        chat_id=chat_id,
        kind="sendLink",
        message_data=messages.extended_text(link),
        queue_body={"urlLink": link},
        quoted_message_id=quoted,
        typing_ms=typing_ms,
    )
    return {"idMessage": enqueue(call, draft)}


@method("sendFileByUrl", verb="POST", needs="running")
async def send_file_by_url(call: Call) -> Answer:
    url = _url(call, "urlFile")
    file_name = params.text(call.params, "fileName")
    if url in call.instance.knobs.urls_too_big:
        raise ApiRefusal(500, TOO_BIG_URL.format(url=url), shape="message")
    return {"idMessage": _enqueue_file(call, url, file_name)}


@method("sendFileByUpload", verb="POST", host="media", needs="running", body="form")
async def send_file_by_upload(call: Call) -> Answer:
    common_fields(call)
    part = call.files.get("file")
    if part is None:
        raise validation("'file' is required")
    file_name = params.optional_text(call.params, "fileName") or part.file_name
    _caption(call)
    upload = store_file(call.instance, part, file_name=file_name)
    return {"idMessage": _enqueue_file(call, upload.url, file_name), "urlFile": upload.url}


@method("uploadFile", verb="POST", host="media", needs="running", body="raw")
async def upload_file(call: Call) -> Answer:
    part = call.files.get("file")
    if part is None or not part.content:
        raise ApiRefusal(400, BAD_REQUEST)
    return {"urlFile": store_file(call.instance, part).url}


def _enqueue_file(call: Call, url: str, file_name: str) -> str:
    chat_id, quoted, typing_ms = common_fields(call)
    caption = _caption(call)
    params.one_of(call.params, "typingType", TYPING_TYPES)
    mime_type = mime_type_of(file_name)
    data = messages.file_data(file_name, mime_type, download_url=url, caption=caption)
    draft = Draft(
        chat_id=chat_id,
        kind="sendFileByUrl",
        message_data=messages.file(file_message_type(mime_type), data),
        queue_body={"urlFile": url, "fileName": file_name, "caption": caption},
        quoted_message_id=quoted,
        typing_ms=typing_ms,
    )
    return enqueue(call, draft)


def _caption(call: Call) -> str:
    return params.optional_text(call.params, "caption", longest=MAX_CAPTION)


def _url(call: Call, name: str) -> str:
    url = params.text(call.params, name)
    try:
        parts = urlsplit(url)
    except ValueError:
        raise validation(f"'{name}' must be a valid uri") from None
    if parts.scheme not in ("http", "https") or not parts.netloc or BAD_URL_CHARACTERS & set(url):
        raise validation(f"'{name}' must be a valid uri")
    return url


@method("sendLocation", verb="POST", needs="running")
async def send_location(call: Call) -> Answer:
    chat_id, quoted, typing_ms = common_fields(call)
    latitude = params.number(call.params, "latitude", low=-90, high=90)
    longitude = params.number(call.params, "longitude", low=-180, high=180)
    name = params.optional_text(call.params, "nameLocation")
    address = params.optional_text(call.params, "address")
    draft = Draft(
        chat_id=chat_id,
        kind="sendLocation",
        message_data=messages.location(latitude, longitude, name=name, address=address),
        queue_body={
            "latitude": latitude,
            "longitude": longitude,
            "nameLocation": name,
            "address": address,
        },
        quoted_message_id=quoted,
        typing_ms=typing_ms,
    )
    return {"idMessage": enqueue(call, draft)}


@method("sendContact", verb="POST", needs="running")
async def send_contact(call: Call) -> Answer:
    chat_id, quoted, typing_ms = common_fields(call)
    contact = params.mapping(call.params.get("contact"), "contact")
    phone = params.integer(contact, "phoneContact", low=10**5, high=10**16 - 1)
    names = [params.optional_text(contact, name) for name in NAME_FIELDS]
    if not any(names):
        raise validation("'contact' must contain at least one of [firstName, middleName, lastName, company]")
    name = " ".join(part for part in names[:3] if part) or names[3]
    draft = Draft(
        chat_id=chat_id,
        kind="sendContact",
        message_data=messages.contact(name, str(phone)),
        queue_body={"contact": dict(contact)},
        quoted_message_id=quoted,
        typing_ms=typing_ms,
    )
    return {"idMessage": enqueue(call, draft)}


@method("sendPoll", verb="POST", needs="running")
async def send_poll(call: Call) -> Answer:
    chat_id, quoted, typing_ms = common_fields(call)
    question = params.text(call.params, "message", longest=MAX_QUESTION)
    options = _poll_options(call)
    multiple = params.flag(call.params, "multipleAnswers", default=False)
    draft = Draft(
        chat_id=chat_id,
        kind="sendPoll",
        message_data=messages.poll(question, options, multiple_answers=multiple),
        queue_body={
            "message": question,
            "options": [{"optionName": option} for option in options],
            "multipleAnswers": multiple,
        },
        quoted_message_id=quoted,
        typing_ms=typing_ms,
    )
    return {"idMessage": enqueue(call, draft)}


def _poll_options(call: Call) -> list[str]:
    items = params.items(call.params, "options")
    options = [params.text(params.mapping(item, "options"), "optionName") for item in items]
    if len(options) < MIN_OPTIONS:
        raise validation(f"'options' must contain at least {MIN_OPTIONS} items")
    if len(options) > MAX_OPTIONS:
        raise validation(f"'options' must contain less than or equal to {MAX_OPTIONS} items")
    if len(set(options)) < len(options):
        raise validation("'options' contains a duplicate value")
    return options


@method("forwardMessages", verb="POST", needs="running")
async def forward_messages(call: Call) -> Answer:
    chat_id, _, typing_ms = common_fields(call)
    source = call.instance.real_chat_id(params.chat_id(call.params, "chatIdFrom"))
    ids = [str(item) for item in params.items(call.params, "messages")]
    originals = [_known(call, source, each) for each in ids]
    sent: list[object] = []
    for original in originals:
        draft = Draft(
            chat_id=chat_id,
            kind="ForwardMessages",
            message_data=_forwarded(original.message_data),
            queue_body={"chatIdFrom": call.params["chatIdFrom"], "messages": ids},
            typing_ms=typing_ms,
        )
        sent.append(enqueue(call, draft))
    return {"messages": sent}


def _known(call: Call, chat_id: str, id_message: str) -> JournalMessage:
    message = call.instance.journal.find_seen(chat_id, id_message, call.now)
    if message is None:
        raise ApiRefusal(400, BAD_REQUEST)
    return message


def _forwarded(message_data: dict[str, object]) -> dict[str, object]:
    """A copy marked as forwarded; a plain text travels as extendedTextMessage like every API text."""
    block = message_data.get("textMessageData")
    if isinstance(block, dict):
        return messages.extended_text(str(block.get("textMessage", "")), score=1)
    return {
        key: {**value, "isForwarded": True, "forwardingScore": 1}
        if isinstance(value, dict) and key.endswith("Data")
        else value
        for key, value in message_data.items()
        if key != "quotedMessage"
    }


@method("sendInteractiveButtons", verb="POST", needs="running")
async def send_interactive_buttons(call: Call) -> Answer:
    return {"idMessage": _enqueue_buttons(call, "interactiveButtons", with_actions=True)}


@method("sendInteractiveButtonsReply", verb="POST", needs="running")
async def send_interactive_buttons_reply(call: Call) -> Answer:
    return {"idMessage": _enqueue_buttons(call, "interactiveButtonsReply", with_actions=False)}


def _enqueue_buttons(call: Call, type_message: str, *, with_actions: bool) -> str:
    chat_id, _, typing_ms = common_fields(call)
    body = params.text(call.params, "body", longest=MAX_TEXT)
    header = params.optional_text(call.params, "header")
    footer = params.optional_text(call.params, "footer")
    buttons = _buttons(call, with_actions=with_actions)
    shown = {"titleText": header, "contentText": body, "footerText": footer, "buttons": buttons}
    draft = Draft(
        chat_id=chat_id,
        kind="sendInteractiveButtons" if with_actions else "sendInteractiveButtonsReply",
        message_data={"typeMessage": type_message, type_message: shown},
        queue_body={"header": header, "body": body, "footer": footer, "buttons": buttons},
        typing_ms=typing_ms,
    )
    return enqueue(call, draft)


def _buttons(call: Call, *, with_actions: bool) -> list[object]:
    items = params.items(call.params, "buttons")
    if len(items) > MAX_BUTTONS:
        raise validation(f"'buttons' must contain less than or equal to {MAX_BUTTONS} items")
    return [_button(params.mapping(item, "buttons"), with_actions=with_actions) for item in items]


def _button(fields: params.Params, *, with_actions: bool) -> dict[str, object]:
    params.text(fields, "buttonId")
    params.text(fields, "buttonText", longest=MAX_BUTTON_TEXT)
    if with_actions:
        params.text(fields, "type")
        kind = params.one_of(fields, "type", tuple(BUTTON_FIELDS))
        params.text(fields, BUTTON_FIELDS[kind])
    return dict(fields)


@method("sendTyping", verb="POST")
async def send_typing(call: Call) -> Answer:
    params.chat_id(call.params)
    params.integer(call.params, "typingTime", low=MIN_TYPING_MS, high=MAX_TYPING_MS)
    params.one_of(call.params, "typingType", TYPING_TYPES)
    return b""


@method("sendReaction", verb="POST", needs="running")
async def send_reaction(call: Call) -> Answer:
    chat_id = params.chat_id(call.params)
    target = params.text(call.params, "idMessage")
    emoji = params.text(call.params, "reaction")
    original = _known(call, call.instance.real_chat_id(chat_id), target)
    participant = original.sender_id or call.instance.wid
    draft = Draft(
        chat_id=chat_id,
        kind="sendReaction",
        message_data=messages.reaction(emoji, stanza_id=target, participant=participant),
        queue_body={"idMessage": target, "reaction": emoji},
    )
    return {"idMessage": enqueue(call, draft)}
