"""The fields of the request for a dataset."""

from __future__ import annotations

from digits_web.parts.fields import Words

SIZE = (Words("width", "Width, pixels"), Words("height", "Height, pixels"))
FORM = (
    Words("channels", "Colour", "choice", {3: "Colour", 1: "Greyscale"}, "Channels of the stored pictures."),
    Words("encoding", "Stored as", "choice", {"png": "PNG, lossless", "jpeg": "JPEG, small", "raw": "Raw, fastest"}),
)
SPLIT = (
    Words("val", "For validation, percent"),
    Words("test", "For tests, percent"),
    Words("limits.min_per_class", "Fewest pictures of a class"),
    Words("limits.max_per_class", "Most pictures of a class"),
    Words("seed", "Seed"),
    Words("shuffle", "Shuffle before splitting", "switch"),
)
ELSEWHERE = (
    Words("val_path", "Validation pictures from", "text"),
    Words("val_limits.min_per_class", "Fewest of a class there"),
    Words("val_limits.max_per_class", "Most of a class there"),
    Words("test_path", "Test pictures from", "text"),
    Words("test_limits.min_per_class", "Fewest of a class there"),
    Words("test_limits.max_per_class", "Most of a class there"),
)
LISTS = (Words("labels", "Names of the classes", "text"), Words("prefix", "Relative paths start from", "text"))
