#!/usr/bin/env bash
# Runs an image as it is meant to be run, and waits until it is healthy: release/try_image.sh IMAGE
set -euo pipefail
image=$1
engine=$(command -v podman || command -v docker)

container=$("$engine" run --detach --read-only --tmpfs /tmp --cap-drop all \
  --security-opt no-new-privileges --publish 127.0.0.1:8000:8000 "$image")
trap '"$engine" logs "$container" | tail -20; "$engine" rm --force --volumes "$container" >/dev/null' EXIT

for _ in $(seq 60); do
  if curl --silent --fail --output /dev/null http://127.0.0.1:8000/readyz; then
    "$engine" exec "$container" gatepass --version
    test "$("$engine" exec "$container" id -u)" = 10001
    "$engine" exec "$container" gatepass organization create Acme --admin anna --environment sandbox >/dev/null
    "$engine" stop --time 35 "$container" >/dev/null
    test "$("$engine" inspect --format '{{.State.ExitCode}}' "$container")" = 0
    echo "The image works."
    exit 0
  fi
  sleep 1
done
echo "The image did not become ready." >&2
exit 1
