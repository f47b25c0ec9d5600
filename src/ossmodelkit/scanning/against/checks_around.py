"""What is asked of an adapter, and of what stands around the weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ossmodelkit.core.check import check
from ossmodelkit.core.finding import Hit, Place, Severity
from ossmodelkit.scanning.against.changes import Changes
from ossmodelkit.scanning.against.names import role_of

SHOWN = 6
ADAPTER = "adapter_model"


@check("adapter-beyond-config", reads=Changes, severity=Severity.MEDIUM)
def adapter_beyond(changes: Changes) -> Iterator[Hit]:
    """The adapter holds weights for modules that its settings do not name.

    Loaders go by the settings: such weights are left out without a word, or loaded by a tool that goes by the
    names. Either way the adapter is not what it says.
    """
    claim = changes.claim
    if changes.adapter is None or claim is None:
        return
    found = [one.module for one in changes.adapter.touches if not claim.covers(f"{one.module}.weight", 2)]
    for role, count in Counter(map(role_of, found)).items():
        yield Hit(
            at=Place(path=ADAPTER, members=(role,)),
            saw=f"{count} modules; claimed by {claim.said_by}: {claim.text}",
            remedy="Ask its maker; save it again with peft.",
        )


@check("adapter-unfit", reads=Changes, severity=Severity.MEDIUM)
def adapter_unfit(changes: Changes) -> Iterator[Hit]:
    """The adapter does not fit this base.

    A module that the base does not have, or another width, means that it was made for another model.
    """
    for touch in (changes.adapter.touches if changes.adapter else ())[:1000]:
        if touch.trouble:
            at = Place(path=ADAPTER, members=(touch.module,))
            named = changes.adapter.base if changes.adapter else ""
            remedy = f"Give its own base: it names {named}." if named else "Give the base that it was made for."
            yield Hit(at=at, saw=touch.trouble, remedy=remedy)
            return


@check("adapter-idle", reads=Changes, severity=Severity.LOW)
def adapter_idle(changes: Changes) -> Iterator[Hit]:
    """Modules of this adapter add nothing: the half that starts at zero still is zero.

    They were never trained, or the wrong checkpoint was published.
    """
    touches = changes.adapter.touches if changes.adapter else ()
    idle = [one.module for one in touches if one.idle]
    if idle:
        roles = ", ".join(role for role, _ in Counter(map(role_of, idle)).most_common(SHOWN))
        at = Place(path=ADAPTER, members=(idle[0],))
        yield Hit(at=at, saw=f"{len(idle)} of {len(touches)} modules: {roles}", remedy="Train it, or remove it.")


@check("record-other-base", reads=Changes, severity=Severity.MEDIUM)
def other_base(changes: Changes) -> Iterator[Hit]:
    """The project's record of this model names another base.

    The digests differ: what is compared here is not what the run started from.
    """
    record = changes.record
    if record.get("base_sha256", "") != record.get("given_sha256", ""):
        recorded, given = (record[name][:16] for name in ("base_sha256", "given_sha256"))
        saw = f"recorded {recorded}… ({record.get('base', '')}), given {given}…"
        yield Hit(at=Place(path=changes.base), saw=saw, remedy="Give the base of the record.")


@check("change-moves-tokens", reads=Changes, severity=Severity.MEDIUM)
def moved_tokens(changes: Changes) -> Iterator[Hit]:
    """Tokens of the base are gone or stand under another number.

    Training does not do that. The same text becomes other numbers: the weights no longer mean what they did, or
    a chosen word was made to mean another.
    """
    moved = changes.vocabulary.moved
    if moved:
        shown = ", ".join(repr(token)[:40] for token in moved[:SHOWN]) + (", …" if len(moved) > SHOWN else "")
        yield Hit(
            at=Place(path="tokenizer.json"),
            saw=f"{len(moved)} tokens: {shown}",
            remedy="Use the base's tokenizer, or ask its maker why it was changed.",
        )


@check("change-tokenizer", reads=Changes, severity=Severity.LOW)
def tokenizer(changes: Changes) -> Iterator[Hit]:
    """The tokenizer differs from the base's.

    Added tokens are ordinary. Another way of cutting text, or other merges, changes what every weight is given.
    """
    vocabulary = changes.vocabulary
    said = [f"{one.what}" for one in vocabulary.differences]
    if vocabulary.added:
        tokens = ", ".join(repr(token)[:40] for token in vocabulary.added[:SHOWN])
        said.insert(
            0, f"{len(vocabulary.added)} tokens added: {tokens}" + (", …" if len(vocabulary.added) > SHOWN else "")
        )
    if said:
        yield Hit(at=Place(path="tokenizer.json"), saw="; ".join(said), remedy="Check that this was meant.")


@check("change-template", reads=Changes, severity=Severity.LOW)
def template(changes: Changes) -> Iterator[Hit]:
    """The chat template differs from the base's.

    It writes around every conversation: a line added there speaks to the model in each of them, unseen.
    """
    for one in changes.templates:
        yield Hit(at=Place(path=one.file), saw=one.what, remedy="Read both; the report shows how they begin.")


@check("change-settings", reads=Changes, severity=Severity.LOW)
def settings(changes: Changes) -> Iterator[Hit]:
    """Settings differ from the base's.

    What a model computes depends on them as on its weights: positions, sizes, special tokens, and which code runs.
    """
    for file in dict.fromkeys(one.file for one in changes.settings):
        keys = [f"{one.what}: {one.base} → {one.tuned}" for one in changes.settings if one.file == file]
        shown = "; ".join(keys[:SHOWN]) + (f"; and {len(keys) - SHOWN} more" if len(keys) > SHOWN else "")
        yield Hit(at=Place(path=file), saw=shown, remedy="Check that each was meant.")
