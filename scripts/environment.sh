# Sourced by the scripts beside it: finds Python, and gives the project its own uv. Changes nothing outside the checkout.

set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }
fail() { say "petra: $*"; exit 1; }

# The environment of the caller must not change the results. Of the variables of Python, pip, uv, tox and PETRA, only those
# are kept that select the package index, the network access and the amount of tests (CONTRIBUTING.md).
for variable in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
    case $variable in
    UV_INDEX* | UV_DEFAULT_INDEX | UV_EXTRA_INDEX_URL | UV_FIND_LINKS | UV_NO_INDEX | UV_OFFLINE | UV_CACHE_DIR | \
        UV_LINK_MODE | UV_HTTP_* | UV_REQUEST_TIMEOUT | UV_CONCURRENT_* | UV_INSECURE_HOST | UV_NATIVE_TLS | \
        UV_SYSTEM_CERTS | UV_KEYRING_PROVIDER | UV_CONFIG_FILE) ;;
    PIP_INDEX_URL | PIP_EXTRA_INDEX_URL | PIP_FIND_LINKS | PIP_NO_INDEX | PIP_TRUSTED_HOST | PIP_CERT | \
        PIP_CLIENT_CERT | PIP_PROXY | PIP_TIMEOUT | PIP_DEFAULT_TIMEOUT | PIP_RETRIES | PIP_CACHE_DIR | \
        PIP_CONFIG_FILE | PIP_KEYRING_PROVIDER) ;;
    PETRA_FUZZ_*) ;;
    UV_* | PIP_* | TOX_* | PETRA_* | PYTHON* | PYTEST_* | VIRTUALENV_* | VIRTUAL_ENV*) unset "$variable" ;;
    esac
done

# Only installed interpreters: uv would download others from a host that the network of a plant cannot reach.
export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 UV_LINK_MODE="${UV_LINK_MODE:-hardlink}"

# Also the interpreters of pyenv, active or not: the matrix uses all that it finds.
for folder in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[1-9]*/bin; do
    [ -d "$folder" ] && PATH=$PATH:$folder
done
export PATH

find_python() {
    for candidate in python3 python3.13 python3.12 python3.11 python; do
        # the interpreter itself, not a link of pyenv or of an environment that may be deleted later
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.version_info < (3, 11) and sys.exit(1); print(sys._base_executable)' \
                2>/dev/null
        then
            return
        fi
    done
    fail "needs Python 3.11 or newer; on Debian: apt-get install python3 python3-pip"
}

PYTHON=$(find_python)

# uv comes from the package index by pip, into a folder of the checkout: works on a Python that its distribution
# manages (PEP 668) and without python3-venv.
UV=$PWD/.tools/bin/uv
wanted=$(sed -n 's/^uv==\([0-9.]*\).*/\1/p' constraints.txt)
case $("$UV" --version 2>/dev/null || true) in
"uv $wanted" | "uv $wanted "*) ;;
*)
    "$PYTHON" -m pip --version >/dev/null 2>&1 || fail "needs pip; on Debian: apt-get install python3-pip"
    say "petra: installing uv into .tools/"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --upgrade \
        --target .tools --constraint constraints.txt uv || [ -x "$UV" ] ||
        fail "cannot install uv: the first set-up needs a package index (a mirror will do: PIP_INDEX_URL)"
    ;;
esac

# install_into FOLDER ARGS: updates an environment to the versions of constraints.txt. Other packages are not removed.
# Without a network it continues with the installed packages and prints a message; any other failure is an error.
install_into() {
    folder=$1
    shift
    if said=$(
        { [ -x "$folder/bin/python" ] || "$UV" venv --quiet --allow-existing --python "$PYTHON" "$folder"; } 2>&1 &&
            "$UV" pip install --quiet --python "$folder/bin/python" \
                --constraints constraints.txt --build-constraints constraints.txt "$@" 2>&1
    ); then
        : >"$folder/.complete"
        return
    fi
    case $said in
    *"error sending request"* | *"dns error"* | *"onnect"* | *"imed out"*)
        if [ -e "$folder/.complete" ]; then
            say "petra: the package index cannot be reached; continuing with the packages in $folder"
            return
        fi
        say "$said"
        fail "cannot set up $folder: the first set-up needs a package index (a mirror will do: UV_DEFAULT_INDEX)"
        ;;
    esac
    say "$said"
    fail "cannot set up $folder"
}

# install_project ARGS: updates .venv, the development environment, with every distribution editable.
install_project() {
    for folder in plugins/petra-*; do
        set -- --editable "$folder" "$@"
    done
    # with pip, so that `pip install` works in the activated environment
    install_into .venv --editable core pip "$@"
}
