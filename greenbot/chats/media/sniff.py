"""What a file is, by its first bytes: never by the name or the type that came with it. Pure.

Only these endings are ever written to the disk. What is none of them, above all pages, scripts and programs,
is kept as `.bin`, which nothing opens by itself. Nothing is unpacked or decoded.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath

#: So many bytes are looked at.
HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class FileType:
    """The ending a file gets, and its MIME type."""

    ending: str
    mime_type: str


OTHER = FileType(ending="bin", mime_type="application/octet-stream")
_ZIP = FileType(ending="zip", mime_type="application/zip")
_TEXT = FileType(ending="txt", mime_type="text/plain")
_CARD = FileType(ending="vcf", mime_type="text/vcard")

#: Where the signature stands -> its bytes -> what it means.
_SIGNATURES: tuple[tuple[int, bytes, FileType], ...] = (
    (0, b"\xff\xd8\xff", FileType(ending="jpg", mime_type="image/jpeg")),
    (0, b"\x89PNG\r\n\x1a\n", FileType(ending="png", mime_type="image/png")),
    (0, b"GIF87a", FileType(ending="gif", mime_type="image/gif")),
    (0, b"GIF89a", FileType(ending="gif", mime_type="image/gif")),
    (8, b"WEBP", FileType(ending="webp", mime_type="image/webp")),
    (0, b"%PDF-", FileType(ending="pdf", mime_type="application/pdf")),
    (0, b"OggS", FileType(ending="ogg", mime_type="audio/ogg")),
    (0, b"ID3", FileType(ending="mp3", mime_type="audio/mpeg")),
    (0, b"\xff\xfb", FileType(ending="mp3", mime_type="audio/mpeg")),
    (0, b"\xff\xf3", FileType(ending="mp3", mime_type="audio/mpeg")),
    (0, b"\xff\xf1", FileType(ending="aac", mime_type="audio/aac")),
    (0, b"#!AMR", FileType(ending="amr", mime_type="audio/amr")),
    (8, b"WAVE", FileType(ending="wav", mime_type="audio/wav")),
    (4, b"ftypM4A", FileType(ending="m4a", mime_type="audio/mp4")),
    (4, b"ftyp3g", FileType(ending="3gp", mime_type="video/3gpp")),
    (4, b"ftypqt", FileType(ending="mov", mime_type="video/quicktime")),
    (4, b"ftyphei", FileType(ending="heic", mime_type="image/heic")),
    (4, b"ftyp", FileType(ending="mp4", mime_type="video/mp4")),
    (0, b"PK\x03\x04", _ZIP),
)
#: Office files are zip archives, and nothing is unpacked to see which: here the given name may choose among these.
_OFFICE: dict[str, str] = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
}
#: Every ending a stored file can have.
ENDINGS = frozenset({found.ending for _, _, found in _SIGNATURES} | set(_OFFICE) | {"txt", "vcf", "bin"})


def file_type(head: bytes, given_name: str | None = None) -> FileType:
    """What a file that begins so is."""
    for at, signature, found in _SIGNATURES:
        if head[at : at + len(signature)] == signature:
            return _office(given_name) if found is _ZIP else found
    return _text(head[:HEAD_BYTES])


def _office(given_name: str | None) -> FileType:
    ending = PurePosixPath(given_name or "").suffix[1:].lower()
    return FileType(ending=ending, mime_type=_OFFICE[ending]) if ending in _OFFICE else _ZIP


def _text(head: bytes) -> FileType:
    try:
        # The last character may be cut in two.
        text = head.decode("utf-8", "strict" if len(head) < HEAD_BYTES else "ignore")
    except UnicodeDecodeError:
        return OTHER
    if not text or any(ord(sign) < 32 and sign not in "\t\r\n" for sign in text):
        return OTHER
    bare = text.lstrip("\ufeff \t\r\n").lower()
    if bare.startswith("begin:vcard"):
        return _CARD
    # Pages, pictures made of text, and scripts: something opens them.
    return OTHER if "<" in bare[:1024] or bare.startswith(("#!", "@echo")) else _TEXT
