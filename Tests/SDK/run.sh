#!/bin/sh
# Runs the official Python SDK against a test bed.
#   DRCTL  the binary under test (default: .build/debug/drctl)
#   VENV   where the SDK is or gets installed (default: .venv-sdk beside the checkout's Package.swift)
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
drctl=${DRCTL:-$root/.build/debug/drctl}
venv=${VENV:-$root/.venv-sdk}

if ! "$venv/bin/python" -c 'import ovirtsdk4' 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
fi

scratch=$(mktemp -d)
server=
finish() {
    if [ -n "$server" ]; then
        kill -TERM "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$scratch"
}
trap finish EXIT

"$drctl" testbed engine --listen 127.0.0.1:0 >"$scratch/out" 2>"$scratch/err" &
server=$!

tries=0
until address=$(sed -n 's/^listening on //p' "$scratch/out") && [ -n "$address" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ] || ! kill -0 "$server" 2>/dev/null; then
        echo "the test bed did not start:" >&2
        cat "$scratch/out" "$scratch/err" >&2
        exit 1
    fi
    sleep 0.1
done

"$venv/bin/python" "$here/sdk_test.py" "http://$address/ovirt-engine/api"
