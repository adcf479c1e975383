# Sourced by the scripts beside it: finds Python, and gives the project its own uv. Changes nothing outside the checkout.

set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }
fail() { say "petra: $*"; exit 1; }

# Only interpreters that are there: uv would download others from a host that a plant's network does not reach.
export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 UV_LINK_MODE="${UV_LINK_MODE:-hardlink}"

find_python() {
    for candidate in python3 python3.13 python3.12 python3.11 python; do
        # the interpreter's own path: uv makes .venv anew whenever it is asked for by another one
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.version_info < (3, 11) and sys.exit(1); print(sys.executable)' 2>/dev/null
        then
            return
        fi
    done
    fail "needs Python 3.11 or newer; on Debian: apt-get install python3 python3-pip"
}

PYTHON=$(find_python)

# Interpreters of pyenv are there too, whichever of them is active: the matrix uses what it finds.
for folder in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[1-9]*/bin; do
    [ -d "$folder" ] && PATH=$PATH:$folder
done
export PATH

# uv comes from the package index by pip, into a folder of the checkout: works on a Python that its distribution
# manages (PEP 668) and without python3-venv.
if [ ! -x .tools/bin/uv ]; then
    "$PYTHON" -m pip --version >/dev/null 2>&1 || fail "needs pip; on Debian: apt-get install python3-pip"
    say "petra: installing uv into .tools/"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
        --target .tools 'uv>=0.5' ||
        fail "cannot install uv: the first set-up needs a package index (a mirror will do: PIP_INDEX_URL)"
fi
UV=$PWD/.tools/bin/uv

# sync_environment ARGS: brings .venv up to date. Without a network it goes on with what is installed, and says so;
# any other failure is one.
sync_environment() {
    # seeded with pip: whoever activates it expects `pip install` to mean this environment
    [ -x .venv/bin/python ] || "$UV" venv --quiet --seed --python "$PYTHON" ||
        fail "cannot make .venv: the first set-up needs a package index (a mirror will do: UV_INDEX_URL)"
    if said=$("$UV" sync --quiet --python "$PYTHON" --all-packages "$@" 2>&1); then
        return
    fi
    case $said in
    *"error sending request"* | *"dns error"* | *"onnect"* | *"imed out"*)
        if [ -x .venv/bin/petra ]; then
            say "petra: the package index cannot be reached; going on with what .venv holds already"
            return
        fi
        fail "cannot set up .venv: the first set-up needs a package index (a mirror will do: UV_INDEX_URL)"
        ;;
    esac
    say "$said"
    fail "cannot set up .venv"
}
