"""`Digits`: the one object behind command line, web page and notebook.

>>> from pathlib import Path
>>> Digits(Path("/nowhere")).jobs()
()
"""

from __future__ import annotations

from digits_core.service.doors.about import Describing
from digits_core.service.doors.archives import Archives
from digits_core.service.doors.choices import Choices
from digits_core.service.doors.data import Data
from digits_core.service.doors.datasets import Datasets
from digits_core.service.doors.exports import Exports
from digits_core.service.doors.gallery import Gallery
from digits_core.service.doors.history import History
from digits_core.service.doors.inspection import Inspecting
from digits_core.service.doors.machine import Machine
from digits_core.service.doors.networks import Networks
from digits_core.service.doors.tasks import Tasks
from digits_core.service.doors.training import Training
from digits_core.service.doors.trash import Trashed
from digits_core.service.doors.use import Use


class Digits(
    Datasets,
    Data,
    Gallery,
    Networks,
    Training,
    History,
    Use,
    Inspecting,
    Exports,
    Archives,
    Tasks,
    Choices,
    Machine,
    Describing,
    Trashed,
):
    """Everything DIGITS does, on the datasets and jobs of one home.

    Args:
        home: The folder with datasets and jobs; empty: ``$DIGITS_HOME``, else the platform's folder for user data.
        launcher: Name of the launcher that starts jobs.
        runs_code: Whether new jobs may have a Python file for a network. It is run as whoever runs this, so nothing
            that takes requests from others allows it.
    """
