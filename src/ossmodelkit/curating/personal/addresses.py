"""E-mail addresses, credentials in URLs, and IP addresses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from functools import cache

from ossmodelkit.curating.personal.context import nearest
from ossmodelkit.curating.personal.found import Found
from ossmodelkit.foundation import resources

LONGEST_LOCAL_PART = 64  # RFC 5321, section 4.5.3.1.1
LOCAL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+\Z")
DOMAIN = re.compile(
    r"@((?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+([^\W\d_]{2,24}|xn--[a-z0-9-]{2,40}))(?![\w(@]|-\w|\.\w|:[\w/~])"
)
EDGES = ".'`{}|/*=&%!?#$^~-"
SPELLED_MARKS = ("at]", "at)", "AT]", "AT)", "at }", "at ]", "at )")
SPELLED = re.compile(
    r"[\w.+-]{1,64} ?[\[({] ?(?:at|AT) ?[\])}] ?[\w-]{1,63}(?:(?: ?[\[({] ?(?:dot|DOT) ?[\])}] ?|\.)[\w-]{1,63}){1,5}"
)
IMAGE = re.compile(r"\dx\.(?:png|jpe?g|gif|svg|webp|avif|ico)\Z", re.IGNORECASE)
CREDENTIALS = re.compile(
    r"[a-z][a-z0-9+.-]{1,20}://([^\s/:@<>\"'{}$]{0,100}):([^\s/@<>\"'{}$]{1,200})@[^\s/:@<>\"']+", re.IGNORECASE
)
PLACEHOLDERS = frozenset({"password", "pass", "passwd", "pwd", "xxx", "xxxx", "***", "****", "secret", "token", "..."})
IPV4 = re.compile(
    r"(?<![\w.])(?<![A-Za-z]-)(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![\w]|\.\d|-[A-Za-z]|/\d)", re.ASCII
)
IPV6 = re.compile(
    r"(?<![\w:.])(?:[0-9A-Fa-f]{1,4}:|::)(?:[0-9A-Fa-f]{0,4}:){0,7}[0-9A-Fa-f]{1,4}(?![\w:]|\.\d)", re.ASCII
)
# Addresses in small numbers that are known as such: public resolvers, and what routers give out first.
WELL_KNOWN = frozenset({"1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.9", "4.2.2.2"})
WELL_KNOWN |= {f"10.0.0.{last}" for last in range(1, 32)}
SMALL = 32


@cache
def top_level_domains() -> frozenset[str]:
    """The endings an e-mail address may have."""
    text = resources.config("data", "top_level_domains.txt").read_text(encoding="utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


def credentials(text: str) -> Iterator[Found]:
    """`scheme://user:password@host`, unless the password is a word that stands for one."""
    for match in CREDENTIALS.finditer(text):
        if match[2].lower() not in PLACEHOLDERS:
            yield Found(match.start(), match.end(), "data-url-credentials", match[0])


def emails(text: str) -> Iterator[Found]:
    """Addresses in the form that people use; code, package names and image names are not."""
    at = text.find("@")
    while at >= 0:
        found = _email(text, at)
        if found:
            yield found
        at = text.find("@", found.end if found else at + 1)


def spelled_emails(text: str) -> Iterator[Found]:
    """Addresses whose sign is written out, against people who collect them: `jane [at] acme [dot] com`."""
    if any(mark in text for mark in SPELLED_MARKS):
        for match in SPELLED.finditer(text):
            if re.split(r"\W+", match[0])[-1].lower() in top_level_domains():
                yield Found(*match.span(), "data-email", match[0])


def _email(text: str, at: int) -> Found | None:
    domain = DOMAIN.match(text, at)
    if domain is None:
        return None
    ending = domain[2].lower()
    if ending.isascii() and not ending.startswith("xn--") and ending not in top_level_domains():
        return None
    before = text[max(0, at - LONGEST_LOCAL_PART) : at]
    local = LOCAL.search(before)
    name = local[0].lstrip(EDGES) if local else ""
    if not name or name.endswith(".") or ".." in name or IMAGE.match(domain[1]):
        return None
    return Found(at - len(name), domain.end(), "data-email", text[at - len(name) : domain.end()])


def ipv4(text: str, start: int, end: int, field: str) -> Iterator[Found]:
    """Dotted quads between `start` and `end` that are no version, network, mask or address of this machine."""
    for match in IPV4.finditer(text, start, min(len(text), end + 2)):
        if any((len(part) > 1 and part[0] == "0") or int(part) > 255 for part in match.groups()):
            continue
        if int(match[1]) in (0, 127, 255) or match[0] == "169.254.0.0":
            continue
        word = nearest(text, match.start(), field)
        small = all(int(part) < SMALL for part in match.groups())
        if word in ("version", "other") or (small and word != "ip" and match[0] not in WELL_KNOWN):
            continue
        yield Found(match.start(), match.end(), "data-ip-address", match[0])


def ipv6(text: str) -> Iterator[Found]:
    """IPv6 addresses with three groups or more, one of them with a digit; `std::vec` is none."""
    for match in IPV6.finditer(text):
        groups = [group for group in match[0].split(":") if group]
        if len(groups) < 3 or not any(char.isdigit() for char in match[0]):
            continue
        try:
            address = ipaddress.IPv6Address(match[0])
        except ValueError:
            continue
        if not address.is_loopback and not address.is_unspecified:
            yield Found(match.start(), match.end(), "data-ip-address", match[0])
