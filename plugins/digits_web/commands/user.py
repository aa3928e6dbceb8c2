"""``digits user …``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from digits_core.cli.options import Json
from digits_core.cli.output import show, table
from digits_core.contracts.command import Command

if TYPE_CHECKING:
    from digits_web.access.accounts import Account, Accounts
    from digits_web.access.person import Role


class User(Command):
    """Accounts of the server."""

    def app(self) -> typer.Typer:
        """One command for each thing that becomes of an account."""
        app = typer.Typer(
            help="Who may log in to the page.", no_args_is_help=True, rich_markup_mode=None, add_completion=False
        )
        for name, function in (("add", add), ("list", list_users), ("role", set_role), ("password", set_password)):
            app.command(name)(function)
        app.command("token")(token)
        app.command("remove")(remove)
        return app


Name = Annotated[str, typer.Argument(help="Name of the account.", show_default=False)]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input, as scripts do.")
]
RoleOption = Annotated[
    str, typer.Option(help="viewer looks; editor makes, and changes their own; admin changes everything.")
]


def add(name: Name, role: RoleOption = "editor", password_stdin: FromStdin = False, json: Json = False) -> None:
    """Make an account; the password is asked for."""
    account = _accounts().add(name, _role(role), _password(password_stdin))
    show(_data(account), f"{name} may log in, as {account.role}. Start the server with: digits serve --accounts",
         json_wanted=json)  # fmt: skip


def list_users(json: Json = False) -> None:
    """List the accounts."""
    found = _accounts().all()
    rows = [(account.name, account.role, account.made) for account in found]
    empty = "There are no accounts yet. Make one: digits user add NAME --role admin"
    show({"users": [_data(account) for account in found]}, table(("name", "role", "made"), rows, empty=empty),
         json_wanted=json)  # fmt: skip


def set_role(
    name: Name, role: Annotated[str, typer.Argument(help="viewer, editor or admin.")], json: Json = False
) -> None:
    """Give an account another role; whoever uses it logs in again."""
    _accounts().set_role(name, _role(role))
    show({"name": name, "role": role}, f"{name} is {role} now.", json_wanted=json)


def set_password(name: Name, password_stdin: FromStdin = False, json: Json = False) -> None:
    """Give an account another password; whoever uses it logs in again."""
    _accounts().get(name)
    _accounts().set_password(name, _password(password_stdin))
    show({"name": name}, f"{name} has another password now.", json_wanted=json)


def token(
    name: Name,
    days: Annotated[float, typer.Option(min=0, help="Days for which it is good.")] = 365,
    json: Json = False,
) -> None:
    """Make a token by which scripts are that account; it ends with its password, role or time."""
    from digits_web.access.sessions import Sessions

    accounts = _accounts()
    made = Sessions(accounts.folder).begin(name, accounts.get(name).stamp, 24 * days)
    show({"name": name, "token": made}, made, json_wanted=json)


def remove(name: Name, json: Json = False) -> None:
    """Take an account away; what it made stays, and is changed by admins."""
    _accounts().remove(name)
    show({"name": name}, f"{name} may not log in any more.", json_wanted=json)


def _accounts() -> Accounts:
    from digits_core.service.digits import Digits
    from digits_web.access.accounts import Accounts

    return Accounts(Digits().home.path / "server")


def _role(word: str) -> Role:
    from digits_core.errors import SpecInvalid, suggest
    from digits_web.access.person import Role

    if word not in list(Role):
        raise SpecInvalid(f"{word!r} is no role.", where="role", hint=suggest(word, Role))
    return Role(word)


def _password(from_stdin: bool) -> str:
    """The password, typed twice at a terminal, else the first line of standard input.

    Raises:
        SpecInvalid: If there is no terminal to ask at.
    """
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        from digits_core.errors import SpecInvalid

        raise SpecInvalid("A password is asked for at a terminal.", hint="Pipe it in with --password-stdin.")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _data(account: Account) -> dict[str, str]:
    return {"name": account.name, "role": account.role.value, "made": account.made}
