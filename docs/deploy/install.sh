#!/bin/sh
# Installs Cowbell from this source tree into a virtual environment of its own:
#
#   sh docs/deploy/install.sh /opt/cowbell
#
# Every file that comes from the network is compared with the hashes in requirements.txt and
# build-requirements.txt. What builds stays out of the environment, and so do tools for tests.
# Called again, it replaces the environment; where anything fails before, the old one stays.
set -eu

if [ $# -ne 1 ]; then
    echo "usage: sh install.sh FOLDER, e.g. sh docs/deploy/install.sh /opt/cowbell" >&2
    exit 2
fi
python=${PYTHON:-python3}
source=$(cd "$(dirname "$0")/../.." && pwd)
if [ -e "$1" ] && [ ! -f "$1/pyvenv.cfg" ] && [ -n "$(ls -A "$1")" ]; then
    echo "$1 holds something else than an environment; name another folder, e.g. /opt/cowbell" >&2
    exit 2
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Only pip 26.3 and newer take hashes from a constraint file; every pip can install that one.
"$python" -m venv "$work/tools"
pip() { "$work/tools/bin/python" -m pip --quiet --disable-pip-version-check "$@"; }
pip install --no-cache-dir --only-binary :all: \
    --require-hashes --requirement "$source/docs/deploy/build-requirements.txt"

pip wheel --no-deps --no-build-isolation --wheel-dir "$work" "$source"
wheel=$(echo "$work"/cowbell-*.whl)
# pip wants a hash of the file that was built a moment ago, too.
hash=$(sha256sum "$wheel" | cut -d ' ' -f 1)
echo "cowbell @ file://$wheel --hash=sha256:$hash" > "$work/wanted.txt"
# The lock holds more than the bot needs: as a constraint it decides versions and hashes alone.
# Some come as source alone: their wheels are made here, by tools whose hashes were compared.
pip wheel --no-cache-dir --only-binary :all: --no-binary authres,dkimpy --no-build-isolation \
    --wheel-dir "$work/wheels" \
    --require-hashes --requirement "$work/wanted.txt" --constraint "$source/requirements.txt"

# Scripts of an environment hold its whole path.
mkdir -p "$1"
target=$(cd "$1" && pwd)
"$python" -m venv --clear --without-pip "$target"
pip --python "$target/bin/python" install --no-cache-dir --no-index --no-deps "$work"/wheels/*.whl
