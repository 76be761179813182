"""Give tests a gateway that can be made to misbehave."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.gateway.faults.stage_faults import Stage, opened


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    async with opened() as stage:
        yield stage
