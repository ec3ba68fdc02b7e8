"""A PNG file without its pixels.

Metadata may stand behind the pixels (PNG specification, third edition, 5.6), and Pillow decodes them all to reach it.
A chunk says its length first, so the same is found by a few jumps through the file.
"""

import struct
import zlib
from typing import BinaryIO

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_PIXELS, _END = b"IDAT", b"IEND"
_METADATA = frozenset({b"eXIf", b"tEXt", b"zTXt", b"iTXt"})
"""Chunks that can hold an orientation: EXIF as such, as a raw profile, or in XMP."""
_CRC_BYTES = 4


def without_pixels(stream: BinaryIO) -> bytes:
    """The file with all metadata in front and its pixels empty, to be opened but not decoded.

    Args:
        stream: at the start of a PNG file, seekable. A file that breaks off gives what it has; metadata behind the
            pixels count only where they are whole.
    """
    head, seen_pixels = [stream.read(len(SIGNATURE))], False
    while len(start := stream.read(8)) == 8:
        length, kind = struct.unpack(">I4s", start)
        if kind == _END:
            break
        seen_pixels = seen_pixels or kind == _PIXELS
        if seen_pixels and kind not in _METADATA:
            stream.seek(length + _CRC_BYTES, 1)
            continue
        body = stream.read(length + _CRC_BYTES)
        if not seen_pixels or _is_whole(kind, body):
            head += [start, body]
    if seen_pixels:
        head.append(struct.pack(">I4sI", 0, _PIXELS, zlib.crc32(_PIXELS)))
    return b"".join(head)


def _is_whole(kind: bytes, body: bytes) -> bool:
    """Whether a chunk's data and check sum are all there and agree."""
    data, crc = body[:-_CRC_BYTES], body[-_CRC_BYTES:]
    return crc == struct.pack(">I", zlib.crc32(kind + data))
