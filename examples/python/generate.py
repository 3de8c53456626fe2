"""Starts a run of longtake by names alone, waits, and prints where the video is. Needs: pip install temporalio"""

import asyncio
import os
import sys

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, CancelledError, WorkflowAlreadyStartedError


async def start(client: Client, run_id: str, request: dict) -> WorkflowHandle:
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
    return client.get_workflow_handle(run_id)


async def explain(run: WorkflowHandle, cause: BaseException) -> str:
    """Why a run ended without a video. Its last status is in its memo: readable without any worker."""
    status = (await (await run.describe()).memo()).get("status", {})
    if isinstance(cause, ApplicationError):
        # Match on the type, which is stable. docs/errors has a page for each.
        words = f"{cause.type}: {cause.message}"
        if cause.details:
            words += f"\nbilled: {cause.details[0]['billed']}"
    elif isinstance(cause, CancelledError):
        words = f"Cancelled: {status['error']['message']}"  # Temporal itself keeps no words of a cancel
    else:
        words = f"{cause}. A job that was submitted may still be billed."  # terminated, or timed out
    return f"{words}\njob: {status.get('jobId')}\ncost: {status.get('costUsd')}"


async def main() -> int:
    address = os.environ.get("TEMPORAL_ADDRESS", "localhost:7233")
    try:
        client = await Client.connect(address)
    except RuntimeError:
        print(f"Cannot reach Temporal at {address}. Is it running?", file=sys.stderr, flush=True)
        return 1
    request = {
        "model": "google/veo-3.1-lite",
        "prompt": "A lighthouse at dusk, waves rolling in",
        "duration": 4,
        "resolution": "720p",
    }
    run = await start(client, sys.argv[1] if len(sys.argv) > 1 else "lighthouse", request)
    try:
        result = await run.result()
    except WorkflowFailureError as end:
        print(await explain(run, end.cause), file=sys.stderr, flush=True)
        return 1
    for asset in result["assets"]:
        print(asset["uri"], asset["sha256"])
    print("cost:", result["costUsd"])
    return 0


code = asyncio.run(main())
sys.stdout.flush()
os._exit(code)  # Python can crash while it shuts the SDK down: github.com/temporalio/sdk-python/issues/300
