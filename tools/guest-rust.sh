#!/bin/sh
# Builds a Rust guest for wasm32-wasip1:  guest-rust.sh <crate folder> <output.wasm>
#         or says whether it could:       guest-rust.sh --check
#         or prints a .cargo/config.toml
#         with which cargo itself can:    guest-rust.sh --config
#
# The standard library for wasm32 comes from the installed toolchain's target; else it is built from
# the toolchain's own source (Debian's rust-web-src; minutes, once); else rustup adds the target, in
# seconds where it can download (RUSTUP_OFFLINE=1 forbids it). KT_RUSTC and KT_CARGO choose the
# toolchain.
set -eu

target=wasm32-wasip1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trigger-kinesis
rustc=${KT_RUSTC:-$(command -v rustc || echo "$HOME/.cargo/bin/rustc")}
cargo=${KT_CARGO:-$(command -v cargo || echo "$HOME/.cargo/bin/cargo")}

has_std() {
  libdir=$("$rustc" --print target-libdir --target "$target" 2>/dev/null) && [ -d "$libdir" ]
}
has_source() {
  [ -f "$("$rustc" --print sysroot)/lib/rustlib/src/rust/library/std/Cargo.toml" ] &&
    [ -f /usr/lib/wasm32-wasi/crt1-reactor.o ]
}

if [ ! -x "$rustc" ] || [ ! -x "$cargo" ]; then
  echo "no rustc and cargo: run tools/setup/all" >&2
  exit 1
elif has_std; then
  way=std
elif has_source; then
  way=build-std
elif [ "${RUSTUP_OFFLINE:-0}" = 0 ] && command -v rustup >/dev/null 2>&1 &&
  rustup target add "$target" >/dev/null 2>&1 && has_std; then
  way=std
else
  echo "no standard library for $target: run 'rustup target add $target'," \
    "or install Debian's rustc-web, cargo-web, rust-web-src, wasi-libc and lld-19" >&2
  exit 1
fi
[ "${1:-}" = --check ] && exit 0
if [ "${1:-}" = --config ]; then
  # A stable compiler takes the last part only with RUSTC_BOOTSTRAP=1.
  [ "$way" = std ] || cat <<'TOML'
[target.wasm32-wasip1]
linker = "/usr/bin/wasm-ld-19"
rustflags = ["-C", "link-self-contained=no", "-C", "link-arg=/usr/lib/wasm32-wasi/crt1-reactor.o",
             "-L", "native=/usr/lib/wasm32-wasi"]
[unstable]
build-std = ["std", "panic_abort"]
TOML
  exit 0
fi
[ $# -eq 2 ] || { echo "usage: guest-rust.sh <crate folder> <output.wasm> | --check | --config" >&2; exit 2; }

folder=$1
output=$2
version=$("$rustc" --version | cut -d' ' -f2)
export CARGO_TARGET_DIR="${KT_GUEST_TARGET_DIR:-$cache/guest-rust-$version-$way}"
set -- build --release --locked --target "$target" --manifest-path "$folder/Cargo.toml"
if [ "$way" = build-std ]; then
  # A stable compiler without this std: build it from its own source, and link with the start file
  # and libc of wasi-libc.
  export RUSTC_BOOTSTRAP=1
  export CARGO_TARGET_WASM32_WASIP1_LINKER=/usr/bin/wasm-ld-19
  export CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS="-C link-self-contained=no \
-C link-arg=/usr/lib/wasm32-wasi/crt1-reactor.o -L native=/usr/lib/wasm32-wasi"
  set -- "$@" -Zbuild-std=std,panic_abort
fi
RUSTC="$rustc" "$cargo" "$@"
name=$(sed -n '/^\[lib\]/,/^\[/s/^name *= *"\(.*\)"/\1/p' "$folder/Cargo.toml")
cp "$CARGO_TARGET_DIR/$target/release/$name.wasm" "$output"
