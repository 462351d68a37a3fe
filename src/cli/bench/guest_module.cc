#include "cli/bench/guest_module.h"

// KT_BENCH_GUEST is the built module's path.
__asm__(
    ".section .rodata\n"
    ".balign 16\n"
    "kt_bench_guest_begin:\n"
    ".incbin \"" KT_BENCH_GUEST
    "\"\n"
    "kt_bench_guest_end:\n"
    ".byte 0\n"
    ".text\n");

extern "C" {
extern const unsigned char kt_bench_guest_begin[];
extern const unsigned char kt_bench_guest_end[];
}

namespace kt::cli {

ByteView bench_guest_module() {
  return ByteView(kt_bench_guest_begin, kt_bench_guest_end);
}

}  // namespace kt::cli
