"""Training loops as an expert writes them by hand, one per framework: the yardstick that programs are held to."""
