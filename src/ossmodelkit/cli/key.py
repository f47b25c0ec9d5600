"""`kit key`: make and show signing keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ossmodelkit.cli.options import Output, show
from ossmodelkit.reporting.formats import Format

app = typer.Typer(help="Make and show signing keys.", no_args_is_help=True)

PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="Read the passphrase from this file.", dir_okay=False, show_default=False),
]


@app.command()
def gen(
    out: Annotated[Path, typer.Option("--out", help="Private key; the public half gets .pub added.")] = Path("key"),
    curve: Annotated[str, typer.Option("--curve", help="p256 or p384.")] = "p256",
    passphrase_file: PassphraseFile = None,
    no_passphrase: Annotated[bool, typer.Option("--no-passphrase", help="Leave the private key unprotected.")] = False,
    output: Output = Format.TEXT,
) -> None:
    """Make a key pair for signing releases.

    The private half is encrypted: its passphrase comes from a prompt, from --passphrase-file or from the
    variable KIT_PASSPHRASE, never from the command line. An existing file is never overwritten.

    Examples:

        kit key gen --out release-key

        kit key gen --curve p384 --passphrase-file secret.txt
    """
    from ossmodelkit.workflow.key import gen as run

    show(run(out, curve=curve, passphrase_file=passphrase_file, bare=no_passphrase), output)


@app.command(name="show")
def show_key(
    key: Annotated[Path, typer.Argument(help="A private or a public key.", dir_okay=False)],
    passphrase_file: PassphraseFile = None,
    output: Output = Format.TEXT,
) -> None:
    """Show a key's fingerprint and its public half.

    Examples:

        kit key show release-key.pub

        kit key show release-key --format json
    """
    from ossmodelkit.workflow.key import show as run

    show(run(key, passphrase_file=passphrase_file), output)


@app.command()
def trust(
    key: Annotated[Path, typer.Argument(help="The public key of a signer you trust.", dir_okay=False)],
    name: Annotated[str, typer.Option("--name", help="Who that is.")],
    until: Annotated[str, typer.Option("--until", help="Last day of their signatures, like 2027-12-31.")] = "",
    file: Annotated[Path, typer.Option("--file", help="The trust file; made when absent.", dir_okay=False)] = Path(
        "trust.yaml"
    ),
    output: Output = Format.TEXT,
) -> None:
    """Add a signer to a trust file, which kit release and kit verify read.

    Examples:

        kit key trust key.pub --name "Release team" --until 2027-12-31
    """
    from ossmodelkit.workflow.key import trust as run

    show(run(key, name=name, until=until, file=file), output)
