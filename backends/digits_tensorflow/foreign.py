"""Native networks: a module out of a person's file, run as one operation of a graph."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from digits_core.contracts.native import NativeArrays, module_problem, native_problem, require_logits, run_network
from digits_core.errors import NetworkInvalid
from digits_core.graph.graph import Graph, NetworkInput
from digits_core.graph.native import Native, native_of
from digits_tensorflow.framework import tf

#: Operations whose random numbers follow from all that the process drew before, so that nobody can draw them again.
UNREPEATABLE = frozenset(
    {"Multinomial", "ParameterizedTruncatedNormal", "RandomGamma", "RandomPoissonV2", "RandomShuffle"}
    | {"RandomStandardNormal", "RandomUniform", "RandomUniformInt", "TruncatedNormal"}
)


class Foreign:
    """A module of somebody else, its variables by the names of the attributes that lead to them.

    Args:
        module: The module; it was called once, so that all of its variables are there.

    Attributes:
        variables: What is saved: ``dense.kernel``, ``layers.0.bias``. The module reads and changes them itself.
    """

    def __init__(self, module: tf.Module) -> None:
        self._module = module
        self.variables = dict(_variables(module))

    def __call__(self, x: tf.Tensor, training: bool) -> tf.Tensor:
        """Logits of pictures ``[B, H, W, C]``."""
        return tf.cast(self._module(x, training=training), tf.float32)

    def arrays(self) -> NativeArrays:
        """Copies of every variable as it is now."""
        trained = {name: variable.numpy() for name, variable in self.variables.items() if variable.trainable}
        kept = {name: variable.numpy() for name, variable in self.variables.items() if not variable.trainable}
        return NativeArrays(trained, kept)


def build_foreign(graph: Graph) -> Foreign | None:
    """The module of a graph that is a native network, its variables still to be filled; None of any other."""
    op = native_of(graph)
    if op is None:
        return None
    channels, height, width = graph.layers[-1].input_shapes[0]
    return _foreign(op, NetworkInput(channels, height, width, op.classes), 0)


def start_arrays(op: Native, input: NetworkInput, seed: int) -> NativeArrays:
    """The arrays of a native network as its file starts them under ``seed``, after a trial with two pictures.

    Raises:
        NetworkInvalid: If the file gives no module, that gives no logits, or training could not be repeated.
    """
    foreign = _foreign(op, input, seed)
    found = foreign.arrays()
    _require_repeatable(op, foreign, input)
    return found


def _foreign(op: Native, input: NetworkInput, seed: int) -> Foreign:
    tf.random.set_seed(seed)
    module = run_network(op, input, tf.random.Generator.from_seed(seed))
    if not isinstance(module, tf.Module):
        raise NetworkInvalid(module_problem(op, "tf.Module", module))
    try:
        logits = module(tf.zeros([2, input.height, input.width, input.channels]), training=False)
    except Exception as reason:
        raise NetworkInvalid(native_problem(op, reason)) from reason
    require_logits(op, input, tuple(logits.shape) if isinstance(logits, tf.Tensor) else type(logits).__name__)
    return Foreign(module)


def _require_repeatable(op: Native, foreign: Foreign, input: NetworkInput) -> None:
    """Refuse a module that keeps what is not saved with it, or draws what cannot be drawn again."""
    pictures = tf.zeros([2, input.height, input.width, input.channels])
    try:
        foreign(pictures, training=True)  # not traced, what fails says its line
        traced = tf.function(lambda x: foreign(x, training=True)).get_concrete_function(pictures).graph
    except Exception as reason:
        raise NetworkInvalid(native_problem(op, reason)) from reason
    known = {variable.ref() for variable in foreign.variables.values()}
    lost = sorted(variable.name for variable in traced.variables if variable.ref() not in known)
    if lost:
        raise NetworkInvalid(
            f"{op.file} uses variables to which no attribute of its module leads: {', '.join(lost)}.",
            where=op.file,
            hint="Keep them in attributes of the module, so that they are saved with it.",
        )
    if drawn := sorted(UNREPEATABLE & set(_kinds(traced))):
        raise NetworkInvalid(
            f"{op.file} draws random numbers that nobody can draw again ({', '.join(drawn)}).",
            where=op.file,
            hint="Keep the generator that network is given in an attribute and draw from it: its state is saved.",
        )


def _kinds(traced: Any) -> Iterator[str]:
    """Kinds of the operations of a traced function, and of those that it calls."""
    definition = traced.as_graph_def()
    for nodes in (definition.node, *(function.node_def for function in definition.library.function)):
        yield from (node.op for node in nodes)


def _variables(module: tf.Module) -> Iterator[tuple[str, tf.Variable]]:
    """Every variable once, however often it is used, nearest attributes first."""
    seen, waiting = {id(module)}, deque([((), module)])
    while waiting:
        path, found = waiting.popleft()
        for name, child in tf.train.TrackableView.children(found).items():
            if id(child) in seen:
                continue
            seen.add(id(child))
            if isinstance(child, tf.Variable):
                yield ".".join((*path, name)), child
            else:
                waiting.append(((*path, name), child))
