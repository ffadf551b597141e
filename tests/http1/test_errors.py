import pytest

from gateway.http1 import errors


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(errors.Http1Error, 400, id="any"),
        pytest.param(errors.MalformedError, 400, id="malformed"),
        pytest.param(errors.MethodNotServedError, 405, id="method"),
        pytest.param(errors.TargetTooLongError, 414, id="target"),
        pytest.param(errors.ExpectationError, 417, id="expectation"),
        pytest.param(errors.HeadTooLargeError, 431, id="head"),
        pytest.param(errors.VersionNotSupportedError, 505, id="version"),
    ],
)
def test_each_error_has_the_status_of_its_answer(error: type[errors.Http1Error], status: int) -> None:
    assert error("why").status == status
    assert str(error("why")) == "why"
