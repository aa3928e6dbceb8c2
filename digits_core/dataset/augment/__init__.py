"""What training does to a picture by chance, drawn apart from applied.

``recipe`` says in which order and gives every operation its draws; ``placing`` moves and interpolates pixels,
``colour`` changes their values, ``randaugment`` holds the fourteen operations of that paper, ``plugins`` brings in what
plugins add, and ``request`` refuses what cannot be done. Everything is a small function on uint8 ``[H, W, C]`` that
leaves its input as it was. OpenCV does the work, through ``opencv`` alone, which is imported by the first picture that
needs it.
"""
