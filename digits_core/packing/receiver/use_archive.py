#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Classify pictures with a model archive made by ``digits archive``.

    python use_archive.py model.tar.gz picture.jpg ...

Needs Python 3.10 or newer with numpy, Pillow and onnxruntime, and nothing else. ARCHIVE is the file (.tar.gz, .tgz,
.tar.bz2, .tar or .zip) or the folder that it was unpacked into. It is read into memory; nothing is written.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import pathlib
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageOps

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
Numbers = np.ndarray[Any, np.dtype[Any]]
Prepare = Callable[[bytes], Pixels]
#: Pictures that go through the network together.
BATCH = 64

#: The files of an archive that are needed, and the most bytes that each may have.
MANIFEST, PREPROCESSING, LABELS, ONNX = "manifest.json", "preprocessing.json", "labels.txt", "model.onnx"
MOST_BYTES = {MANIFEST: 2**20, PREPROCESSING: 2**20, LABELS: 2**24, ONNX: 2**31}

#: What Python's modules raise of files that are no archives, or damaged ones.
UNREADABLE = (
    *(OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError),
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error),
)


# --- Pictures: the same as in digits_core/dataset/pictures.py, to the last bit -------------------------------------

MAX_PIXELS = 2**26
PADDING = 128
GROUND = 255
FORMATS = "JPEG PNG BMP GIF WEBP TIFF PPM JPEG2000 AVIF DIB ICO PCX SGI TGA".split()
ORIENTATION = 0x0112


def prepare_picture(data: bytes, width: int, height: int, channels: int, resize: str) -> Pixels:
    """Encoded bytes to uint8 ``[height, width, channels]``; ValueError says why not.

    Turned upright by its EXIF orientation; transparent pictures are laid on white; 16-bit gray becomes 8-bit. ``crop``
    scales until the picture covers the size, ``fill`` until it fits, ``half-crop`` halfway between, ``squash`` each
    side by itself.
    """
    Image.init()
    image: Image.Image = Image.open(io.BytesIO(data), formats=[name for name in FORMATS if name in Image.OPEN])
    check_pixels(image.size)
    if image.format == "JPEG":
        reduce(image, width, height, resize)
    ImageOps.exif_transpose(image, in_place=True)
    fitted = fit(flatten(image, "L" if channels == 1 else "RGB"), width, height, resize)
    return np.asarray(fitted).reshape(height, width, channels)


def check_pixels(size: tuple[int, int]) -> None:
    """Refuse bombs before they are decoded."""
    if not 0 < size[0] * size[1] <= MAX_PIXELS:
        raise ValueError(f"has {size[0]}x{size[1]} pixels, from 1 to {MAX_PIXELS:,} are accepted")


def reduce(image: Image.Image, width: int, height: int, resize: str) -> None:
    """Let a JPEG be decoded at a fraction of its size, not under twice the final one."""
    size = image.size
    if image.getexif().get(ORIENTATION, 1) >= 5:
        width, height = height, width
    across, down = scales(size, width, height, resize)
    image.draft(None, (max(1, round(2 * size[0] * across)), max(1, round(2 * size[1] * down))))


def flatten(image: Image.Image, mode: str) -> Image.Image:
    """To 8 bits, without transparency, gray or RGB."""
    if image.mode in ("I", "I;16", "I;16B", "I;16L", "I;16N"):
        pixels = np.asarray(image)
        if pixels.min() < 0 or pixels.max() > 65535:
            raise ValueError("has pixels of more than 16 bits")
        image = Image.fromarray(((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8))
    elif image.mode == "F":
        raise ValueError("has floating-point pixels, whose range is not known")
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, (GROUND, GROUND, GROUND, 255))
        image = Image.alpha_composite(ground, image)
    return image if image.mode == mode else image.convert(mode)


def scales(size: tuple[int, int], width: int, height: int, resize: str) -> tuple[float, float]:
    """Factors of width and height."""
    across, down = width / size[0], height / size[1]
    if resize == "squash":
        return across, down
    scale = {"crop": max(across, down), "fill": min(across, down), "half-crop": 2 / (1 / across + 1 / down)}[resize]
    return scale, scale


def fit(image: Image.Image, width: int, height: int, resize: str) -> Image.Image:
    """To size, bilinear with antialiasing."""
    across, down = scales(image.size, width, height, resize)
    left, right, inner_width = span(image.size[0], across, width)
    top, bottom, inner_height = span(image.size[1], down, height)
    inner = image.resize((inner_width, inner_height), Image.Resampling.BILINEAR, box=(left, top, right, bottom))
    if inner.size == (width, height):
        return inner
    canvas = Image.new(image.mode, (width, height), (PADDING,) * len(image.getbands()))
    canvas.paste(inner, ((width - inner_width) // 2, (height - inner_height) // 2))
    return canvas


def span(length: int, scale: float, target: int) -> tuple[float, float, int]:
    """Along one side: which part of the picture is seen, from and to, and how many pixels it becomes."""
    inner = max(1, min(target, round(length * scale)))
    seen = min(float(length), max(target, 1) / scale)
    start = (length - seen) / 2
    return start, min(float(length), start + seen), inner


def cut_middle(pixels: Pixels, height: int, width: int) -> Pixels:
    """The middle of ``[H, W, C]``."""
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return pixels[top : top + height, left : left + width]


# --- Predictions ----------------------------------------------------------------------------------------------------


def open_session(data: bytes) -> Any:
    """A session of ONNX Runtime for an ONNX model; RuntimeError says why there is none."""
    try:
        import onnxruntime  # type: ignore[import-untyped]
    except ImportError as reason:
        raise RuntimeError(f"it needs onnxruntime (pip install onnxruntime): {reason}") from reason
    try:
        return onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    except Exception as reason:  # It has no common class for what it says of a file.
        said = " ".join(str(reason).split())
        raise RuntimeError(f"onnxruntime {onnxruntime.__version__} cannot read the model: {said}") from reason


class Network:
    """An ONNX model, and the classes that it knows.

    Args:
        data: The file.
        labels: Names of the classes, by number; empty: they are numbered.
        mean: Subtracted from pictures before a network that takes numbers and not pictures; None: nothing is.
    """

    def __init__(self, data: bytes, labels: list[str], mean: Numbers | None = None) -> None:
        self.session = open_session(data)
        self.input = self.session.get_inputs()[0]
        self.labels, self.mean = labels, mean

    def said(self, key: str, default: Any) -> Any:
        """What the model says of itself, JSON in its metadata."""
        text = self.session.get_modelmeta().custom_metadata_map.get(key)
        return json.loads(text) if text else default

    def predict(self, pixels: Pixels) -> Numbers:
        """Probabilities float64 ``[B, classes]`` of pictures uint8 ``[B, H, W, C]``."""
        found = self.session.run(None, {self.input.name: self.prepared(pixels)})
        # The logits, where the model gives them: probabilities are rounded.
        rows: Numbers = found[1] if len(found) > 1 and found[1].shape == found[0].shape else found[0]
        rows = rows.astype(np.float64)
        if (rows >= 0).all() and np.allclose(rows.sum(axis=1), 1, atol=1e-3):
            return rows
        powers = np.exp(rows - rows.max(axis=1, keepdims=True))
        probabilities: Numbers = powers / powers.sum(axis=1, keepdims=True)
        return probabilities

    def prepared(self, pixels: Pixels) -> Numbers | Pixels:
        """Pictures as the model takes them: mean and scale are inside those that take pictures."""
        if self.input.type == "tensor(uint8)":
            return pixels
        numbers = pixels.astype(np.float32)
        if self.input.shape[1] in (1, 3):
            numbers = numbers.transpose(0, 3, 1, 2)
        if self.mean is not None:
            numbers = numbers - self.mean
        return np.ascontiguousarray(numbers, np.float16 if self.input.type == "tensor(float16)" else np.float32)

    def show(self, pictures: list[tuple[str, Pixels]], top: int) -> None:
        """Print the best classes of each picture."""
        for (path, _), row in zip(pictures, self.predict(np.stack([pixels for _, pixels in pictures])), strict=True):
            names = self.labels or [f"class {index}" for index in range(len(row))]
            print(path)
            for index in np.argsort(-row[: len(names)], kind="stable")[:top]:
                print(f'{row[index]:9.4%} - "{names[index]}"')


def classify(network: Network, paths: list[str], prepare: Prepare, batch_size: int, top: int = 5) -> int:
    """Print what pictures are taken for; the exit status: 0, or 1 where some could not be read, 2 where none could."""
    unread = 0
    for start in range(0, len(paths), batch_size):
        pictures = []
        for path in paths[start : start + batch_size]:
            try:
                pictures.append((path, prepare(pathlib.Path(path).read_bytes())))
            except Exception as reason:  # Damaged files make Pillow's decoders raise nearly anything.
                unread += 1
                print(f"Error: {path} cannot be read: {reason}", file=sys.stderr)
        if pictures:
            network.show(pictures, top)
    return 0 if not unread else 2 if unread == len(paths) else 1


def run(command: Callable[[], int]) -> int:
    """The exit status of a command; quiet where whoever reads its output has seen enough, as ``head`` has."""
    try:
        status = command()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


# --- The archive ----------------------------------------------------------------------------------------------------


def read_archive(path: pathlib.Path) -> dict[str, bytes]:
    """The files of an archive that are needed; they have the digests that the manifest gives them."""
    if path.is_dir():
        files = {name: (path / name).read_bytes() for name in MOST_BYTES if (path / name).is_file()}
    elif zipfile.is_zipfile(path):
        files = read_zip(path)
    else:
        files = read_tar(path)
    if missing := sorted(MOST_BYTES.keys() - files.keys()):
        raise ValueError(f"it is no archive: {', '.join(missing)} missing")
    records = json.loads(files[MANIFEST])["files"]
    for name in MOST_BYTES.keys() - {MANIFEST}:
        if hashlib.sha256(files[name]).hexdigest() != records[name]["sha256"]:
            raise ValueError(f"it is damaged: {name} has another SHA-256 than its manifest says")
    return files


def read_zip(path: pathlib.Path) -> dict[str, bytes]:
    """Files of a zip archive."""
    with zipfile.ZipFile(path) as archive:
        found = [info for info in archive.infolist() if info.filename in MOST_BYTES]
        return {info.filename: archive.read(info) for info in found if fits(info.filename, info.file_size)}


def read_tar(path: pathlib.Path) -> dict[str, bytes]:
    """Files of a tar archive, compressed or not."""
    with tarfile.open(path, "r|*") as archive:
        files = {}
        for info in archive:
            stream = archive.extractfile(info) if info.isreg() and info.name in MOST_BYTES else None
            if stream and fits(info.name, info.size):
                files[info.name] = stream.read()
        return files


def fits(name: str, size: int) -> bool:
    """True, or ValueError where a file is larger than it can be."""
    if size > MOST_BYTES[name]:
        raise ValueError(f"{name} has {size:,} bytes, at most {MOST_BYTES[name]:,} are read")
    return True


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Classify pictures with a model archive.")
    parser.add_argument("archive", type=pathlib.Path, help="the archive, or the folder that it was unpacked into")
    parser.add_argument("images", nargs="+", help="picture files")
    parser.add_argument("--batch-size", type=int, default=BATCH, help=f"pictures at a time [{BATCH}]")
    options = parser.parse_args()
    try:
        files = read_archive(options.archive)
        text = files[LABELS].decode().removesuffix("\n")
        network = Network(files[ONNX], text.split("\n") if text else [])
    except UNREADABLE as reason:
        told = reason.strerror if isinstance(reason, OSError) and reason.strerror else reason
        print(f"Error: Archive {options.archive} cannot be used: {told}", file=sys.stderr)
        return 2
    form = json.loads(files[PREPROCESSING])
    crop = form["crop"] or (form["picture"]["height"], form["picture"]["width"])

    def prepare(data: bytes) -> Pixels:
        return cut_middle(prepare_picture(data, **form["picture"]), *crop)

    return classify(network, options.images, prepare, max(1, options.batch_size))


if __name__ == "__main__":
    sys.exit(run(main))
