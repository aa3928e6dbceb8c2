"""Who holds which device.

A lease is nothing that is written down: a device is held by the job whose run was given it and whose process lives.
A process that dies lets go of its devices in the same moment, whatever killed it; a clock is never asked. What makes
two schedulers agree is that they take turns (`digits_core.scheduling.scheduler`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from digits_core.scheduling.states import Standing


def held(stands: Mapping[str, Standing]) -> dict[str, str]:
    """Ids of devices that are held, and the job that holds each.

    Args:
        stands: Where every job stands that is not closed.
    """
    return {device: id for id, stand in stands.items() for device in _devices(stand)}


def _devices(stand: Standing) -> Iterable[str]:
    if stand.run is None or not (stand.alive or stand.active):
        return ()
    return stand.run.devices
