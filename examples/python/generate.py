"""Starts a run of longtake by names alone, waits, and prints where the video is. Needs: pip install temporalio"""

import asyncio
import os
import sys

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError


async def generate(client: Client, run_id: str, request: dict) -> dict:
    try:
        # Both policies, always: without them a second start with this id can pay for a second video.
        await client.start_workflow(
            "generateVideo",
            {"request": request, "maxCostUsd": 0.5},
            id=run_id,
            task_queue=os.environ.get("LONGTAKE_TASK_QUEUE", "longtake"),
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        )
    except WorkflowAlreadyStartedError:
        pass  # There was such a run, and it is closed: its result is the answer.
    return await client.get_workflow_handle(run_id).result()


async def main() -> None:
    client = await Client.connect(os.environ.get("TEMPORAL_ADDRESS", "localhost:7233"))
    request = {
        "model": "google/veo-3.1-lite",
        "prompt": "A lighthouse at dusk, waves rolling in",
        "duration": 4,
        "resolution": "720p",
    }
    result = await generate(client, sys.argv[1] if len(sys.argv) > 1 else "lighthouse", request)
    for asset in result["assets"]:
        print(asset["uri"], asset["sha256"])
    print("cost:", result["costUsd"])


asyncio.run(main())
sys.stdout.flush()
os._exit(0)  # Python can crash while it shuts the SDK down: github.com/temporalio/sdk-python/issues/300
