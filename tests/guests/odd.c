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

#ifndef BATCH_EXPORT
#define BATCH_EXPORT "trigger-kinesis:handler/handle@0.1.0#batch"
#endif
__attribute__((export_name(BATCH_EXPORT))) void* batch(void* in) {
  (void)in;
  return result;
}

#ifdef ODD_ASYNC
#define ASYNC_EXPORT "[async-lift]trigger-kinesis:handler/handle-async@0.1.0#batch"
__attribute__((export_name(ASYNC_EXPORT))) int batch_async(void* in) {
  (void)in;
  return 0;
}
__attribute__((export_name("[callback]" ASYNC_EXPORT))) int resume(int a, int b, int c) {
  return a + b + c;
}
#endif
