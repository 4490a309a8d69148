# Building the release binary once per change of its sources. Sourced, never run; needs support.sh. Sets BINARY.

BINARY="$ROOT/.build/release/shear"
BUILD_STAMP="$ROOT/.build/shear.stamp"

# What else a build depends on, as one line: the compiler and libtorch.
build_identity() {
    local swift
    swift="$(readlink -f "$(command -v swiftc || echo none)")"
    stat -L -c '%n %Y' "$swift" 2>/dev/null || true
    readlink -f "$ROOT/.libtorch" || true
}

# True when the binary is there, and no source, folder of sources (a removed file changes it) or setting is newer.
build_is_fresh() {
    [ -x "$BINARY" ] && [ -f "$BUILD_STAMP" ] && [ -e "$ROOT/.libtorch/torch/version.py" ] &&
        [ "$(cat "$BUILD_STAMP")" = "$(build_identity)" ] &&
        [ -z "$(find "$ROOT/Sources" "$ROOT/Package.swift" -newer "$BUILD_STAMP" -print -quit)" ]
}

build_shear() {
    if build_is_fresh; then return; fi
    "$ROOT/scripts/setup" || exit $?
    locked "build-$(printf '%s' "$ROOT" | sha256sum | cut -c1-12)"
    if ! build_is_fresh; then
        need_disk "$ROOT" 1500 "A release build" "Free some room there, or move this clone to a larger disk."
        say "building (a first build takes a few minutes; later ones only what changed)"
        mkdir -p "$ROOT/.build"
        local begun="$ROOT/.build/shear.begun"
        build_identity >"$begun" # dated before the build: an edit made while it runs counts as newer
        swift build --package-path "$ROOT" -c release --product shear >&2 ||
            stop "the build failed (its messages are above)" \
                "If it could not fetch the packages that Package.swift names: a first build needs a network, or git's" \
                "url.<mirror>.insteadOf for https://github.com/."
        mv "$begun" "$BUILD_STAMP"
    fi
    exec 9>&- # the lock is not for the program that follows
}
