"""docs/scaling.md; its configuration of HAProxy is run by tests/soak/test_soak.py."""

import pytest

from tests.docs.markdown import ROOT


@pytest.mark.parametrize("needed", ["X-Forwarded-For", "Host", "timeout server"])
def test_the_page_says_what_a_balancer_has_to_pass_on(needed: str) -> None:
    assert needed in (ROOT / "docs" / "scaling.md").read_text("utf-8")
