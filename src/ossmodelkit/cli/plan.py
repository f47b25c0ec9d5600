"""`kit plan`: how should we run it on these cards?"""

from __future__ import annotations

from typing import Annotated

import typer

from ossmodelkit.cli.exits import exit_for
from ossmodelkit.cli.options import Model, Online, Output, Outputs, show
from ossmodelkit.estimating.options import Method
from ossmodelkit.reporting.formats import Format


def plan(
    model: Model,
    gpus: Annotated[
        list[str] | None, typer.Option("--gpu", "--gpus", help="A card, or 2xH100; may be repeated.")
    ] = None,
    data: Annotated[str, typer.Option("--data", help="Training data, for the plan that is written.")] = "",
    methods: Annotated[
        list[Method] | None, typer.Option("--method", help="Ways of tuning to choose from; may be repeated.")
    ] = None,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Rows of an optimizer step over all cards.")] = 16,
    seq: Annotated[
        int | None,
        typer.Option("--seq", min=2, help="Tokens of a row; 2048, or what the model can.", show_default=False),
    ] = None,
    rank: Annotated[int, typer.Option("--rank", min=1, help="Rank of the adapters.")] = 16,
    tokens: Annotated[int, typer.Option("--tokens", min=1, help="Tokens of the whole run.")] = 1_000_000,
    price: Annotated[
        float | None, typer.Option("--price", min=0, help="Your price in USD for a card and hour.")
    ] = None,
    write: Annotated[str, typer.Option("--write", help="Write the first way as a plan for kit finetune.")] = "",
    output: Output = Format.TEXT,
    files: Outputs = None,
    online: Online = False,
) -> None:
    """Methods, quantization, recomputing and micro-batches for your cards, and what nothing beats.

    Examples:

        kit plan ./Llama-3.1-8B --gpu 2xH100 --seq 4096

        kit plan ./model --gpu RTX-4090 --method lora --method full --data train.jsonl --write plan.toml
    """
    from ossmodelkit.estimating.asking import Money
    from ossmodelkit.workflow.desk import desk_here
    from ossmodelkit.workflow.plan import Wish
    from ossmodelkit.workflow.plan import plan as run

    wish = Wish(
        gpus=tuple(name for given in gpus or () for name in given.split(",")),
        methods=tuple(methods or (Method.LORA,)),
        batch=batch,
        seq=seq or 0,
        rank=rank,
        data=data,
        write=write,
        money=Money(tokens=tokens, price=price),
    )
    report = run(model, wish, desk=desk_here(), online=online)
    show(report, output, files or ())
    raise exit_for(report.outcome)
