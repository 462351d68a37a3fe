#!/bin/sh
# Builds a Rust guest for wasm32-wasip1:  guest-rust.sh <crate folder> <output.wasm>
#         or says whether it could:       guest-rust.sh --check
#
# The standard library for wasm32 comes from the installed toolchain's target, which rustup adds in
# seconds where it can download; else from Debian's rustc-web and rust-web-src, built anew (minutes,
# once). RUSTUP_OFFLINE=1 skips the download.
set -eu

target=wasm32-wasip1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trigger-kinesis

has_std() {
  libdir=$("$1" --print target-libdir --target "$target" 2>/dev/null) && [ -d "$libdir" ]
}

# Debian's rustc-web is /usr/bin/rustc, and rust-web-src puts its own sources beside other sources.
find_debian() {
  rustc=/usr/bin/rustc
  [ -x "$rustc" ] && [ -d "/usr/src/rustc-$("$rustc" --version | cut -d' ' -f2)/library" ]
}

way=
rustc=$(command -v rustc || echo "$HOME/.cargo/bin/rustc")
if [ -x "$rustc" ] && has_std "$rustc"; then
  way=std
elif [ "${RUSTUP_OFFLINE:-0}" = 0 ] && command -v rustup >/dev/null 2>&1 &&
  rustup target add "$target" >/dev/null 2>&1 && has_std "$rustc"; then
  way=std
elif find_debian && [ -f /usr/lib/wasm32-wasi/crt1-reactor.o ]; then
  way=build-std
fi

if [ -z "$way" ]; then
  echo "no standard library for $target: run 'rustup target add $target'," \
    "or install rustc-web, cargo-web, rust-web-src, wasi-libc and lld-19" >&2
  exit 1
fi
[ "${1:-}" = --check ] && exit 0
[ $# -eq 2 ] || { echo "usage: guest-rust.sh <crate folder> <output.wasm> | --check" >&2; exit 2; }

folder=$1
output=$2
version=$("$rustc" --version | cut -d' ' -f2)
export CARGO_TARGET_DIR="${KT_GUEST_TARGET_DIR:-$cache/guest-rust-$version-$way}"
set -- build --release --locked --target "$target" --manifest-path "$folder/Cargo.toml"
if [ "$way" = build-std ]; then
  # Debian's compiler is a stable one without this std: build it from its own source, and link with
  # the start file and libc of wasi-libc.
  export RUSTC="$rustc" RUSTC_BOOTSTRAP=1
  export CARGO_TARGET_WASM32_WASIP1_LINKER=/usr/bin/wasm-ld-19
  export CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS="-C link-self-contained=no \
-C link-arg=/usr/lib/wasm32-wasi/crt1-reactor.o -L native=/usr/lib/wasm32-wasi"
  set -- "$@" -Zbuild-std=std,panic_abort
fi
cargo=$(command -v cargo || command -v cargo-web || echo "$HOME/.cargo/bin/cargo")
"$cargo" "$@"
name=$(sed -n '/^\[lib\]/,/^\[/s/^name *= *"\(.*\)"/\1/p' "$folder/Cargo.toml")
cp "$CARGO_TARGET_DIR/$target/release/$name.wasm" "$output"
