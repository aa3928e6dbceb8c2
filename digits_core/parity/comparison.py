"""From a network and some backends to certificates: one process after the other, then their findings side by side."""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from math import isfinite
from pathlib import Path
from typing import TypeAlias

from pydantic import ValidationError

from digits_core.contracts.backend import REFERENCE
from digits_core.errors import CapabilityMissing, LossNotFinite, WorkerDied
from digits_core.graph.codec import encode
from digits_core.graph.graph import Graph
from digits_core.parity.certificate import Check, Divergence, Omission
from digits_core.parity.checks import COMPARISONS, Difference, compare
from digits_core.parity.exercise import Exercise
from digits_core.parity.findings import Findings
from digits_core.parity.roundings import MOST_ROUNDINGS, Roundings
from digits_core.parity.worker import Outcome
from digits_core.scheduling.addresses import free_addresses
from digits_core.scheduling.inventory import MachineDevice
from digits_core.scheduling.rehearsal import Company, Rehearsal, rehearse_together, stage_for
from digits_core.spec.parity import ParitySpec
from digits_core.spec.solver import SolverBase
from digits_core.store.home import Home

#: Seconds that a process alone is given, and the least and how many times its own that several together are: some
#: frameworks wait for ever for one that has gone.
ALONE_S, TEAM_S, TEAM_TIMES = 4 * 3600.0, 300.0, 20.0
WORKER = "digits_core.parity.worker"

#: Is told in sentences how far it is.
Tell = Callable[[str], None]
#: A check, and the first array that does not hold.
Judged: TypeAlias = tuple[Check, Difference | None]


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
    """Comparisons of one network under way, which share whatever solver and number format do not touch.

    Args:
        stack: Processes and findings go with it.
        home: Whose settings say in which interpreter a backend lives.
        graph: The network.
        dataset: Folder of the dataset; None: pictures are drawn.
        processor: The devices of the reference.
        tell: Is told how far it is.
    """

    def __init__(
        self,
        stack: ExitStack,
        home: Home,
        graph: Graph,
        dataset: Path | None,
        processor: Sequence[MachineDevice],
        tell: Tell,
    ) -> None:
        self._home, self._graph, self._dataset = home, graph, dataset
        self._processor, self._tell = tuple(processor), tell
        self._place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="digits-parity-")))
        self._company = Company(stack, WORKER, lambda said: _answer(said) is not None)
        self._outcomes: dict[str, Outcome] = {}
        self._starts: dict[tuple[str, int], Findings] = {}
        self._begun: dict[tuple[str, str], list[Judged]] = {}
        self._trained: tuple[SolverBase, Findings] | None = None

    def run(self, spec: ParitySpec, contestants: Sequence[Contestant]) -> Verdict:
        """Let the reference and then every backend do the exercises, and compare.

        Args:
            spec: What is asked for; nothing but solver and number format may differ from one call to the next.
            contestants: Who is compared.

        Raises:
            CapabilityMissing: If a backend refuses an exercise.
            LossNotFinite: If the reference's loss is not finite.
            WorkerDied: If a process ends for another reason.
        """
        first = [self._begin(spec, contestant) for contestant in contestants]
        expected, rounded = self._reference(spec), Roundings(partial(self._rounded, spec))
        checks: list[Check] = []
        omitted: list[Omission] = []
        divergences: list[Divergence] = []
        before = expected
        for contestant, begun in zip(contestants, first, strict=True):
            found, reason = self._contest(spec, contestant, before)
            compared = begun + self._compared(contestant.backend, spec.precision, found, expected, rounded)
            checks += [check for check, _ in compared]
            divergences += [_divergence(check, where) for check, where in compared if where][:1]
            self._tell(_summary(contestant.backend, [check for check, _ in compared]))
            if reason:
                omitted.append(Omission(check="devices", backend=contestant.backend, reason=reason))
            if before is not expected:
                before.clear()
            before = found
        if before is not expected:
            before.clear()
        rounded.clear()
        names = (REFERENCE, *(contestant.backend for contestant in contestants))
        return Verdict(
            tuple(checks),
            tuple(omitted),
            tuple(divergences),
            {name: self._outcomes[name].versions for name in names},
        )

    def _begin(self, spec: ParitySpec, contestant: Contestant) -> list[Judged]:
        """What a backend finds that no solver touches, beside the reference's."""
        backend, precision = contestant.backend, spec.precision
        key = (backend, precision)
        if key not in self._begun:
            expected = self._start(spec, "fp64", 0)
            rounded = Roundings(partial(self._start, spec, precision))
            self._tell(f"{backend}: one pass forward and one backward in {precision}.")
            found = Findings(self._place / f"first-{backend}-{precision}")
            self._alone(self._asked(spec, backend, precision, contestant.alone[0].kind, found), contestant.alone)
            self._begun[key] = self._compared(backend, precision, found, expected, rounded)
            found.clear()
        return self._begun[key]

    def _start(self, spec: ParitySpec, precision: str, nudge: int) -> Findings:
        """What the reference finds that no solver touches."""
        key = (precision, nudge)
        if key not in self._starts:
            self._tell(f"{REFERENCE}: one pass forward and one backward in {_how(precision, nudge)}.")
            found = Findings(self._place / f"first-reference-{precision}-{nudge}")
            exercise = self._asked(spec, REFERENCE, precision, "cpu", found)
            self._alone(exercise.model_copy(update={"nudge": nudge}), self._processor)
            self._starts[key] = found
        return self._starts[key]

    def _contest(self, spec: ParitySpec, contestant: Contestant, before: Findings) -> tuple[Findings, str]:
        """What a backend found in training, and why it did not train on several devices, if it did not."""
        backend, precision, began = contestant.backend, spec.precision, time.monotonic()
        self._tell(f"{backend}: {spec.steps} steps of {spec.solver.name} in {precision}.")
        found = Findings(self._place / f"{backend}-{precision}")
        exercise = self._training(spec, backend, precision, contestant.alone[0].kind, found)
        outcome = self._alone(exercise.model_copy(update={"resume": before.folder}), contestant.alone)
        if not contestant.together:
            return found, "One device was asked for."
        if not outcome.distributed:
            return found, f"Backend {backend} trains on one device."
        self._team(spec, found, contestant, max(TEAM_S, TEAM_TIMES * (time.monotonic() - began)))
        return found, ""

    def _compared(
        self, backend: str, precision: str, found: Findings, expected: Findings, rounded: Roundings
    ) -> list[Judged]:
        """Every check that there are findings for; the reference is rounded until they hold, or often enough."""
        judged: list[Judged] = []
        for count in range(1, MOST_ROUNDINGS + 1):
            judged = [
                compare(comparison, precision, self._graph, backend, found, expected, rounded.first(count, precision))
                for comparison in COMPARISONS
                if found.has(comparison.name)
            ]
            if all(check.passed for check, _ in judged):
                break
        return judged

    def _reference(self, spec: ParitySpec) -> Findings:
        """What the reference finds in training; that of the last solver is kept, for another number format."""
        if self._trained is not None:
            solver, found = self._trained
            if solver == spec.solver:
                return found
            found.clear()
        self._tell(f"{REFERENCE}: {spec.steps} steps of {spec.solver.name} in fp64, the reference.")
        found = Findings(self._place / "reference")
        self._trained = None
        self._alone(self._training(spec, REFERENCE, "fp64", "cpu", found), self._processor)
        _require_finite(found)
        self._trained = spec.solver, found
        return found

    def _rounded(self, spec: ParitySpec, nudge: int) -> Findings:
        """What the reference finds in training in the backends' number format, maybe from other weights."""
        self._tell(f"{REFERENCE}: the same in {_how(spec.precision, nudge)}, to see what becomes of rounding.")
        found = Findings(self._place / f"rounded-{nudge}")
        exercise = self._training(spec, REFERENCE, spec.precision, "cpu", found)
        self._alone(exercise.model_copy(update={"nudge": nudge}), self._processor)
        return found

    def _alone(self, exercise: Exercise, devices: Sequence[MachineDevice]) -> Outcome:
        backend, stage = exercise.backend, stage_for(self._home, exercise.backend, devices)
        request = exercise.model_copy(update={"cores": stage.cores}).model_dump_json()
        who = f"{backend} on {' '.join(device.id for device in devices)}"
        outcome = _outcome(backend, [self._company.ask(who, stage, request, ALONE_S)])
        self._outcomes[backend] = outcome
        return outcome

    def _team(self, spec: ParitySpec, findings: Findings, contestant: Contestant, patience_s: float) -> None:
        """Several processes that train together."""
        devices, backend = contestant.together, contestant.backend
        self._tell(f"{backend}: the same on {', '.join(device.id for device in devices)}.")
        asked = self._training(spec, backend, spec.precision, devices[0].kind, findings)
        addresses = free_addresses(len(devices))
        members = [asked.model_copy(update={"index": index, "addresses": addresses}) for index in range(len(devices))]
        stages = [stage_for(self._home, backend, [device]) for device in devices]
        requests = [
            member.model_copy(update={"cores": stage.cores}).model_dump_json()
            for member, stage in zip(members, stages, strict=True)
        ]
        _outcome(backend, rehearse_together(stages, WORKER, requests, patience_s))

    def _training(self, spec: ParitySpec, backend: str, precision: str, kind: str, findings: Findings) -> Exercise:
        return self._asked(spec, backend, precision, kind, findings).model_copy(update={"solver": spec.solver})

    def _asked(self, spec: ParitySpec, backend: str, precision: str, kind: str, findings: Findings) -> Exercise:
        return Exercise.model_validate(
            {
                "backend": backend,
                "graph": self._encoded,
                "precision": precision,
                "kind": kind,
                "batch": spec.batch,
                "steps": spec.steps,
                "seed": spec.seed,
                "dataset": self._dataset,
                "folder": findings.folder,
            }
        )

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
    return None if rehearsal.status is None else _answer(rehearsal.out)


def _answer(said: str) -> Outcome | None:
    """The answer in the last line; None where there is none."""
    if said.endswith("\n") and (lines := said.strip().splitlines()):
        with contextlib.suppress(ValidationError):
            return Outcome.model_validate_json(lines[-1])
    return None


def _how(precision: str, nudge: int) -> str:
    away = {0: "", 1: " from weights one rounding away"}.get(nudge, " from weights ten roundings away")
    return precision + away


def _summary(backend: str, checks: Sequence[Check]) -> str:
    failed = [check.check for check in checks if not check.passed]
    if failed:
        return f"{backend}: {len(failed)} of {len(checks)} checks fail: {', '.join(failed)}."
    return f"{backend}: {len(checks)} checks hold."


def _divergence(check: Check, first: Difference) -> Divergence:
    error = None if first.error == float("inf") else first.error
    return Divergence(backend=check.backend, check=check.check, layer=check.layer, where=first.name, error=error)
