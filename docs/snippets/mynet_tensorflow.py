"""A network of your own in TensorFlow."""

import tensorflow as tf


class Conv(tf.Module):
    def __init__(self, inputs, outputs, stride, generator):
        spread = (2 / (9 * inputs)) ** 0.5
        self.kernel = tf.Variable(generator.normal([3, 3, inputs, outputs], stddev=spread))
        self.bias = tf.Variable(tf.zeros(outputs))
        self.stride = stride

    def __call__(self, x):
        return tf.nn.conv2d(x, self.kernel, self.stride, "SAME") + self.bias


class Network(tf.Module):
    def __init__(self, input, generator):
        self.generator = generator
        self.convs = [Conv(input.channels, 16, 2, generator), Conv(16, 16, 1, generator)]
        self.kernel = tf.Variable(generator.normal([16, input.classes], stddev=0.1))

    def __call__(self, x, training):
        for conv in self.convs:
            x = tf.nn.relu(conv(x))
        x = tf.reduce_mean(x, [1, 2])
        if training:
            x *= tf.cast(self.generator.uniform(tf.shape(x)) < 0.8, x.dtype) / 0.8
        return x @ self.kernel


def network(input, generator):
    """Logits [B, input.classes] of pictures [B, input.height, input.width, input.channels]."""
    return Network(input, generator)
