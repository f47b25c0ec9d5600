"""The JavaScript packages of Sigstore accept our bundles: a verifier written by others, in another language.

Needs Node and the packages: `npm install --prefix FOLDER @sigstore/bundle@5 @sigstore/verify@4`, then set
`KIT_SIGSTORE_JS=FOLDER`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ossmodelkit.workflow.release import release
from tests.making.releases import options, project, write_key

PACKAGES = os.environ.get("KIT_SIGSTORE_JS", "")
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


@pytest.mark.skipif(not (PACKAGES and shutil.which("node")), reason="KIT_SIGSTORE_JS names no folder of packages")
@pytest.mark.parametrize("name", ["model.sig", "claims.jsonl"])
def test_the_javascript_verifier_accepts_ours(name: str, tmp_path: Path) -> None:
    release(options(tmp_path), desk=project(tmp_path))
    (tmp_path / "check.cjs").write_text(SCRIPT)
    write_key(tmp_path / "other")
    for key, code in (("key.pub", 0), ("other.pub", 1)):
        words = ["node", str(tmp_path / "check.cjs"), PACKAGES, str(tmp_path / "out" / name), str(tmp_path / key)]
        assert subprocess.run(words, capture_output=True, check=False).returncode == code
