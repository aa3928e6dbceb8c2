"""What pages share: the frame around them, charts, moments, problems, and how all of it looks.

::

    frame.py      name, menu, light or dark; `section` for headings within
    theme.css     colours as custom properties, and the classes that pages are made of (``digits-card``, ``digits-row``)
    curves.py     `CurvesChart`; `smoothing.py` has the curve as numbers
    sparkline.py  `Sparkline` and `Bar`
    times.py      `Moment`, written by the browser in its reader's zone, and durations in words
    numbers.py    sizes and shares in words
    errors.py     every problem of a refusal: as notifications, or within the page
    empty.py      what to do where there is nothing yet
"""
