import numpy as np
import tensorflow as tf

import digits_tensorflow

network = digits_tensorflow.module("model")
print(tf.nn.softmax(network(np.load("pictures.npy"))))
