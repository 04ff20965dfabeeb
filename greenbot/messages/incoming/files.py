"""The five kinds of files: `fileMessageData` of the wire, and the same fields flat in a quotation."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias, TypeVar

from greenbot.messages.incoming.contents import Audio, Document, File, Image, Sticker, Video
from greenbot.messages.incoming.fields import Fields

AnyFile: TypeAlias = Image | Video | Document | Audio | Sticker
_Kind = TypeVar("_Kind", bound=File)
#: WhatsApp's own recorder makes Ogg Opus; sounds that somebody attached are usually mp3 or m4a.
_VOICE: Final = "audio/ogg"


def _file(of: type[_Kind], block: Fields, kind: str) -> _Kind:
    return of(
        type=kind,
        download_url=block.text("downloadUrl"),
        caption=block.text("caption"),
        file_name=block.text("fileName"),
        mime_type=block.text("mimeType"),
        thumbnail=block.text("jpegThumbnail"),
        is_animated=block.is_on("isAnimated"),
        is_forwarded=block.is_on("isForwarded"),
        forwarding_score=block.whole("forwardingScore"),
    )


def image_of(block: Fields, kind: str) -> Image:
    """A picture, from the block that holds it."""
    return _file(Image, block, kind)


def _video_of(block: Fields, kind: str) -> Video:
    return _file(Video, block, kind)


def _document_of(block: Fields, kind: str) -> Document:
    return _file(Document, block, kind)


def _sticker_of(block: Fields, kind: str) -> Sticker:
    return _file(Sticker, block, kind)


def _audio_of(block: Fields, kind: str) -> Audio:
    plain = _file(File, block, kind)
    return Audio(
        type=kind,
        download_url=plain.download_url,
        caption=plain.caption,
        file_name=plain.file_name,
        mime_type=plain.mime_type,
        thumbnail=plain.thumbnail,
        is_animated=plain.is_animated,
        is_forwarded=plain.is_forwarded,
        forwarding_score=plain.forwarding_score,
        is_voice=plain.mime_type.lower().startswith(_VOICE),
    )


#: typeMessage -> the file, from the block that holds its fields.
OF_BLOCK: Final[Mapping[str, Callable[[Fields, str], AnyFile]]] = {
    "imageMessage": image_of,
    "videoMessage": _video_of,
    "documentMessage": _document_of,
    "audioMessage": _audio_of,
    "stickerMessage": _sticker_of,
}


def of_message(data: Fields, kind: str) -> AnyFile:
    """The file of `messageData`."""
    return OF_BLOCK[kind](data.block("fileMessageData"), kind)


MAKERS: Final[Mapping[str, Callable[[Fields, str], AnyFile]]] = dict.fromkeys(OF_BLOCK, of_message)
