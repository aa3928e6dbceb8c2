"""``digits doctor``."""

from __future__ import annotations

import typer

from digits_core.cli.options import Json
from digits_core.cli.output import show, table


def doctor(json: Json = False) -> None:
    """Look at this installation, and say what to do where something is amiss."""
    from digits_core.service.digits import Digits

    view = Digits().doctor()
    checks = table(
        ("", "check", "found"),
        [("ok" if check.passed else "WRONG", check.name, check.found) for check in view.checks],
    )
    remedies = [f"{check.name}: {check.remedy}" for check in view.checks if check.remedy]
    remedies += [f"{item.kind} {item.name}: {item.remedy}" for item in view.plugins.plugins if item.remedy]
    show(view.to_dict(), "\n".join([f"DIGITS {view.version}", checks, *remedies]), json_wanted=json)
    if not view.passed:
        raise typer.Exit(1)
