"""Where everything lies in a release."""

from __future__ import annotations

CARD = "README.md"
LICENSE, NOTICE, THIRD_PARTY = "LICENSE", "NOTICE", "THIRD_PARTY_NOTICES.md"
FOLDER = "release"
INDEX = "release/release.json"
CHECKLIST, CHECKLIST_TEXT = "release/checklist.json", "release/checklist.md"
PAGE = "release/card.html"
CYCLONEDX, SPDX = "release/sbom.cdx.json", "release/sbom.spdx.json"
ATTEST, WAIVERS = "release/attest.json", "release/waivers.json"
PROVENANCE = "release/provenance.json"
STATUS = "release/gpai_status.json"
FORM, FORM_TEXT = "release/mdf.json", "release/mdf.md"
SUMMARY = "release/training_summary.md"
DISCLOSURE = "release/data_disclosure.md"
CHANGES = "release/diff.json"
EVIDENCE = "release/evidence"

# What must be inside the signature of every release (PRV-002).
ALWAYS = (CARD, NOTICE, INDEX, CHECKLIST, CYCLONEDX, ATTEST, WAIVERS)
# Written by a release; everything else that wraps a payload belongs to the publisher.
GENERATED = frozenset(
    {
        CARD, LICENSE, NOTICE, THIRD_PARTY, INDEX, CHECKLIST, CHECKLIST_TEXT, PAGE, CYCLONEDX, SPDX, ATTEST, WAIVERS,
        PROVENANCE, STATUS, FORM, FORM_TEXT, SUMMARY, DISCLOSURE, CHANGES,
    }
)  # fmt: skip


def is_generated(name: str) -> bool:
    """Whether a release writes this file."""
    return name in GENERATED or name.startswith(EVIDENCE + "/")
