import pytest
from hypothesis import given

from gateway.http1.head import parse_request_head
from gateway.http1.salvage import Salvaged, salvage
from tests.http1.build import OCTETS, head, outcome

GET = b"GET / HTTP/1.1"
HOST = b"Host: Crm.example"
ORIGIN = b"Origin:  https://addin.vendor.example\t"
ALL = Salvaged(b"GET", b"crm.example", b"https://addin.vendor.example")
NO_METHOD = Salvaged(None, b"crm.example", b"https://addin.vendor.example")
NO_METHOD_OR_ORIGIN = Salvaged(None, b"crm.example", None)
NO_HOST = Salvaged(b"GET", None, b"https://addin.vendor.example")
NO_ORIGIN = Salvaged(b"GET", b"crm.example", None)
NOTHING = Salvaged(None, None, None)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(head(GET, HOST, ORIGIN), ALL, id="whole"),
        pytest.param(
            head(GET, b"hOST:crm.example", b"ORIGIN:https://addin.vendor.example"), ALL, id="names-in-any-case"
        ),
        pytest.param(b"\r\n" + head(GET, HOST, ORIGIN), ALL, id="behind-an-empty-line"),
        pytest.param(
            head(GET, HOST, ORIGIN) + head(b"X: y", HOST, ORIGIN), ALL, id="octets-behind-the-head-do-not-count"
        ),
        pytest.param(head(GET, HOST, ORIGIN)[:-2], ALL, id="without-its-empty-line"),
        pytest.param(head(GET, HOST, ORIGIN)[:-2] + b"A: b" * 9999, ALL, id="with-a-line-too-long"),
        pytest.param(head(GET, HOST, b"A : b", b"C: \0", b"D", ORIGIN), ALL, id="other-lines-malformed"),
        pytest.param(head(b"GET / HTTP/2.0", HOST, ORIGIN), ALL, id="another-version"),
        pytest.param(head(b"GET /a b#c", HOST, ORIGIN), ALL, id="malformed-target"),
        pytest.param(head(GET, HOST, ORIGIN, b"Origin-Agent-Cluster: ?1", b"Hosts: b"), ALL, id="longer-names"),
        pytest.param(head(GET, HOST, ORIGIN, b"X: Origin: b", b"X-Origin: c", b"X-Host: d"), ALL, id="names-elsewhere"),
        pytest.param(head(GET), Salvaged(b"GET", None, None), id="neither"),
        pytest.param(head(GET, b"Origin: X"), Salvaged(b"GET", None, b"X"), id="no-letter-is-stripped"),
        pytest.param(head(GET, ORIGIN), NO_HOST, id="no-host"),
        pytest.param(head(GET, HOST, HOST, ORIGIN), NO_HOST, id="host-twice"),
        pytest.param(head(GET, b"Host: a/b", ORIGIN), NO_HOST, id="malformed-host"),
        pytest.param(head(GET, b"Host:", ORIGIN), NO_HOST, id="empty-host"),
        pytest.param(head(GET, HOST), NO_ORIGIN, id="no-origin"),
        pytest.param(head(GET, HOST, ORIGIN, ORIGIN), NO_ORIGIN, id="origin-twice-equal"),
        pytest.param(head(GET, HOST, ORIGIN, b"origin: b"), NO_ORIGIN, id="origin-twice"),
        pytest.param(
            head(GET, HOST, ORIGIN, b"Origin : b"), NO_ORIGIN, id="origin-again-with-a-space-before-the-colon"
        ),
        pytest.param(head(GET, HOST, ORIGIN, b" Origin: b"), NO_ORIGIN, id="origin-again-behind-a-space"),
        pytest.param(head(GET, HOST, ORIGIN, b"X: y\nOrigin: b"), NO_ORIGIN, id="origin-again-behind-a-bare-lf"),
        pytest.param(head(GET, HOST, ORIGIN, b"X: y\r\tOrigin: b"), NO_ORIGIN, id="origin-again-behind-a-bare-cr"),
        pytest.param(head(GET, HOST, ORIGIN)[:-2] + b"Origin", NO_ORIGIN, id="origin-again-unfinished"),
        pytest.param(head(GET, HOST, b"Origin : a"), NO_ORIGIN, id="origin-with-a-space-before-the-colon"),
        pytest.param(head(GET, HOST, b"Origin: a", b" b"), NO_ORIGIN, id="folded-origin"),
        pytest.param(head(GET, HOST, b"Origin: a", b"\tb"), NO_ORIGIN, id="origin-folded-with-a-tab"),
        pytest.param(head(GET, HOST, b"Origin: a\0"), NO_ORIGIN, id="nul-in-the-origin"),
        pytest.param(head(GET, HOST, b"Origin: a\nb"), NO_ORIGIN, id="bare-lf-in-the-origin"),
        pytest.param(head(GET, HOST)[:-2] + b"Origin: a", NO_ORIGIN, id="unfinished-origin"),
        pytest.param(head(GET, HOST)[:-2] + b"Origin: a\r", NO_ORIGIN, id="origin-with-half-its-crlf"),
        pytest.param(head(GET, HOST, b"", ORIGIN), NO_ORIGIN, id="origin-behind-the-head"),
        pytest.param(head(b"G(T / HTTP/1.1", HOST, ORIGIN), NO_METHOD, id="malformed-method"),
        pytest.param(b"\r\n\r\n" + head(GET, HOST, ORIGIN), NO_METHOD, id="two-empty-lines-first"),
        pytest.param(head(b"GET", HOST, ORIGIN), ALL, id="method-only"),
        pytest.param(GET, NOTHING, id="unfinished-request-line"),
        pytest.param(GET + b"\r\n", Salvaged(b"GET", None, None), id="request-line-only"),
        pytest.param(head(GET, HOST, ORIGIN).replace(b"\r\n", b"\n"), NOTHING, id="bare-lf-everywhere"),
        pytest.param(b"Origin: a\r\n" + head(HOST), NO_METHOD_OR_ORIGIN, id="a-field-first"),
        pytest.param(b"", NOTHING, id="nothing"),
        pytest.param(b"\x16\x03\x01\x02\0", NOTHING, id="tls"),
    ],
)
def test_salvage(octets: bytes, expected: Salvaged) -> None:
    assert salvage(octets) == expected


@pytest.mark.fuzz
@given(OCTETS)
def test_what_is_salvaged_of_a_good_head_is_what_it_says(octets: bytes) -> None:
    salvage(octets)
    good = head(GET, HOST)[:-2] + octets
    parsed = outcome(parse_request_head, good)
    if not isinstance(parsed, type):
        origins = parsed.fields.values(b"origin")
        expected = Salvaged(parsed.method, parsed.host, origins[0] if len(origins) == 1 else None)
        assert salvage(good) == expected
