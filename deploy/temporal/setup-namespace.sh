#!/bin/sh
# Creates the namespace and longtake's search attributes, and ends when they can be used. Safe to run again.
# Reads TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE as the Temporal CLI does.
set -eu

# For as long as a closed run is kept, its id cannot start a second paid job: this is the memory of idempotency.
RETENTION=720h

# Tries until it succeeds, at most once a second for a minute; then says what never came.
await() {
  what=$1
  shift
  tries=60
  until output=$("$@" 2>&1); do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ]; then
      echo "$what, after a minute of trying. Last answer: $output" >&2
      exit 1
    fi
    sleep 1
  done
}

await "Temporal does not answer at $TEMPORAL_ADDRESS" temporal operator cluster health

if ! temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
fi
await "The namespace $TEMPORAL_NAMESPACE cannot be used" temporal workflow list --limit 1

temporal operator search-attribute create \
  --name LongtakeState --type Keyword \
  --name LongtakeModel --type Keyword \
  --name LongtakeJobId --type Keyword \
  --name LongtakeCostUsd --type Double \
  --name LongtakeTenant --type Keyword

# The server learns of new attributes some seconds after it has stored them.
await 'The search attributes cannot be used' \
  temporal workflow list --limit 1 --query 'LongtakeState = "" OR LongtakeModel = "" OR LongtakeJobId = "" OR LongtakeCostUsd < 0 OR LongtakeTenant = ""'

echo "Namespace $TEMPORAL_NAMESPACE is ready."
