"""Who signs: a key from a file, a key with its certificate, a command, or an identity that Sigstore certifies."""

from __future__ import annotations

import os
from pathlib import Path

from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.releasing import certificates, keyless, keys, signing
from ossmodelkit.releasing.dossier import Signature
from ossmodelkit.releasing.envelope import Signer
from ossmodelkit.releasing.manifest import IGNORED
from ossmodelkit.releasing.trust import FILE, read_trust
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.key import passphrase
from ossmodelkit.workflow.release_material import Options


def signer_for(options: Options, desk: Desk) -> Signer:
    """The signer that `--key` and `--certificate` name.

    Raises `UsageError` when the key cannot be opened, a command comes without its public half, or nobody
    would accept the certificate today.
    """
    chain = signing.read_chain(Path(options.certificate)) if options.certificate else b""
    if chain:
        certificates.check_usable(chain, desk.now)
    if options.key.startswith(signing.COMMAND):
        if not (options.public or chain):
            raise UsageError("a signing command needs its public key", hint="give --public KEY.pub or --certificate")
        public = keys.load_public(Path(options.public or options.certificate))
        return signing.command_signer(signing.words_of(options.key), public, chain)
    if options.key.startswith(keyless.SCHEME):
        return keyless.signer(options.key.removeprefix(keyless.SCHEME))
    file = Path(options.passphrase_file) if options.passphrase_file else None
    key = keys.load_private(Path(options.key), lambda: passphrase(file))
    return signing.certificate_signer(key, chain) if chain else signing.key_signer(key)


def exposed(options: Options) -> tuple[str, ...]:
    """A word about a private key that lies open for others on this machine."""
    path = Path(options.key)
    if os.name == "nt" or options.key.startswith((signing.COMMAND, keyless.SCHEME)) or not path.is_file():
        return ()
    if not path.stat().st_mode & 0o077 or keys.is_protected(path.read_bytes()):
        return ()
    return (f"others on this machine may read {options.key}, which is not encrypted: chmod 600 {options.key}",)


def planned(signer: Signer | None, options: Options, desk: Desk) -> Signature:
    """The signature as the checklist sees it before it is made."""
    if signer is None:
        return Signature()
    path = Path(options.trust) if options.trust else desk.project.root / FILE if desk.project else None
    pinned_by = ""
    if path is not None and (options.trust or path.is_file()):
        trust = read_trust(path)
        hint = signer.material.get("publicKey", {}).get("hint", "")
        found = trust.with_fingerprint(hint) if hint else None
        found = found or next((one for one in trust.signers if one.identity in signer.identities), None)
        if found:
            trust.check_dates(found, desk.now.date())
            trust.check_revoked(hint, ())
            pinned_by = found.name
    return Signature(state="planned", signer=signer.name, pinned=bool(pinned_by), pinned_by=pinned_by, ignored=IGNORED)
