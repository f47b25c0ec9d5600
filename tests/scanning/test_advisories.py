"""Public advisories about scanners that were passed by: the same trick, built anew, does not pass here."""

from __future__ import annotations

import pytest

from ossmodelkit.scanning.verdict import Word
from tests.making.container_attacks import CONTAINERS
from tests.making.memory import said, scan_bytes
from tests.making.pickle_assembly import called, framed, stacked, text
from tests.making.pickle_attacks import ATTACKS

# What the advisory names as the way past, and the scanner's own number where there is no other.
GADGETS = {
    "CVE-2025-1716": "pip:main",
    "CVE-2025-71351": "timeit:timeit",
    "GHSA-49gj-c84q-6qm9": "cProfile:run",
    "GHSA-7wx9-6375-f5wh": "profile:run",
    "GHSA-5qwp-399c-mjwf": "trace:Trace.run",
    "CVE-2025-71352": "bdb:Bdb.run",
    "picklescan#29": "doctest:debug_script",
    "GHSA-fqq6-7vqf-w3fg": "pdb:run",
    "CVE-2025-71371": "code:InteractiveInterpreter.runcode",
    "GHSA-9xph-j2h6-g47v": "idlelib.pyshell:ModifiedInterpreter.runcode",
    "CVE-2025-71342": "idlelib.run:Executive.runcode",
    "CVE-2025-71354": "idlelib.autocomplete:AutoComplete.get_entity",
    "CVE-2025-71357": "idlelib.debugobj:ObjectTreeItem.SetText",
    "GHSA-f54q-57x4-jg88": "lib2to3.pgen2.grammar:Grammar.loads",
    "GHSA-p9w7-82w4-7q8m": "lib2to3.pgen2.pgen:ParserGenerator.make_label",
    "GHSA-xp4f-hrf8-rxw7": "ensurepip:_run_pip",
    "CVE-2025-10157": "asyncio.unix_events:_UnixSubprocessTransport._start",
    "picklescan#40": "numpy.testing._private.utils:runstring",
    "CVE-2025-71365": "numpy.f2py.crackfortran:param_eval",
    "GHSA-r8g5-cgf2-4m4m": "numpy.f2py.crackfortran:getlincoef",
    "GHSA-f745-w6jp-hpxx": "torch.utils.collect_env:run",
    "GHSA-4r9r-ch6f-vxmx": "torch.utils.bottleneck.__main__:run_cprofile",
    "GHSA-86cj-95qr-2p4f": "torch._dynamo.guards:GuardBuilder.get",
    "GHSA-f4x7-rfwp-v3xw": "torch.fx.experimental.symbolic_shapes:ShapeEnv.evaluate_guards_expression",
    "GHSA-vr7h-p6mm-wpmh": "torch.jit.unsupported_tensor_ops:execWrapper",
    "GHSA-vv6j-3g6g-2pvj": "torch.utils._config_module:ConfigModule.load_config",
    "GHSA-h3qp-7fh3-f8h4": "torch.utils.data.datapipes.utils.decoder:basichandlers",
    "GHSA-vvpj-8cmc-gx39": "pkgutil:resolve_name",
    "CVE-2025-71320": "pydoc:locate",
    "GHSA-g38g-8gr9-h9xp": "uuid:_get_command_stdout",
    "GHSA-m273-6v24-x4m4": "distutils.file_util:write_file",
    "GHSA-4675-36f9-wf6r": "ctypes:CDLL",
    "CVE-2026-22608": "ctypes:PyDLL",
    "GHSA-vqmv-47xg-9wpr": "pty:spawn",
    "GHSA-9m3x-qqw2-h32h": "cloudpickle.cloudpickle:_builtin_type",
    "GHSA-m7j5-r2p5-c39r": "logging:FileHandler",
    "GHSA-9726-w42j-3qjr": "io:FileIO",
    "CVE-2025-67747": "marshal:loads",
    "CVE-2026-22606": "runpy:run_path",
    "CVE-2026-22612": "builtins:eval",
    "CVE-2026-14534": "atexit:register",
    "picklescan#74": "importlib:import_module",
    "modelscan#338": "multiprocessing.util:spawnv_passfds",
    "modelscan#360": "transformers.dynamic_module_utils:get_class_in_module",
}
TRICKS = {
    "GHSA-5j3x-jp52-966f": "dotted name through random",
    "modelscan#331": "attrgetter of an imported module",
    "modelscan#330": "BUILD into an allowed function",
    "modelscan#89": "__builtins__ of numpy",
    "picklescan#25": "nested _load_from_bytes",
    "cpython#154848": "frame that ends inside a string",
    "CVE-2025-71325": "STACK_GLOBAL from the memo at once",
    "picklescan#22": "name from memo",
    "GHSA-mxhj-88fx-4pcv": "result dropped",
    "picklescan#33": "garbage after the call",
}
WRAPPED = {
    "CVE-2025-10156": "wrong CRC",
    "CVE-2025-1944": "local name differs",
    "CVE-2025-1945": "encrypted flag",
    "GHSA-97f8-7cmv-76j2": "old torch, magic number worked out",
    "CVE-2025-12060": "tar that climbs out",
}


@pytest.mark.parametrize(("advisory", "full"), GADGETS.items(), ids=GADGETS)
def test_the_gadget_of_an_advisory_is_dangerous(advisory: str, full: str) -> None:
    module, _, name = full.partition(":")
    found = scan_bytes(framed(called(stacked(module, name), text("id"))))
    assert found.verdict is Word.DANGEROUS, said(found)
    assert name in found.answers.findings[0].saw


@pytest.mark.parametrize(("advisory", "attack"), TRICKS.items(), ids=TRICKS)
def test_the_trick_of_an_advisory_is_dangerous(advisory: str, attack: str) -> None:
    found = scan_bytes(ATTACKS[attack])
    assert found.verdict is Word.DANGEROUS, said(found)


@pytest.mark.parametrize(("advisory", "attack"), WRAPPED.items(), ids=WRAPPED)
def test_the_container_of_an_advisory_is_dangerous(advisory: str, attack: str) -> None:
    found = scan_bytes(CONTAINERS[attack])
    assert found.verdict is Word.DANGEROUS, said(found)


@pytest.mark.parametrize(
    ("advisory", "name"),
    [("CVE-2025-1889", "weights.txt"), ("CVE-2025-10155", "model.bin"), ("CVE-2025-10155", "model.pt")],
)
def test_an_ending_hides_nothing(advisory: str, name: str) -> None:
    assert scan_bytes(ATTACKS["gadget os:system"], name).verdict is Word.DANGEROUS


@pytest.mark.parametrize(
    ("attack", "advisory"),
    [
        pytest.param(ATTACKS["gadget pip:main"], "CVE-2025-1716", id="pip"),
        pytest.param(ATTACKS["gadget pty:spawn"], "GHSA-vqmv-47xg-9wpr", id="shell"),
        pytest.param(ATTACKS["gadget marshal:loads"], "CVE-2025-67747", id="code"),
        pytest.param(ATTACKS["dunder of a class"], "GHSA-5j3x-jp52-966f", id="reach"),
        pytest.param(CONTAINERS["local name differs"], "CVE-2025-1944", id="names"),
        pytest.param(CONTAINERS["encrypted flag"], "CVE-2025-1945", id="flags"),
    ],
)
def test_a_finding_names_the_advisory(attack: bytes, advisory: str) -> None:
    from ossmodelkit.scanning.catalog import every_check

    cited = {one.id: one.advisories for one in every_check()}
    said_by = {found.check for found in scan_bytes(attack).answers.findings}
    assert any(advisory in cited[check] for check in said_by), said_by
