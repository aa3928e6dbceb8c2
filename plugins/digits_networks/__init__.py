"""Network families, one file per paper."""
