"""What Caffe computes, written from its documentation with loops: ``[C, H, W]`` in BGR order, one picture at a time."""

import math

import numpy as np


def conv(x, kernel, bias, stride=1, pad=0, group=1):
    """Cross-correlation by groups."""
    filters, depth, rows, columns = kernel.shape
    x = np.pad(x, [(0, 0), (pad, pad), (pad, pad)])
    height, width = ((size - k) // stride + 1 for size, k in zip(x.shape[1:], (rows, columns), strict=True))
    y = np.zeros((filters, height, width))
    for o in range(filters):
        first = o // (filters // group) * depth
        for i in range(height):
            for j in range(width):
                window = x[first : first + depth, i * stride : i * stride + rows, j * stride : j * stride + columns]
                y[o, i, j] = (window * kernel[o]).sum() + bias[o]
    return y


def pool(x, kernel, stride, pad, kind):
    """Windows by Caffe's rule: rounded up, the last dropped where it begins in the padding; averages over what of the
    window lies in the padded picture."""
    count = []
    for size in x.shape[1:]:
        n = math.ceil((size + 2 * pad - kernel) / stride) + 1
        count.append(n - 1 if pad and (n - 1) * stride >= size + pad else n)
    y = np.zeros((len(x), *count))
    for i in range(count[0]):
        for j in range(count[1]):
            top, left = i * stride - pad, j * stride - pad
            bottom, right = min(top + kernel, x.shape[1] + pad), min(left + kernel, x.shape[2] + pad)
            area = (bottom - top) * (right - left)
            window = x[:, max(top, 0) : min(bottom, x.shape[1]), max(left, 0) : min(right, x.shape[2])]
            y[:, i, j] = window.max((1, 2)) if kind == "MAX" else window.sum((1, 2)) / area
    return y


def lrn(x, size, alpha, beta, k):
    """Across channels."""
    y = np.empty_like(x)
    for c in range(len(x)):
        near = x[max(0, c - size // 2) : c + size // 2 + 1]
        y[c] = x[c] / (k + alpha / size * (near**2).sum(0)) ** beta
    return y


def batch_norm_and_scale(x, mean, variance, factor, gamma, beta, eps):
    """Two layers, with the statistics of training."""
    normal = (x - (mean / factor)[:, None, None]) / np.sqrt((variance / factor)[:, None, None] + eps)
    return normal * gamma[:, None, None] + beta[:, None, None]


def softmax(x):
    """Over everything."""
    power = np.exp(x - x.max())
    return power / power.sum()
