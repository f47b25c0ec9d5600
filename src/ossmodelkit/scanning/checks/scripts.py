"""Programs, scripts and install lists among a model's files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ossmodelkit.core.check import check
from ossmodelkit.core.finding import Hit, Severity
from ossmodelkit.formats.executables import Executable
from ossmodelkit.formats.scripts import Requirements, Script
from ossmodelkit.scanning.commands import is_judged, is_of, strange_commands
from ossmodelkit.scanning.python_reach import deeds

REMEDY = "Remove it from the model, or read it and run it in a sandbox only."
ALARMS = re.compile(
    r"""(curl|wget|fetch|Invoke-WebRequest|iwr|DownloadString|DownloadFile|bitsadmin|certutil)\b[^\n]*[|&;]\s*(ba|z|da)?sh\b
    |\b(ba|z|da)?sh[ \t]+(-c\s+)?["']?<?\(?\s*\$?\(?(curl|wget)
    |/dev/(tcp|udp)/
    |\b(nc|ncat|netcat)\b[^\n]*\s-\w*[ec] | base64\s+(-d|--decode|-D) | \beval\s+["'$(`] | \bexec\b\s+\d*<>
    |rm\s+-\w*[rf]\w*\s+["']?(/|~|\$HOME) | >>?\s*["']?(/(?!dev/)|~|\$HOME) | \bcrontab\b | authorized_keys
    |/etc/(passwd|shadow|cron)
    |~/\.(ssh|aws|netrc|bashrc|profile|cache/huggingface) | \bchmod\s+\S*[+x7] | \bsudo\b | \bmkfifo\b | \bxxd\s+-r
    |-(enc|EncodedCommand)\b | \bIEX\b|Invoke-Expression | \bpowershell\b | \bmshta\b | \bregsvr32\b | \brundll32\b
    |WScript\.Shell | CreateObject | \bdo\s+shell\s+script | \btouch\s+["']?(/|~) | \b(python3?|perl|ruby)\s+-[ce]\b
    |\b(curl|wget)\b[^\n]*\s(-d|--data|--post|-F|-T|--upload)""",
    re.VERBOSE | re.IGNORECASE,
)


# In a notebook or a recipe people install things and change files; these are what only an attack does.
UNMISTAKABLE = re.compile(
    r"""/dev/(tcp|udp)/ | \b(nc|ncat|netcat)\b[^\n]*\s-\w*e\s | \bmkfifo\b[^\n]*\b(nc|ncat|netcat|telnet)\b
    |base64\s+(-d|--decode|-D)[^\n]*\|\s*(ba|z|da)?sh\b | -(enc|EncodedCommand)\s | \bIEX\b\s*\(
    |Command::new\(\s*"(/bin/)?(sh|bash|cmd|powershell) | \beval\s*\(\s*parse\s*\([^\n]*(base64|rawToChar|url\s*\()
    |\b(exec|eval)\s*\(\s*(compile\s*\(\s*)?[\w.]*(b64decode|b32decode|b85decode|decompress|fromhex|unhexlify|marshal\.loads)\b""",
    re.VERBOSE,
)
DOCUMENTS = ("notebook", "recipe")
FETCHED = re.compile(
    r"""\b(?:curl|wget|iwr|irm)\b[^\n|]*?(https?)://([\w.-]+)[^\n]*?\|\s*(?:sudo\s+(?:-\w+\s+)*)?(?:/bin/)?(?:(?:ba|z|da)?sh|python3?|perl|iex)\b
    |\b(?:ba|z|da)?sh\s+(?:-\w+\s+)?["']?<?\$?\(\s*(?:curl|wget)\b[^\n]*?(https?)://([\w.-]+)""",
    re.VERBOSE,
)
# What R starts or fetches with; a file `.Rprofile` runs whenever R starts in its folder.
R_ACTS = re.compile(
    r"""\b(system2?|shell|shell\.exec|pipe|download\.file|socketConnection|dyn\.load|unlink|file\.remove|url)\s*\(
    |\bsource(_url)?\s*\(\s*["']\w+:// | \beval\s*\(\s*(parse|str2lang)\b 
    |\bdo\.call\s*\(\s*["']?(system|shell|source|eval)
    |\binstall\.packages\s*\([^)]*repos\s*=\s*["'](?!https://(cloud|cran)\.r-project\.org|https://p(ackage)?m\.)""",
    re.VERBOSE,
)


@check("executable-in-model", reads=Executable, severity=Severity.HIGH)
def executable(file: Executable) -> Iterator[Hit]:
    """A model folder holds a program or native library.

    No loader of weights needs one; a library can be loaded by name, and a person may start a program.
    """
    # Often there by mistake, and nobody can read it; or data of a kind that builds any object when it is read.
    severity = Severity.MEDIUM if file.kind == "compiled Python" or file.kind.startswith("serialized") else None
    yield Hit(at=file.at, saw=file.kind, remedy=REMEDY, severity=severity)


@check("script-reaches-out", reads=Script, severity=Severity.HIGH)
def reaches_out(script: Script) -> Iterator[Hit]:
    """A script in this model fetches, decodes or deletes things outside of it.

    Loaders do not run scripts, people do: this one does more than train or convert.
    """
    if script.interpreter.startswith("python"):
        yield from _python(script)
        return
    shown = script.interpreter in DOCUMENTS
    for match in list(_alarms(script))[:5]:
        line = script.text.count("\n", 0, match.start()) + 1
        at = script.at if script.interpreter == "notebook" else replace(script.at, line=line)
        severity = Severity.MEDIUM if shown else None
        yield Hit(at=at, saw=match.group().strip()[:120], remedy=REMEDY, severity=severity)


def _alarms(script: Script) -> Iterator[re.Match[str]]:
    if script.interpreter in DOCUMENTS:
        yield from unmistakable_commands(script.text)
    else:
        yield from (R_ACTS if script.interpreter == "R" else ALARMS).finditer(script.text)


def unmistakable_commands(text: str) -> Iterator[re.Match[str]]:
    """What only an attack does, in a text that otherwise may install and change things."""
    yield from UNMISTAKABLE.finditer(text)
    for match in FETCHED.finditer(text):
        host = (match[2] or match[4]).lower()
        if (match[1] or match[3]) == "http" or not is_of(host, "installers"):
            yield match


def _python(script: Script) -> Iterator[Hit]:
    """A Python program without the ending of one."""
    try:
        loud = [deed for deed in deeds(script.text) if deed.severity is Severity.CRITICAL]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for deed in loud[:5]:
        yield Hit(at=replace(script.at, line=deed.line), saw=deed.saw, remedy=REMEDY)


@check("script-disguised", reads=Script, severity=Severity.HIGH)
def disguised(script: Script) -> Iterator[Hit]:
    """A script bears the name of a weights file."""
    if script.disguised:
        yield Hit(at=script.at, saw=f"a script for {script.interpreter}", remedy=REMEDY)


@check("script-in-model", reads=Script, severity=Severity.MEDIUM)
def script_in_model(script: Script) -> Iterator[Hit]:
    """A script in this model runs commands that neither train nor convert a model."""
    if script.interpreter in (*DOCUMENTS, "R") or script.interpreter.startswith("python"):
        return
    if not is_judged(script.interpreter):
        yield Hit(at=script.at, saw=f"a script for {script.interpreter}", remedy=REMEDY)
    elif strange := next(strange_commands(script.interpreter, script.text), None):
        yield Hit(at=replace(script.at, line=strange[1]), saw=f"command {strange[0]!r}", remedy=REMEDY)


@check("requirements-foreign-index", reads=Requirements, severity=Severity.MEDIUM)
def foreign_index(file: Requirements) -> Iterator[Hit]:
    """Installing these requirements would take packages from somewhere else than PyPI.

    A foreign index, a direct URL or a local path can put any code under a known name; an extra index
    may shadow the right one (dependency confusion).
    """
    for number, line in enumerate(file.lines, 1):
        saw = _foreign(line.partition(" #")[0].strip())
        if saw:
            remedy = "Install the packages from PyPI by name, after reading the list."
            yield Hit(at=replace(file.at, line=number), saw=saw[:200], remedy=remedy)


HOSTS = ("https://pypi.org/", "https://download.pytorch.org/", "https://pypi.nvidia.com", "https://pypi.ngc.nvidia.com")
REGISTRIES = (
    "https://registry.npmjs.org",
    "https://registry.yarnpkg.com",
    "https://conda.anaconda.org/",
    "https://repo.anaconda.com/",
)
SOURCES = (
    *REGISTRIES,
    "https://github.com/huggingface/",
    "https://github.com/pytorch/",
    "https://github.com/openai/",
    "https://github.com/NVIDIA/",
)
FLAGS = (
    "registry",
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "index-url",
    "extra-index-url",
    "--trusted-host",
)


def _foreign(line: str) -> str:
    words = re.split(r"[\s=]+", line, maxsplit=1)
    if words[0] in FLAGS:
        target = words[1].strip(" =") if len(words) > 1 else ""
        wheels = "https://data.pyg.org/", "https://flashinfer.ai/", "https://abetlen.github.io/"
        return "" if target.startswith((*HOSTS, *REGISTRIES, *wheels)) else line
    url = re.search(r"(?:git\+|hg\+|svn\+|bzr\+)?(?:https?|ssh|file|ftp|git)://\S+", line)
    if url and not line.startswith("#"):
        plain = url.group().removeprefix("git+")
        return "" if plain.startswith((*HOSTS, *SOURCES)) else line
    return line if re.fullmatch(r"(-e\s+)?[^\s#]*[\w-]\.(whl|tar\.gz|tgz|zip|egg)", line) else ""


CHECKS = (executable, reaches_out, disguised, script_in_model, foreign_index)
