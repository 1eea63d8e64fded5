"""How all tests run: examples that are drawn are drawn the same every time, none of them is timed, and one parent
forks the processes of all tests that do not ask for one of their own."""

import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from grader.runner.starting import Cold, Confinement, Starter, Warm

settings.register_profile(
    "steady", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def starter() -> Iterator[Starter]:
    """Starts unconfined processes: in milliseconds where there is fork, in seconds elsewhere."""
    found: Starter = Warm(confinement=Confinement(confined=False)) if sys.platform == "linux" else Cold()
    yield found
    found.close()


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """Starts processes that are confined as notebooks are by default; for tests that leave their parent as it is."""
    parent = Warm()
    yield parent
    parent.close()
