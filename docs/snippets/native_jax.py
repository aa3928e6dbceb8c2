import jax
import numpy as np

import digits_jax

network = digits_jax.module("model")
print(jax.nn.softmax(network(np.load("pictures.npy"))))
