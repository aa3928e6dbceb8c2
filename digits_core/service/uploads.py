"""Pictures in the body of a request: one as it is, or several as ``multipart/form-data`` (RFC 7578)."""

from __future__ import annotations

from email.message import Message

#: More pictures than this are refused: they would hold up others for long.
MOST_PICTURES = 64
#: Most bytes that stand before the content of a part.
_MOST_HEADER = 8192


class UploadWrong(ValueError):
    """A body holds no pictures; the message is the reason."""


def uploads(content_type: str, body: bytes) -> list[tuple[str, bytes]]:
    """Names and bytes of the pictures in a body.

    Args:
        content_type: What the request says it is.
        body: All of it.

    Raises:
        UploadWrong: If there are none, too many, or the body is not what it says.

    >>> uploads("image/png", b"...")
    [('picture', b'...')]
    """
    header = Message()
    header["content-type"] = content_type
    if header.get_content_maintype() != "multipart":
        if not body:
            raise UploadWrong("The body is empty, and a picture is expected.")
        return [("picture", body)]
    boundary = header.get_param("boundary")
    if header.get_content_subtype() != "form-data" or not isinstance(boundary, str) or not 0 < len(boundary) <= 70:
        raise UploadWrong("A body of several parts has to be multipart/form-data with a boundary.")
    parts = _parts(body, boundary.encode("latin-1", "replace"))
    if not 0 < len(parts) <= MOST_PICTURES:
        raise UploadWrong(f"From 1 to {MOST_PICTURES} pictures are expected, found {len(parts)}.")
    return [(_name(head) or f"picture {number}", data) for number, (head, data) in enumerate(parts, 1)]


def _parts(body: bytes, boundary: bytes) -> list[tuple[bytes, bytes]]:
    """Header and content of every part."""
    content, end, _ = (b"\r\n" + body).rpartition(b"\r\n--" + boundary + b"--")
    pieces = content.split(b"\r\n--" + boundary + b"\r\n", MOST_PICTURES + 1)
    if not end:
        raise UploadWrong("The body ends before its last boundary.")
    parts = []
    for piece in pieces[1:]:
        head, gap, data = piece.partition(b"\r\n\r\n")
        if not gap or len(head) > _MOST_HEADER:
            raise UploadWrong("A part of the body has no header, or one that is too long.")
        parts.append((head, data))
    return parts


def _name(head: bytes) -> str:
    """The file name of a part, else the name of its field."""
    for line in head.decode("utf-8", "replace").split("\r\n"):
        key, _, value = line.partition(":")
        if key.strip().lower() == "content-disposition":
            header = Message()
            header["content-disposition"] = value.strip()
            for word in ("filename", "name"):
                found = header.get_param(word, header="content-disposition")
                if isinstance(found, str) and found.isprintable():
                    return found
    return ""
