"""A sound augmentation, and the same with faults planted that the kit has to catch."""

import random
import threading

import numpy as np
from augmenting_plugin import Rain, RainParams
from pydantic import BaseModel


class Writes(Rain):
    def apply(self, picture, draws):
        rained = super().apply(picture, draws)
        if picture.flags.writeable:
            picture[:] = rained
        return rained


class Shrinks(Rain):
    def apply(self, picture, draws):
        return picture[: len(picture) // 2]


class Floats(Rain):
    def apply(self, picture, draws):
        return picture * draws[0]


class Remembers(Rain):
    calls = 0

    def apply(self, picture, draws):
        self.calls += 1
        return picture + np.uint8(self.calls)


class DrawsItself(Rain):
    def apply(self, picture, draws):
        return picture + np.uint8(random.randrange(256))


class Deaf(Rain):
    def apply(self, picture, draws):
        return 255 - picture


class KnowsItsThread(Rain):
    def apply(self, picture, draws):
        rained = super().apply(picture, draws)
        return rained if threading.current_thread() is threading.main_thread() else rained // 2


class Undescribed(Rain):
    class Params(BaseModel):
        drops: int = RainParams.model_fields["drops"].default


FAULTS = {
    each.__name__: each
    for each in (Rain, Writes, Shrinks, Floats, Remembers, DrawsItself, Deaf, KnowsItsThread, Undescribed)
}
