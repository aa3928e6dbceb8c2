"""Random numbers of a picture: pure functions of the job's seed and of where in the stream the picture stands.

All are SplitMix64, counted instead of stepped, on unsigned 64-bit integers that wrap, with ``golden`` =
0x9E3779B97F4A7C15 and its finaliser ``mix``::

    place of the crop    mix(mix(seed) + (position + 1)·golden)
    draw j of a name     mix(mix(key + (position + 1)·golden) + (j + 1)·golden)       key = mix(mix(seed) + hash(name))

``hash`` is the first 8 bytes of BLAKE2b, little end first. Steele, Lea, Flood, *Fast splittable pseudorandom number
generators*, 2014, https://doi.org/10.1145/2660193.2660195.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from digits_core.dataset.sampler import Indices

#: Positions in the stream, uint64 ``[B]``.
Positions = npt.NDArray[np.uint64]
_Bits = npt.NDArray[np.uint64]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ONE = np.uint64(1)


def crop_places(seed: int, positions: Positions, rows: int, columns: int) -> tuple[Indices, Indices]:
    """Where the crops of stream ``positions`` begin, uniform over ``rows`` × ``columns`` places.

    Per position one draw of 64 bits; the high half decides the row, the low half the column.
    """
    bits = _mix(_mix(np.array([seed], np.uint64)) + (positions + _ONE) * _GOLDEN)
    high, low = bits >> np.uint64(32), bits & np.uint64(0xFFFFFFFF)
    scale = np.uint64(32)
    return (
        ((high * np.uint64(rows)) >> scale).astype(np.int64),
        ((low * np.uint64(columns)) >> scale).astype(np.int64),
    )


def uniforms(seed: int, positions: Positions, name: str, count: int) -> npt.NDArray[np.float64]:
    """Draws 0 to ``count`` − 1 of operation ``name``: float64 ``[B, count]`` in [0, 1), multiples of 2⁻⁵³."""
    label = hashlib.blake2b(name.encode(), digest_size=8).digest()
    key = _mix(_mix(np.array([seed], np.uint64)) + np.frombuffer(label, "<u8"))
    streams = _mix(key + (positions + _ONE) * _GOLDEN)
    counters = np.arange(1, count + 1, dtype=np.uint64) * _GOLDEN
    drawn: npt.NDArray[np.float64] = (_mix(streams[:, np.newaxis] + counters) >> np.uint64(11)) * np.float64(2.0**-53)
    return drawn


def _mix(z: _Bits) -> _Bits:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
