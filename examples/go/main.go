// Starts, follows or cancels a run of longtake by names and plain JSON alone.
//
//	go run . generate lighthouse
//	go run . follow lighthouse
//	go run . cancel lighthouse "not needed any more"
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
)

// Asset is a saved file.
type Asset struct {
	URI    string `json:"uri"`
	SHA256 string `json:"sha256"`
}

// Result is what a run that succeeded returns.
type Result struct {
	Assets  []Asset  `json:"assets"`
	CostUSD *float64 `json:"costUsd"` // nil: the provider did not say
}

// Status is where a run stands.
type Status struct {
	State   string   `json:"state"`
	JobID   *string  `json:"jobId"`
	Polls   int      `json:"polls"`
	CostUSD *float64 `json:"costUsd"` // nil: the provider did not say
	Assets  []Asset  `json:"assets"`
	Error   *struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	} `json:"error"`
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: generate|follow|cancel ID [REASON]")
		os.Exit(2)
	}
	options := envconfig.MustLoadDefaultClientOptions() // TEMPORAL_ADDRESS and the other TEMPORAL_* variables
	options.Logger = log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	temporalClient, err := client.Dial(options)
	if err == nil {
		defer temporalClient.Close()
		err = run(context.Background(), temporalClient, os.Args[1], os.Args[2])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, temporalClient client.Client, command, id string) error {
	switch command {
	case "generate":
		return generate(ctx, temporalClient, id)
	case "follow":
		return follow(ctx, temporalClient, id)
	case "cancel":
		reason := "asked by an example"
		if len(os.Args) > 3 {
			reason = os.Args[3]
		}
		// The provider cannot cancel: a job that was submitted may still be billed. The run's last message names it.
		return temporalClient.SignalWorkflow(ctx, id, "", "cancel", map[string]string{"reason": reason})
	}
	return fmt.Errorf("there is no command %q", command)
}

func generate(ctx context.Context, temporalClient client.Client, id string) error {
	input := map[string]any{
		"request": map[string]any{
			"model":      "google/veo-3.1-lite",
			"prompt":     "A lighthouse at dusk, waves rolling in",
			"duration":   4,
			"resolution": "720p",
		},
		"maxCostUsd": 0.5,
	}
	// Both policies, always: without them a second start with this id can pay for a second video.
	_, err := temporalClient.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                                       id,
		TaskQueue:                                taskQueue(),
		WorkflowIDConflictPolicy:                 enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:                    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, "generateVideo", input)
	var alreadyStarted *serviceerror.WorkflowExecutionAlreadyStarted
	if err != nil && !errors.As(err, &alreadyStarted) {
		return err
	}
	// There is such a run, new or old, open or closed: its result is the answer.
	var result Result
	if err := temporalClient.GetWorkflow(ctx, id, "").Get(ctx, &result); err != nil {
		return explain(ctx, temporalClient, id, err)
	}
	for _, asset := range result.Assets {
		fmt.Println(asset.URI, asset.SHA256)
	}
	fmt.Println("cost:", orNotKnown(result.CostUSD))
	return nil
}

// explain says why a run ended without a video.
func explain(ctx context.Context, temporalClient client.Client, id string, end error) error {
	var ended *temporal.WorkflowExecutionError
	if !errors.As(end, &ended) {
		return end
	}
	status, _, err := statusOf(ctx, temporalClient, id)
	if err != nil {
		return errors.Join(end, err)
	}
	known := fmt.Sprintf("job: %s\ncost: %s", orNotKnown(status.JobID), orNotKnown(status.CostUSD))
	var failure *temporal.ApplicationError
	var cancelled *temporal.CanceledError
	switch {
	case errors.As(end, &failure):
		var details struct {
			Billed string `json:"billed"`
		}
		if err := failure.Details(&details); err != nil {
			details.Billed = "not known"
		}
		// Match on the type, which is stable. docs/errors has a page for each.
		return fmt.Errorf("%s: %s\nbilled: %s\n%s", failure.Type(), failure.Message(), details.Billed, known)
	case errors.As(end, &cancelled) && status.Error != nil:
		// Temporal itself keeps no words of a cancel.
		return fmt.Errorf("%s: %s\n%s", status.Error.Type, status.Error.Message, known)
	}
	return fmt.Errorf("%w\nA job that was submitted may still be billed.\n%s", end, known) // terminated, or timed out
}

func orNotKnown[T any](value *T) string {
	if value == nil {
		return "not known"
	}
	return fmt.Sprint(*value)
}

// follow prints each change until the run is closed or awaits a decision.
func follow(ctx context.Context, temporalClient client.Client, id string) error {
	for shown := ""; ; time.Sleep(2 * time.Second) {
		status, running, err := statusOf(ctx, temporalClient, id)
		if err != nil {
			return err
		}
		if line := fmt.Sprintf("%s  polls %d", status.State, status.Polls); line != shown {
			fmt.Println(line)
			shown = line
		}
		if running && status.State != "awaiting_decision" {
			continue
		}
		for _, asset := range status.Assets {
			fmt.Println(asset.URI)
		}
		if status.Error != nil {
			fmt.Printf("%s: %s\n", status.Error.Type, status.Error.Message)
		}
		return nil
	}
}

func statusOf(ctx context.Context, temporalClient client.Client, id string) (status Status, running bool, err error) {
	description, err := temporalClient.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return status, false, err
	}
	info := description.WorkflowExecutionInfo
	if info.Status != enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
		// Recorded in the memo: readable without any worker.
		err = converter.GetDefaultDataConverter().FromPayload(info.Memo.Fields["status"], &status)
		return status, false, err
	}
	answer, err := temporalClient.QueryWorkflow(ctx, id, "", "status")
	if err != nil {
		return status, true, err
	}
	return status, true, answer.Get(&status)
}

func taskQueue() string {
	if queue := os.Getenv("LONGTAKE_TASK_QUEUE"); queue != "" {
		return queue
	}
	return "longtake"
}
