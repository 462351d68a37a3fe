# Every version this project pins, in one place. Sourced by the scripts beside it.
#
# Debian packages are pinned by the release (Debian 12, "bookworm"), not by number: security updates are wanted.
# Everything else is pinned exactly, with a hash where its package manager knows one.

KT_DEBIAN_RELEASE=12

# AWS Common Runtime C libraries, from the source package of `awscrt` in the Python registry.
KT_AWSCRT_VERSION=0.38.1
KT_AWSCRT_SHA256=0dcebfaa70cf079133cd2352119e3d05e9b8ca1d1621736cfb54c03f3d5fef0f

# prometheus-cpp, from Debian's source package: only the text format of its core library.
KT_PROMETHEUS_VERSION=1.0.1
KT_PROMETHEUS_SHA256=593e028d401d3298eada804d252bc38d8cab3ea1c9e88bcd72095281f85e6d16

# The oldest Rust that builds bridge/.
KT_RUST_MINIMUM=1.95.0

# Compilers: clang for every preset, g++ for the portability preset.
KT_CLANG_MAJOR=19
KT_GCC_MAJOR=12

# Go for handlers' tests: the oldest that exports functions to WebAssembly, and the one that is installed where none is.
KT_GO_MINIMUM=1.24
KT_GO_VERSION=1.27.3
KT_GO_SHA256=ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d
