"""Write SqueezeNet 1.1 with torchvision's names and random numbers: a stand-in for the file that one downloads."""

import numpy as np
import safetensors.numpy

FIRES = {3: (64, 16, 64), 4: (128, 16, 64), 6: (128, 32, 128), 7: (256, 32, 128)}
FIRES |= {9: (256, 48, 192), 10: (384, 48, 192), 11: (384, 64, 256), 12: (512, 64, 256)}

shapes = {"features.0": (64, 3, 3, 3), "classifier.1": (4, 512, 1, 1)}
for place, (before, squeeze, expand) in FIRES.items():
    shapes[f"features.{place}.squeeze"] = (squeeze, before, 1, 1)
    shapes[f"features.{place}.expand1x1"] = (expand, squeeze, 1, 1)
    shapes[f"features.{place}.expand3x3"] = (expand, squeeze, 3, 3)
generator = np.random.default_rng(0)
state = {}
for name, shape in shapes.items():
    spread = (2 / np.prod(shape[1:])) ** 0.5
    state[f"{name}.weight"] = generator.normal(0, spread, shape).astype(np.float32)
    state[f"{name}.bias"] = np.zeros(shape[0], np.float32)
safetensors.numpy.save_file(state, "squeezenet1_1.safetensors")
