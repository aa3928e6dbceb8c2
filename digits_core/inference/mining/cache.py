"""What a model made of pictures, kept on disk so that the next question about them is quick."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import xxhash

from digits_core.disk import new_folder
from digits_core.graph.codec import encode
from digits_core.inference.mining.embeddings import Seen
from digits_core.inference.model import Model

#: What is kept takes at most so much of the disk; what was not used for longest goes first.
CACHE_BYTES = 4 * 2**30


def model_digest(model: Model) -> str:
    """What tells one model from another: XXH3 over its network, the form of its pictures, and its weights."""
    digest = xxhash.xxh3_128(json.dumps([encode(model.graph), model.picture.model_dump()], sort_keys=True).encode())
    for name, array in sorted(model.arrays.items()):
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


class EmbeddingCache:
    """What was seen before, by model, dataset, split and layer.

    Args:
        folder: Where it is kept; may be deleted at any time.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: tuple[str, ...]) -> Seen | None:
        """What is kept under ``key``, mapped from the disk; None where nothing is, or it is damaged."""
        place = self._place(key)
        try:
            found = [np.load(place / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in Seen.__slots__]
            os.utime(place)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, EOFError):
            shutil.rmtree(place, ignore_errors=True)
            return None
        return Seen(*found)

    def put(self, key: tuple[str, ...], seen: Seen) -> None:
        """Keep ``seen``; what was not used for longest makes room for it."""
        try:
            with new_folder(self._place(key)) as unfinished:
                for name in Seen.__slots__:
                    np.save(unfinished / f"{name}.npy", getattr(seen, name))
        except FileExistsError:
            return  # Somebody else was quicker.
        self._make_room(self._place(key))

    def _place(self, key: tuple[str, ...]) -> Path:
        return self._folder / hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]

    def _make_room(self, newest: Path) -> None:
        places = sorted(self._folder.iterdir(), key=lambda place: place.stat().st_mtime, reverse=True)
        used = 0
        for place in [newest, *(place for place in places if place != newest)]:
            used += sum(file.stat().st_size for file in place.iterdir())
            if used > CACHE_BYTES and place != newest:
                shutil.rmtree(place, ignore_errors=True)
