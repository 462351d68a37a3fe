// odd.c — A module with every export that the odd worlds beside it need. Each world, attached by
// embed_world, makes it one component that must be refused.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

static uint32_t result[16];

#ifdef ODD_IMPORT
__attribute__((import_module("acme:store/table@1.0.0"), import_name("get"))) int get(int);
#endif

__attribute__((export_name("cabi_realloc"))) void* cabi_realloc(void* old, size_t old_size,
                                                                size_t align, size_t size) {
  (void)old_size;
  (void)align;
  return realloc(old, size);
}

__attribute__((export_name("run"))) void run(void) {}

__attribute__((export_name("handle-batch-records"))) void* handle(void* records, size_t count) {
  (void)records;
  (void)count;
#ifdef ODD_IMPORT
  get(1);
#endif
  return result;
}

__attribute__((export_name("trigger-kinesis:handler/handle@0.1.0#batch"))) void* batch(void* in) {
  (void)in;
  return result;
}
