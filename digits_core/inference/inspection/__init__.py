"""Looking inside a network: what every layer makes of a picture, and what it has learned.

Arrays become numbers (``statistics``, ``saturation``) and pictures (``colours``, ``tiling``, ``bars``, ``shown``);
``layers`` does that for a whole network, ``saliency`` asks which part of a picture counts, ``comparison`` where two
networks part, and ``report`` writes one page of HTML about all of it. Knows what ``inference`` may know, and nothing of
who asks.
"""
