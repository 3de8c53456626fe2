"""Follows a run by its id until it is closed or awaits a decision: python follow.py ID"""

import asyncio
import os
import sys
from datetime import timedelta

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError

EXIT_CODES = {"succeeded": 0, "cancelled": 3, "awaiting_decision": 5}


async def follow(client: Client, run_id: str) -> dict:
    run = client.get_workflow_handle(run_id)
    shown = ""
    while True:
        description = await run.describe()
        is_running = description.status == WorkflowExecutionStatus.RUNNING
        if is_running:
            status = await run.query("status", rpc_timeout=timedelta(seconds=10))  # a worker answers
        else:
            status = (await description.memo())["status"]  # recorded: readable without any worker
        line = f"{status['state']}  job {status['jobId']}  polls {status['polls']}"
        if line != shown:
            print(line, flush=True)
        shown = line
        if not is_running or status["state"] == "awaiting_decision":
            return status
        await asyncio.sleep(2)


async def main(run_id: str) -> int:
    address = os.environ.get("TEMPORAL_ADDRESS", "localhost:7233")
    try:
        client = await Client.connect(address)
    except RuntimeError:
        print(f"Cannot reach Temporal at {address}. Is it running?", file=sys.stderr, flush=True)
        return 1
    try:
        status = await follow(client, run_id)
    except RPCError as error:
        print(f"{run_id} cannot be followed: {error.message}", file=sys.stderr, flush=True)
        return 1
    for asset in status["assets"]:
        print(asset["uri"])
    if status["error"] is not None:
        # Match on the type, which is stable. docs/errors has a page for each.
        print(f"{status['error']['type']}: {status['error']['message']}")
    return EXIT_CODES.get(status["state"], 1)


if len(sys.argv) < 2:
    sys.exit("usage: python follow.py ID")
code = asyncio.run(main(sys.argv[1]))
sys.stdout.flush()
os._exit(code)  # Python can crash while it shuts the SDK down: github.com/temporalio/sdk-python/issues/300
