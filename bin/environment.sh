# Sourced by the scripts beside it, which set `here` (this folder): `environment` or `environment test` makes sure
# that $venv holds this checkout and what it needs. It is made on first use and again when pyproject.toml changes.
# OFFTAKE_PYTHON names the Python to make it with, OFFTAKE_VENV the folder to make it in (default: .venv here).

root=$(dirname -- "$here")
venv=${OFFTAKE_VENV:-$root/.venv}
case $venv in /*) ;; *) venv=$PWD/$venv ;; esac

find_python() {
    if [ -n "${OFFTAKE_PYTHON:-}" ]; then
        set -- "$OFFTAKE_PYTHON"
    else
        set -- python3 python3.14 python3.13 python3.12 python3.11 python
    fi
    for candidate do
        if "$candidate" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    if found=$("$1" -I -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null); then
        printf 'offtake: Python 3.11 or newer is needed; %s is %s.\n' "$1" "$found" >&2
    else
        printf 'offtake: Python 3.11 or newer is needed; found no %s.\n' "$1" >&2
    fi
    printf 'offtake: install one, or name it: OFFTAKE_PYTHON=/path/to/python3.12\n' >&2
    return 1
}

environment() {
    "$venv/bin/python" -I -S "$here/environment.py" check "$root" "$venv" "${1:-}" 2>/dev/null && return
    python=$(find_python) || exit 1
    "$python" -I "$here/environment.py" make "$root" "$venv" "${1:-}" || exit $?
}
