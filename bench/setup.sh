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
if [ ! django_oauth_toolkit/.venv/.ready -nt django_oauth_toolkit/requirements.lock ]; then
  "$PYTHON" -m venv --clear django_oauth_toolkit/.venv &&
    django_oauth_toolkit/.venv/bin/python -m pip install --quiet --disable-pip-version-check \
      --require-hashes -r django_oauth_toolkit/requirements.lock &&
    touch django_oauth_toolkit/.venv/.ready ||
    echo "django-oauth-toolkit could not be installed."
fi
if [ ! oidc_provider/node_modules/.ready -nt oidc_provider/package-lock.json ]; then
  (cd oidc_provider && npm ci --silent --no-audit --no-fund --ignore-scripts) &&
    touch oidc_provider/node_modules/.ready ||
    echo "node-oidc-provider could not be installed."
fi
exit 0
