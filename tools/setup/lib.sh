# Small helpers for the scripts of tools/setup, ./test and ./quickstart. Sourced, never run.

set -euo pipefail

KT_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
KT_CACHE="${KT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/trigger-kinesis}"
. "$KT_ROOT/tools/setup/versions.sh"
mkdir -p "$KT_CACHE"

say() { printf '==> %s\n' "$*"; }
note() { printf '    %s\n' "$*"; }
die() {
  printf 'error: %s\n' "$1" >&2
  shift
  local line
  for line in "$@"; do printf '       %s\n' "$line" >&2; done
  exit 1
}

# as_root COMMAND...: runs it as root, through sudo where we are not.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "root is needed for: $*" "run it as root, or install sudo and run this script again"
  fi
}

# quietly LOG COMMAND...: runs it with its output in LOG; shows the end of LOG only when it fails.
quietly() {
  local log=$1
  shift
  mkdir -p "$(dirname "$log")"
  if ! "$@" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    die "failed: $*" "whole output: $log"
  fi
}

# version_at_least HAVE WANT
version_at_least() {
  [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# with_lock NAME: at most one setup of NAME at a time for this user; held until the script ends.
with_lock() {
  exec 9>"$KT_CACHE/$1.lock"
  flock 9
}

# build_environment: one compiler cache for every checkout of this user, whatever folder each lies in.
build_environment() {
  export CCACHE_DIR="$KT_CACHE/ccache" CCACHE_BASEDIR="$KT_ROOT" CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=4G
  if [ -f "$KT_CACHE/rust.sh" ]; then
    . "$KT_CACHE/rust.sh"
    PATH="$(dirname "$KT_CARGO"):$PATH"
    export PATH KT_CARGO KT_RUSTC
  fi
}

# configure PRESET
configure() {
  (cd "$KT_ROOT" && cmake --preset "$1" ${KT_CMAKE_ARGS:-})
}

# seconds_as_text SECONDS
seconds_as_text() {
  if [ "$1" -lt 60 ]; then printf '%d s' "$1"; else printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); fi
}
