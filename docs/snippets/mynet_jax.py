"""A network of your own in Flax."""

import jax
from flax import nnx


class Block(nnx.Module):
    def __init__(self, channels, rngs):
        self.first = nnx.Conv(channels, channels, (3, 3), use_bias=False, rngs=rngs)
        self.norm = nnx.BatchNorm(channels, rngs=rngs)
        self.second = nnx.Conv(channels, channels, (3, 3), rngs=rngs)

    def __call__(self, x):
        return x + self.second(jax.nn.relu(self.norm(self.first(x))))


def network(input, rngs):
    """Logits [B, input.classes] of pictures [B, input.height, input.width, input.channels]."""
    return nnx.Sequential(
        nnx.Conv(input.channels, 16, (3, 3), strides=2, rngs=rngs),
        Block(16, rngs),
        jax.nn.relu,
        lambda x: x.mean((1, 2)),
        nnx.Dropout(0.2, rngs=rngs),
        nnx.Linear(16, input.classes, rngs=rngs),
    )
