"""What this plugin brings; imports no framework."""

from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl


@hookimpl
def digits_backends() -> list[Entry]:
    """The JAX backend."""
    return [Entry("jax", "digits_jax.backend:JaxBackend", "JAX", needs=("jax", "flax", "optax"), extra="jax")]
