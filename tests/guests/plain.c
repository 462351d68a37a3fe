// plain.c — A handler without any description of itself: no component-type section, no SDK. The
// bridge must take it for world `spin-kinesis`.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t result[4];

__attribute__((export_name("cabi_realloc"))) void* cabi_realloc(void* old, size_t old_size,
                                                                size_t align, size_t size) {
  (void)old_size;
  if (size == 0)
    return (void*)align;
  return realloc(old, size);
}

__attribute__((export_name("handle-batch-records"))) void* handle(void* records, size_t count) {
  (void)records;
  printf("plain: %zu records\n", count);
  fflush(stdout);
  result[0] = 0;
  return result;
}
