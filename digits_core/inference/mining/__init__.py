"""What a model says of the pictures of a dataset: which labels are likely wrong, which pictures are alike or unclear.

`embeddings` brings every picture of a split to a vector and probabilities, which `cache` keeps; everything else is
arithmetic on these: `doubts` ranks, `neighbours` searches, `duplicates` compares. Mining knows what its room knows, and
changes nothing: what is found becomes a new version of the dataset elsewhere.
"""
