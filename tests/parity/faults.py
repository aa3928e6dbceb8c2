"""The backends of `faulty_backends`."""

from digits_numpy.backend import NumpyBackend
from tests.parity.faulty_backends import PLANTED
from tests.testing.faults import FAULTS, Wrapped


class ScaledGradient(Wrapped):
    """The gradient of one kernel is a thousandth too long."""

    def __init__(self, graph, solver, options, context):
        super().__init__(graph, solver, options, context)
        right = self.inner._forwards["conv2"]

        def forward(inputs, weights, mode):
            y, backward = right(inputs, weights, mode)

            def scaled(dy):
                into, gradients = backward(dy)
                return into, {**gradients, "kernel": 1.001 * gradients["kernel"]}

            return y, scaled

        self.inner._forwards["conv2"] = forward


class NextStep(Wrapped):
    """Dropout draws as one step later."""

    def train_step(self, state, batch, learning_rate, step):
        return super().train_step(state, batch, learning_rate, step + 1)


class Rounded(Wrapped):
    """Weights lose digits on their way in."""

    def load(self, arrays):
        return super().load({name: array.astype("float16") for name, array in arrays.items()})


class Infinite(Wrapped):
    """Activations of one layer overflow."""

    def predict(self, state, images, taps=()):
        found = super().predict(state, images, taps)
        return found | {"pool2": found["pool2"] * float("inf")}


class Dying(Wrapped):
    """Its process ends without a word."""

    def train_step(self, state, batch, learning_rate, step):
        raise SystemExit(7)


OWN = {fault.__name__: fault for fault in (ScaledGradient, NextStep, Rounded, Infinite, Dying)}


def _backend(fault):
    class Faulty(NumpyBackend):
        name = fault

        def build(self, graph, solver, options, context):
            super().build(graph, solver, options, context)
            return {**FAULTS, **OWN}[fault](graph, solver, options, context)

    return Faulty


globals().update({f"{fault}Backend": _backend(fault) for fault in PLANTED})
