"""From a network and some backends to a certificate: one process after the other, then their findings side by side."""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from pathlib import Path

from pydantic import ValidationError

from digits_core.contracts.backend import REFERENCE
from digits_core.errors import CapabilityMissing, LossNotFinite, WorkerDied
from digits_core.graph.codec import encode
from digits_core.graph.graph import Graph
from digits_core.parity.certificate import Check, Divergence, Omission
from digits_core.parity.checks import COMPARISONS, Difference, compare
from digits_core.parity.exercise import Exercise
from digits_core.parity.findings import Findings
from digits_core.parity.worker import Outcome
from digits_core.scheduling.addresses import free_addresses
from digits_core.scheduling.inventory import MachineDevice
from digits_core.scheduling.rehearsal import Rehearsal, rehearse_together, stage_for
from digits_core.spec.parity import ParitySpec
from digits_core.store.home import Home

#: Seconds that a process alone is given, and the least and how many times its own that several together are: some
#: frameworks wait for ever for one that has gone.
ALONE_S, TEAM_S, TEAM_TIMES = 4 * 3600.0, 300.0, 20.0
WORKER = "digits_core.parity.worker"

#: Is told in sentences how far it is.
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Contestant:
    """A backend that is compared.

    Attributes:
        backend: Its name.
        alone: Devices that its process has when it computes alone.
        together: The device of each process when several train together; empty: one device was asked for.
    """

    backend: str
    alone: tuple[MachineDevice, ...]
    together: tuple[MachineDevice, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found.

    Attributes:
        checks: Every backend in every check.
        omitted: What could not be compared.
        divergences: For each backend that does not agree, where that begins.
        versions: For each backend the packages that it computed with.
    """

    checks: tuple[Check, ...]
    omitted: tuple[Omission, ...]
    divergences: tuple[Divergence, ...]
    versions: Mapping[str, Mapping[str, str]]


class Comparing:
    """One comparison under way.

    Args:
        home: Whose settings say in which interpreter a backend lives.
        spec: What is asked for.
        graph: The network.
        dataset: Folder of the dataset; None: pictures are drawn.
        processor: The devices of the reference.
        tell: Is told how far it is.
    """

    def __init__(
        self,
        home: Home,
        spec: ParitySpec,
        graph: Graph,
        dataset: Path | None,
        processor: Sequence[MachineDevice],
        tell: Tell,
    ) -> None:
        self._home, self._spec, self._graph, self._dataset = home, spec, graph, dataset
        self._processor, self._tell = tuple(processor), tell
        self._versions: dict[str, Mapping[str, str]] = {}

    def run(self, contestants: Sequence[Contestant]) -> Verdict:
        """Let the reference and then every backend do the exercise, and compare.

        Raises:
            CapabilityMissing: If a backend refuses the exercise.
            LossNotFinite: If the reference's loss is not finite.
            WorkerDied: If a process ends for another reason.
        """
        with tempfile.TemporaryDirectory(prefix="digits-parity-") as place:
            expected = self._reference(Path(place))
            rounded = self._rounded(Path(place))
            checks: list[Check] = []
            omitted: list[Omission] = []
            divergences: list[Divergence] = []
            before = expected
            for contestant in contestants:
                found, reason = self._contest(Path(place), contestant, before)
                own, diverged = self._compared(contestant.backend, found, expected, rounded)
                checks += own
                divergences += diverged
                if reason:
                    omitted.append(Omission(check="devices", backend=contestant.backend, reason=reason))
                if before is not expected:
                    before.clear()
                before = found
        return Verdict(tuple(checks), tuple(omitted), tuple(divergences), self._versions)

    def _contest(self, place: Path, contestant: Contestant, before: Findings) -> tuple[Findings, str]:
        """What a backend found, and why it did not train on several devices, if it did not."""
        backend, precision, began = contestant.backend, self._spec.precision, time.monotonic()
        self._tell(f"{backend}: {self._spec.steps} steps in {precision}.")
        found = Findings(place / f"{backend}-{precision}")
        exercise = self._asked(backend, precision, contestant.alone[0].kind, found)
        outcome = self._alone(exercise.model_copy(update={"resume": before.folder}), contestant.alone)
        if not contestant.together:
            return found, "One device was asked for."
        if not outcome.distributed:
            return found, f"Backend {backend} trains on one device."
        self._team(found, contestant, max(TEAM_S, TEAM_TIMES * (time.monotonic() - began)))
        return found, ""

    def _compared(
        self, backend: str, found: Findings, expected: Findings, rounded: Findings
    ) -> tuple[list[Check], list[Divergence]]:
        compared = [
            compare(comparison, self._spec.precision, self._graph, backend, found, expected, rounded)
            for comparison in COMPARISONS
            if found.has(comparison.name)
        ]
        checks = [check for check, _ in compared]
        begins = next(((check, first) for check, first in compared if first), None)
        self._tell(_summary(backend, checks))
        return checks, [_divergence(*begins)] if begins else []

    def _reference(self, place: Path) -> Findings:
        self._tell(f"{REFERENCE}: {self._spec.steps} steps in fp64, the reference.")
        found = Findings(place / "reference")
        self._alone(self._asked(REFERENCE, "fp64", "cpu", found), self._processor)
        _require_finite(found)
        return found

    def _rounded(self, place: Path) -> Findings:
        """The reference in the backends' number format; where that is its own, from weights one rounding away."""
        precision = self._spec.precision
        how = "in fp32" if precision == "fp32" else "from weights one rounding away"
        self._tell(f"{REFERENCE}: the same {how}, to see what becomes of rounding.")
        found = Findings(place / "rounded")
        exercise = self._asked(REFERENCE, precision, "cpu", found)
        self._alone(exercise.model_copy(update={"nudged": precision == "fp64"}), self._processor)
        return found

    def _alone(self, exercise: Exercise, devices: Sequence[MachineDevice]) -> Outcome:
        outcome = self._send([exercise], [devices], ALONE_S)
        self._versions[exercise.backend] = outcome.versions
        return outcome

    def _team(self, findings: Findings, contestant: Contestant, patience_s: float) -> None:
        """Several processes that train together."""
        devices, backend = contestant.together, contestant.backend
        self._tell(f"{backend}: the same on {', '.join(device.id for device in devices)}.")
        asked = self._asked(backend, self._spec.precision, devices[0].kind, findings)
        addresses = free_addresses(len(devices))
        members = [asked.model_copy(update={"index": index, "addresses": addresses}) for index in range(len(devices))]
        self._send(members, [[device] for device in devices], patience_s)

    def _asked(self, backend: str, precision: str, kind: str, findings: Findings) -> Exercise:
        spec = self._spec
        return Exercise.model_validate(
            {
                "backend": backend,
                "graph": self._encoded,
                "solver": spec.solver.model_dump(mode="json"),
                "precision": precision,
                "kind": kind,
                "batch": spec.batch,
                "steps": spec.steps,
                "seed": spec.seed,
                "dataset": self._dataset,
                "folder": findings.folder,
            }
        )

    def _send(
        self, exercises: Sequence[Exercise], devices: Sequence[Sequence[MachineDevice]], patience_s: float
    ) -> Outcome:
        """Let processes do their exercises at once; gives the outcome of the first."""
        backend = exercises[0].backend
        stages = [stage_for(self._home, backend, own) for own in devices]
        requests = [
            exercise.model_copy(update={"cores": stage.cores}).model_dump_json()
            for exercise, stage in zip(exercises, stages, strict=True)
        ]
        return _outcome(backend, rehearse_together(stages, WORKER, requests, patience_s))

    @cached_property
    def _encoded(self) -> dict[str, object]:
        return encode(self._graph)


def digest_of(graph: Graph) -> str:
    """SHA-256 of what a network is."""
    return hashlib.sha256(json.dumps(encode(graph), sort_keys=True).encode()).hexdigest()


def _require_finite(reference: Findings) -> None:
    for step, loss in reference.read("losses").items():
        if not isfinite(loss):
            raise LossNotFinite(
                f"The loss of the reference is {loss:g} at {step}, so that there is nothing to compare.",
                hint="Ask for a smaller rate (--lr).",
            )


def _outcome(backend: str, rehearsals: Sequence[Rehearsal]) -> Outcome:
    outcomes = [_read(rehearsal) for rehearsal in rehearsals]
    for outcome in outcomes:
        if outcome and outcome.problem:
            raise CapabilityMissing(outcome.problem, hint=outcome.hint)
    for rehearsal in rehearsals:
        if rehearsal.status:
            said = (rehearsal.err.strip().splitlines() or ["it said nothing"])[-1]
            raise WorkerDied(
                f"The process of backend {backend} ended with status {rehearsal.status}: {said.rstrip('.')}.",
                hint="See whether it works at all: digits doctor.",
            )
    if outcomes[0] is None or None in outcomes:
        raise WorkerDied(f"Backend {backend} was not done in time.", hint="Ask for fewer --steps, or one device.")
    return outcomes[0]


def _read(rehearsal: Rehearsal) -> Outcome | None:
    """What a process answered; None where it did not come to that."""
    lines = rehearsal.out.strip().splitlines()
    if rehearsal.status is not None and lines:
        with contextlib.suppress(ValidationError):
            return Outcome.model_validate_json(lines[-1])
    return None


def _summary(backend: str, checks: Sequence[Check]) -> str:
    failed = [check.check for check in checks if not check.passed]
    if failed:
        return f"{backend}: {len(failed)} of {len(checks)} checks fail: {', '.join(failed)}."
    return f"{backend}: {len(checks)} checks hold."


def _divergence(check: Check, first: Difference) -> Divergence:
    error = None if first.error == float("inf") else first.error
    return Divergence(backend=check.backend, check=check.check, layer=check.layer, where=first.name, error=error)
