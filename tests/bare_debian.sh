#!/usr/bin/env bash
# The README on a bare Debian 12 (git, make and python3, nothing else), in a folder made by
# debootstrap. By hand, as root, from a committed checkout; takes about five minutes:
#
#     tests/bare_debian.sh [FOLDER]
#
# The mirror, the settings of apt and pip and the certificates are those of this machine. Shows
# that make names the missing package in one line, that it mends the folder that such an attempt
# left behind, and that `make demo` then plays to its end.
set -euo pipefail

checkout=$(cd "$(dirname "$0")/.." && pwd)
root=${1:-$(mktemp -d)}
mirror=$(sed -n 's/^URIs: *\([^ ]*debian\/\{0,1\}\)$/\1/p' /etc/apt/sources.list.d/debian.sources | head -1)
variables=(PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive)
while IFS= read -r each; do variables+=("$each"); done < <(
  env | grep -E '^(PIP_|UV_|SSL_CERT_|https?_proxy|HTTPS?_PROXY|no_proxy|NO_PROXY)' | grep -v '^PIP_FIND_LINKS=' || true
)

say() { printf '\n== %s\n' "$*"; }
inside() { chroot "$root" env -i "${variables[@]}" bash -c "cd /gatepass && $1"; }
expect() { # expect WHAT-IS-SHOWN OUTPUT
  grep -qF "$1" <<<"$2" || { printf 'FAILED: this is not in it: %s\n%s\n' "$1" "$2"; exit 1; }
}

say "debootstrap, in $root"
debootstrap --variant=minbase --include=git,make,python3,ca-certificates bookworm "$root" "$mirror" >"$root.log" 2>&1
cp /etc/resolv.conf "$root/etc/" 2>/dev/null || true
echo "127.0.0.1 localhost" >"$root/etc/hosts" # an installer writes it, debootstrap does not
cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
cp -r /etc/ssl/certs/. "$root/etc/ssl/certs/"
mkdir -p "$root/usr/local/share/ca-certificates"
cp -r /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/"
[ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$root/etc/"
mount -t proc proc "$root/proc"
trap 'umount "$root/proc"' EXIT
git clone -q "$checkout" "$root/gatepass"

say "make demo, without python3-venv"
said=$(inside "make demo" 2>&1) && { echo "FAILED: it did not end with an error"; exit 1; }
expect "apt-get install python3-venv" "$said"
echo "$said" | grep apt-get

say "python3 -m venv by hand leaves half a folder; then the package comes"
inside "python3 -m venv .venv" >/dev/null 2>&1 || true
test -d "$root/gatepass/.venv" || { echo "FAILED: there is no half-made folder to mend"; exit 1; }
inside "apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv" >>"$root.log" 2>&1

say "make demo, until it waits for Ctrl-C"
inside "(make demo PORT=18000 & echo \$! >/tmp/make.pid; wait) 2>&1" >"$root.demo" &
demo=$!
for _ in $(seq 600); do
  if grep -q 'until Ctrl-C' "$root.demo" || ! kill -0 "$demo" 2>/dev/null; then break; fi
  sleep 1
done
expect "HTTP 401" "$(cat "$root.demo")"
expect "The server runs until Ctrl-C." "$(cat "$root.demo")"
for pid in /proc/[0-9]*; do # what runs in there
  [ "$(readlink "$pid/root" 2>/dev/null)" != "$root" ] || kill -INT "${pid#/proc/}" 2>/dev/null || true
done
wait
sed -n '/Your turn/,$p' "$root.demo" | grep -v Password
say "done; remove $root $root.log $root.demo"
