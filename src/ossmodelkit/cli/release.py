"""`kit release`: documents, checklist, signature."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from ossmodelkit.cli.exits import exit_for
from ossmodelkit.cli.key import PassphraseFile
from ossmodelkit.cli.options import Output, Outputs, show
from ossmodelkit.reporting.formats import Format

if TYPE_CHECKING:
    from ossmodelkit.workflow.release_material import Options


class Verbs(TyperGroup):
    """`kit release MODEL` is short for `kit release build MODEL`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the verb in where a model stands."""
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["build", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=Verbs,
    no_args_is_help=True,
    help="Judge the checklist, write card, notices and bills of materials, sign the folder.\n\n"
    "kit release MODEL is short for kit release build MODEL.",
)

Model = Annotated[str, typer.Argument(metavar="MODEL", help="The folder that holds the weights.")]
Out = Annotated[str, typer.Option("--out", help="The release's folder; left out, MODEL itself becomes the release.")]
Key = Annotated[
    str,
    typer.Option(
        "--key",
        help="Private key, exec:COMMAND that signs what it gets on stdin, or sigstore: for your identity.",
        envvar="KIT_KEY",
    ),
]
Public = Annotated[str, typer.Option("--public", help="The public key of an exec: signer.")]
Certificate = Annotated[str, typer.Option("--certificate", help="Certificate chain in PEM, the signer's first.")]
Profiles = Annotated[
    list[str] | None,
    typer.Option("--profile", "-p", help="internal, public-weights, hosted-api or eu-gpai; may be repeated."),
]
Policy = Annotated[str, typer.Option("--policy", help="Stricter demands: a TOML file, or a shipped name.")]
Attest = Annotated[str, typer.Option("--attest", help="What people state; attest.yaml of the project otherwise.")]
Trust = Annotated[str, typer.Option("--trust", help="Trusted signers; trust.yaml of the project otherwise.")]
Previous = Annotated[str, typer.Option("--previous", help="The release before this one.")]
Scan = Annotated[bool, typer.Option("--scan", help="Audit the model again first.")]
Cyclonedx = Annotated[str, typer.Option("--cyclonedx", help="1.6 or 1.7.")]


@app.command()
def build(
    model: Model,
    out: Out = "",
    key: Key = "",
    public: Public = "",
    certificate: Certificate = "",
    passphrase_file: PassphraseFile = None,
    profile: Profiles = None,
    policy: Policy = "",
    attest: Attest = "",
    trust: Trust = "",
    previous: Previous = "",
    scan: Scan = False,
    copy: Annotated[bool, typer.Option("--copy", help="Copy the weights; they are hard-linked otherwise.")] = False,
    cyclonedx: Cyclonedx = "1.6",
    output: Output = Format.TEXT,
    files: Outputs = None,
) -> None:
    """Release a model: the verb that may be left out.

    Nothing is written while a blocking item of the checklist fails. The folder appears whole, or not at all.

    Examples:

        kit release tuned --out release --key key

        kit release tuned --out release --key key --profile public-weights
    """
    from ossmodelkit.workflow.release import release as run

    options = _options(
        model, key, public, certificate, passphrase_file, profile, policy, attest, trust, previous, scan, cyclonedx,
        out=out, copy=copy,
    )  # fmt: skip
    report = run(options, desk=_desk())
    show(report, output, files or ())
    raise exit_for(report.outcome)


@app.command()
def check(
    model: Model,
    key: Key = "",
    public: Public = "",
    certificate: Certificate = "",
    passphrase_file: PassphraseFile = None,
    profile: Profiles = None,
    policy: Policy = "",
    attest: Attest = "",
    trust: Trust = "",
    previous: Previous = "",
    scan: Scan = False,
    cyclonedx: Cyclonedx = "1.6",
    output: Output = Format.TEXT,
    files: Outputs = None,
) -> None:
    """Judge the checklist and write nothing.

    Examples:

        kit release check tuned --key key

        kit release check tuned --profile public-weights --profile eu-gpai --format json
    """
    from ossmodelkit.workflow.release import check as run

    options = _options(
        model, key, public, certificate, passphrase_file, profile, policy, attest, trust, previous, scan, cyclonedx,
    )  # fmt: skip
    report = run(options, desk=_desk())
    show(report, output, files or ())
    raise exit_for(report.outcome)


@app.command()
def ask(
    model: Model,
    key: Key = "",
    public: Public = "",
    certificate: Certificate = "",
    passphrase_file: PassphraseFile = None,
    profile: Profiles = None,
    policy: Policy = "",
    attest: Attest = "",
    trust: Trust = "",
) -> None:
    """Print what only a person can state, as text for attest.yaml, with what the records propose.

    Examples:

        kit release ask tuned --profile public-weights >> attest.yaml
    """
    from ossmodelkit.workflow.release import ask as run

    options = _options(
        model, key, public, certificate, passphrase_file, profile, policy, attest, trust, "", False, "1.6",
    )  # fmt: skip
    typer.echo(run(options, desk=_desk()), nl=False)


@app.command()
def attach(
    model: Model,
    name: Annotated[str, typer.Argument(help="What was measured: scores, loadtest, redteam, bias, vulns, ….")],
    file: Annotated[Path, typer.Argument(help="The results as JSON.", dir_okay=False)],
    output: Output = Format.TEXT,
) -> None:
    """Keep results measured elsewhere as evidence about a model's bytes.

    Examples:

        kit release attach tuned scores scores.json

        kit release attach tuned loadtest loadtest.json
    """
    from ossmodelkit.workflow.release_attach import attach as run

    show(run(model, name, file, desk=_desk()), output)


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="The earlier release.", file_okay=False)],
    new: Annotated[Path, typer.Argument(help="The later release.", file_okay=False)],
    output: Output = Format.TEXT,
    files: Outputs = None,
) -> None:
    """What changed between two releases: files, scores, license, data, checklist.

    Examples:

        kit release diff release-1.0 release-1.1
    """
    from ossmodelkit.workflow.release_diff import diff as run

    report = run(old, new)
    show(report, output, files or ())
    raise exit_for(report.outcome)


@app.command()
def resume(
    target: Annotated[str, typer.Argument(metavar="DIR", help="What was to be released: the --out, or the model.")],
    output: Output = Format.TEXT,
) -> None:
    """Finish a release that was interrupted.

    Examples:

        kit release resume release
    """
    from ossmodelkit.workflow.release import resume as run

    report = run(target, desk=_desk())
    show(report, output)
    raise exit_for(report.outcome)


@app.command()
def clean(
    target: Annotated[str, typer.Argument(metavar="DIR", help="What was to be released: the --out, or the model.")],
    output: Output = Format.TEXT,
) -> None:
    """Remove what an interrupted release left behind.

    Examples:

        kit release clean release
    """
    from ossmodelkit.workflow.release import clean as run

    show(run(target), output)


def _desk() -> Any:
    from ossmodelkit.foundation.progress import for_people
    from ossmodelkit.workflow.desk import desk_here

    return desk_here(progress=for_people())


def _options(
    model: str, key: str, public: str, certificate: str, passphrase_file: Path | None, profile: list[str] | None,
    policy: str, attest: str, trust: str, previous: str, scan: bool, cyclonedx: str, *, out: str = "",
    copy: bool = False,
) -> Options:  # fmt: skip
    from ossmodelkit.workflow.release_material import Options

    return Options(
        model=model,
        out=out,
        key=key,
        public=public,
        certificate=certificate,
        passphrase_file=str(passphrase_file or ""),
        profiles=tuple(profile or ()),
        policy=policy,
        attest=attest,
        trust=trust,
        previous=previous,
        copy=copy,
        scan=scan,
        cyclonedx=cyclonedx,
    )
