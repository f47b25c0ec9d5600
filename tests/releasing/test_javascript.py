"""The JavaScript packages of Sigstore accept our bundles: a verifier written by others, in another language.

`make test` installs the packages beside the virtual environment where Node and a registry are at hand. By hand:
`npm install --prefix FOLDER @sigstore/bundle@5 @sigstore/verify@4`, then `KIT_SIGSTORE_JS=FOLDER`. They read key
bundles only: a certificate chain in a v0.3 bundle is what model signing asks for, and what Sigstore gave up.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ossmodelkit.workflow.release import release
from tests.making.releases import options, project, write_key

PACKAGES = Path(os.environ.get("KIT_SIGSTORE_JS") or Path(sys.prefix) / "sigstore-js")
SCRIPT = """
const fs = require('fs'), crypto = require('crypto'), path = require('path');
const load = (name) => require(path.join(process.argv[2], 'node_modules', name));
const {bundleFromJSON} = load('@sigstore/bundle'), {Verifier, toSignedEntity} = load('@sigstore/verify');
const key = crypto.createPublicKey(fs.readFileSync(process.argv[4]));
const trust = {certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [],
               publicKey: () => ({publicKey: key, validFor: () => true})};
const verifier = new Verifier(trust, {tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0});
for (const line of fs.readFileSync(process.argv[3], 'utf8').trim().split('\\n'))
  verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(line))));
"""
pytestmark = pytest.mark.skipif(
    not ((PACKAGES / "node_modules" / "@sigstore").is_dir() and shutil.which("node")),
    reason="no JavaScript packages: make test, or KIT_SIGSTORE_JS",
)


def node(script: str, *words: Path, folder: Path) -> int:
    """The exit code of a script."""
    (folder / "check.cjs").write_text(script)
    run = ["node", str(folder / "check.cjs"), str(PACKAGES), *map(str, words)]
    return subprocess.run(run, capture_output=True, check=False).returncode


@pytest.mark.parametrize("name", ["model.sig", "claims.jsonl"])
def test_the_javascript_verifier_accepts_ours(name: str, tmp_path: Path) -> None:
    release(options(tmp_path), desk=project(tmp_path))
    write_key(tmp_path / "other")
    for key, code in (("key.pub", 0), ("other.pub", 1)):
        assert node(SCRIPT, tmp_path / "out" / name, tmp_path / key, folder=tmp_path) == code
