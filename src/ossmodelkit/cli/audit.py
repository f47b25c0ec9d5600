"""`kit audit`: may we adopt this model?"""

from __future__ import annotations

from ossmodelkit.cli.exits import exit_for
from ossmodelkit.cli.options import Jobs, Model, Online, Output, Outputs, show
from ossmodelkit.reporting.formats import Format


def audit(
    model: Model,
    output: Output = Format.TEXT,
    files: Outputs = None,
    online: Online = False,
    jobs: Jobs = 0,
) -> None:
    """License, lineage and security of a model, before you adopt it.

    Reads every byte a loader would read and loads nothing. In a project (see kit init) the two halves
    are kept as evidence.

    Examples:

        kit audit ./Llama-3.1-8B

        kit audit model.safetensors --format json

        kit audit ./model -o report.html -o sarif=audit.sarif
    """
    from ossmodelkit.foundation.progress import for_people
    from ossmodelkit.workflow.audit import audit as run
    from ossmodelkit.workflow.desk import desk_here

    report = run(model, desk=desk_here(progress=for_people()), online=online, jobs=jobs)
    show(report, output, files or ())
    raise exit_for(report.outcome)
