"""The process that decodes one picture and draws it anew. Run by `pictures` as a script, and imported by nobody.

It reads the file from standard input and writes, for each size, four bytes of length and the WebP; nothing at all if the
picture will not do. It cannot write a file, and ends when it takes more memory or time than a picture may.
"""

import resource
import sys
from typing import Any

MEMORY = 400 * 2**20  # of addresses; the interpreter and its libraries take a quarter
CPU_SECONDS = 5
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_ENOUGH = 960  # pixels of the shorter side


def main(most_pixels: int, sizes: list[int]) -> int:
    """Redraw standard input to standard output; 0 if it could be done."""
    _limit()
    import warnings

    from PIL import GifImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401

    warnings.simplefilter("error")
    Image.MAX_IMAGE_PIXELS = most_pixels
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        picture = Image.open(sys.stdin.buffer, formats=FORMATS)
        if picture.width * picture.height > most_pixels:
            return 3
        drawn = _squares(picture, sizes)
    except (OSError, ValueError, SyntaxError, MemoryError, EOFError, Warning, Image.DecompressionBombError):
        return 4
    for picture_bytes in drawn:
        sys.stdout.buffer.write(len(picture_bytes).to_bytes(4, "big") + picture_bytes)
    sys.stdout.buffer.flush()
    return 0


def _limit() -> None:
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def _squares(picture: Any, sizes: list[int]) -> list[bytes]:
    from io import BytesIO

    from PIL import ImageOps

    turned = picture.getexif().get(0x0112, 1)
    largest = max(sizes)
    picture.draft("RGB", (2 * largest, 2 * largest))  # a JPEG unfolds to an eighth of its size where that is enough
    square = _cut(_mixed(picture), largest)
    if turned in range(2, 9):
        exif = square.getexif()
        exif[0x0112] = turned
        square = ImageOps.exif_transpose(square)
    drawn = []
    for size in sizes:
        out, own = BytesIO(), square.resize((size, size))
        own.save(out, "WEBP", quality=82, method=4, exif=b"", icc_profile=b"", xmp=b"")
        drawn.append(out.getvalue())
    return drawn


def _mixed(picture: Any) -> Any:
    """In colours that can be averaged: a palette's numbers, or sixteen bits of grey, cannot."""
    if picture.mode in ("RGB", "L"):
        return picture
    picture = _thinned(picture)
    if picture.mode.startswith("I"):
        picture = picture.point(lambda value: value * (1 / 256)).convert("L")
    has_alpha = picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info
    return picture.convert("RGBA" if has_alpha else "RGB")


def _thinned(picture: Any) -> Any:
    """Only every few pixels, because mixing all of a large picture would take its memory twice over."""
    scale = max(_ENOUGH / min(picture.size), _ENOUGH * 4 / max(picture.size))
    if scale >= 1:
        return picture
    return picture.resize((max(1, int(picture.width * scale)), max(1, int(picture.height * scale))), 0)


def _cut(picture: Any, size: int) -> Any:
    from PIL import Image

    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    box = (left, top, left + side, top + side)
    cut = picture.resize((size, size), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    return cut if cut.mode in ("RGB", "RGBA") else cut.convert("RGB")


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), [int(size) for size in sys.argv[2:]]))
