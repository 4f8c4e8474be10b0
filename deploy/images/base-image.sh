#!/usr/bin/env bash
# Makes sure of debian:bookworm-slim, which our images are made from: had, pulled, or made from Debian's own packages.
set -euo pipefail
image=debian:bookworm-slim

if ! timeout 5 docker info > /dev/null 2>&1; then
  echo 'No Docker engine answers. Start one, or let this start one for the time of a command:' >&2
  echo '  deploy/images/with-engine.sh npm run test:containers' >&2
  exit 1
fi
docker image inspect "$image" > /dev/null 2>&1 && exit 0
echo "$image: pulling it" >&2
if timeout 120 docker pull --quiet "$image" >&2; then exit 0; fi

if ! command -v debootstrap > /dev/null || [ "$(id -u)" -ne 0 ]; then
  echo "$image can't be pulled here. As root, it is made from packages: apt-get install -y debootstrap" >&2
  exit 1
fi
echo "$image can't be pulled: making it from Debian's packages, a minute or two, once" >&2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
debootstrap --variant=minbase bookworm "$root" >&2
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
tar --numeric-owner -C "$root" -c . | docker import - "$image" > /dev/null
