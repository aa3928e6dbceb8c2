"""DIGITS: one network, one data order, one start, three native frameworks.

This package is the core. It knows no framework and reads top to bottom:

======================  ===========================================================
room                    what lives there
======================  ===========================================================
``spec``                what is asked for: frozen models of datasets and jobs
``graph``               what a network is once its shapes are known
``events``              what happened: typed facts in an append-only journal
``contracts``           what a plugin author implements
``archive``             a model as one file, and the one way to read it
``hooks``               how plugins are found
``dataset``             samples become shards, shards become batches
``store``               the folders on disk, as code
``packing``             what makes an archive that others can trust and use
``training``            the child process: one loop for every backend
``scheduling``          the parent process: start, follow and stop workers
``inference``           classify pictures with a trained model, score it on known ones
``tasks``               jobs that train nothing: a dataset is made, a model is scored
``parity``              backends side by side, check by check
``service``             the only door for command line, web page and notebook
``cli``                 the command line, one file per noun
``testing``             public: conformance kit, tiny graphs and datasets
======================  ===========================================================

Importing this package imports none of them.
"""

__version__ = "0.1.0"
