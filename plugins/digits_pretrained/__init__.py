"""Pretrained weights of PyTorch's model collections, as models of ours.

``state_dicts`` reads files without PyTorch and without running what they hold, ``pickles`` the ones that are pickled;
``tables`` says which of their layers is which of ours, ``matching`` which table fits a file, and ``pixels`` folds their
treatment of pixels into the first convolution. Knows contracts, the graph and errors of the core.
"""
