"""Pictures are told by what they hold, refused by their header where they are bombs, and drawn anew by a process of their own."""

import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from forum.kernel import pictures
from forum.kernel.errors import Invalid
from tests.shared import ROOT, shared_data

MEBIBYTE = 2**20
RED, BLUE = (200, 30, 30), (30, 30, 200)


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def halves(width: int = 600, height: int = 400) -> Image.Image:
    """Red on the left, blue on the right."""
    picture = Image.new("RGB", (width, height), RED)
    picture.paste(BLUE, (width // 2, 0, width, height))
    return picture


def squares(sent: bytes) -> list[Image.Image]:
    return [Image.open(BytesIO(made)) for made in pictures.squares(sent, (96, 240), field="picture")]


def refusal(sent: bytes) -> str:
    with pytest.raises(Invalid) as refused:
        pictures.squares(sent, (96, 240), field="picture")
    return refused.value.fields["picture"].msgid


def png_of(width: int, height: int, rows: bytes = b"") -> bytes:
    """A PNG that says it is this large, whatever it holds."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def webp_of(width: int, height: int) -> bytes:
    """An extended WebP that says its canvas is this large."""
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x00\x00\x00\x00" + canvas
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_each_kind_becomes_squares_of_webp(kind: str) -> None:
    small, large = squares(encoded(halves(), kind))
    assert (small.format, small.size, large.size) == ("WEBP", (96, 96), (240, 240))
    left, right = (large.convert("RGB").getpixel(at) for at in ((10, 120), (230, 120)))
    assert left[0] > 150 > left[2]  # type: ignore[index]
    assert right[2] > 150 > right[0]  # type: ignore[index]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (5, 7), (1500, 1100)])
def test_every_way_to_hold_colours_and_every_shape_can_be_drawn(mode: str, size: tuple[int, int]) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert [made.size for made in squares(encoded(Image.new(mode, size), kind))] == [(96, 96), (240, 240)]


def test_what_is_transparent_stays_so() -> None:
    _, large = squares(encoded(Image.new("RGBA", (300, 300), (0, 0, 0, 0)), "PNG"))
    assert large.convert("RGBA").getpixel((100, 100))[3] == 0  # type: ignore[index]


def test_where_and_with_what_it_was_taken_is_not_kept() -> None:
    exif = Image.Exif()
    exif[0x010F] = "CANARY-CAMERA"
    exif.get_ifd(0x8825)[29] = "CANARY-GPS"
    sent = encoded(halves(), "JPEG", exif=exif, comment=b"CANARY-COMMENT")
    assert sent.count(b"CANARY") == 3
    for made in pictures.squares(sent, (96, 240), field="picture"):
        assert b"CANARY" not in made
        assert not {b"EXIF", b"XMP ", b"ICCP"} & {made[at : at + 4] for at in range(12, len(made))}


def test_a_picture_that_was_taken_upside_down_is_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    _, large = squares(encoded(halves(), "JPEG", exif=exif))
    left = large.convert("RGB").getpixel((10, 120))
    assert left[2] > 150 > left[0]  # type: ignore[index]


def test_of_an_animation_the_first_frame_is_kept() -> None:
    frames = [Image.new("RGB", (64, 64), colour) for colour in (RED, BLUE)]
    for kind in ("GIF", "WEBP"):
        _, large = squares(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))
        assert getattr(large, "n_frames", 1) == 1
        assert large.convert("RGB").getpixel((120, 120))[0] > 150  # type: ignore[index]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"8BPS\x00\x01" + bytes(40),
        b"II*\x00" + bytes(40),
        b"MM\x00*" + bytes(40),
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"<!doctype html><script>alert(1)</script>",
        b"BM" + bytes(60),
        b"RIFF\x00\x00\x00\x00WAVE" + bytes(40),
        b" \xff\xd8\xff",
    ],
)
def test_everything_else_is_no_picture(sent: bytes) -> None:
    assert refusal(sent).startswith("This is no picture of a kind")


@pytest.mark.parametrize(
    "sent",
    [
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"RIFF\x00\x00\x00\x00WEBP",
        encoded(halves(), "JPEG")[:900],
        encoded(halves(), "PNG")[:-200],
        png_of(0, 10),
        png_of(300, 300, b"no rows at all"),
        b"\xff\xd8\xff\xe1\x00\x00" + bytes(100),
        b"GIF89a" + bytes(20) + b"<script>alert(1)</script>",
        b"RIFF\x00\x00\x00\x00WEBPVP8 " + b"\xff" * 40,
    ],
)
def test_what_only_begins_like_a_picture_is_broken(sent: bytes) -> None:
    assert refusal(sent).startswith("This picture could not be read")


def test_what_is_a_page_too_leaves_only_what_is_drawn() -> None:
    script = b"<script>alert('CANARY')</script>"
    for sent in (
        encoded(halves(), "PNG") + script,
        encoded(halves(), "JPEG", comment=script),
        encoded(halves(), "GIF", comment=script) + script,
    ):
        assert script in sent
        assert all(b"CANARY" not in made for made in pictures.squares(sent, (96, 240), field="picture"))


BOMBS: dict[str, Callable[[], bytes]] = {
    "pixel flood": lambda: png_of(30_000, 30_000, bytes(10_000)),
    "the largest numbers": lambda: png_of(2**31 - 1, 2**31 - 1),
    "canvas": lambda: webp_of(16_000, 16_000),
    "gif screen": lambda: b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + b"\x00\x00\x00;" + bytes(20),
    "jpeg frame": lambda: b"\xff\xd8\xff\xc0\x00\x11\x08" + struct.pack(">HH", 65_000, 65_000) + bytes(20),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_by_their_header(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_redrawn", None)  # nobody is to start a process for them
    assert refusal(BOMBS[name]()).startswith("This picture has too many pixels")


def _used(sent: bytes) -> dict[str, Any]:
    """What a fresh process that asks for squares says, and the memory (MiB) that it and the drawing one took at most."""
    code = """
import json, re, resource, sys
from pathlib import Path
from forum.kernel import pictures
from forum.kernel.errors import Invalid
sent = sys.stdin.buffer.read()
try:
    said = len(pictures.squares(sent, (96, 240), field="picture"))
except Invalid as refused:
    said = refused.fields["picture"].msgid
# what a process used before it became this one would count into its own ru_maxrss
own = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024
child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
print(json.dumps({"said": said, "own": own, "child": child}))
"""
    done = subprocess.run([sys.executable, "-c", code], input=sent, capture_output=True, cwd=ROOT, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_less_than_a_hundred_mebibytes(name: str) -> None:
    used = _used(BOMBS[name]())
    assert str(used["said"]).startswith("This picture has too many pixels")
    assert max(used["own"], used["child"]) < 100


def test_a_thousand_frames_take_no_more_than_one() -> None:
    frames = [Image.new("P", (2_000, 2_000), number % 250) for number in range(120)]
    bomb = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    used = _used(bomb)
    assert used["said"] == 2
    assert max(used["own"], used["child"]) < 100


def test_a_frame_that_is_larger_than_its_screen_is_refused() -> None:
    small = bytearray(encoded(Image.new("P", (10, 10)), "GIF"))
    at = small.index(b",\x00\x00\x00\x00\x0a\x00\x0a\x00")
    small[at + 5 : at + 9] = struct.pack("<HH", 60_000, 60_000)
    used = _used(bytes(small))
    assert str(used["said"]).startswith("This picture could not be read")
    assert max(used["own"], used["child"]) < 100


def test_the_process_that_draws_cannot_take_all_memory_or_time_or_write_a_file() -> None:
    code = """
import runpy, resource, sys
own = runpy.run_path("forum/kernel/redrawing.py")
own["_limit"]()
print(*(resource.getrlimit(what)[1] for what in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE)))
try:
    bytearray(600 * 2**20)
except MemoryError:
    print("no memory")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split("\n")[:2] == [f"{400 * MEBIBYTE} 5 0", "no memory"]


def test_a_process_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "SECONDS", 0.001)
    assert refusal(encoded(halves(), "PNG")).startswith("This picture could not be read")


def test_the_name_of_a_file_and_what_it_is_called_say_nothing() -> None:
    assert [pictures.kind_of(encoded(halves(), kind)) for kind in ("JPEG", "PNG", "WEBP", "GIF")] == [
        "JPEG",
        "PNG",
        "WEBP",
        "GIF",
    ]
    assert pictures.kind_of(encoded(halves(), "TIFF")) is None


def test_files_that_people_try_are_drawn_anew_or_refused_with_a_sentence() -> None:
    folder = shared_data("data/upload-files")
    drawn: dict[str, int] = {}
    for told in json.loads((folder / "manifest.json").read_text()):
        sent = (folder / told["file"]).read_bytes()
        made: list[bytes] = []
        with suppress(Invalid):  # anything else is a fault
            made = pictures.squares(sent, (96, 240), field="picture")
        drawn[told["kind"]] = drawn.get(told["kind"], 0) + bool(made)
        for picture in made:
            assert picture[:4] + picture[8:12] == b"RIFFWEBP"
            assert not [word for word in (b"<script", b"alert(", b"<svg", b"%PDF", b"GPS", b"Exif") if word in picture]
    assert drawn["exif-gps"] >= 3
    assert drawn["exif-orientation"] == 10
    assert drawn["active-svg"] == drawn["active-document"] == 0
