"""What tells one dataset from another: a hash of every stored picture, and a digest of all that training can see."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import xxhash

from digits_core.spec.dataset import SPLITS, DatasetSpec, Split

#: Bytes of the hash of a picture.
HASH_BYTES = 16


def picture_hash(picture: memoryview | bytes) -> bytes:
    """XXH3 of a picture as it is stored, 16 bytes. It is no defence against someone who forges a picture."""
    return xxhash.xxh3_128_digest(picture)


def digested(labels: npt.NDArray[np.int32], hashes: npt.NDArray[np.uint8]) -> bytes:
    """What goes into the digest of a split: label, 4 bytes, and hash of each picture in order.

    Args:
        labels: Class numbers, int32 ``[N]``.
        hashes: Hashes of the pictures, uint8 ``[N, 16]``.
    """
    return np.concatenate([labels.astype("<i4")[:, np.newaxis].view(np.uint8), hashes], axis=1).tobytes()


def split_digest(labels: npt.NDArray[np.int32], hashes: npt.NDArray[np.uint8]) -> bytes:
    """SHA-256 over what `digested` gives."""
    return hashlib.sha256(digested(labels, hashes)).digest()


def content_digest(spec: DatasetSpec, labels: Sequence[str], digests: Mapping[Split, bytes]) -> str:
    """Over what training can see: the form of the pictures, class names, and labels and pictures in order.

    SHA-256 of the form, and of the digest of each split: it is the same however the dataset came to be.

    Args:
        spec: The form of the pictures.
        labels: Names of the classes.
        digests: Of each split, see `split_digest`.
    """
    form = {name: getattr(spec, name) for name in ("width", "height", "channels", "resize", "encoding")}
    digest = hashlib.sha256(json.dumps([form, list(labels)]).encode())
    for split in SPLITS:
        digest.update(digests[split])
    return f"sha256:{digest.hexdigest()}"
