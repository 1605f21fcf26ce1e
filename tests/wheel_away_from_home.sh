#!/bin/sh
# Builds the wheel, installs it into an empty environment and uses it from another folder: rules and cases must travel.
set -eu
python=$1
home=$(cd "$(dirname "$0")/.." && pwd)
away=$(mktemp -d)
trap 'rm -rf "$away"' EXIT
"$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$away" "$home"
"$python" -m venv "$away/venv"
CC="${CC:-cc} -DPyEval_CallObject=PyObject_CallObject" "$away/venv/bin/python" -m pip install --quiet \
  --disable-pip-version-check --constraint "$home/constraints.txt" "$(ls "$away"/*.whl)[durable,report]"
cd "$away"
venv/bin/churn-rules version
venv/bin/churn-rules check
venv/bin/churn-rules check --lang zh
venv/bin/churn-rules replay --format json > replay.json
venv/bin/churn-rules diagnose --fact price_increase=30 --fact customer_objected_to_price=yes > /dev/null
venv/bin/churn-rules ask acme.yaml --from brex-rilf --no-input > /dev/null
venv/bin/churn-rules verify-certificate acme.yaml
venv/bin/churn-rules report brex-rilf -o brex.html > /dev/null
grep -q '</html>' brex.html
echo "The wheel works away from home."
