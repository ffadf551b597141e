"""The loader never crashes: whatever the text, it is a configuration that can be used, or a list of mistakes."""

import re
import string
from pathlib import Path
from typing import Final, cast

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.effective import effective, effective_text
from gateway.config.keys import SECTIONS, SiteDefaults
from gateway.config.load import Loaded, load
from gateway.config.model import ConfigError
from gateway.config.notes import Notes, Unread
from gateway.config.reader import SWITCH, ListOf, Reader, Value, ValueOr, WordOr
from gateway.config.settings import Section, Sections, Settings
from gateway.config.values import (
    ADDRESS,
    COOKIE_DOMAIN,
    FILE,
    HOST,
    HOST_SENT,
    METHOD,
    ORIGIN,
    PATH,
    PIN,
    PROXY,
    REQUEST_HEADER,
    RESPONSE_HEADER,
    UPSTREAM_URL,
    WORKERS,
    duration,
    size,
)
from tests.config.build import text_scalar
from tests.config.test_compile import EVERY
from tests.docs.markdown import ROOT

pytestmark = pytest.mark.fuzz

BROKEN: Final = Path(__file__).parent / "broken"
TEXTS: Final = (
    EVERY,
    *(file.read_text("latin-1") for file in [*BROKEN.glob("*.yaml"), *(ROOT / "config").glob("*.yaml")]),
)
ENVIRON: Final = {"NAME": "crm.example", "EMPTY": "", "ODD": "a\nb"}

LONE_SURROGATE: Final = "\ud800"
"""In no value that is read: the document refuses it before, as a control character."""

WORDS: Final = st.sampled_from(
    [
        *("", "~", "no", "yes", "null", "10:30", "0", "-1", "1", "8", "64", "1e999", "0x10", "2024-01-31", "9" * 400),
        *("*", "any", "preset", "everything", "vtenext", "upstream", "auto", "keep", "401", "None", "json", "<<", "="),
        *("10m", "0s", "25h", "64MiB", "1 B", "GET", "get", "TRACE", "authorization", "Content-Length", "set-cookie"),
        *("/", "/restapi/", "/a//b", "/ä", "a b", "crm.example", "CRM.example", "bücher.example", "localhost", "xn--a"),
        *(
            "http://127.0.0.1:8080",
            "https://crm.lan/x/",
            "http://[::1]:9900",
            "https://u:p@h/?q#f",
            "http://",
            "unix:/x",
        ),
        *(
            "https://addin.example",
            "https://addin.example/",
            "https://*.addin.example",
            "http://localhost",
            "https://*.com",
        ),
        *("127.0.0.1:9900", "[::]:443", ":80", "10.0.0.0/8", "10.0.0.5/24", "::/0", "fe80::1%eth0", "[::1", "1.2.3"),
        *(
            "${NAME}",
            "${EMPTY}",
            "${ODD}",
            "${MISSING}",
            "${",
            "${file:/nonexistent}",
            "a${NAME}b",
            "\x85",
            "\u2028",
            "\ufeff",
        ),
        *(
            "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "/etc/hosts",
            "C:\\tls",
            LONE_SURROGATE,
            "\x00",
            "é",
            "٣m",
            "½h",
        ),
    ]
)
SCALARS: Final = WORDS | st.text(max_size=12) | st.integers() | st.booleans() | st.none() | st.floats()


def shaped(reader: Reader[object]) -> st.SearchStrategy[object]:
    """Return values that look like what a reader takes, and now and then like something else."""
    match reader:
        case Value():
            good: st.SearchStrategy[object] = SCALARS
        case ListOf():
            good = st.lists(SCALARS, max_size=4)
        case Section():
            good = st.deferred(lambda: mapping(reader.settings)) | SCALARS
        case Sections():
            good = st.lists(shaped(reader.item), max_size=3)
        case WordOr() | ValueOr():
            good = SCALARS | shaped(cast("WordOr[object, object]", reader).other)
        case _:
            assert isinstance(reader, SiteDefaults)
            good = mapping(SECTIONS["sites[]"])
    return st.one_of(
        good, good, good, SCALARS, st.lists(SCALARS, max_size=2), st.dictionaries(WORDS, SCALARS, max_size=2)
    )


def mapping(section: type[Settings]) -> st.SearchStrategy[dict[str, object]]:
    """Return mappings of the keys of a section, any of them missing, and now and then with another."""
    keys = {name: shaped(key.reader) for name, key in section.keys.items()}
    known: st.SearchStrategy[dict[str, object]] = st.fixed_dictionaries({}, optional=keys)
    more: st.SearchStrategy[dict[str, object]] = st.dictionaries(WORDS, SCALARS, max_size=1)
    return known | known | st.tuples(known, more).map(_both)


def _both(pair: tuple[dict[str, object], dict[str, object]]) -> dict[str, object]:
    return {**pair[0], **pair[1]}


def outcome(folder: Path, octets: bytes) -> Loaded | None:
    """Load a file of these octets; every mistake is one line with its place."""
    file = folder / "c.yaml"
    file.write_bytes(octets)
    try:
        found = load([file], ENVIRON)
    except ConfigError as error:
        mistakes = error.mistakes
    else:
        assert effective_text(effective(found.settings, found.config))
        return found
    assert mistakes
    for mistake in mistakes:
        assert "\n" not in str(mistake)
        assert mistake.text
        assert (mistake.line == 0) == (mistake.column == 0)
        assert str(mistake).encode()
    return None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_octets(folder: Path, octets: bytes) -> None:
    outcome(folder, octets)


@given(st.text("abc:-[]{}&*!|>'\"#%@`,?~ \n\t<$\\xU0=.", max_size=80))
def test_any_text_of_what_yaml_is_made_of(folder: Path, text: str) -> None:
    outcome(folder, text.encode())


@given(mapping(SECTIONS[""]), st.booleans())
def test_any_structure(folder: Path, value: object, flow: bool) -> None:
    text = yaml.dump(value, default_flow_style=flow, allow_unicode=True)
    outcome(folder, text.encode("utf-8", "surrogatepass"))


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Return one of our texts, with some of its pieces taken out, doubled, swapped, or replaced."""
    pieces = re.findall(r"[A-Za-z0-9_./:*-]+|\s+|.", draw(st.sampled_from(TEXTS)))
    for _ in range(draw(st.integers(1, 4))):
        pieces = pieces or ["a"]
        at = draw(st.integers(0, len(pieces) - 1))
        match draw(st.integers(0, 4)):
            case 0:
                del pieces[at : at + 1]
            case 1:
                pieces.insert(at, pieces[at])
            case 2:
                other = draw(st.integers(0, len(pieces) - 1))
                pieces[at], pieces[other] = pieces[other], pieces[at]
            case 3:
                pieces[at] = draw(WORDS)
            case _:
                pieces.insert(at, draw(st.sampled_from(string.punctuation + " \n\t")))
    return "".join(pieces) or "a"


@given(mutated())
def test_any_mutation_of_a_text_that_is_nearly_right(folder: Path, text: str) -> None:
    outcome(folder, text.encode("utf-8", "surrogatepass"))


@given(st.lists(mapping(SECTIONS["sites[]"]), min_size=1, max_size=3), mapping(SECTIONS["sites[]"]))
def test_any_sites_over_any_defaults(folder: Path, sites: list[object], defaults: object) -> None:
    text = yaml.dump({"sites": sites, "defaults": defaults}, allow_unicode=True)
    outcome(folder, text.encode("utf-8", "surrogatepass"))


VALUES: Final = (
    *(ADDRESS, COOKIE_DOMAIN, FILE, HOST, HOST_SENT, METHOD, ORIGIN, PATH, PIN, PROXY, REQUEST_HEADER, RESPONSE_HEADER),
    *(SWITCH, UPSTREAM_URL, WORKERS, duration(), size()),
)


@given(st.sampled_from(VALUES), (WORDS | st.text(max_size=20)).filter(lambda text: LONE_SURROGATE not in text))
def test_what_is_proposed_is_taken(reader: Value[object], text: str) -> None:
    notes = Notes()
    try:
        reader.read(text_scalar(text), notes)
    except Unread:
        proposed = re.search(r": write ([^ ,]+)$", notes.mistakes[0].text)
        if proposed:
            assert reader.parse(proposed[1].strip("'")) is not Ellipsis
