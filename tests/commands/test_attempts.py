"""How attempts are counted."""

from __future__ import annotations

import asyncio

from graph.commands.attempts import attempts


async def test_good_sign_ins_are_forgotten_while_old_attempts_are_swept_out(opened: str) -> None:
    counted = attempts()
    names = [f"name.{number}" for number in range(20)]
    for name in names:
        assert await counted.take(counted.of_name, name) == 0
    while counted.kept.timer and not counted.kept.timer.done():
        await counted.kept.timer
    assert await counted.take(counted.of_name, "another") == 0  # begins to sweep
    await asyncio.sleep(0)
    for name in names:
        await counted.forget(counted.of_name, name)
    assert counted.kept.timer is not None
    await counted.kept.timer
