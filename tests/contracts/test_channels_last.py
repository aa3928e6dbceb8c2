"""Weights of channels-last frameworks compute the same sums as the canonical ones."""

import numpy as np

from digits_core.contracts.channels_last import layouts
from digits_core.testing.graphs import OP_CASES, graph_of, weights_of


def test_every_weight_comes_back_as_it_went_in():
    for case in OP_CASES.values():
        graph = graph_of(case)
        arrays, where = weights_of(graph), layouts(graph)
        assert where.keys() == arrays.keys()
        for name, array in arrays.items():
            native = where[name].to_native(array)
            assert native.shape == where[name].native
            back = where[name].to_canonical(native)
            np.testing.assert_array_equal(back, array)
            assert back.flags.c_contiguous and back.flags.owndata
            assert not np.shares_memory(back, array)


def test_a_dense_kernel_meets_a_flattened_channels_last_picture():
    graph = graph_of(OP_CASES["conv"])
    kernel, layout = weights_of(graph)["logits/kernel"], layouts(graph)["logits/kernel"]
    picture = np.random.default_rng(0).normal(size=graph.layer("tested").output)
    native = picture.transpose(1, 2, 0).reshape(-1) @ layout.to_native(kernel)
    np.testing.assert_allclose(native, kernel @ picture.reshape(-1), rtol=1e-5)


def test_convolution_kernels_and_mean_pictures_have_their_channels_last():
    graph = graph_of(OP_CASES["conv"])
    filters, channels, height, width = graph.parameters["tested/kernel"].shape
    assert layouts(graph)["tested/kernel"].native == (height, width, channels, filters)
