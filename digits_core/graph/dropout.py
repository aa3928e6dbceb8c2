"""The dropout mask, defined so that every framework can compute the same one.

All arithmetic is on unsigned 32-bit integers that wrap::

    mix(x):  x ^= x >> 16 ; x *= 0x7feb352d ; x ^= x >> 15 ; x *= 0x846ca68b ; x ^= x >> 16
    row(r)     = mix(mix(key ^ mix(step)) + r)       r: row of the sample in the global batch
    bits(r, j) = mix(row(r) ^ mix(j))                j: index of the element in C, H, W order
    kept       = (bits >> 8) >= threshold

``key`` and ``threshold`` are numbers known when the program is built. The mixer is lowbias32: Wellons, *Prospecting for
Hash Functions*, 2018, https://nullprogram.com/blog/2018/07/31/.
"""

from __future__ import annotations

import zlib

MULTIPLIER_1 = 0x7FEB352D
MULTIPLIER_2 = 0x846CA68B


def mask_key(seed: int, layer: str) -> int:
    """The 32-bit key of a layer's masks."""
    return zlib.crc32(f"{seed}/{layer}".encode())


def threshold(rate: float) -> int:
    """24-bit number below which an element is dropped."""
    return round(rate * 2**24)
