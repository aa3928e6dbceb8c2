"""How fast ONNX Runtime predicts beside the backends, which are runtimes too: pictures per second, in turns.

``python -m benchmarks.predict NETWORK BACKEND`` prints one JSON object a line, for a batch of one and a large one. Both
are given the same pictures and the same weights, and give the same logits, which is checked.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.duel import alternate
from benchmarks.workloads import WORKLOADS
from digits_core.contracts.runtime import Predictor
from digits_core.hooks.registry import discover
from digits_core.inference.runtimes import BackendRuntime
from digits_core.spec.job import BackendOptions
from digits_core.training.initialize import initial_arrays

#: Large batches; a second or so of work for each.
BATCHES = {"lenet": 64, "alexnet": 64, "googlenet": 64, "resnet-50": 16}
#: Seconds that every turn takes at least.
TURN_S = 1.0
ONNX = "onnx"


def measure(network: str, backend: str) -> Iterator[dict[str, Any]]:
    """ONNX Runtime against one backend."""
    graph, plugins = WORKLOADS[network].graph(), discover()
    arrays = initial_arrays(graph, seed=0)
    runtimes = {
        ONNX: plugins.runtimes.get(ONNX)(),
        backend: BackendRuntime(plugins.backends.get(backend)(), BackendOptions()),
    }
    predictors = {name: runtime.load(graph, arrays) for name, runtime in runtimes.items()}
    channels, height, width = graph.layers[0].output
    random = np.random.default_rng(0)
    for batch in (1, BATCHES[network]):
        images = random.integers(0, 256, (batch, height, width, channels), dtype=np.uint8)
        found = {name: predictor.predict(images)[graph.output] for name, predictor in predictors.items()}
        np.testing.assert_allclose(found[ONNX], found[backend], rtol=1e-3, atol=1e-4 * np.abs(found[ONNX]).max())
        speeds = alternate({name: _turn(predictor, images) for name, predictor in predictors.items()})
        onnx, native = speeds[ONNX].median, speeds[backend].median
        yield {
            "network": network,
            "backend": backend,
            "batch": batch,
            "onnx": onnx,
            "native": native,
            "ratio": onnx / native,
        }


def _turn(predictor: Predictor, images: npt.NDArray[np.uint8]) -> Callable[[], float]:
    def run() -> float:
        started, count = time.perf_counter(), 0
        while (passed := time.perf_counter() - started) < TURN_S or not count:
            predictor.predict(images)
            count += len(images)
        return count / passed

    return run


if __name__ == "__main__":
    for row in measure(*sys.argv[1:]):
        print(json.dumps(row), flush=True)
