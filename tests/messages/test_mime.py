"""File types by extension, as GREEN-API's table has them."""

import pytest

from greenbot.messages.mime import FILE_TYPES, OTHER, extension, file_type, mime_type

# green-api.md §2.2 "File types", row by row.
DOCUMENTED = {
    ("image", "shown"): "bmp jpeg jpg png",
    ("image", "converted"): "avif ico webp",
    ("image", "file"): "ai cdr eps iff jps mpo pxr",
    ("video", "shown"): "mov mp4",
    ("video", "converted"): "m4v",
    ("video", "file"): "3gp hevc mxf",
    ("audio", "shown"): "m4a mp3 ogg",
    ("audio", "converted"): "flac m4r wav",
    ("audio", "file"): "ape",
    ("document", "file"): "docx doc pptx ppt xlsx xls pdf rtf odt txt rar zip csv",
}


@pytest.mark.parametrize(("kind", "shown_as"), DOCUMENTED)
def test_the_table_holds_every_documented_type(kind: str, shown_as: str) -> None:
    found = {row.extension for row in FILE_TYPES if (row.kind, row.shown_as) == (kind, shown_as)}
    assert found == set(DOCUMENTED[kind, shown_as].split())


def test_no_extension_is_there_twice() -> None:
    assert len({row.extension for row in FILE_TYPES}) == len(FILE_TYPES)


@pytest.mark.parametrize(
    ("name", "ending"),
    [("a.pdf", "pdf"), ("Menu.PDF", "pdf"), ("a.tar.gz", "gz"), ("README", ""), (".profile", ""), ("a.", ""), ("", "")],
)
def test_the_extension_is_the_last_part_in_small_letters(name: str, ending: str) -> None:
    assert extension(name) == ending


@pytest.mark.parametrize(
    ("name", "mime"),
    [
        ("a.jpg", "image/jpeg"),
        ("a.JPEG", "image/jpeg"),
        ("a.pdf", "application/pdf"),
        ("a.ogg", "audio/ogg"),
        ("a.csv", "text/csv"),
        ("a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.html", "text/html"),  # not in the table, known to Python
        ("a.gz", OTHER),  # compressed: what is inside is unknown
        ("a.tgz", OTHER),
        ("a.none-such", OTHER),
        ("README", OTHER),
        ("..", OTHER),
    ],
)
def test_each_name_has_a_type_to_announce(name: str, mime: str) -> None:
    assert mime_type(name) == mime


def test_unlisted_types_are_known_as_such() -> None:
    assert file_type("a.exe") is None
