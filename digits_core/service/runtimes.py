"""Which runtime computes a model: ONNX Runtime where it is installed and can, else a backend."""

from __future__ import annotations

from dataclasses import dataclass

from digits_core.contracts.backend import REFERENCE
from digits_core.contracts.runtime import Runtime
from digits_core.errors import NameUnknown, SpecInvalid, suggest
from digits_core.graph.native import native_of
from digits_core.hooks.registry import Plugins
from digits_core.inference.model import Model
from digits_core.inference.runtimes import BackendRuntime
from digits_core.service.choices import choose_backend, require_installed
from digits_core.service.native import require_own_backend
from digits_core.spec.job import BackendOptions

#: What computes unless something else is asked for.
DEFAULT = "onnx"
#: What users write for the job's own backend.
NATIVE = BackendRuntime.name


@dataclass(frozen=True, slots=True)
class ChosenRuntime:
    """What computes.

    Attributes:
        runtime: It.
        name: What people know it by: ``onnx``, or the name of a backend.
        notes: What a person should know.
    """

    runtime: Runtime
    name: str
    notes: tuple[str, ...] = ()


def choose_runtime(model: Model, runtime: str | None, backend: str | None, plugins: Plugins) -> ChosenRuntime:
    """What computes ``model``.

    Args:
        model: The model.
        runtime: A runtime by its name, or ``native`` for a backend; None: a backend if one is named or the network is
            native to one, else ONNX Runtime if it is installed, else a backend.
        backend: Which backend, and that it be one; None: the job's own if it is installed, else the first that is.
        plugins: What there is.

    Raises:
        NameUnknown: If there is no runtime or backend of that name.
        PluginMissing: If what it needs is not installed.
        SpecInvalid: If both are named, and the runtime is no backend.
        CapabilityMissing: If the network is native to another backend.
    """
    if runtime is None:
        runtime = DEFAULT if backend is None and _is_default(model, plugins) else NATIVE
    if runtime == NATIVE:
        name, notes = computing_backend(model, backend, plugins)
        return ChosenRuntime(BackendRuntime(plugins.backends.get(name)(), model.options), name, notes)
    if backend is not None:
        message = f"Runtime {runtime} uses no backend, found backend {backend}."
        raise SpecInvalid(message, where="runtime", hint=f"Name one of the two, or write --runtime {NATIVE}.")
    if runtime not in plugins.runtimes.names():
        raise NameUnknown(f"Unknown runtime {runtime!r}.", hint=suggest(runtime, (*plugins.runtimes.names(), NATIVE)))
    require_own_backend(model.graph, runtime)
    require_installed(plugins.runtimes, runtime)
    return ChosenRuntime(plugins.runtimes.get(runtime)(), runtime)


def choose_referee(model: Model, plugins: Plugins) -> ChosenRuntime:
    """What an exported model is compared with, in fp32: ONNX Runtime, else the reference, or a native network's own."""
    if _is_default(model, plugins):
        return ChosenRuntime(plugins.runtimes.get(DEFAULT)(), DEFAULT)
    native = native_of(model.graph)
    name = native.backend if native else REFERENCE
    return ChosenRuntime(BackendRuntime(plugins.backends.get(name)(), BackendOptions()), name)


def _is_default(model: Model, plugins: Plugins) -> bool:
    return native_of(model.graph) is None and DEFAULT in plugins.runtimes.available()


def computing_backend(model: Model, wanted: str | None, plugins: Plugins) -> tuple[str, tuple[str, ...]]:
    """The backend that computes: the wanted one, else the job's own, else the first that is installed.

    Raises:
        NameUnknown: If there is none of the wanted name.
        PluginMissing: If what it needs is not installed.
        CapabilityMissing: If the network is native to another one.
    """
    own = model.state.backend if model.state else "auto"
    missing = wanted is None and own != "auto" and own not in plugins.backends.available()
    name = choose_backend("auto" if missing else wanted or own, plugins.backends)
    require_own_backend(model.graph, name)
    return name, (f"Backend {own} is not installed here; {name} computes.",) if missing else ()
