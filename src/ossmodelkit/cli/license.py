"""`kit license`: may we use it, and what do we owe?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ossmodelkit.cli.exits import exit_for
from ossmodelkit.cli.options import Model, Online, Output, Outputs, show
from ossmodelkit.reporting.formats import Format

app = typer.Typer(
    help="Licenses: audit a model, identify a text, decide a case, write the notices.", no_args_is_help=True
)
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="License texts.", show_default=False)]
Scenario = Annotated[Path, typer.Argument(metavar="SCENARIO.yaml", help="The situation, described.")]
Id = Annotated[str, typer.Argument(metavar="[ID]", help="A license id, hub tag or SPDX id; none lists all.")]
Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="License ids, hub tags or SPDX ids.")]
Text = Annotated[str, typer.Option("--license-text", metavar="FILE", help="The file in the model that is its license.")]
Uses = Annotated[
    list[str] | None, typer.Option("--use", help="Instead of kit.toml's use; may be repeated.", show_default=False)
]


@app.command()
def audit(
    model: Model,
    output: Output = Format.TEXT,
    files: Outputs = None,
    online: Online = False,
    license_text: Text = "",
    use: Uses = None,
    commercial: Annotated[bool | None, typer.Option(help="Instead of kit.toml's.", show_default=False)] = None,
    territory: Annotated[list[str] | None, typer.Option(help="Instead of kit.toml's.", show_default=False)] = None,
    mau: Annotated[int | None, typer.Option(help="Monthly active users now.", show_default=False)] = None,
    revenue: Annotated[int | None, typer.Option(help="Annual revenue in USD.", show_default=False)] = None,
) -> None:
    """License, lineage and duties of a model, for the use that kit.toml describes.

    Examples:

        kit license audit ./Llama-3.1-8B

        kit license audit ./model --use saas --commercial --territory EU --format json
    """
    from ossmodelkit.workflow.desk import desk_here
    from ossmodelkit.workflow.license import license as run
    from ossmodelkit.workflow.license_profile import profile

    desk = desk_here()
    wanted = profile(desk, use=use, commercial=commercial, territory=territory, mau=mau, revenue=revenue)
    report = run(model, desk=desk, online=online, profile=wanted, license_text=license_text)
    show(report, output, files or ())
    raise exit_for(report.outcome)


@app.command()
def identify(texts: Files, output: Output = Format.TEXT, files: Outputs = None) -> None:
    """Which license a text is: exact, exact and more, changed, or unknown.

    Examples:

        kit license identify LICENSE

        kit license identify LICENSE NOTICE --format json
    """
    from ossmodelkit.workflow.license_identify import identify_files

    report = identify_files(tuple(texts))
    show(report, output, files or ())
    raise exit_for(report.outcome)


@app.command()
def decide(scenario: Scenario, output: Output = Format.TEXT, files: Outputs = None) -> None:
    """Judge a situation that is only described, before any file exists.

    Examples:

        kit license decide case.yaml

        kit license decide case.yaml --format json
    """
    from ossmodelkit.workflow.license_decide import decide as run

    report = run(scenario)
    show(report, output, files or ())
    raise exit_for(report.outcome)


@app.command()
def lineage(model: Model, output: Output = Format.TEXT, files: Outputs = None, online: Online = False) -> None:
    """The family of a model: bases, adapters, merges, datasets, and their licenses.

    Examples:

        kit license lineage ./my-finetune
    """
    from ossmodelkit.workflow.desk import desk_here
    from ossmodelkit.workflow.license_lineage import lineage as run

    report = run(model, desk=desk_here(), online=online)
    show(report, output, files or ())
    raise exit_for(report.outcome)


@app.command()
def notice(
    model: Model,
    out: Annotated[Path | None, typer.Option("--out", help="A folder to write into.", show_default=False)] = None,
    short: Annotated[bool, typer.Option("--short", help="The short form, for a user interface.")] = False,
    online: Online = False,
) -> None:
    """NOTICE, third-party texts and card lines, from what was found; nothing is invented.

    Examples:

        kit license notice ./my-finetune

        kit license notice ./my-finetune --out release
    """
    from ossmodelkit.workflow.desk import desk_here
    from ossmodelkit.workflow.license_notice import notice as run

    typer.echo(run(model, desk=desk_here(), out=out, short=short, online=online), nl=False)


@app.command()
def explain(license_id: Id = "", output: Output = Format.TEXT, files: Outputs = None) -> None:
    """One license in plain words: rights, duties, limits, and whether its text was read.

    Examples:

        kit license explain llama3.1

        kit license explain
    """
    from ossmodelkit.workflow.license_texts import explain as run
    from ossmodelkit.workflow.license_texts import listing

    show(run(license_id) if license_id else listing(), output, files or ())


@app.command()
def compat(licenses: Ids, output: Output = Format.TEXT, files: Outputs = None) -> None:
    """May works under these licenses become one?

    Examples:

        kit license compat apache-2.0 gpl-2.0

        kit license compat llama3.1 agpl-3.0 gemma
    """
    from ossmodelkit.workflow.license_texts import compat as run

    report = run(tuple(licenses))
    show(report, output, files or ())
    raise exit_for(report.outcome)


@app.command()
def choose(
    parents: Annotated[
        list[str] | None, typer.Argument(metavar="[ID...]", help="The licenses of what the release is made from.")
    ] = None,
    output: Output = Format.TEXT,
    files: Outputs = None,
    use: Uses = None,
    commercial: Annotated[bool | None, typer.Option(help="Instead of kit.toml's.", show_default=False)] = None,
) -> None:
    """Which release license fits given parents; without parents, which base license fits the use.

    Examples:

        kit license choose llama3.1 cc-by-4.0

        kit license choose --use saas --commercial
    """
    from ossmodelkit.workflow.desk import desk_here
    from ossmodelkit.workflow.license_profile import profile
    from ossmodelkit.workflow.license_texts import choose as run

    report = run(profile(desk_here(), use=use, commercial=commercial), tuple(parents or ()))
    show(report, output, files or ())
    raise exit_for(report.outcome)
