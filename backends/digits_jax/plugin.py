"""What this plugin brings; imports no framework."""

from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl


@hookimpl
def digits_backends() -> list[Entry]:
    """The JAX backend, which otherwise reserves most of the memory of every GPU as soon as it looks for them."""
    return [
        Entry(
            "jax",
            "digits_jax.backend:JaxBackend",
            "JAX",
            needs=("jax", "flax", "optax"),
            extra="jax",
            modest={"XLA_PYTHON_CLIENT_PREALLOCATE": "false"},
        )
    ]


@hookimpl
def digits_exporters() -> list[Entry]:
    """Formats of JAX."""
    return [
        Entry(
            "jax-stablehlo",
            "digits_jax.exports.stablehlo:StableHloExporter",
            "A .jax program in StableHLO that jax.export.deserialize runs",
            needs=("jax", "flax"),
            extra="jax",
        ),
        Entry(
            "jax-orbax",
            "digits_jax.exports.orbax:OrbaxExporter",
            "A folder of weights, with the names of digits_jax.module",
            needs=("jax", "flax", "orbax"),
            extra="jax",
        ),
    ]
