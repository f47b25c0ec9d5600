"""Make and show signing keys."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report, Table
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.wire import from_wire
from ossmodelkit.foundation.writing import write_atomic, write_new
from ossmodelkit.foundation.yaml_text import read_yaml
from ossmodelkit.releasing import keys
from ossmodelkit.releasing import trust as trusting

VARIABLE = "KIT_PASSPHRASE"


def gen(out: Path, *, curve: str = "p256", passphrase_file: Path | None = None, bare: bool = False) -> Report:
    """Write a private key to `out` and its public half beside it.

    Raises `UsageError` rather than overwrite anything.
    """
    public_path = out.with_name(out.name + ".pub")
    for path in (out, public_path):
        if os.path.lexists(path):
            raise UsageError(f"{str(path)!r} exists already", hint="choose another name with --out")
    key = keys.generate(curve)
    secret = None if bare else passphrase(passphrase_file, confirm=True)
    try:
        if not write_new(out, keys.private_pem(key, secret), mode=0o600):
            raise UsageError(f"{str(out)!r} exists already", hint="choose another name with --out")
        write_new(public_path, keys.public_pem(key.public_key()))
    except OSError as error:
        raise UsageError(
            f"cannot write {str(out)!r}: {error.strerror}", hint="choose another place with --out"
        ) from error
    warning = () if secret else ("the private key is not encrypted: keep it where nobody else can read it",)
    return Report(
        command="key gen",
        subject=str(out),
        verdict="made",
        outcome=Outcome.PASS,
        summary=f"a {curve} key pair: {out} is secret, {public_path} is for everyone",
        notes=(f"fingerprint {keys.fingerprint(key.public_key())}", *warning),
        next_steps=(f"kit release MODEL --out DIR --key {out}", f"kit verify DIR --key {public_path}"),
        data={"fingerprint": keys.fingerprint(key.public_key()), "private": str(out), "public": str(public_path)},
    )


def show(path: Path, *, passphrase_file: Path | None = None) -> Report:
    """The fingerprint of a key; of a private one, too, once it is opened."""
    if _is_private(path):
        public = keys.load_private(path, lambda: passphrase(passphrase_file)).public_key()
    else:
        public = keys.load_public(path)
    pem = keys.public_pem(public).decode()
    return Report(
        command="key show",
        subject=str(path),
        verdict=keys.fingerprint(public),
        outcome=Outcome.PASS,
        summary=f"SHA-256 of the public key, {public.curve.name}",
        tables=(Table(title="", columns=("",), rows=tuple((line,) for line in pem.splitlines())),),
        data={"fingerprint": keys.fingerprint(public), "curve": public.curve.name, "public_pem": pem},
    )


def trust(path: Path, *, name: str, until: str, file: Path) -> Report:
    """Add the signer who holds a key to a trust file.

    Raises `UsageError` when the key is listed already, or the date is none.
    """
    import yaml

    public = keys.load_public(path)
    known = trusting.read_trust(file) if file.is_file() else trusting.Trust()
    if twin := known.with_fingerprint(keys.fingerprint(public)):
        raise UsageError(f"{file} lists this key already, as {twin.name!r}", hint="edit the file to change it")
    data = read_yaml(file, hint=trusting.SHOWN) if file.is_file() else {}
    entry = {"name": name, "key": keys.public_pem(public).decode(), **({"not_after": until} if until else {})}
    data = {**(data or {}), "signers": [*((data or {}).get("signers") or ()), entry]}
    from_wire(trusting.Trust, data, where=str(file))
    write_atomic(file, yaml.safe_dump(data, sort_keys=False, allow_unicode=True).encode())
    return Report(
        command="key trust",
        subject=str(file),
        verdict="trusted",
        outcome=Outcome.PASS,
        summary=f"{name} may sign" + (f" until {until}" if until else ""),
        notes=(f"fingerprint {keys.fingerprint(public)}",),
        next_steps=(f"kit verify RELEASE --trust {file}",),
        data={"fingerprint": keys.fingerprint(public), "name": name},
    )


def passphrase(file: Path | None, *, confirm: bool = False) -> bytes:
    """The passphrase from a file, from `KIT_PASSPHRASE`, or from a prompt when somebody is there to answer."""
    if file is not None:
        try:
            return file.read_bytes().rstrip(b"\r\n")
        except OSError as error:
            hint = "give a file that holds the passphrase and nothing else"
            raise UsageError(f"cannot read the passphrase from {str(file)!r}: {error.strerror}", hint=hint) from error
    if VARIABLE in os.environ:
        return os.fsencode(os.environ[VARIABLE])
    if not sys.stdin.isatty():
        hint = f"give --passphrase-file or set {VARIABLE}; kit key gen --no-passphrase leaves a key unprotected"
        raise UsageError("a passphrase is needed and nobody can be asked", hint=hint)
    import getpass

    first = getpass.getpass("Passphrase: ")
    if confirm and getpass.getpass("Again: ") != first:
        raise UsageError("the two passphrases differ", hint="try again")
    return first.encode()


def _is_private(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return b"PRIVATE KEY-----" in stream.read(keys.LARGEST_KEY)
    except OSError as error:
        raise UsageError(
            f"cannot read the key {str(path)!r}: {error.strerror}", hint="kit key gen makes one"
        ) from error
