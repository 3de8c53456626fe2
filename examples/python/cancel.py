"""Cancels a run by its id: python cancel.py ID [REASON]"""

import asyncio
import os
import sys

from temporalio.client import Client
from temporalio.service import RPCError


async def main(run_id: str, reason: str) -> int:
    address = os.environ.get("TEMPORAL_ADDRESS", "localhost:7233")
    try:
        client = await Client.connect(address)
    except RuntimeError:
        print(f"Cannot reach Temporal at {address}. Is it running?", file=sys.stderr, flush=True)
        return 1
    try:
        # The provider cannot cancel: a job that was submitted may still be billed. The run's last message names it.
        await client.get_workflow_handle(run_id).signal("cancel", {"reason": reason})
    except RPCError as error:
        print(f"{run_id} cannot be cancelled: {error.message}", file=sys.stderr, flush=True)
        return 1
    return 0


if len(sys.argv) < 2:
    sys.exit("usage: python cancel.py ID [REASON]")
code = asyncio.run(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "asked by cancel.py"))
os._exit(code)  # Python can crash while it shuts the SDK down: github.com/temporalio/sdk-python/issues/300
