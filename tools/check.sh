#!/usr/bin/env bash
# Run every check, also after one has failed, and say which did. Usage: tools/check.sh FOLDER_OF_THE_TOOLS
set -u
cd "$(dirname "$0")/.."
bin=$1
failed=()

step() { # step NAME COMMAND...
  local name=$1
  shift
  echo "-- $name"
  "$@" || failed+=("$name")
}

step "lint" "$bin/ruff" check --quiet .
step "layout" "$bin/ruff" format --check --quiet .
step "types" "$bin/mypy"
step "walls" "$bin/lint-imports" --no-cache --no-logo
step "docs" "$bin/python" tools/check_docs.py

if [ ${#failed[@]} -gt 0 ]; then
  echo "failed: ${failed[*]}"
  exit 1
fi
echo "every check passed"
