"""Bundles and statements of odd shape: each is refused as what it is, or read as what it means, and never crashes."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.releasing.manifest import IGNORED
from tests.making.forged import Change, answer, forge, resign, rewrite

HUGE = 10**30


def serialization(statement: Any) -> Any:
    return statement["predicate"]["serialization"]


def in_shards(size: Any, *pieces: str) -> Change:
    """A statement whose files are signed in pieces, each a name with its first and last byte."""

    def change(statement: Any) -> None:
        serialization(statement).update(method="shards", shard_size=size)
        listed = [{"name": piece, "algorithm": "sha256", "digest": "ab" * 32} for piece in pieces]
        statement["predicate"]["resources"] = listed

    return change


def first(**values: Any) -> Change:
    return lambda statement: statement["predicate"]["resources"][0].update(values)


def added(name: str) -> Change:
    """One name more among the signed ones."""
    row = {"name": name, "algorithm": "sha256", "digest": "ab" * 32}
    return lambda statement: statement["predicate"]["resources"].append(row)


MALFORMED: list[Any] = [
    pytest.param(in_shards(HUGE, f"NOTICE:0:{HUGE}", f"NOTICE:{HUGE}:{2 * HUGE}"), "number of bytes", id="endless"),
    pytest.param(in_shards(1e30, f"NOTICE:0:{int(1e30)}"), "number of bytes", id="1e30, as a float"),
    pytest.param(in_shards(2**62, f"NOTICE:{2**62}:{2**63}"), "range of bytes", id="a shard behind every disk"),
    pytest.param(in_shards(10, "NOTICE:-5:10"), "range of bytes", id="a shard before the file"),
    pytest.param(in_shards(10, "NOTICE:10:0"), "range of bytes", id="a shard from back to front"),
    pytest.param(in_shards(10, "NOTICE:0:0"), "range of bytes", id="a shard of nothing"),
    pytest.param(in_shards(10, "NOTICE:+0:10"), "range of bytes", id="a plus sign"),
    pytest.param(in_shards(10, "NOTICE:0:1_0"), "range of bytes", id="an underscore"),
    pytest.param(in_shards(10, "NOTICE:0:٩"), "range of bytes", id="Arabic digits"),
    pytest.param(in_shards(10, "NOTICE:0:5", "NOTICE:10:20"), "leave bytes out", id="a hole between shards"),
    pytest.param(in_shards(10, "NOTICE:0:10", "NOTICE:0:10"), "twice", id="a shard twice"),
    pytest.param(in_shards(10, "NOTICE"), "malformed", id="a shard without a range"),
    pytest.param(in_shards(True, "NOTICE:0:1"), "number of bytes", id="a size that is true"),
    pytest.param(in_shards("10", "NOTICE:0:1"), "number of bytes", id="a size that is text"),
    pytest.param(in_shards(0, "NOTICE:0:1"), "number of bytes", id="a size of none"),
    pytest.param(in_shards(-8, "NOTICE:0:1"), "number of bytes", id="a negative size"),
    pytest.param(in_shards(1.5, "NOTICE:0:1"), "whole number", id="a size and a half"),
    pytest.param(first(digest="ab " * 21 + "a"), "no sha256", id="spaces in a digest"),
    pytest.param(first(digest=["ab" * 32]), "no sha256", id="a digest that is a list"),
    pytest.param(first(name=None), "another kind", id="a name that is nothing"),
    pytest.param(lambda s: s["subject"][0].update(name=["x"]), "no text", id="a model's name that is a list"),
    pytest.param(lambda s: s["subject"][0].pop("name"), "it has no 'name'", id="a model without a name"),
    pytest.param(lambda s: s["subject"][0].update(digest="ab" * 32), "another kind", id="a root digest that is text"),
    pytest.param(lambda s: s["predicate"].update(resources={"a": 1}), "another kind", id="files in a table"),
    pytest.param(lambda s: s["predicate"].update(resources=None), "another kind", id="files that are nothing"),
    pytest.param(lambda s: s.update(predicate=[]), "another kind", id="a predicate that is a list"),
    pytest.param(lambda s: serialization(s).update(hash_type={}), "another kind", id="a hash that is a table"),
    pytest.param(lambda s: serialization(s).update(method=["files"]), "unknown method", id="a method that is a list"),
    pytest.param(lambda s: serialization(s).update(ignore_paths=True), "no list", id="ignores: true"),
    pytest.param(lambda s: serialization(s).update(ignore_paths=["x/"]), "inside", id="ignores a name with a slash"),
    pytest.param(lambda s: serialization(s).update(ignore_paths=["[a-z]"]), "pattern", id="ignores a range of letters"),
    pytest.param(lambda s: serialization(s).update(ignore_paths=["NOTICE"]), "at once", id="signed and ignored"),
    pytest.param(lambda s: s.update(predicateType=["x"]), "not about", id="a predicate type that is a list"),
    pytest.param(lambda s: s.update(predicateType=s["predicateType"] + "1"), "not about", id="the next predicate type"),
    pytest.param(added("a/./b"), "inside", id="a dot within a name"),
    pytest.param(added("release/../x"), "inside", id="back and forth"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "says"), MALFORMED)
def test_an_odd_statement_is_not_trusted(change: Change, says: str, released: Path, out: Path) -> None:
    forge(out, released / "key", change)
    found = answer(out, key=str(released / "key.pub"))
    assert (found.code, found.word, found.named) == (4, "untrusted", {"model.sig"}), found.text
    assert says in found.text


ABSENT = [
    "notice", "NOTICE/x", "N\u200bOTICE", "\u202egpj.exe", "C:\\x", "..\\x", "x" * 300, "a\nb", "NOTICE ", "e\u0301",
    "NUL", "x:0:10", "\x7f",
]  # fmt: skip


@pytest.mark.parametrize("name", ABSENT, ids=ascii)
def test_a_signed_name_that_is_not_here_is_named(name: str, released: Path, out: Path) -> None:
    forge(out, released / "key", added(name))
    found = answer(out, key=str(released / "key.pub"))
    assert (found.code, found.word, found.named) == (4, "tampered", {name})


READ_ALL_THE_SAME: list[Any] = [
    pytest.param(lambda s: s["predicate"]["resources"].reverse(), id="in another order"),
    pytest.param(lambda s: s.update(extra=1), id="a field more in the statement"),
    pytest.param(first(extra=1), id="a field more in a resource"),
    pytest.param(lambda s: s["subject"][0]["digest"].update(md5="x"), id="a digest more"),
    pytest.param(lambda s: s["subject"][0].update(name="模型 \u202e"), id="any name of the model"),
    pytest.param(lambda s: serialization(s).update(extra=1), id="a field more in the settings"),
    pytest.param(lambda s: serialization(s).update(allow_symlinks=True), id="links allowed, and none here"),
    pytest.param(lambda s: serialization(s).pop("allow_symlinks"), id="nothing about links"),
]


@pytest.mark.parametrize("change", READ_ALL_THE_SAME)
def test_what_a_newer_signer_may_write_is_read(change: Change, released: Path, out: Path) -> None:
    """The files hold; the statements after signing do not, because they follow another signature."""
    forge(out, released / "key", change)
    assert answer(out, key=str(released / "key.pub")).named == {"claims.jsonl"}


def dsse(bundle: Any) -> Any:
    return bundle["dsseEnvelope"]


def sig(bundle: Any) -> Any:
    return dsse(bundle)["signatures"][0]


def chain(*certificates: Any) -> Change:
    return lambda bundle: bundle.update(verificationMaterial={"x509CertificateChain": {"certificates": certificates}})


def longer(bundle: Any) -> None:
    """The same signature with a byte behind its end."""
    sig(bundle)["sig"] = base64.b64encode(base64.b64decode(sig(bundle)["sig"]) + b"\0").decode()


BUNDLES: list[Any] = [
    pytest.param(lambda b: b.update(messageSignature={}), "two things", id="two kinds of content"),
    pytest.param(lambda b: dsse(b).update(payload=1), "another kind", id="a payload that is a number"),
    pytest.param(lambda b: dsse(b).update(signatures={"0": 1}), "has no", id="signatures in a table"),
    pytest.param(lambda b: dsse(b).update(signatures="x"), "another kind", id="signatures that are text"),
    pytest.param(lambda b: dsse(b).update(signatures=[[]]), "another kind", id="a signature that is a list"),
    pytest.param(lambda b: sig(b).update(sig=base64.b64encode(b"\1" * 64).decode()), "not verify", id="r and s bare"),
    pytest.param(lambda b: sig(b).update(sig="\0"), "malformed", id="a zero byte for a signature"),
    pytest.param(lambda b: sig(b).update(sig="-_-_"), "malformed", id="base64 for addresses"),
    pytest.param(longer, "not verify", id="a byte behind the signature"),
    pytest.param(lambda b: b.update(verificationMaterial=["publicKey"]), "another kind", id="material in a list"),
    pytest.param(lambda b: b.update(verificationMaterial={"publicKey": None}), "another kind", id="a key of nothing"),
    pytest.param(lambda b: b["verificationMaterial"]["publicKey"].update(hint=5), "signed by key 5", id="a hint of 5"),
    pytest.param(chain({"rawBytes": 1}), "another kind", id="a certificate that is a number"),
    pytest.param(chain("AAAA"), "another kind", id="a certificate that is text"),
    pytest.param(chain(*[{"rawBytes": "AAAA"}] * 5000), "too many values", id="five thousand certificates"),
    pytest.param(lambda b: b.update(extra=[{}] * 20_000), "too many values", id="twenty thousand tables"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "says"), BUNDLES)
def test_an_odd_bundle_is_not_trusted(change: Change, says: str, released: Path, out: Path) -> None:
    rewrite(out, change)
    found = answer(out, key=str(released / "key.pub"))
    assert (found.code, found.word, found.named) == (4, "untrusted", {"model.sig"}), found.text
    assert says in found.text


LINES: list[Any] = [
    pytest.param(lambda lines: b"\n" * 20_000_000, False, id="millions of empty lines"),
    pytest.param(lambda lines: b'{"a":[' + b"{}," * 5_000_000 + b"{}]}\n", False, id="millions of tables"),
    pytest.param(lambda lines: lines + b"\n", False, id="an empty line more"),
    pytest.param(lambda lines: lines + lines, True, id="every line twice"),
    pytest.param(lambda lines: b"".join(reversed(lines.splitlines(keepends=True))), True, id="in another order"),
    pytest.param(lambda lines: lines.rstrip(b"\n"), True, id="without its last line end"),
    pytest.param(lambda lines: lines.replace(b"\n", b"\r\n"), True, id="line ends of Windows"),
]


@pytest.mark.parametrize(("change", "fine"), LINES)
def test_lines_after_signing_may_move_and_not_change(change: Any, fine: bool, released: Path, out: Path) -> None:
    path = out / "claims.jsonl"
    path.write_bytes(change(path.read_bytes()))
    found = answer(out, key=str(released / "key.pub"))
    assert (found.code, found.named) == ((0, set()) if fine else (4, {"claims.jsonl"})), found.text


def test_a_signature_is_no_statement_about_itself(released: Path, out: Path) -> None:
    with (out / "claims.jsonl").open("ab") as stream:
        stream.write((out / "model.sig").read_bytes())
    assert answer(out, key=str(released / "key.pub")).named == {"claims.jsonl"}


PLACES: list[Any] = [
    pytest.param(lambda path: os.mkfifo(path), id="a pipe"),
    pytest.param(lambda path: path.mkdir(), id="a folder"),
    pytest.param(lambda path: path.symlink_to("/dev/zero"), id="a link to an endless device"),
    pytest.param(lambda path: path.symlink_to(path.name), id="a link to itself"),
]


@pytest.mark.parametrize("name", ["model.sig", "claims.jsonl"])
@pytest.mark.parametrize("make", PLACES)
def test_a_signature_that_is_no_plain_file_is_not_read(make: Any, name: str, released: Path, out: Path) -> None:
    (out / name).unlink()
    make(out / name)
    found = answer(out, key=str(released / "key.pub"))
    assert (found.code, found.named) == (4, {name})


@pytest.mark.parametrize("left_out", ["release", "release/release.json"])
def test_documents_that_nobody_signed_are_not_taken_for_the_signers(left_out: str, released: Path, out: Path) -> None:
    """Otherwise anybody could lay a card of their own beside weights that verify."""

    def change(statement: Any) -> None:
        serialization(statement)["ignore_paths"] = [*IGNORED, left_out]
        kept = [one for one in statement["predicate"]["resources"] if not one["name"].startswith(left_out)]
        statement["predicate"]["resources"] = kept

    forge(out, released / "key", change)
    found = answer(out, key=str(released / "key.pub"))
    assert (found.code, found.word, "anybody" in found.text) == (1, "refused", True)


def test_signing_nothing_but_documents_is_refused(released: Path, out: Path) -> None:
    for path in out.glob("adapter_*"):
        path.unlink()
    resign(out, released / "key")
    found = answer(out, key=str(released / "key.pub"))
    assert (found.code, found.word) == (1, "refused")
