// tables.c — A handler that makes its table as large as it is given.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t result[4];
/// Grows it by so many elements, without a function in them; -1: refused.
int32_t grow_table(uint32_t elements);
__asm__(
    ".tabletype __indirect_function_table, funcref\n"
    ".globl grow_table\n"
    ".type grow_table,@function\n"
    "grow_table:\n"
    ".functype grow_table (i32) -> (i32)\n"
    "ref.null_func\n"
    "local.get 0\n"
    "table.grow __indirect_function_table\n"
    "end_function\n");

__attribute__((export_name("cabi_realloc"))) void* cabi_realloc(void* old, size_t old_size,
                                                                size_t align, size_t size) {
  (void)old_size;
  if (size == 0)
    return (void*)align;
  return realloc(old, size);
}

__attribute__((export_name("handle-batch-records"))) void* handle(void* records, size_t count) {
  (void)records;
  (void)count;
  int size = 0;
  while (grow_table(1000) >= 0)
    size += 1000;
  printf("refused after %d elements\n", size);
  fflush(stdout);
  result[0] = 0;
  return result;
}
