"""Runs longtake from another language: no longtake code, only names and plain JSON."""

import asyncio
import json
import os
import sys

from temporalio.client import Client, WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy


async def start(client: Client, queue: str, workflow_id: str, argument: dict):
    return await client.start_workflow(
        "generateVideo",
        argument,
        id=workflow_id,
        task_queue=queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
    )


async def until(handle, state: str) -> dict:
    while True:
        status = await handle.query("status")
        if status["state"] == state:
            return status
        await asyncio.sleep(0.05)


async def main(address: str, queue: str, prefix: str) -> dict:
    client = await Client.connect(address)
    request = {"model": "test/model", "prompt": "a greenhouse", "duration": 4, "resolution": "720p"}
    quick = {"initialInterval": "20ms", "maximumInterval": "50ms"}

    saved = await start(client, queue, f"{prefix}-saved", {"request": request, "polling": quick})
    again = await start(client, queue, f"{prefix}-saved", {"request": request, "polling": quick})
    result = await saved.result()
    assert await again.result() == result

    slow = {"request": {**request, "prompt": "slow"}, "polling": {"initialInterval": "1h"}}
    cancelled = await start(client, queue, f"{prefix}-cancelled", slow)
    waiting = await until(cancelled, "generating")
    await cancelled.signal("cancel", {"reason": "from Python"})
    try:
        await cancelled.result()
        outcome = "completed"
    except WorkflowFailureError as error:
        outcome = type(error.cause).__name__

    doubtful = await start(client, queue, f"{prefix}-doubtful", {"request": {**request, "prompt": "lost"}, "polling": quick})
    await until(doubtful, "awaiting_decision")
    try:
        await doubtful.execute_update("resolveSubmission", {"action": "nonsense"})
        refused = False
    except WorkflowUpdateFailedError:
        refused = True
    await doubtful.execute_update("resolveSubmission", {"action": "adopt", "jobId": "found"})
    adopted = await doubtful.result()

    invalid = await start(client, queue, f"{prefix}-invalid", {"request": {"prompt": "no model"}})
    try:
        await invalid.result()
        failure = None
    except WorkflowFailureError as error:
        failure = error.cause.type
    return {
        "result": result,
        "waiting": waiting,
        "cancelled": outcome,
        "refused": refused,
        "adopted": adopted["jobId"],
        "invalid": failure,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*sys.argv[1:]))), flush=True)
    os._exit(0)  # Python can crash while it shuts the SDK down: github.com/temporalio/sdk-python/issues/300
