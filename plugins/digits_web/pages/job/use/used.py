"""The model that is used: a snapshot of a job, or an imported one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from digits_core.errors import SpecInvalid
from digits_core.service.digits import Digits
from digits_core.service.views.jobs import JobView
from digits_web.parts.tabs import Address
from digits_web.web import Web

#: What the choice of a dataset is called, for a model that has none of its own.
CHOICE = "Pictures of"


@dataclass(slots=True)
class Used:
    """A model, and what it looks at.

    Attributes:
        web: What the server knows.
        address: What the page's address says.
        name: The job, or the imported model.
        snapshot: Of a job ``best``, ``last`` or the name of one; empty: the model has none.
        own: The dataset that it was trained on, ``NAME@VERSION``; empty: none here.
        chosen: The dataset that is looked at where it has none of its own; empty: nobody has chosen one.
        changed: Told when another snapshot is chosen.
    """

    web: Web
    address: Address
    name: str
    snapshot: str = ""
    own: str = ""
    chosen: str = ""
    changed: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    @property
    def digits(self) -> Digits:
        """The service."""
        return self.web.digits

    @property
    def model(self) -> str:
        """The model, as it is named everywhere."""
        return f"{self.name}@{self.snapshot}" if self.snapshot else self.name

    @property
    def elsewhere(self) -> Mapping[str, str]:
        """What a request says of the dataset: nothing where the model has its own, which is taken anyway."""
        return {} if self.own or not self.chosen else {"dataset": self.chosen}

    def require_dataset(self) -> str:
        """The dataset whose pictures are looked at.

        Raises:
            SpecInvalid: If it has none of its own, and none is chosen.
        """
        if not (self.own or self.chosen):
            raise SpecInvalid(
                f"Model {self.name} was trained on no dataset here.", hint=f"Choose one under “{CHOICE}”."
            )
        return self.own or self.chosen

    def is_of(self, task: JobView) -> bool:
        """Whether a job does something with this model, or another snapshot of its job."""
        return task.network.partition("@")[0] == self.name

    async def choose(self, snapshot: str) -> None:
        """Use another snapshot."""
        self.snapshot = snapshot
        self.address.put(snapshot=snapshot)
        for tell in self.changed:
            await tell()
