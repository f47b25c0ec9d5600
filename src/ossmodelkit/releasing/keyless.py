"""Signing without a key of one's own: an identity that Sigstore certified for minutes, and a public log that saw it.

All of it is the work of the sigstore library (extra `[sigstore]`): the certificate's chain and its transparency
record, the time, the log's proof. A bundle without a log entry proves nothing once its certificate is over.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ossmodelkit.foundation.errors import IntegrityError, UsageError
from ossmodelkit.releasing.envelope import Signer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

SCHEME = "sigstore:"
TOKEN = "SIGSTORE_ID_TOKEN"  # noqa: S105 - the name of a variable
CLIENT = "sigstore"


def verify(data: bytes, *, identity: str, issuer: str, trusted_root: str = "") -> EllipticCurvePublicKey:
    """The key that this bundle's certificate certifies, when everything about it holds.

    `trusted_root` is a `trusted_root.json`; without it, the one that the library carries is used. Nothing is
    fetched. Raises `IntegrityError` for another identity, another issuer, or a bundle that no log has seen.
    """
    if not (identity and issuer):
        hint = "give --identity NAME and --issuer URL: whom you expect, and who vouched for them"
        raise IntegrityError("signed with Sigstore, which certifies anybody", hint=hint)
    found = _library()
    root = _root(found, trusted_root)
    try:
        bundle = found.models.Bundle.from_json(data)
        verifier = found.verify.Verifier(trusted_root=root)
        verifier.verify_dsse(bundle, found.verify.policy.Identity(identity=identity, issuer=issuer))
        key: EllipticCurvePublicKey = bundle.signing_certificate.public_key()
    except found.errors.Error as error:
        hint = "check --identity, --issuer and --trusted-root; fetch the release again from its publisher"
        raise IntegrityError(f"Sigstore does not vouch for this signature: {error}", hint=hint) from error
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(f"the Sigstore bundle is malformed: {error}", hint="fetch the release again") from error
    return key


def signer(where: str) -> Signer:
    """Sign as the identity of a token: from `SIGSTORE_ID_TOKEN`, from the surroundings (CI), or from a browser.

    `where` is "" for the public service, "staging", or a file with a trust configuration. This needs the network.
    """
    found = _library()
    try:
        config = _configuration(found, where)
        token = _token(found, config)
        held = found.sign.SigningContext.from_trust_config(config).signer(token)
        one = held.__enter__()  # one certificate for everything that this process signs
    except found.errors.Error as error:
        raise UsageError(
            f"Sigstore gives no certificate: {error}", hint="signing without a key needs the network"
        ) from error

    def seal(payload: bytes) -> bytes:
        bundle = one.sign_dsse(found.dsse.Statement(payload))
        return json.dumps(json.loads(bundle.to_json()), separators=(",", ":")).encode() + b"\n"

    name = f"{token.identity} ({token.federated_issuer})"
    return Signer(name=name, material={}, sign=lambda _: b"", identities=frozenset({token.identity}), seal=seal)


def _configuration(found: Any, where: str) -> Any:
    if where in ("", "staging"):
        return found.models.ClientTrustConfig.staging() if where else found.models.ClientTrustConfig.production()
    try:
        return found.models.ClientTrustConfig.from_json(Path(where).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"cannot read {where!r}: {error}", hint="sigstore:, sigstore:staging or sigstore:FILE"
        ) from error


def _token(found: Any, config: Any) -> Any:
    given = os.environ.get(TOKEN) or found.oidc.detect_credential(CLIENT)
    if given:
        return found.oidc.IdentityToken(given, CLIENT)
    return found.oidc.Issuer(config.signing_config.get_oidc_url()).identity_token()


def _root(found: Any, trusted_root: str) -> Any:
    if not trusted_root:
        return found.models.ClientTrustConfig.production(offline=True).trusted_root
    try:
        Path(trusted_root).read_bytes()
        return found.models.TrustedRoot.from_file(trusted_root)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"cannot read {trusted_root!r}: {error}", hint="give a trusted_root.json of Sigstore"
        ) from error


def _library() -> Any:
    try:
        import sigstore.dsse
        import sigstore.errors
        import sigstore.models
        import sigstore.oidc
        import sigstore.sign
        import sigstore.verify
    except ImportError as error:
        raise UsageError("Sigstore is not installed", hint="pip install 'ossmodelkit[sigstore]'") from error
    return sigstore
