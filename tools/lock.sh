#!/usr/bin/env bash
# Write the hashed locks of one environment per client library, for users and for developers.
# Usage: tools/lock.sh PYTHON      (a Python that has pip-tools)
# The newest releases that fit pyproject.toml are taken; pins that still fit stay unless UPGRADE=1.
set -eu
cd "$(dirname "$0")/.."
python=$1
options=(--quiet --generate-hashes --strip-extras --allow-unsafe --no-header
         --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options --annotation-style=line)
[ -z "${UPGRADE:-}" ] || options+=(--upgrade)

compile() { # compile OUTPUT ARGUMENTS...
  local output=$1
  shift
  echo "locking $output"
  "$python" -m piptools compile "${options[@]}" --output-file "$output" "$@"
  # Comments name who asked for a package; paths and addresses of this machine do not belong there.
  sed -i -E '/^ *# via .*(\/|file:|http)/d' "$output"
  sed -i -E '/^# The following packages are considered/d' "$output"
  if grep -nE '^-|file:|https?:|@ ' "$output"; then
    echo "$output names an index or a path: mend tools/lock.sh" >&2
    exit 1
  fi
}

compile requirements/build.txt requirements/build.in
compile requirements/fuzz.txt requirements/fuzz.in
for client in ib_insync ib_async; do
  compile "requirements/$client.txt" --extra "$client" pyproject.toml
  compile "requirements/dev-$client.txt" --extra "$client" --extra dev \
    --constraint "requirements/$client.txt" --constraint requirements/build.txt pyproject.toml
done
