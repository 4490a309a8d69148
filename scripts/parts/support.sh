# Shared by the scripts of this folder: where things are, how to say and how to stop.
# Sourced, never run. Sets ROOT (this clone) and CACHE (what is fetched once and kept for every clone).
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)"
CACHE="${SHEARLING_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/shearling}"
LIBTORCH_VERSION=2.11.0

# A step's line, on standard error: standard output belongs to the program that a script ends in.
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# One clear sentence, what to do about it, and a non-zero exit.
stop() {
    printf '%s: error: %s\n' "${0##*/}" "$1" >&2
    shift
    local line
    for line in "$@"; do printf '  %s\n' "$line" >&2; done
    exit 1
}

# need_disk FOLDER MEGABYTES WHAT [REMEDY]: stops when the file system of FOLDER has less room than that.
need_disk() {
    local folder="$1" need="$2" free
    while [ ! -d "$folder" ]; do folder="$(dirname "$folder")"; done
    free="$(df -Pm "$folder" | awk 'NR == 2 { print $4 }')"
    [ "$free" -ge "$need" ] || stop "$3 needs $need MB in $1, which has $free MB free" \
        "${4:-Free some room, or set SHEARLING_CACHE to a folder on a larger disk (used for everything that is fetched).}"
}

# writable FOLDER: makes it, or stops.
writable() {
    mkdir -p "$1" 2>/dev/null && [ -w "$1" ] || stop "cannot write to $1" \
        "Make it writable, or set SHEARLING_CACHE to a folder that is."
}

# digest FILE: its SHA-256.
digest() { sha256sum "$1" | cut -d' ' -f1; }

# locked NAME: waits until no other of these scripts does the same thing; the lock ends with this process.
locked() {
    writable "$CACHE"
    exec 9>"$CACHE/$1.lock"
    flock -n 9 || { say "waiting for another run that holds $CACHE/$1.lock"; flock 9; }
}

# True for root, and where sudo works or can ask for a password.
can_administrate() {
    [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; }
}

# administrator COMMAND...: runs it as root, or tells what to run.
administrator() {
    can_administrate || stop "this step needs root, and sudo wants a password here" "Run as root: $*"
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Sets PYTHON to an environment with the packages of a requirements file: made once for each content of that file.
# python_with REQUIREMENTS [MEGABYTES]: every line pinned, by hash where the scripts of a first run need it.
python_with() {
    local file="$1" place
    command -v python3 >/dev/null || stop "python3 is missing" "Debian: apt-get install -y python3 python3-venv"
    place="$CACHE/python/$(basename "$file" .txt)-$( { digest "$file"; python3 --version; } | sha256sum | cut -c1-12)"
    PYTHON="$place/bin/python"
    [ -e "$place/COMPLETE" ] || { writable "$CACHE" && exec 8>"$CACHE/python.lock" && flock 8; }
    if [ ! -e "$place/COMPLETE" ]; then # perhaps made while this run waited for another
        need_disk "$place" "${2:-200}" "A Python environment"
        say "making a Python environment for $(basename "$file" .txt) in $place"
        rm -rf "$place"
        mkdir -p "$(dirname "$place")"
        python3 -m venv "$place" >/dev/null 2>&1 || {
            rm -rf "$place"
            stop "python3 -m venv failed" "Debian: apt-get install -y python3-venv"
        }
        if [ -s "$file" ]; then
            pip_quietly "$PYTHON" install --only-binary=:all: -r "$file" # hashes in the file are enforced
        fi
        touch "$place/COMPLETE"
    fi
    exec 8>&-
}

# pip_quietly PYTHON ARGS...: pip with one clear message when it fails.
pip_quietly() {
    local python="$1" log
    shift
    writable "$CACHE/temporary" # beside what is fetched: /tmp may be small
    log="$(TMPDIR="$CACHE/temporary" mktemp)"
    if ! TMPDIR="$CACHE/temporary" "$python" -m pip --disable-pip-version-check --no-input "$@" >"$log" 2>&1; then
        { grep -v 'WARNING: Retrying' "$log" || true; } | tail -n 6 | sed 's/^/    /' >&2
        if grep -q 'DO NOT MATCH THE HASHES' "$log"; then
            rm -f "$log"
            stop "a downloaded package is not the one this project pins (SHA-256 differs)" \
                "Nothing of it was used. Try again; if it stays so, a mirror or proxy alters files."
        elif grep -q 'No space left' "$log"; then
            rm -f "$log"
            stop "the disk is full" "Free some room, or set SHEARLING_CACHE to a folder on a larger disk."
        fi
        rm -f "$log"
        stop "pip could not fetch what this project pins (its last lines are above)" \
            "Without a network: put the packages that scripts/parts/*.txt pin into $CACHE/wheels and run this again." \
            "Behind a proxy or mirror: set pip's own PIP_* variables or pip.conf."
    fi
    rm -f "$log"
}

# fetch_pinned PINS FOLDER: the distributions that a pins file names, checked by their SHA-256, into FOLDER.
# Files put into $CACHE/wheels by hand are taken instead of the network, checked the same.
fetch_pinned() {
    local pins="$1" folder="$2"
    : >"$CACHE/plain.txt"
    python_with "$CACHE/plain.txt"
    mkdir -p "$folder" "$CACHE/wheels"
    pip_quietly "$PYTHON" download --no-deps --require-hashes --find-links "$CACHE/wheels" --dest "$folder" \
        --requirement "$pins"
    rmdir "$CACHE/wheels" 2>/dev/null || true
}

# link_into ROOT-RELATIVE-PATH TARGET: a link in this clone to something in the cache.
link_into() {
    mkdir -p "$(dirname "$ROOT/$1")"
    [ ! -e "$ROOT/$1" ] || [ -L "$ROOT/$1" ] || stop "$1 is there and is not the link that this script makes" \
        "Move it away and run this again."
    ln -sfn "$2" "$ROOT/$1"
}

# Sets PYTHON to an environment with PyTorch, transformers and the readers that our files are checked with: 5 GB, only
# for development. SHEARLING_PYTHON names an interpreter that has them already.
python_for_development() {
    if [ -n "${SHEARLING_PYTHON:-}" ]; then
        PYTHON="$SHEARLING_PYTHON"
        "$PYTHON" -c 'import torch, transformers, tokenizers, safetensors, numpy' ||
            stop "$PYTHON lacks packages of scripts/parts/development.txt" "Unset SHEARLING_PYTHON, or install them there."
    else
        python_with "$ROOT/scripts/parts/development.txt" 9000
    fi
}
