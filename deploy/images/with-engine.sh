#!/usr/bin/env bash
# Runs a command on a Docker engine: the one that answers, or one that is started for it and stopped afterwards. That one
# listens on a socket of its own, so that nobody else comes to depend on it.
#   deploy/images/with-engine.sh npm run test:containers
set -euo pipefail

answers() { timeout 5 docker info > /dev/null 2>&1; }

if answers; then exec "$@"; fi
if ! command -v dockerd > /dev/null; then
  echo 'No Docker engine answers, and none is installed: apt-get install -y docker.io' >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo 'No Docker engine answers, and only root can start one: systemctl start docker, or run this as root' >&2
  exit 1
fi

folder=$(mktemp -d)
log=$folder/log
export DOCKER_HOST=unix://$folder/docker.sock
# Bridges of nested networks often carry less than 1,500 bytes a packet.
dockerd --host "$DOCKER_HOST" --pidfile "$folder/pid" --mtu 1400 > "$log" 2>&1 &
engine=$!
stop() {
  kill "$engine" 2> /dev/null || true
  wait "$engine" 2> /dev/null || true
  rm -rf "$folder"
}
trap stop EXIT
for _ in $(seq 60); do
  answers && break
  if ! kill -0 "$engine" 2> /dev/null; then
    echo 'The Docker engine ended while starting:' >&2
    tail -20 "$log" >&2
    exit 1
  fi
  sleep 0.5
done
answers || { echo 'The Docker engine was started and does not answer' >&2; exit 1; }
"$@"
