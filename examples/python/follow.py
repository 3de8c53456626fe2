"""Follows a run by its id until it is closed: python follow.py ID"""

import asyncio
import os
import sys

from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ApplicationError, CancelledError


async def main(run_id: str) -> int:
    client = await Client.connect(os.environ.get("TEMPORAL_ADDRESS", "localhost:7233"))
    run = client.get_workflow_handle(run_id)
    ending = asyncio.ensure_future(run.result())
    shown = None
    while not ending.done():
        # A query is answered by a worker, and waits while there is none.
        asking = asyncio.ensure_future(run.query("status"))
        await asyncio.wait([ending, asking], return_when=asyncio.FIRST_COMPLETED)
        if asking.done() and not asking.exception():
            status = asking.result()
            line = f"{status['state']}  job {status['jobId']}  polls {status['polls']}"
            if line != shown:
                print(line, flush=True)
            shown = line
            if status["state"] == "awaiting_decision":
                print(status["error"]["message"])
                ending.cancel()
                return 5
        asking.cancel()
        await asyncio.wait([ending], timeout=1)
    try:
        result = await ending
    except WorkflowFailureError as failure:
        cause = failure.cause
        if isinstance(cause, CancelledError):
            print("cancelled:", cause.message)
            return 3
        # `type` is one of the failure types in docs/errors, and stable; match on it, not on the message.
        print(cause.type if isinstance(cause, ApplicationError) else type(cause).__name__, cause)
        return 1
    print(result["assets"][0]["uri"])
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1])))
