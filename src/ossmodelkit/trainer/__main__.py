"""`python -m ossmodelkit.trainer JOB.json RECORD.json`: one run in a process of its own."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

CODES = {"trained": 0, "stopped": 4, "failed": 1}


def main(words: list[str]) -> int:
    """Run the job and write its record; the exit code repeats the record's status."""
    if len(words) != 2:
        sys.stderr.write("usage: python -m ossmodelkit.trainer JOB.json RECORD.json\n")
        return 2
    # Threads that spin while they wait make a busy machine twenty times slower; read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

    from ossmodelkit.core.training import Job
    from ossmodelkit.foundation.wire import from_wire, to_wire
    from ossmodelkit.foundation.writing import write_atomic

    job = from_wire(Job, json.loads(Path(words[0]).read_bytes()), where=words[0])

    from ossmodelkit.trainer.quiet import hush
    from ossmodelkit.trainer.running import run

    hush()
    record = run(job)
    if int(os.environ.get("RANK", "0")) == 0:
        write_atomic(Path(words[1]), json.dumps(to_wire(record), indent=1).encode())
    return CODES[record.status]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
