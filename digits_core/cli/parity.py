"""``digits parity``."""

from __future__ import annotations

import json as jsons
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digits_core.cli.options import Json, picture_size
from digits_core.cli.output import require_outs, say, show, table, write_out

if TYPE_CHECKING:
    from digits_core.parity.certificate import Certificate, Check, Divergence

FAILED = 1


def parity(
    network: Annotated[
        str, typer.Argument(help="Name of a network (NAME:key=value sets a param), a network file, or an archive.")
    ],
    backends: Annotated[
        str | None, typer.Option(help="Who is compared, as torch,jax. [default: every one that is installed]")
    ] = None,
    precision: Annotated[str | None, typer.Option(help="fp32, fp64. [default: fp64]")] = None,
    steps: Annotated[int | None, typer.Option(help="Solver steps. [default: 50]")] = None,
    solver: Annotated[str | None, typer.Option(help="As for training. [default: sgd]")] = None,
    lr: Annotated[
        float | None, typer.Option(help="Learning rate; at high ones rounding grows. [default: a tenth of the usual]")
    ] = None,
    devices: Annotated[
        str | None, typer.Option(help="cpu, cpu:2, gpu, gpu:2. [default: the processor, then two of its cores]")
    ] = None,
    batch: Annotated[int | None, typer.Option(help="Pictures per step. [default: 8]")] = None,
    dataset: Annotated[str | None, typer.Option(help="Whose pictures. [default: drawn ones]")] = None,
    size: Annotated[str | None, typer.Option(help="WIDTHxHEIGHT of drawn pictures. [default: small]")] = None,
    channels: Annotated[int | None, typer.Option(help="Channels of drawn pictures. [default: the usual]")] = None,
    classes: Annotated[int | None, typer.Option(help="Classes of drawn pictures. [default: 10]")] = None,
    seed: Annotated[int | None, typer.Option(help="Decides whatever is drawn. [default: 0]")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where the certificate goes. [default: parity-NETWORK.json]")
    ] = None,
    set: Annotated[
        list[str] | None, typer.Option("--set", help="Any key: solver.momentum=0.5; may be repeated.")
    ] = None,
    json: Json = False,
) -> None:
    """Prove that backends compute the same: check by check against the reference, with a certificate.

    Exit status: 0 every check holds, 1 a backend diverges, 2 the request is wrong.
    """
    from digits_core.cli.request import with_settings
    from digits_core.service.digits import Digits

    target = out or Path(f"parity-{_file_name(network)}.json")
    require_outs(target)
    width, height = picture_size(size) if size else (None, None)
    flags = {
        "network": network,
        "backends": [name.strip() for name in backends.split(",")] if backends else None,
        "precision": precision,
        "steps": steps,
        "solver.name": solver,
        "solver.rate": lr,
        "devices": devices,
        "batch": batch,
        "dataset": dataset,
        "width": width,
        "height": height,
        "channels": channels,
        "classes": classes,
        "seed": seed,
    }
    certificate = Digits().parity(with_settings({}, set or [], flags), tell=say)
    document = certificate.model_dump(mode="json")
    write_out(target, (jsons.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())
    show(document, _describe(certificate), json_wanted=json)
    say(f"Wrote {target}.")
    if not certificate.passed:
        raise typer.Exit(FAILED)


def _file_name(network: str) -> str:
    """A network's name, or that of its file, as part of a file's name."""
    name = re.sub(r"\.(ya?ml|json)$", "", Path(network).name)
    return re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-")


def _describe(certificate: Certificate) -> str:
    height, width, channels = certificate.input
    solver = certificate.solver
    lines = [
        f"{certificate.network}: {certificate.parameters:,} parameters, pictures {width}x{height}x{channels}, "
        f"{certificate.classes} classes, batch {certificate.batch}, seed {certificate.seed}",
        f"{certificate.steps} steps of {solver['name']} at rate {solver['rate']:g} in {certificate.precision}, "
        f"against {certificate.reference}",
        "",
        table(
            ("backend", "check", "verdict", "largest error", "tolerance", "where"),
            map(_row, certificate.checks),
        ),
        "",
    ]
    lines += [f"Not compared: {item.backend}, {item.check}. {item.reason}" for item in certificate.omitted]
    lines += map(_diverges, certificate.divergences)
    failed = sum(not check.passed for check in certificate.checks)
    total = len(certificate.checks)
    lines.append(f"{failed} of {total} checks fail." if failed else f"All {total} checks hold.")
    if any(check.telling < check.arrays for check in certificate.checks):
        lines.append("Arrays that rounding alone takes by more than a hundredth prove little, and are counted apart.")
    return "\n".join(lines)


def _diverges(found: Divergence) -> str:
    place = found.where
    if found.layer:
        place = f"layer {found.layer}" + (f" ({found.where})" if found.where != found.layer else "")
    return f"{found.backend} diverges first in {found.check}, at {place}: error {_number(found.error)}."


def _row(check: Check) -> tuple[str, ...]:
    tolerance = f"{check.tolerance:.0e}" if check.tolerance else "bit-equal"
    verdict = "holds" if check.passed else "FAILS"
    where = check.where if check.error != 0 else ""
    if vague := check.arrays - check.telling:
        where += f"; {vague:,} of {check.arrays:,} arrays prove little"
    return (check.backend, check.check, verdict, _number(check.error), tolerance, where)


def _number(error: float | None) -> str:
    return "none" if error is None else "0" if error == 0 else f"{error:.1e}"
