"""`kit data`: is this data fit to train on, and what would make it so?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ossmodelkit.cli.exits import exit_for
from ossmodelkit.cli.options import Output, Outputs, show
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.reporting.formats import Format

if TYPE_CHECKING:
    from ossmodelkit.workflow.desk import Desk

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

To = Annotated[
    Path, typer.Option("--to", metavar="PATH", help="The file to write; never one of the sources.", show_default=False)
]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that exists.")]
Seed = Annotated[int, typer.Option("--seed", help="Decides every choice.")]


@app.command()
def check(
    files: Files,
    against: Against = None,
    max_chars: Annotated[int, typer.Option(min=0, help="Longest row, in characters of its turns; 0 is no limit.")] = 0,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            metavar="BASE",
            help="Also count tokens, with this model's tokenizer and chat template.",
            show_default=False,
        ),
    ] = "",
    max_tokens: Annotated[
        int, typer.Option(min=0, help="Longest row in tokens, with --model; 0 takes the model's own limit.")
    ] = 0,
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

        kit data check train.jsonl --model ./base --max-tokens 4096

        zcat train.jsonl.gz | kit data check - --format json
    """
    from ossmodelkit.curating.checking import Questions
    from ossmodelkit.foundation.errors import UsageError
    from ossmodelkit.workflow import data

    if max_tokens and not model:
        raise UsageError("--max-tokens needs a tokenizer to count with", hint="add --model BASE")
    questions = Questions(
        skip=tuple(skip or ()),
        shape=shape,
        most_chars=max_chars,
        most_tokens=max_tokens,
        attributes=tuple(attribute or ()),
        favorable=favorable,
    )
    report = data.check(files, desk=_desk(), against=against or (), questions=questions, base=model)
    show(report, output, reports or ())
    raise exit_for(report.outcome)


@app.command()
def clean(
    files: Files,
    to: To,
    against: Against = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT",
            help="Also leave out near-duplicates, broken (rows with wrong turns) or takeover; may be repeated.",
            show_default=False,
        ),
    ] = None,
    placeholders: Annotated[
        Path | None,
        typer.Option("--map", metavar="PATH", help="Also write a salted map of the placeholders.", show_default=False),
    ] = None,
    salt: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The salt of that map, 16 bytes or more.", show_default=False)
    ] = None,
    shape: Shape = "",
    force: Force = False,
    output: Output = Format.TEXT,
    reports: Outputs = None,
) -> None:
    """Write a copy without personal data, secrets, hidden characters, unreadable and repeated rows.

    The same value gets the same placeholder within a row: <EMAIL_1>, <PHONE_2>, <SECRET_1>. The copy is JSON Lines
    in UTF-8, whatever the source was.

    Examples:

        kit data clean train.jsonl --to clean.jsonl

        kit data clean train.csv --to clean.jsonl --drop near-duplicates --against test.jsonl
    """
    from ossmodelkit.curating.cleaning import Cleaning
    from ossmodelkit.workflow import data_making

    wanted = Cleaning(drop=tuple(drop or ()), shape=shape, map=placeholders, salt=_salt(salt))
    report = data_making.clean(files, to, desk=_desk(), wanted=wanted, against=against or (), force=force)
    show(report, output, reports or ())
    raise exit_for(report.outcome)


@app.command("format")
def convert(
    files: Files,
    to: To,
    shape: Shape = "",
    force: Force = False,
    output: Output = Format.TEXT,
    reports: Outputs = None,
) -> None:
    """Bring Alpaca, ShareGPT, ChatML, prompt-completion and labeled rows into one format: OpenAI messages.

    A row that cannot be brought over whole is left out and named, and the answer is then "could not judge" (exit 3).

    Examples:

        kit data format alpaca.json --to train.jsonl

        kit data format *.jsonl --to train.jsonl --format json
    """
    from ossmodelkit.workflow import data_making

    report = data_making.convert(files, to, desk=_desk(), shape=shape, force=force)
    show(report, output, reports or ())
    raise exit_for(report.outcome)


@app.command()
def mix(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE[=WEIGHT]…", help="Files, each with its share of the rows.")
    ],
    to: To,
    rows: Annotated[int, typer.Option(min=0, help="Rows wanted; 0 takes as many as the weights allow.")] = 0,
    balance: Annotated[
        str, typer.Option(metavar="FIELD", help="Repeat small groups by this field instead.", show_default=False)
    ] = "",
    cap: Annotated[float, typer.Option(min=1, help="With --balance: how often one row may stand at most.")] = 5.0,
    seed: Seed = 0,
    force: Force = False,
    output: Output = Format.TEXT,
    reports: Outputs = None,
) -> None:
    """Mix files by weight, or bring the groups of one field closer in number.

    The same seed gives the same bytes. Beside the mixture stands a note of where every row came from.

    Examples:

        kit data mix chat.jsonl=0.7 code.jsonl=0.3 --to train.jsonl --seed 7

        kit data mix reviews.csv --balance label --cap 5 --to train.jsonl
    """
    from ossmodelkit.curating.mixing import Mixing
    from ossmodelkit.workflow import data_making
    from ossmodelkit.workflow.data_feeds import with_weights

    names, weights = with_weights(files)
    wanted = Mixing(weights=weights, rows=rows, balance=balance, cap=cap, seed=seed)
    report = data_making.mix(names, to, desk=_desk(), wanted=wanted, force=force)
    show(report, output, reports or ())
    raise exit_for(report.outcome)


@app.command()
def augment(
    files: Files,
    to: To,
    times: Annotated[int, typer.Option(min=1, max=50, help="Variants of each row to try for.")] = 1,
    seed: Seed = 0,
    force: Force = False,
    output: Output = Format.TEXT,
    reports: Outputs = None,
) -> None:
    """Add variants of the prompts where there are few rows; answers and labels stay as they are.

    The same seed gives the same bytes. Beside the file stands a note of what was done to every row.

    Examples:

        kit data augment few.jsonl --to more.jsonl --times 3 --seed 7
    """
    from ossmodelkit.curating.augmenting import Augmenting
    from ossmodelkit.workflow import data_making

    wanted = Augmenting(times=times, seed=seed)
    report = data_making.augment(files, to, desk=_desk(), wanted=wanted, force=force)
    show(report, output, reports or ())
    raise exit_for(report.outcome)


def _desk() -> Desk:
    from ossmodelkit.foundation.progress import for_people
    from ossmodelkit.workflow.desk import desk_here

    return desk_here(progress=for_people())


def _salt(path: Path | None) -> bytes:
    try:
        return path.read_bytes() if path else b""
    except OSError as error:
        raise UsageError(
            f"cannot read the salt {path}: {error.strerror}", hint="give a file of random bytes"
        ) from error
