import os

import pytest


@pytest.mark.xdist_group("group")
def test_a_group_is_known_to_xdist(request: pytest.FixtureRequest) -> None:
    """Roots are made once a worker, so that all who use them have to be in one."""
    if "PYTEST_XDIST_WORKER" not in os.environ or not request.config.getoption("loadgroup"):
        pytest.skip("pytest runs without --dist loadgroup")
    node = request.node
    assert isinstance(node, pytest.Item)
    assert node.nodeid.endswith("@group")
