import numpy as np
import torch

import digits_torch

network = digits_torch.module("model")
with torch.no_grad():
    print(network(torch.from_numpy(np.load("pictures.npy"))).softmax(1))
