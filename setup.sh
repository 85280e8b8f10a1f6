#!/usr/bin/env bash
# Sets up .venv beside this file and installs the simulator in it; `setup.sh test` adds what the tests need.
# On a Debian whose Python comes without venv, it installs that first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "setup.sh: Python 3.11 or newer is needed; this is $(python3 --version 2>&1)" >&2
  exit 1
}
if ! [ -x .venv/bin/pip ]; then
  if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    as_root=$([ "$(id -u)" = 0 ] || echo sudo)
    $as_root apt-get update -qq
    $as_root apt-get install -y -qq python3-venv
  fi
  python3 -m venv --clear .venv
fi
if [ "${1:-}" = test ]; then what='.[test]'; else what=.; fi
.venv/bin/pip install --quiet --disable-pip-version-check --editable "$what"
