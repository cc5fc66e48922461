#!/usr/bin/env bash
# Installs what the benchmarks use beside Gatepass: wrk, nginx and node by apt, where they are
# missing and this is root on Debian or Ubuntu; the peers, as locked, below bench/peers.
set -u
cd "$(dirname "$0")/peers" || exit 1
PYTHON=${PYTHON:-python3}

packages=()
need() { # need PROGRAM PACKAGE
  PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null 2>&1 || packages+=("$2")
}
need wrk wrk
need nginx nginx-light
need node nodejs
need npm npm

if [ "${#packages[@]}" -gt 0 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing ${packages[*]} for the benchmarks ..."
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null 2>&1
  apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null 2>&1 ||
    echo "apt-get could not install them."
fi

# Anew where the lock is newer than what is installed.
environment() { # environment FOLDER
  [ "$1/.venv/.ready" -nt "$1/requirements.lock" ] && return
  "$PYTHON" -m venv --clear "$1/.venv" &&
    "$1/.venv/bin/python" -m pip install --quiet --disable-pip-version-check \
      --require-hashes -r "$1/requirements.lock" &&
    touch "$1/.venv/.ready" ||
    echo "The peers in bench/peers/$1 could not be installed."
}
environment django_oauth_toolkit
environment client
if [ ! oidc_provider/node_modules/.ready -nt oidc_provider/package-lock.json ]; then
  (cd oidc_provider && npm ci --silent --no-audit --no-fund --ignore-scripts) &&
    touch oidc_provider/node_modules/.ready ||
    echo "node-oidc-provider could not be installed."
fi
exit 0
