"""downloadFile: a fresh link to the file of a message."""

from __future__ import annotations

from greenbot.simulator import params
from greenbot.simulator.methods.registry import Answer, Call, method
from greenbot.simulator.replies import BAD_REQUEST, ApiRefusal


@method("downloadFile", verb="POST")
async def download_file(call: Call) -> Answer:
    chat_id = call.instance.real_chat_id(params.chat_id(call.params))
    id_message = params.text(call.params, "idMessage")
    message = call.instance.journal.find_seen(chat_id, id_message, call.now)
    url = "" if message is None else message.content.get("downloadUrl", "")
    if not url:
        raise ApiRefusal(400, BAD_REQUEST)
    return {"downloadUrl": url}
