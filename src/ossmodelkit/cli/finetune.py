"""`kit finetune`: tune a model by a plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ossmodelkit.cli.exits import exit_for
from ossmodelkit.cli.options import Output, Outputs, show
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.reporting.formats import Format
from ossmodelkit.tuning.cluster import Launcher

PlanFile = Annotated[Path | None, typer.Argument(metavar="[PLAN.toml]", help="The plan.", show_default=False)]
Example = Annotated[
    str, typer.Option("--example", metavar="NAME", help="Print an example plan and leave; 'list' names them.")
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="Change a field of the plan, such as train.lr=1e-4; may be repeated.",
        show_default=False,
    ),
]
Schema = Annotated[bool, typer.Option("--schema", help="Print the JSON schema of a plan and leave.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show plan, base and estimate; train nothing.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the newest whole checkpoint, exactly.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an earlier result or unfinished run.")]
Unaudited = Annotated[bool, typer.Option("--unaudited", help="Train on a base without a passing audit; recorded.")]
Launch = Annotated[
    Launcher | None,
    typer.Option("--launch", help="Print what starts the run on several machines, and leave.", show_default=False),
]
Nodes = Annotated[int, typer.Option("--nodes", min=0, help="How many machines; prints the command for each.")]
Image = Annotated[str, typer.Option("--image", help="The container image, for Kubernetes.")]
MeasuredRuns = Annotated[
    str, typer.Option("--measured-runs", help="Append predicted and measured memory to this file.", show_default=False)
]
Collect = Annotated[bool, typer.Option("--collect", help="Take over a run that ended on other machines.")]


def finetune(
    plan: PlanFile = None,
    change: Set = None,
    example: Example = "",
    schema: Schema = False,
    dry_run: DryRun = False,
    resume: Resume = False,
    force: Force = False,
    unaudited: Unaudited = False,
    launch: Launch = None,
    nodes: Nodes = 0,
    image: Image = "registry.example.org/train:1",
    collect: Collect = False,
    measured_runs: MeasuredRuns = "",
    output: Output = Format.TEXT,
    files: Outputs = None,
) -> None:
    """Tune a model by a plan, and make the result a subject with its lineage.

    Trains in a process of its own (extra [train]). The base must have passed kit audit in this project;
    base, data, settings, software and hardware are recorded, and the result is scanned.

    Examples:

        kit finetune --example lora > plan.toml

        kit finetune plan.toml

        kit finetune plan.toml --set train.lr=1e-4 --set speed.packing=false

        kit finetune plan.toml --resume
    """
    from ossmodelkit.foundation.progress import for_people
    from ossmodelkit.workflow.desk import desk_here
    from ossmodelkit.workflow.finetune import finetune as run
    from ossmodelkit.workflow.finetune_plan import example_plan, launch_file, look_at, plan_schema

    if example or schema:
        typer.echo(example_plan(example) if example else plan_schema(), nl=False)
        return
    if plan is None:
        raise UsageError("which plan?", hint="kit finetune --example lora > plan.toml writes one to start from")
    desk = desk_here(progress=for_people())
    if launch or nodes:
        text = launch_file(plan, desk, launch or "shell", nodes=nodes, image=image, resume=resume, changes=change or ())
        typer.echo(text, nl=False)
        return
    if dry_run:
        report = look_at(plan, desk, changes=change or ())
    else:
        report = run(
            plan,
            desk,
            changes=change or (),
            unaudited=unaudited,
            resume=resume,
            force=force,
            collect=collect,
            measured_runs=measured_runs,
        )
    show(report, output, files or ())
    raise exit_for(report.outcome)
