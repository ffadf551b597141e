"""The command line in this process: arguments in; exit status and both outputs out."""

import io
from contextlib import redirect_stderr, redirect_stdout

import pytest

from gateway.cli import main


def run(*arguments: str) -> tuple[int, str, str]:
    """Return exit status, standard output and standard error of a command."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main(arguments)
    code = ended.value.code
    assert isinstance(code, int)
    return code, out.getvalue(), err.getvalue()
