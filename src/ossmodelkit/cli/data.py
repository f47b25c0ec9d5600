"""`kit data`: is this data fit to train on, and what would make it so?"""

from __future__ import annotations

from typing import Annotated

import typer

from ossmodelkit.cli.exits import exit_for
from ossmodelkit.cli.options import Output, Outputs, show
from ossmodelkit.reporting.formats import Format

app = typer.Typer(help="Check, clean, convert, mix and augment training data.", no_args_is_help=True)

Files = Annotated[
    list[str], typer.Argument(metavar="FILES…", help="JSON Lines, JSON, CSV or Parquet files; - is standard input.")
]
Against = Annotated[
    list[str] | None,
    typer.Option(
        "--against",
        metavar="EVAL",
        help="An evaluation file that must not be in the data; may be repeated.",
        show_default=False,
    ),
]
Shape = Annotated[
    str,
    typer.Option(
        "--shape",
        metavar="NAME",
        help="Read rows as this format instead of telling it from their fields.",
        show_default=False,
    ),
]
Skip = Annotated[
    list[str] | None,
    typer.Option(
        "--skip",
        metavar="GROUP",
        help="Leave out personal, secrets, hostile, duplicates, contamination, poisoning or balance; may be repeated.",
        show_default=False,
    ),
]


@app.command()
def check(
    files: Files,
    against: Against = None,
    max_chars: Annotated[int, typer.Option(min=0, help="Longest row, in characters of its turns; 0 is no limit.")] = 0,
    shape: Shape = "",
    skip: Skip = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD", help="A field to count groups by; may be repeated.", show_default=False),
    ] = None,
    favorable: Annotated[
        str, typer.Option(metavar="LABEL", help="The label whose rate is compared between groups.", show_default=False)
    ] = "",
    output: Output = Format.TEXT,
    reports: Outputs = None,
) -> None:
    """Is this data fit to train on? Format, personal data, secrets, duplicates, contamination, poisoning, balance.

    Every finding names file, line, field and rule. In a project (see kit init) the result is kept as evidence.

    Examples:

        kit data check train.jsonl

        kit data check train.jsonl --against test.jsonl --max-chars 8000 -o report.html

        zcat train.jsonl.gz | kit data check - --format json
    """
    from ossmodelkit.curating.checking import Questions
    from ossmodelkit.foundation.progress import for_people
    from ossmodelkit.workflow import data
    from ossmodelkit.workflow.desk import desk_here

    questions = Questions(
        skip=tuple(skip or ()),
        shape=shape,
        most_chars=max_chars,
        attributes=tuple(attribute or ()),
        favorable=favorable,
    )
    report = data.check(files, desk=desk_here(progress=for_people()), against=against or (), questions=questions)
    show(report, output, reports or ())
    raise exit_for(report.outcome)
