from gateway.cors.fields import ALWAYS_EXPOSED, CORS_PREFIX, actual_block, list_line, preflight_block

ADDIN = b"https://addin.vendor.example"


def test_what_is_removed_and_what_is_always_exposed() -> None:
    assert CORS_PREFIX == b"access-control-"
    assert ALWAYS_EXPOSED == (b"retry-after", b"x-request-id")


def test_actual_without_credentials() -> None:
    assert actual_block(ADDIN, credentials=False, expose=[]) == (
        b"Access-Control-Allow-Origin: https://addin.vendor.example\r\n"
        b"Access-Control-Expose-Headers: retry-after, x-request-id\r\n"
    )


def test_actual_with_credentials_and_exposed_names() -> None:
    assert actual_block(ADDIN, credentials=True, expose=[b"ETag", b"X-Request-Id", b"etag"]) == (
        b"Access-Control-Allow-Origin: https://addin.vendor.example\r\n"
        b"Access-Control-Allow-Credentials: true\r\n"
        b"Access-Control-Expose-Headers: etag, x-request-id, retry-after\r\n"
    )


def test_preflight_without_credentials() -> None:
    assert preflight_block(
        ADDIN, credentials=False, methods=[b"GET"], headers=[b"authorization", b"Content-Type"], max_age_seconds=600
    ) == (
        b"Access-Control-Allow-Origin: https://addin.vendor.example\r\n"
        b"Access-Control-Allow-Methods: GET\r\n"
        b"Access-Control-Allow-Headers: authorization, Content-Type\r\n"
        b"Access-Control-Max-Age: 600\r\n"
    )


def test_preflight_with_credentials_and_without_headers() -> None:
    assert preflight_block(ADDIN, credentials=True, methods=[b"GET", b"PUT"], headers=[], max_age_seconds=0) == (
        b"Access-Control-Allow-Origin: https://addin.vendor.example\r\n"
        b"Access-Control-Allow-Credentials: true\r\n"
        b"Access-Control-Allow-Methods: GET, PUT\r\n"
        b"Access-Control-Max-Age: 0\r\n"
    )


def test_list_line() -> None:
    assert list_line(b"Allow", [b"GET", b"HEAD"]) == b"Allow: GET, HEAD\r\n"
    assert list_line(b"Allow", iter(())) == b""
