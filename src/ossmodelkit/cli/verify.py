"""`kit verify`: is this what was released, and by whom?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ossmodelkit.cli.exits import exit_for
from ossmodelkit.cli.options import Output, Outputs, show
from ossmodelkit.reporting.formats import Format

INTEGRITY = 4


def verify(
    release: Annotated[Path, typer.Argument(metavar="RELEASE", help="The folder that holds model.sig.")],
    key: Annotated[str, typer.Option("--key", help="The publisher's public key.")] = "",
    certificate: Annotated[str, typer.Option("--certificate", help="A root certificate you trust, in PEM.")] = "",
    identity: Annotated[str, typer.Option("--identity", help="Whom the signer's certificate must name.")] = "",
    issuer: Annotated[str, typer.Option("--issuer", help="Who must have issued the signer's certificate.")] = "",
    trusted_root: Annotated[
        str, typer.Option("--trusted-root", help="Sigstore's trusted_root.json; the installed one otherwise.")
    ] = "",
    trust: Annotated[str, typer.Option("--trust", help="Your trust.yaml: signers, validity, revocation.")] = "",
    policy: Annotated[str, typer.Option("--policy", help="Your demands, on top of the publisher's.")] = "",
    scan: Annotated[bool, typer.Option("--scan", help="Scan the files again with today's rules.")] = False,
    output: Output = Format.TEXT,
    files: Outputs = None,
) -> None:
    """Verify a release: signature, every file, then the verdict judged again from the evidence inside.

    Works offline. Exit code 4 when the folder is not what was signed or the signer is not trusted, 1 when
    the demands are not met.

    Examples:

        kit verify release --key key.pub

        kit verify release --trust trust.yaml --policy strict --format json
    """
    from ossmodelkit.foundation.progress import for_people
    from ossmodelkit.workflow.desk import Desk
    from ossmodelkit.workflow.verify import INTEGRITY as WORDS
    from ossmodelkit.workflow.verify import Wanted
    from ossmodelkit.workflow.verify import verify as run
    from ossmodelkit.workflow.verify_signer import Whom

    whom = Whom(
        key=key, certificate=certificate, identity=identity, issuer=issuer, trust=trust, trusted_root=trusted_root
    )
    report = run(release, Wanted(whom=whom, policy=policy, scan=scan), desk=Desk(progress=for_people()))
    show(report, output, files or ())
    raise typer.Exit(INTEGRITY) if report.verdict in WORDS else exit_for(report.outcome)
