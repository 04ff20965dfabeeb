"""File types: what a guest sees of a file, told by its extension as GREEN-API does."""

from dataclasses import dataclass
from pathlib import PurePosixPath

OTHER = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileType:
    """One row of GREEN-API's table of supported files."""

    extension: str
    mime_type: str
    #: image, video, audio or document
    kind: str
    #: `shown` in the chat, `file` to be opened, `converted`: shown only after a conversion by the sender
    shown_as: str = "shown"


def _rows(kind: str, shown_as: str, types: str) -> tuple[FileType, ...]:
    pairs = (entry.split("=") for entry in types.split())
    return tuple(FileType(extension=name, mime_type=mime, kind=kind, shown_as=shown_as) for name, mime in pairs)


#: GREEN-API docs: "File types" of sendFileByUpload and sendFileByUrl.
FILE_TYPES = (
    *_rows("image", "shown", "bmp=image/bmp jpeg=image/jpeg jpg=image/jpeg png=image/png"),
    *_rows("image", "converted", "avif=image/avif ico=image/x-icon webp=image/webp"),
    *_rows("image", "file", "ai=application/postscript cdr=application/vnd.corel-draw eps=application/postscript"),
    *_rows("image", "file", "iff=image/iff jps=image/x-jps mpo=image/mpo pxr=image/x-pixar"),
    *_rows("video", "shown", "mov=video/quicktime mp4=video/mp4"),
    *_rows("video", "converted", "m4v=video/x-m4v"),
    *_rows("video", "file", "3gp=video/3gpp hevc=video/hevc mxf=application/mxf"),
    *_rows("audio", "shown", "m4a=audio/mp4 mp3=audio/mpeg ogg=audio/ogg"),
    *_rows("audio", "converted", "flac=audio/flac m4r=audio/mp4 wav=audio/wav"),
    *_rows("audio", "file", "ape=audio/x-ape"),
    *_rows("document", "file", "doc=application/msword xls=application/vnd.ms-excel ppt=application/vnd.ms-powerpoint"),
    *_rows("document", "file", "docx=application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    *_rows("document", "file", "xlsx=application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    *_rows("document", "file", "pptx=application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    *_rows("document", "file", "pdf=application/pdf rtf=application/rtf odt=application/vnd.oasis.opendocument.text"),
    *_rows("document", "file", "txt=text/plain csv=text/csv zip=application/zip rar=application/vnd.rar"),
)
_BY_EXTENSION = {row.extension: row for row in FILE_TYPES}


def extension(file_name: str) -> str:
    """`pdf` for `Menu.PDF`; empty when there is none."""
    return PurePosixPath(file_name).suffix.removeprefix(".").lower()


def file_type(file_name: str) -> FileType | None:
    """The row for this name; None for a type GREEN-API does not list (it is sent as a file)."""
    return _BY_EXTENSION.get(extension(file_name))


def mime_type(file_name: str) -> str:
    """The content type to announce for a file of this name."""
    row = file_type(file_name)
    if row is not None:
        return row.mime_type
    import mimetypes

    # A table of its own, not the machine's: the same name means the same type everywhere.
    guessed, encoding = mimetypes.MimeTypes().guess_type(f"x.{extension(file_name)}")
    return guessed if guessed and not encoding else OTHER
