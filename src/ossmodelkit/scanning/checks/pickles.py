"""What loading a pickle would run, reach or alter."""

from __future__ import annotations

from collections.abc import Iterator

from ossmodelkit.core.check import Check, check
from ossmodelkit.core.finding import Hit, Severity
from ossmodelkit.formats.pickles import Pickle
from ossmodelkit.scanning.pickle_judging import judge

SAFER = "Do not load it. Ask the publisher for safetensors, or convert it in a sandbox."
MOST_SHOWN = 50
REVIEW = "Read what it does before loading; if you trust it, waive this finding with a reason."


def _hits(pickle: Pickle, topic: str, remedy: str = SAFER) -> Iterator[Hit]:
    ours = [one for one in judge(pickle) if one.topic == topic]
    for one in ours[:MOST_SHOWN]:
        yield Hit(at=pickle.place(one.offset), saw=one.saw, remedy=remedy, why=one.why, severity=one.severity)
    if len(ours) > MOST_SHOWN:
        rest = f"and {len(ours) - MOST_SHOWN} more of this kind"
        yield Hit(at=pickle.place(ours[MOST_SHOWN].offset), saw=rest, remedy=remedy)


@check(
    "pickle-imports-shell",
    reads=Pickle,
    severity=Severity.CRITICAL,
    advisories=("GHSA-vqmv-47xg-9wpr", "GHSA-g38g-8gr9-h9xp", "GHSA-f745-w6jp-hpxx", "CVE-2025-10157"),
)
def imports_shell(pickle: Pickle) -> Iterator[Hit]:
    """Loading this pickle would start a program.

    A GLOBAL imports while the file is read and a REDUCE calls, both before the caller sees an object.
    Nothing that rebuilds weights needs a process.
    """
    yield from _hits(pickle, "shell")


@check(
    "pickle-runs-code",
    reads=Pickle,
    severity=Severity.CRITICAL,
    advisories=("CVE-2025-1716", "CVE-2025-71351", "CVE-2025-67747", "CVE-2026-22606", "GHSA-vvpj-8cmc-gx39"),
)
def runs_code(pickle: Pickle) -> Iterator[Hit]:
    """Loading this pickle would evaluate, compile or import code.

    eval, exec, import_module, runpy, code objects, native libraries: each of them runs what the file's
    author wrote.
    """
    yield from _hits(pickle, "code")


@check("pickle-touches-files", reads=Pickle, severity=Severity.HIGH, advisories=("GHSA-m273-6v24-x4m4",))
def touches_files(pickle: Pickle) -> Iterator[Hit]:
    """Loading this pickle would read, write or remove files.

    Writing one file, such as a start-up script, is as good as running code.
    """
    yield from _hits(pickle, "files")


@check("pickle-uses-network", reads=Pickle, severity=Severity.HIGH, advisories=("GHSA-9726-w42j-3qjr",))
def uses_network(pickle: Pickle) -> Iterator[Hit]:
    """Loading this pickle would use the network.

    It tells others that and where the model was loaded, and may bring more code.
    """
    yield from _hits(pickle, "network")


@check("pickle-loads-another", reads=Pickle, severity=Severity.HIGH)
def loads_another(pickle: Pickle) -> Iterator[Hit]:
    """Loading this pickle would load another pickle or model.

    Bytes that stand in the pickle itself are followed and judged; what lies elsewhere cannot be.
    """
    yield from _hits(pickle, "loads")


@check("pickle-changes-process", reads=Pickle, severity=Severity.HIGH, advisories=("CVE-2026-14534",))
def changes_process(pickle: Pickle) -> Iterator[Hit]:
    """Loading this pickle would change the running program.

    Exit hooks, signals, threads, module tables and logging set-ups outlive the load and run later.
    """
    yield from _hits(pickle, "process")


@check("pickle-reaches-through", reads=Pickle, severity=Severity.HIGH, advisories=("GHSA-5j3x-jp52-966f",))
def reaches_through(pickle: Pickle) -> Iterator[Hit]:
    """This pickle reaches other objects through one that looks harmless.

    getattr, dotted names, operator and functools lead from any allowed object to every other.
    """
    yield from _hits(pickle, "reach")


@check("pickle-calls-computed", reads=Pickle, severity=Severity.HIGH)
def calls_computed(pickle: Pickle) -> Iterator[Hit]:
    """This pickle imports or calls something that it works out while loading.

    Programs that write pickles name what they need; only hiding needs a computed name.
    """
    yield from _hits(pickle, "computed")


@check("pickle-alters-object", reads=Pickle, severity=Severity.HIGH)
def alters_object(pickle: Pickle) -> Iterator[Hit]:
    """This pickle alters something that it did not make.

    Writing into an imported class, function or table changes the program that loads it.
    """
    yield from _hits(pickle, "alters")


@check("pickle-extension-code", reads=Pickle, severity=Severity.HIGH)
def extension_code(pickle: Pickle) -> Iterator[Hit]:
    """This pickle names an object by a number from copyreg's extension table.

    What the number stands for depends on the program that loads it, or on an earlier pickle that set it.
    """
    yield from _hits(pickle, "extension")


@check("pickle-unlisted-function", reads=Pickle, severity=Severity.HIGH)
def unlisted_function(pickle: Pickle) -> Iterator[Hit]:
    """Loading this pickle calls a function that no model needs.

    The lists for Python itself and for the reviewed packages hold everything that they write into
    pickles; this is none of it.
    """
    yield from _hits(pickle, "unlisted")


@check("pickle-unknown-global", reads=Pickle, severity=Severity.MEDIUM)
def unknown_global(pickle: Pickle) -> Iterator[Hit]:
    """This pickle imports code that nobody has reviewed for this tool.

    It may be a harmless class of the publisher; what it does when it is loaded is up to that code.
    """
    yield from _hits(pickle, "unknown", REVIEW)


@check("pickle-unproven-arguments", reads=Pickle, severity=Severity.MEDIUM)
def unproven_arguments(pickle: Pickle) -> Iterator[Hit]:
    """This pickle calls a known function in a way that is not proven harmless.

    Some functions are safe with the arguments that models give them, and only with these.
    """
    yield from _hits(pickle, "unproven", REVIEW)


@check("pickle-reads-differently", reads=Pickle, severity=Severity.HIGH)
def reads_differently(pickle: Pickle) -> Iterator[Hit]:
    """Different loaders read this pickle differently.

    An argument leaves the frame that it stands in. Reading from memory goes straight on, reading from a
    file takes the argument from behind the frame (CPython issue 154848), so one of them can be shown a
    harmless file. No writer of pickles does this.
    """
    for offset in pickle.crossed[:10]:
        yield Hit(at=pickle.place(offset), saw="an argument that leaves its frame", remedy=SAFER)


@check("pickle-foreign-object", reads=Pickle, severity=Severity.LOW)
def foreign_object(pickle: Pickle) -> Iterator[Hit]:
    """This pickle asks the program that loads it for an object.

    A persistent id means what the loading program makes of it; plain pickle refuses it.
    """
    yield from list(_hits(pickle, "persistent", REVIEW))[:1]


CHECKS: tuple[Check, ...] = (
    imports_shell,
    runs_code,
    touches_files,
    uses_network,
    loads_another,
    changes_process,
    reaches_through,
    calls_computed,
    alters_object,
    extension_code,
    unlisted_function,
    unknown_global,
    unproven_arguments,
    reads_differently,
    foreign_object,
)
