"""Signature files that are broken, forged, or say more than they may: exit code 4, whoever holds the key."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.releasing import keys
from ossmodelkit.releasing.manifest import IGNORED
from ossmodelkit.workflow.release import release
from tests.making.forged import Change, answer, forge, rewrite
from tests.making.releases import options, project, write_key

DEEP = "[" * 200_000 + "]" * 200_000


def dsse(bundle: Any) -> Any:
    return bundle["dsseEnvelope"]


def sig(bundle: Any) -> Any:
    return dsse(bundle)["signatures"][0]


def material(bundle: Any) -> Any:
    return bundle["verificationMaterial"]


def loose_bits(text: str) -> str:
    """Another spelling of the same bytes: bits behind the end are not zero."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    end = text.rstrip("=")
    return end[:-1] + letters[letters.index(end[-1]) | 1] + text[len(end) :]


def low_and_high(bundle: Any) -> None:
    """The twin of an ECDSA signature, s replaced by n - s: valid mathematics, other bytes."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

    r, s = decode_dss_signature(base64.b64decode(sig(bundle)["sig"]))
    n = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    sig(bundle)["sig"] = base64.b64encode(encode_dss_signature(r, n - s)).decode()


BROKEN: list[Any] = [
    pytest.param(lambda b: b.update(mediaType="application/json"), id="another media type"),
    pytest.param(lambda b: b.update(mediaType=["x"]), id="a media type that is a list"),
    pytest.param(lambda b: b.pop("mediaType"), id="no media type"),
    pytest.param(lambda b: b.update(mediaType="application/vnd.dev.sigstore.bundle.v9+json"), id="a later version"),
    pytest.param(lambda b: b.pop("dsseEnvelope"), id="no envelope"),
    pytest.param(lambda b: b.update(dsseEnvelope=[]), id="an envelope that is a list"),
    pytest.param(lambda b: dsse(b).update(payloadType="application/json"), id="another payload type"),
    pytest.param(lambda b: dsse(b).update(payloadType="Application/vnd.in-toto+json"), id="payload type in other case"),
    pytest.param(lambda b: dsse(b).update(signatures=[]), id="no signature"),
    pytest.param(lambda b: dsse(b)["signatures"].append(sig(b)), id="two signatures"),
    pytest.param(lambda b: dsse(b)["signatures"].insert(0, {"sig": "AAAA", "keyid": ""}), id="a false one first"),
    pytest.param(lambda b: sig(b).update(sig=""), id="an empty signature"),
    pytest.param(lambda b: sig(b).update(sig="MAYCAQACAQA="), id="a signature of zeros"),
    pytest.param(lambda b: sig(b).update(sig=None), id="a signature of nothing"),
    pytest.param(lambda b: sig(b).update(sig=sig(b)["sig"] + "\n"), id="base64 with a line end"),
    pytest.param(lambda b: sig(b).update(sig=sig(b)["sig"].rstrip("=") + "===="), id="base64 with more padding"),
    pytest.param(lambda b: dsse(b).update(payload=dsse(b)["payload"][:-8]), id="a payload cut short"),
    pytest.param(lambda b: dsse(b).update(payload=dsse(b)["payload"].replace("a", "b", 1)), id="a payload changed"),
    pytest.param(lambda b: dsse(b).update(payload=" " + dsse(b)["payload"]), id="base64 with a space"),
    pytest.param(lambda b: dsse(b).update(payload=dsse(b)["payload"].replace("e", "é", 1)), id="not base64 at all"),
    pytest.param(lambda b: material(b).pop("publicKey"), id="no key named"),
    pytest.param(lambda b: material(b).update(certificate={"rawBytes": "AAAA"}), id="key and certificate"),
    pytest.param(
        lambda b: b.update(verificationMaterial={"x509CertificateChain": {"certificates": []}}), id="an empty chain"
    ),
    pytest.param(
        lambda b: b.update(verificationMaterial={"x509CertificateChain": {"certificates": [{"rawBytes": "AAAA"}]}}),
        id="a certificate of noise",
    ),
    pytest.param(lambda b: b.update(verificationMaterial={"certificate": {"rawBytes": "AAAA"}}), id="keyless noise"),
    pytest.param(lambda b: material(b)["publicKey"].update(hint="00" * 32), id="another key's hint"),
    pytest.param(lambda b: material(b).update(publicKey="x"), id="a key that is text"),
]


@pytest.mark.parametrize("change", BROKEN)
def test_a_broken_bundle_is_not_trusted(change: Change, released: Path, out: Path) -> None:
    rewrite(out, change)
    found = answer(out, key=str(released / "key.pub"))
    assert (found.code, found.word, found.named) == (4, "untrusted", {"model.sig"})


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"mediaType": NaN}', id="not a number"),
        pytest.param(DEEP.encode(), id="deep"),
        pytest.param(b"\xff\xfe" + '{"mediaType": "x"}'.encode("utf-16-le"), id="UTF-16"),
        pytest.param(b"\x00" * 1000, id="zeros"),
        pytest.param(b'{"mediaType": 1' + b"0" * 5000 + b"}", id="a number of 5000 digits"),
    ],
)
def test_a_file_that_is_no_bundle_is_not_trusted(data: bytes, released: Path, out: Path) -> None:
    (out / "model.sig").write_bytes(data)
    assert answer(out, key=str(released / "key.pub")).code == 4


def test_a_signature_file_has_one_encoding_and_one_spelling(released: Path, out: Path) -> None:
    text = (out / "model.sig").read_text()
    for data in (
        text.encode("utf-16"),
        b"\xef\xbb\xbf" + text.encode(),
        text.replace("{", '{"mediaType":"x",', 1).encode(),
    ):
        (out / "model.sig").write_bytes(data)
        assert answer(out, key=str(released / "key.pub")).code == 4
    payload = dsse(json.loads(text))["payload"]
    if payload.endswith("="):
        (out / "model.sig").write_text(text.replace(payload, loose_bits(payload)))
        assert "more than one spelling" in answer(out, key=str(released / "key.pub")).text


def test_half_of_a_signature_file_is_not_trusted(released: Path, out: Path) -> None:
    whole = (out / "model.sig").read_bytes()
    for part in (0.01, 0.5, 0.99):
        (out / "model.sig").write_bytes(whole[: int(len(whole) * part)])
        assert answer(out, key=str(released / "key.pub")).code == 4


def test_a_signature_of_two_gibibytes_is_not_read(released: Path, out: Path) -> None:
    with (out / "model.sig").open("wb") as stream:
        stream.truncate(2 * 2**30)
    found = answer(out, key=str(released / "key.pub"))
    assert (found.code, "too large" in found.text) == (4, True)


def test_the_twin_of_a_signature_drops_the_statements(released: Path, out: Path) -> None:
    """Anybody can make it; it signs the same bytes, so nothing else is lost."""
    rewrite(out, low_and_high)
    found = answer(out, key=str(released / "key.pub"))
    assert (found.code, found.word) == (4, "tampered")


def serialization(statement: Any) -> Any:
    return statement["predicate"]["serialization"]


def first(statement: Any) -> Any:
    return statement["predicate"]["resources"][0]


def resources(statement: Any) -> Any:
    return statement["predicate"]["resources"]


FORGED: list[Any] = [
    pytest.param(lambda s: first(s).update(name="../NOTICE"), "stay inside", id="parent path"),
    pytest.param(lambda s: first(s).update(name="a/../../NOTICE"), "stay inside", id="parent path within"),
    pytest.param(lambda s: first(s).update(name="/etc/passwd"), "stay inside", id="absolute path"),
    pytest.param(lambda s: first(s).update(name="./NOTICE"), "stay inside", id="dot path"),
    pytest.param(lambda s: first(s).update(name="a//b"), "stay inside", id="empty part"),
    pytest.param(lambda s: first(s).update(name="NOTICE/"), "stay inside", id="slash at the end"),
    pytest.param(lambda s: first(s).update(name="NOTICE\0.txt"), "stay inside", id="zero byte"),
    pytest.param(lambda s: first(s).update(name=""), "stay inside", id="no name"),
    pytest.param(lambda s: first(s).update(name=7), "malformed", id="a name that is a number"),
    pytest.param(lambda s: first(s).update(name="\ud800"), "not UTF-8", id="half a character"),
    pytest.param(lambda s: resources(s).append(dict(first(s))), "twice", id="a name twice"),
    pytest.param(lambda s: resources(s).append({**first(s), "digest": "ab" * 32}), "twice", id="twice, two digests"),
    pytest.param(lambda s: first(s).update(algorithm="md5"), "hashed otherwise", id="mixed algorithms"),
    pytest.param(lambda s: first(s).update(algorithm="blake2b"), "hashed otherwise", id="mixed, a known one"),
    pytest.param(lambda s: serialization(s).update(hash_type="sha1"), "hashed with", id="sha1"),
    pytest.param(lambda s: serialization(s).update(hash_type="SHA256"), "hashed with", id="hash in capitals"),
    pytest.param(lambda s: serialization(s).update(hash_type=None), "hashed with", id="no hash"),
    pytest.param(lambda s: first(s).update(digest=first(s)["digest"].upper()), "no sha256", id="digest in capitals"),
    pytest.param(lambda s: first(s).update(digest=first(s)["digest"][:32]), "no sha256", id="half a digest"),
    pytest.param(lambda s: first(s).update(digest="zz" * 32), "malformed", id="no hexadecimal digest"),
    pytest.param(lambda s: serialization(s).update(method="bytes"), "unknown method", id="unknown method"),
    pytest.param(lambda s: serialization(s).update(method="shards"), "malformed", id="shards without a size"),
    pytest.param(
        lambda s: serialization(s).update(method="shards", shard_size=1e308 * 10), "malformed", id="an endless shard"
    ),
    pytest.param(lambda s: serialization(s).update(ignore_paths=[""]), "stay inside", id="ignores everything"),
    pytest.param(lambda s: serialization(s).update(ignore_paths=["../x"]), "stay inside", id="ignores outside"),
    pytest.param(lambda s: serialization(s).update(ignore_paths=["*"]), "pattern", id="ignores a pattern"),
    pytest.param(lambda s: serialization(s).update(ignore_paths="release"), "malformed", id="ignores a word"),
    pytest.param(lambda s: serialization(s).update(ignore_paths=[{}]), "malformed", id="ignores a table"),
    pytest.param(lambda s: s.update(_type="https://in-toto.io/Statement/v0.1"), "not about", id="statement type"),
    pytest.param(lambda s: s.update(predicateType="https://slsa.dev/provenance/v1"), "not about", id="predicate type"),
    pytest.param(lambda s: s.update(subject=[]), "malformed", id="no subject"),
    pytest.param(lambda s: s["subject"].append(s["subject"][0]), "malformed", id="two subjects"),
    pytest.param(lambda s: s["predicate"].update(resources=[]), "no file", id="nothing signed"),
    pytest.param(lambda s: s["predicate"].update(card={}), "unknown fields", id="more in the predicate"),
    pytest.param(lambda s: s.pop("predicate"), "malformed", id="no predicate"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "says"), FORGED)
def test_a_statement_out_of_order_is_not_trusted_even_with_the_right_key(
    change: Change, says: str, released: Path, out: Path
) -> None:
    forge(out, released / "key", change)
    found = answer(out, key=str(released / "key.pub"))
    assert (found.code, found.word) == (4, "untrusted")
    assert says in found.text


def test_a_root_digest_that_does_not_add_up_is_not_trusted(released: Path, out: Path) -> None:
    forge(out, released / "key", lambda s: s["subject"][0]["digest"].update(sha256="ab" * 32), root=False)
    assert "root digest" in answer(out, key=str(released / "key.pub")).text


@pytest.mark.parametrize("payload", [DEEP.encode(), b"null", b'{"_type": 1, "_type": 2}', b"\xff"])
def test_a_signed_payload_that_is_no_statement_is_not_trusted(payload: bytes, released: Path, out: Path) -> None:
    forge(out, released / "key", payload=payload)
    assert answer(out, key=str(released / "key.pub")).code == 4


def test_a_file_that_the_signature_leaves_out_is_told_and_refused(released: Path, out: Path) -> None:
    """The publisher's own exclusion: its bytes are anybody's, so a release with one is refused by PRV-002."""

    def leave_out(statement: Any) -> None:
        serialization(statement)["ignore_paths"] = [*IGNORED, "extra.py"]

    forge(out, released / "key", leave_out)
    (out / "extra.py").write_text("import os")
    found = answer(out, key=str(released / "key.pub"))
    assert (found.code, found.word) == (1, "refused")
    assert "extra.py" in found.named
    assert "not covered by the signature: claims.jsonl" not in found.text
    assert "extra.py" in next(line for line in found.text.splitlines() if line.startswith("not covered"))


def test_a_statement_after_signing_is_no_model_signature(released: Path, out: Path) -> None:
    (out / "model.sig").write_bytes((out / "claims.jsonl").read_bytes().splitlines()[0])
    assert "not about a model" in answer(out, key=str(released / "key.pub")).text


def test_a_signature_of_another_release_is_not_this_one(released: Path, out: Path, tmp_path: Path) -> None:
    shutil.copyfile(released / "key", tmp_path / "key")
    desk = project(tmp_path / "p", size=32)
    release(options(tmp_path / "p", key=str(released / "key")), desk=desk)
    shutil.copyfile(tmp_path / "p" / "out" / "model.sig", out / "model.sig")
    found = answer(out, key=str(released / "key.pub"))
    assert (found.code, found.word) == (4, "tampered")
    assert "adapter_model.safetensors" in found.named


def test_media_types_of_every_bundle_version_are_read(released: Path, out: Path) -> None:
    for version in (".v0.3+json", "+json;version=0.1", "+json;version=0.2", "+json;version=0.3"):
        rewrite(out, lambda b, v=version: b.update(mediaType=f"application/vnd.dev.sigstore.bundle{v}"))
        (out / "claims.jsonl").unlink(missing_ok=True)
        assert "statement-missing" in answer(out, key=str(released / "key.pub")).text, "that far it is trusted"


def test_a_key_on_another_curve_is_not_trusted(released: Path, out: Path, tmp_path: Path) -> None:
    (tmp_path / "p384.pub").write_bytes(keys.public_pem(keys.generate("p384").public_key()))
    rewrite(out, lambda b: material(b)["publicKey"].pop("hint"))
    assert answer(out, key=str(tmp_path / "p384.pub")).code == 4
    write_key(tmp_path / "p256")
    assert answer(out, key=str(tmp_path / "p256.pub")).code == 4
