"""Pictures that people send, made anew: only what was drawn survives, at sizes of ours, in a format of ours.

What a file is, its first bytes say, never its name; how large it would unfold, its header says, which is read here without
any library. Only then a process of its own decodes it (`redrawing`), with little memory and time: decoders are where files
attack. This process never decodes a picture.
"""

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from forum.kernel.errors import N_, Invalid, Text, Unavailable

MOST_PIXELS: Final = 40_000_000
SECONDS: Final = 8.0  # of real time, for a process that may compute for `redrawing.CPU_SECONDS`
_AT_ONCE = threading.BoundedSemaphore(2)  # in this process; one picture may take some 200 MiB for half a second
_PATIENCE: Final = 10.0
_CHILD: Final = Path(__file__).with_name("redrawing.py")

_UNKNOWN = Text(N_("This is no picture of a kind that we take. Send a JPEG, PNG, WebP or GIF."))
_TOO_LARGE = Text(N_("This picture has too many pixels. Make it smaller: 40 megapixels are the most."))
_BROKEN = Text(N_("This picture could not be read. Open it in an editor, save it anew, and send that."))
_BUSY = Text(N_("Many pictures are being read just now. Send it again in a moment."))


def squares(sent: bytes, sizes: Sequence[int], *, field: str) -> list[bytes]:
    """The middle of a picture as squares of `sizes` pixels, as WebP without any metadata, the right way up. Of an animation
    the first frame.

    Raises:
        Invalid: (of `field`) no picture of a kind that is taken, too many pixels, or broken; large ones are refused by
            their header.
        Unavailable: others are being read.
    """
    width, height = _checked_size(sent, field)
    if width * height > MOST_PIXELS:
        raise Invalid({field: _TOO_LARGE})
    if not _AT_ONCE.acquire(timeout=_PATIENCE):
        raise Unavailable(_BUSY)
    try:
        drawn = _redrawn(sent, sizes)
    finally:
        _AT_ONCE.release()
    if drawn is None:
        raise Invalid({field: _BROKEN})
    return drawn


def _checked_size(sent: bytes, field: str) -> tuple[int, int]:
    kind = kind_of(sent)
    if kind is None:
        raise Invalid({field: _UNKNOWN})
    size = _SIZES[kind](sent)
    if size is None or 0 in size:
        raise Invalid({field: _BROKEN})
    return size


def kind_of(sent: bytes) -> str | None:
    """ "JPEG", "PNG", "GIF" or "WEBP" by how the file begins; None for everything else."""
    if sent.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if sent.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if sent.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    return "WEBP" if sent[:4] == b"RIFF" and sent[8:12] == b"WEBP" else None


def _redrawn(sent: bytes, sizes: Sequence[int]) -> list[bytes] | None:
    """What the other process drew; None if it would not, or could not within its limits."""
    command = [sys.executable, "-I", str(_CHILD), str(MOST_PIXELS), *map(str, sizes)]
    try:
        done = subprocess.run(command, input=sent, capture_output=True, timeout=SECONDS, check=False, env={})
    except subprocess.TimeoutExpired:
        return None
    if done.returncode != 0:
        return None
    drawn, rest = [], done.stdout
    for _ in sizes:
        length = int.from_bytes(rest[:4], "big")
        drawn.append(rest[4 : 4 + length])
        rest = rest[4 + length :]
    return drawn if all(map(len, drawn)) and not rest else None


def _png_size(sent: bytes) -> tuple[int, int] | None:
    """From the IHDR chunk, which must come first (PNG specification, 11.2.1)."""
    if sent[12:16] != b"IHDR" or len(sent) < 33:
        return None
    return int.from_bytes(sent[16:20], "big"), int.from_bytes(sent[20:24], "big")


def _gif_size(sent: bytes) -> tuple[int, int] | None:
    """From the logical screen descriptor (GIF89a, 18). A frame that is larger than it is refused where it is decoded."""
    if len(sent) < 13:
        return None
    return int.from_bytes(sent[6:8], "little"), int.from_bytes(sent[8:10], "little")


def _webp_size(sent: bytes) -> tuple[int, int] | None:
    """From the first chunk: lossy, lossless or extended (RFC 9649, 2.5 to 2.7)."""
    chunk, start = sent[12:16], sent[20:30]
    if len(start) < 10:
        return None
    if chunk == b"VP8X":
        return 1 + int.from_bytes(start[4:7], "little"), 1 + int.from_bytes(start[7:10], "little")
    if chunk == b"VP8L" and start[0] == 0x2F:
        bits = int.from_bytes(start[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 " and start[3:6] == b"\x9d\x01\x2a":
        return int.from_bytes(start[6:8], "little") & 0x3FFF, int.from_bytes(start[8:10], "little") & 0x3FFF
    return None


def _jpeg_size(sent: bytes) -> tuple[int, int] | None:
    """From the first frame header, past the segments before it (ITU-T T.81, B.2.2)."""
    at = 2
    while at + 9 < len(sent) and sent[at] == 0xFF:
        marker = sent[at + 1]
        if marker == 0xFF:  # a filling byte
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(sent[at + 7 : at + 9], "big"), int.from_bytes(sent[at + 5 : at + 7], "big")
        else:
            length = int.from_bytes(sent[at + 2 : at + 4], "big")
            if length < 2:
                return None
            at += 2 + length
    return None


_SIZES: Final[dict[str, Callable[[bytes], tuple[int, int] | None]]] = {
    "JPEG": _jpeg_size,
    "PNG": _png_size,
    "GIF": _gif_size,
    "WEBP": _webp_size,
}
