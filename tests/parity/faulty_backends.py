"""Backends with one planted fault each, as a plugin brings them; all else is the reference."""

from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl

PLANTED = (
    "WrongPadding",
    "ScaledGradient",
    "ForgottenSlot",
    "RateInsideMomentum",
    "InvertedBatchNormMomentum",
    "NextStep",
    "Rounded",
    "Infinite",
    "Dying",
)


@hookimpl
def digits_backends():
    return [Entry(fault, f"tests.parity.faults:{fault}Backend", "has a planted fault") for fault in PLANTED]
