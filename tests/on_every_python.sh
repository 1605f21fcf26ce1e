#!/bin/sh
# Runs the tests on every Python from 3.11 to 3.13 that this machine has, each in a virtual environment of its own;
# SKIP names versions to leave out. With `setup` it only makes the environments.
#
# Left to `make test`, which runs on one Python, are the tests marked `one_python`: what they compare is the same whichever
# Python reads it (translations, generated pages, layers), or is worked out a thousand times more by code that other
# tests run here too (random agreement, random interviews). Spark is left out as well: 450 MB, and a Java of its own.
set -eu
cd "$(dirname "$0")/.."
found=0
for version in 3.11 3.12 3.13; do
  case " ${SKIP:-} " in *" $version "*) echo "Python $version: left out, as asked"; found=$((found + 1)); continue ;; esac
  python=
  for candidate in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python; do
    if "$candidate" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$version')" 2>/dev/null; then
      python=$candidate
      break
    fi
  done
  if [ -z "$python" ]; then
    echo "Python $version: not installed here"
    continue
  fi
  found=$((found + 1))
  echo "Python $version:"
  make --no-print-directory "${1:-test}" VENV=".venv-$version" PYTHON="$python" EXTRAS=durable,test \
    TESTS='-m "not one_python"'
done
[ "$found" -gt 0 ] || { echo "no Python from 3.11 to 3.13 was found" >&2; exit 1; }
