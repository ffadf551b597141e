import time

import pytest

from gateway.cors.preflight import (
    FORBIDDEN_REQUEST_HEADERS,
    OCTETS_A_NAME,
    REQUEST_HEADERS_OCTETS,
    SAFELISTED_REQUEST_HEADERS,
    RequestHeadersError,
    is_forbidden,
    parse_request_headers,
)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        pytest.param([], (), id="no-line"),
        pytest.param([b""], (), id="empty"),
        pytest.param([b"authorization,content-type"], (b"authorization", b"content-type"), id="as-browsers-write-it"),
        pytest.param(
            [b"authorization, Content-Length, Content-Type"],
            (b"authorization", b"Content-Length", b"Content-Type"),
            id="as-classic-outlook-writes-it",
        ),
        pytest.param(
            [b"\tx-b ,,X-a", b" ,\t", b"authorization,x-A , X-B"],
            (b"x-b", b"X-a", b"authorization"),
            id="G22-tabs-empty-elements-repeats-lines-any-order",
        ),
        pytest.param([b"!#$%&'*+-.^_`|~09azAZ"], (b"!#$%&'*+-.^_`|~09azAZ",), id="every-octet-of-a-token"),
        pytest.param([b"a" * 4096], (b"a" * 4096,), id="as-long-as-may-be"),
        pytest.param(
            [b",".join(b"x-%d" % n for n in range(64))], tuple(b"x-%d" % n for n in range(64)), id="as-many-as-may-be"
        ),
        pytest.param([b"a," * 100], (b"a",), id="repeats-do-not-count"),
    ],
)
def test_parse_request_headers(values: list[bytes], names: tuple[bytes, ...]) -> None:
    assert parse_request_headers(values) == names


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param([b"a" * 4097], "too long", id="an-octet-too-long"),
        pytest.param([b"a" * 4096, b"b"], "too long", id="too-long-over-all-lines"),
        pytest.param([b",".join(b"x-%d" % n for n in range(65))], "too many names", id="a-name-too-many"),
        pytest.param([b"x a"], "not a field name", id="space-inside"),
        pytest.param([b"authorization, x:y"], "not a field name", id="colon"),
        pytest.param([b"x\xe9"], "not a field name", id="not-ascii"),
        pytest.param([b"x\x0b"], "not a field name", id="vertical-tab-is-no-white-space"),
        pytest.param([b'"x"'], "not a field name", id="quotes"),
    ],
)
def test_parse_request_headers_refuses(values: list[bytes], message: str) -> None:
    with pytest.raises(RequestHeadersError, match=f"^{message}$"):
        parse_request_headers(values)


def test_g23_a_list_without_end_costs_nothing() -> None:
    for value in (b"a" * 65_536, b",".join(b"x-%d" % n for n in range(5_000))):
        before = time.process_time()
        with pytest.raises(RequestHeadersError):
            parse_request_headers([value])
        assert time.process_time() - before < 0.1


def test_bounds() -> None:
    assert (REQUEST_HEADERS_OCTETS, OCTETS_A_NAME) == (4096, 64)


def test_another_bound_is_for_octets_and_for_names() -> None:
    assert parse_request_headers([b"x" * 128], 128) == (b"x" * 128,)
    assert parse_request_headers([b"a,b"], 128) == (b"a", b"b")
    with pytest.raises(RequestHeadersError, match=r"^too long$"):
        parse_request_headers([b"x" * 129], 128)
    with pytest.raises(RequestHeadersError, match=r"^too many names$"):
        parse_request_headers([b"a,b,c"], 191)


@pytest.mark.parametrize(
    "name",
    [
        *(b"accept-charset", b"accept-encoding", b"access-control-request-headers", b"access-control-request-method"),
        *(b"connection", b"content-length", b"cookie", b"cookie2", b"date", b"dnt", b"expect", b"host", b"keep-alive"),
        *(b"origin", b"referer", b"set-cookie", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"via"),
        *(b"proxy-", b"proxy-authorization", b"sec-", b"sec-fetch-site"),
    ],
)
def test_is_forbidden(name: bytes) -> None:
    assert is_forbidden(name)


@pytest.mark.parametrize(
    "name", [b"authorization", b"content-type", b"user-agent", b"x-http-method-override", b"proxy", b"sec", b"x-sec-"]
)
def test_is_not_forbidden(name: bytes) -> None:
    assert not is_forbidden(name)


def test_the_lists_are_lower_case_and_apart() -> None:
    assert {name for name in FORBIDDEN_REQUEST_HEADERS if name != name.lower()} == set()
    assert {b"accept", b"accept-language", b"content-language", b"content-type"} == SAFELISTED_REQUEST_HEADERS
    assert not SAFELISTED_REQUEST_HEADERS & FORBIDDEN_REQUEST_HEADERS
