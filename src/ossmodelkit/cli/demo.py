"""`kit demo`: the whole chain on a small model."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer


def demo(
    folder: Annotated[Path, typer.Argument(help="Where to build it.", file_okay=False)] = Path("demo"),
    force: Annotated[bool, typer.Option("--force", help="Throw an earlier demo in that folder away.")] = False,
) -> None:
    """Build, audit, fine-tune, release and verify a small model, offline, in about a minute.

    Every step is a real command, shown before it runs. Needs the extra [train].

    Examples:

        kit demo

        kit demo /tmp/kit-demo --force
    """
    from ossmodelkit.workflow import demo as story

    began = time.monotonic()
    typer.echo(f"Building a small Llama in {folder}/base …")
    story.prepare(folder, force=force)
    for number, step in enumerate(story.STEPS, 1):
        typer.secho(f"\n{number}/{len(story.STEPS)}  {step.title}", bold=True)
        typer.secho(f"$ kit {' '.join(step.words)}", dim=True)
        code = story.run(step, folder)
        if code != step.expects:
            typer.echo(f"\nkit: step {number} ended with exit code {code}, {step.expects} was expected", err=True)
            raise typer.Exit(5)
    _goodbye(folder, time.monotonic() - began)


def _goodbye(folder: Path, seconds: float) -> None:
    typer.secho(f"\nDone in {seconds:.0f} s. Look at:", bold=True)
    for path, why in (
        ("release/README.md", "the model card: every number in it has a record behind it"),
        ("release/release/", "checklist, SBOM and evidence, all inside the signature"),
        (".kit/evidence/", "the ledger: what was asked, of which bytes, and what came out"),
        ("poisoned/", "audit it again with --format sarif, or: kit explain pickle-imports-shell"),
    ):
        typer.echo(f"  {folder / path}  {why}")
    typer.echo(f"  cd {folder} && kit status")
