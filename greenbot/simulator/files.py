"""Files held in memory and served again under `/files/…` of the media host."""

from __future__ import annotations

import mimetypes
import re
from typing import TYPE_CHECKING

from greenbot.simulator.records import Upload

if TYPE_CHECKING:
    from greenbot.simulator.methods.registry import FilePart
    from greenbot.simulator.world import Instance

UNKNOWN_MIME = "application/octet-stream"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_KINDS = {"image": "imageMessage", "video": "videoMessage", "audio": "audioMessage"}


def store_file(instance: Instance, part: FilePart, *, file_name: str = "") -> Upload:
    """Keep a file and give it a URL; a nameless one is named by its MIME type, `.bin` when unknown."""
    world = instance.world
    extension = mimetypes.guess_extension(part.mime_type.partition(";")[0]) or ".bin"
    name = file_name or part.file_name or f"file{extension}"
    # sendFileByUrl refuses links with special characters, so the link must not hold any.
    path = f"/files/{instance.id}/{world.rng.getrandbits(64):016x}/{_UNSAFE.sub('_', name)}"
    mime_type = mime_type_of(name, fallback=part.mime_type)
    upload = Upload(
        url=world.media_url + path,
        file_name=name,
        mime_type=mime_type,
        content=part.content,
        uploaded_at=world.clock.now(),
    )
    world.files[path] = upload
    instance.uploads.append(upload)
    return upload


def mime_type_of(file_name: str, *, fallback: str = UNKNOWN_MIME) -> str:
    """The MIME type a file name stands for; GREEN-API docs: the extension decides."""
    return mimetypes.guess_type(file_name)[0] or fallback


def file_message_type(mime_type: str) -> str:
    """The typeMessage of a file of this MIME type; what is no picture, video or sound is a document."""
    return _KINDS.get(mime_type.partition("/")[0], "documentMessage")
