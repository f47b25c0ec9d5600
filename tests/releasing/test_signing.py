"""Our signatures are the OpenSSF Model Signing format: the reference tool accepts them, and we accept its own."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.foundation.errors import IntegrityError, KitError
from ossmodelkit.releasing import keys, listing, manifest, signing, verifying
from ossmodelkit.releasing.envelope import seal, unseal
from tests.making.releases import write_key

HEX = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def closed(**fields: object) -> dict[str, object]:
    """A table that holds exactly these fields."""
    return {"type": "object", "required": list(fields), "additionalProperties": False, "properties": fields}


# What OMS v1.0 demands of a bundle (section 4) and of its statement (section 5), in our own words.
BUNDLE = closed(
    mediaType={"pattern": r"^application/vnd\.dev\.sigstore\.bundle"},
    verificationMaterial=closed(publicKey=closed(hint=HEX), tlogEntries={"type": "array", "maxItems": 0}),
    dsseEnvelope=closed(
        payload={"type": "string", "minLength": 1},
        payloadType={"const": "application/vnd.in-toto+json"},
        signatures={
            "type": "array", "minItems": 1, "maxItems": 1,
            "items": closed(sig={"type": "string", "minLength": 1}, keyid={"type": "string"}),
        },
    ),
)  # fmt: skip
STATEMENT = closed(
    _type={"const": "https://in-toto.io/Statement/v1"},
    subject={
        "type": "array", "maxItems": 1, "items": closed(name={"minLength": 1}, digest=closed(sha256=HEX)),
    },
    predicateType={"const": "https://model_signing/signature/v1.0"},
    predicate=closed(
        serialization=closed(
            method={"const": "files"}, hash_type={"const": "sha256"}, allow_symlinks={"const": False},
            ignore_paths={"type": "array", "items": {"type": "string", "minLength": 1}},
        ),
        resources={
            "type": "array", "minItems": 1,
            "items": closed(name={"type": "string", "minLength": 1}, algorithm={"const": "sha256"}, digest=HEX),
        },
    ),
)  # fmt: skip
NAMES = (
    "a.bin",
    "a-b",
    "a/b",
    "a.b",
    "sub/deep/name with space",
    "模型.bin",
    ".hidden/x",
    "line\nbreak",
    "sub/.gitignore",
)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    for number, name in enumerate(NAMES):
        path = folder / name.replace("a/b", "dir/b")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes([number]) * (number * 700_000))
    (folder / ".gitattributes").write_text("*.bin filter=lfs\n")
    write_key(tmp_path / "key")
    return folder


def sign(folder: Path, key: Path) -> bytes:
    """Sign a folder as a release does, and leave `model.sig` in it."""
    (folder / "model.sig").unlink(missing_ok=True)
    listed = listing.list_folder(folder, skip=manifest.Manifest(model="", resources=()).leaves_out)
    digests = listing.digest_files(folder, listed.files)
    signer = signing.key_signer(keys.load_private(key, lambda: b""))
    data = signing.sign(folder.name, digests, signer)
    (folder / "model.sig").write_bytes(data)
    return data


def reference(*words: str) -> subprocess.CompletedProcess[str]:
    """The reference implementation's own command line."""
    return subprocess.run([sys.executable, "-m", "model_signing", *words], capture_output=True, text=True, check=False)


def verified(folder: Path, public: Path) -> verifying.Checked:
    """What our verifier says."""
    found = verifying.verify_with_key(verifying.read_envelope(folder), keys.load_public(public))
    return verifying.check_files(folder, found)


def test_the_reference_tool_verifies_ours(model: Path, tmp_path: Path) -> None:
    sign(model, tmp_path / "key")
    done = reference(
        "verify", "key", str(model), "--signature", str(model / "model.sig"), "--public_key", str(tmp_path / "key.pub")
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_we_verify_what_the_reference_tool_signed(model: Path, tmp_path: Path) -> None:
    done = reference(
        "sign", "key", str(model), "--signature", str(model / "model.sig"), "--private_key", str(tmp_path / "key")
    )
    assert done.returncode == 0, done.stdout + done.stderr
    checked = verified(model, tmp_path / "key.pub")
    assert not checked.difference
    assert checked.not_covered == (".gitattributes",)


def test_a_signature_keeps_to_the_format(model: Path, tmp_path: Path) -> None:
    bundle = json.loads(sign(model, tmp_path / "key"))
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    for schema, document in ((BUNDLE, bundle), (STATEMENT, statement)):
        jsonschema.Draft202012Validator(schema).validate(document)
    names = [resource["name"] for resource in statement["predicate"]["resources"]]
    assert names == sorted(names), "by code point, not by path parts"
    assert ".gitattributes" not in names
    assert "sub/.gitignore" in names


def test_the_same_folder_and_key_give_the_same_signature(model: Path, tmp_path: Path) -> None:
    assert sign(model, tmp_path / "key") == sign(model, tmp_path / "key")


@pytest.mark.parametrize("curve", ["p256", "p384"])
def test_keys_survive_their_passphrase(tmp_path: Path, curve: str) -> None:
    key = keys.generate(curve)
    (tmp_path / "key").write_bytes(keys.private_pem(key, b"secret"))
    assert b"ENCRYPTED" in (tmp_path / "key").read_bytes()
    opened = keys.load_private(tmp_path / "key", lambda: b"secret")
    assert keys.fingerprint(opened.public_key()) == keys.fingerprint(key.public_key())
    with pytest.raises(KitError, match="cannot open"):
        keys.load_private(tmp_path / "key", lambda: b"wrong")


def test_a_command_signs_and_is_checked(model: Path, tmp_path: Path) -> None:
    script = tmp_path / "sign.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\nfrom ossmodelkit.releasing import keys, signing\n"
        "key = keys.load_private(Path(sys.argv[1]), lambda: b'')\n"
        "sys.stdout.buffer.write(signing.key_signer(key).sign(sys.stdin.buffer.read()))\n"
    )
    write_key(tmp_path / "other")
    public = keys.load_public(tmp_path / "key.pub")
    good = signing.command_signer([sys.executable, str(script), str(tmp_path / "key")], public)
    seal(b"{}", good)
    bad = signing.command_signer([sys.executable, str(script), str(tmp_path / "other")], public)
    with pytest.raises(IntegrityError, match="does not verify"):
        seal(b"{}", bad)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda s: s["predicate"]["resources"][0].update(name="../up"), "stay inside", id="parent path"),
        pytest.param(lambda s: s["predicate"]["resources"][0].update(name="/etc/x"), "stay inside", id="absolute"),
        pytest.param(lambda s: s["predicate"]["resources"][0].update(name="./a"), "stay inside", id="dot"),
        pytest.param(lambda s: s["predicate"]["resources"].append(s["predicate"]["resources"][0]), "twice", id="twice"),
        pytest.param(lambda s: s.update(predicateType="https://example.org/x"), "not about a model", id="predicate"),
        pytest.param(lambda s: s.update(_type="https://in-toto.io/Statement/v0.1"), "not about", id="statement"),
        pytest.param(lambda s: s["predicate"]["serialization"].update(hash_type="md5"), "hashed with", id="hash"),
        pytest.param(lambda s: s["predicate"]["serialization"].update(method="magic"), "method", id="method"),
        pytest.param(
            lambda s: s["predicate"]["serialization"].update(ignore_paths=["."]), "stay inside", id="ignores all"
        ),
        pytest.param(lambda s: s["predicate"]["serialization"].update(ignore_paths=["*.py"]), "pattern", id="pattern"),
        pytest.param(lambda s: s["predicate"].update(resources=[]), "no file", id="empty"),
        pytest.param(lambda s: s["predicate"].update(card="x"), "unknown fields", id="extra field"),
        pytest.param(lambda s: s["predicate"]["resources"][0].update(digest="ab"), "no sha256", id="short digest"),
    ],
)
def test_a_statement_out_of_order_is_refused(change: object, message: str) -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    statement = json.loads(manifest.to_statement(manifest.of_files("m", {"a": digest})))
    change(statement)  # type: ignore[operator]
    resources = statement["predicate"]["resources"]
    joined = b"".join(bytes.fromhex(r["digest"]) for r in resources)
    statement["subject"][0]["digest"]["sha256"] = hashlib.sha256(joined).hexdigest()
    with pytest.raises(IntegrityError, match=message):
        manifest.from_statement(json.dumps(statement).encode())


def test_a_key_that_stands_twice_is_refused() -> None:
    with pytest.raises(IntegrityError, match="twice"):
        unseal(b'{"mediaType": "a", "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json"}')


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fall(data: bytes) -> None:
    with pytest.raises(IntegrityError):
        unseal(data)


KEYS = st.sampled_from(["_type", "subject", "predicate", "predicateType", "name", "resources"])
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=8)


@given(st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner)))
def test_no_statement_makes_the_reader_fall(statement: object) -> None:
    with pytest.raises(IntegrityError):
        manifest.from_statement(json.dumps(statement).encode())


CHARACTERS = st.characters(blacklist_categories=("Cs",), blacklist_characters="/\0")
FILES = st.text(CHARACTERS, min_size=1, max_size=6).filter(lambda name: name not in (".", ".."))


@given(st.dictionaries(FILES, st.binary(min_size=32, max_size=32), min_size=1, max_size=5))
def test_a_manifest_comes_back_as_it_was(files: dict[str, bytes]) -> None:
    made = manifest.of_files("m", {name: digest.hex() for name, digest in files.items()})
    assert manifest.from_statement(manifest.to_statement(made)) == made
