/* kt_bridge.h — The whole contract between the C++ program and the Rust bridge over wasmtime.
 *
 * The bridge translates, it does not decide: it compiles components, makes instances, copies a
 * batch of records into a guest and reports how the call ended. Policy lives in C++.
 *
 * Rules that hold for every function:
 * - A function that can fail returns kt_error*: NULL is success, anything else is owned by the
 *   caller and goes back through kt_error_free. Out parameters are written on success only.
 * - A Rust panic never crosses: it becomes an error (or a result) of kind KT_PANIC. A panic within
 *   a *_free function is swallowed.
 * - Strings are NUL-terminated UTF-8 and borrowed for the call, unless a length stands beside them.
 * - Handles may be used from any thread. Each is freed once; NULL is allowed and does nothing.
 * - Callbacks run on the bridge's threads, must not throw, and must not call kt_engine_free.
 */
#ifndef KT_BRIDGE_H
#define KT_BRIDGE_H
#include <stddef.h>
#include <stdint.h>

#include "kt_operations.h"
#ifdef __cplusplus
extern "C" {
#endif

typedef struct kt_error kt_error;         /* why a function failed */
typedef struct kt_engine kt_engine;       /* compiler, instance pool and worker threads */
typedef struct kt_component kt_component; /* compiled code, immutable */
typedef struct kt_linked kt_linked;       /* a component joined with its options: makes instances */
typedef struct kt_call kt_call;           /* one call under way, or finished */

/* ---- errors ---------------------------------------------------------------------------------- */

typedef enum {
  KT_INVALID = 1,   /* an argument is wrong: null, not UTF-8, out of range */
  KT_NOT_FOUND = 2, /* the file does not exist */
  KT_IO = 3,        /* the file could not be read */
  KT_NOT_WASM = 4,  /* the bytes are neither a component nor a core module, or are damaged */
  KT_LINK = 5,      /* a missing, doubled or mistyped export; an import that nobody provides */
  KT_START = 6,     /* the component links, but an instance of it does not start */
  KT_FAILED = 7,    /* the host could not do it: no memory for the pool, no thread, ... */
  KT_PANIC = 8,     /* a fault of the bridge itself */
} kt_error_kind;

int32_t kt_error_get_kind(const kt_error*);
/* Lives as long as the error. */
const char* kt_error_get_message(const kt_error*);
void kt_error_free(kt_error*);

/* "kt-bridge 0.1.0, wasmtime 48.0.8"; static. */
const char* kt_version(void);

/* ---- engine ---------------------------------------------------------------------------------- */

/* Sizes of the pool of instances; 0 everywhere: what fits instances_max. The names are wasmtime's. */
typedef struct {
  uint32_t total_component_instances;
  uint32_t total_core_instances;
  uint32_t total_memories;
  uint32_t total_tables;
  uint32_t total_stacks;
  uint32_t table_elements;
  uint32_t max_core_instances_per_component;
  uint32_t max_memories_per_component;
  uint32_t max_tables_per_component;
  uint32_t max_memories_per_module;
  uint32_t max_tables_per_module;
  uint64_t max_component_instance_size;
  uint64_t max_core_instance_size;
  uint64_t table_keep_resident;
} kt_pool_config;

typedef struct {
  uint32_t worker_threads;     /* threads that run guests; 0: one a core */
  uint32_t instances_max;      /* instances alive at a time; more calls wait their turn; 0: 64 */
  uint64_t memory_max_bytes;   /* of one linear memory; address space only; 0: 256 MiB */
  uint64_t keep_resident_bytes; /* of a memory kept between instances; needs pagemap scan; 0: 1 MiB */
  uint32_t epoch_tick_millis;  /* how often running guests are looked at; 0: 10 */
  uint8_t opt_level;           /* 0 speed, 1 none, 2 speed and size */
  uint8_t on_demand;           /* 1: no pool; every instance maps its own memory */
  uint8_t no_signal_traps;     /* 1: explicit checks instead of signal handlers (sanitizers) */
  uint8_t debug_info;          /* 1: guests can be looked at with gdb or lldb */
  const char* cache_dir;       /* compiled code is kept here, made with mode 0700; NULL: no cache */
  kt_pool_config pool;
} kt_engine_config;

/* Starts the threads. A pool that cannot be reserved (limited address space) falls back to
 * on-demand; kt_engine_get_allocator tells. Idle threads do not wake. */
kt_error* kt_engine_new(const kt_engine_config*, kt_engine** out);
/* Ends calls under way with KT_INTERRUPTED, waits for their callbacks, joins the threads.
 * Components and linked components of the engine may be freed before or after. */
void kt_engine_free(kt_engine*);
/* "pool+pagemap-scan", "pool" or "on-demand"; static. */
const char* kt_engine_get_allocator(const kt_engine*);

/* ---- component ------------------------------------------------------------------------------- */

/* A component is taken as it is. A core module is made into one: with the world its
 * `component-type*` section names, or, without such a section, with the known world whose handler
 * it exports by name.
 * Compiled code comes from the cache when it holds this input for this engine; a damaged entry is
 * compiled anew, a cache that cannot be used is reported by kt_component_get_info and not fatal. */
kt_error* kt_component_compile(kt_engine*, const uint8_t* bytes, size_t length, kt_component** out);
/* The same for a file; messages name it. */
kt_error* kt_component_load(kt_engine*, const char* path, kt_component** out);

/* A component that satisfies imports of another one. */
typedef struct {
  /* Which imports: a plain name, or ns:pkg[/interface][@version], parts that are left out being open. */
  const char* name;
  const uint8_t* bytes; /* a component or a core module, as for kt_component_compile */
  size_t length;
  const char* export_name; /* what satisfies them; NULL: the export of the import's own name */
  /* What it may do of what the whole may: "ai_models", "allowed_outbound_hosts", "environment",
   * "files", "key_value_stores", "sqlite_databases", "variables". Interfaces of the others answer
   * it that access is denied. Other names grant nothing. */
  const char* const* inherits;
  size_t inherit_count;
  uint8_t inherits_all;
} kt_dependency;

/* Makes one component of all and compiles it; it exports what the first one exports. KT_LINK names
 * the dependency which fits no import, or one that another fits too, or whose export is missing or
 * of another type. At most 64 dependencies and, all together, 512 MiB. */
kt_error* kt_component_compose(kt_engine*, const uint8_t* bytes, size_t length,
                               const kt_dependency* dependencies, size_t dependency_count,
                               kt_component** out);
void kt_component_free(kt_component*);

typedef struct {
  uint8_t from_core_module; /* 1: the input was a core module */
  uint8_t from_cache;       /* 1: nothing was compiled */
  const char* cache_note;   /* why the cache was not used or written; NULL: all well */
  const char* imports;      /* names of all imports, one a line, sorted */
  const char* exports;      /* the same for exports */
} kt_component_info;
/* Strings live as long as the component. */
kt_error* kt_component_get_info(const kt_component*, kt_component_info* out);

/* ---- host calls ------------------------------------------------------------------------------ */

/* What a guest asks of the host beside WASI: an operation with values, answered by a value or a
 * fault. The bridge maps every version of an interface to one operation; what it may and where it
 * goes is decided behind kt_host. */

typedef enum {
  KT_VALUE_NONE = 0,
  KT_VALUE_BOOLEAN = 1, /* number: 0 or 1 */
  KT_VALUE_INTEGER = 2, /* number: an int64_t as it lies in memory */
  KT_VALUE_REAL = 3,    /* number: the bits of a double */
  KT_VALUE_TEXT = 4,    /* data, length: UTF-8 */
  KT_VALUE_BYTES = 5,   /* data, length */
  KT_VALUE_LIST = 6,    /* data: kt_value[length] */
  KT_VALUE_BUFFER = 7,  /* in answers: bytes of kt_buffer_new, taken over, so that they are copied
                           once, into the guest */
} kt_value_kind;

typedef struct kt_value {
  uint8_t kind; /* kt_value_kind */
  uint64_t number;
  const void* data;
  size_t length;
} kt_value;

/* Memory that an answer can hand over whole; of exactly this length. */
uint8_t* kt_buffer_new(size_t length);
void kt_buffer_free(uint8_t* data, size_t length); /* one that was not handed over */

/* One call, owned by the host until it answers. The arguments live until then. */
typedef struct kt_host_call kt_host_call;

/* Ends the call; exactly one of the two, once, from any thread. The guest goes on, unless it is
 * gone. What value and detail point at is read before the function returns. */
void kt_host_answer(kt_host_call*, const kt_value* value);
void kt_host_refuse(kt_host_call*, int32_t fault, const char* message, size_t message_length,
                    const kt_value* detail); /* detail may be NULL */

/* The host of one linked component. Its functions are called on guest threads, for several
 * instances at once, and must neither block nor throw. */
typedef struct {
  void* user;
  /* A session is begun by the first call of an instance. call_context is that of the
   * kt_invocation (NULL for the trial instance of kt_link), valid during this function. */
  void* (*begin)(void* user, void* call_context);
  void (*call)(void* session, uint32_t operation, const kt_value* arguments, size_t count,
               kt_host_call*);
  /* The instance is gone: its handles are closed, calls under way must still be answered. */
  void (*end)(void* session);
  /* No more sessions: the component was freed and its last instance is gone. */
  void (*release)(void* user);
} kt_host;

/* ---- linked component ------------------------------------------------------------------------ */

typedef struct {
  const char* key;
  const char* value;
} kt_env;

typedef struct {
  const char* host_path;
  const char* guest_path;
  uint8_t writable;
} kt_dir;

/* Guest output as it comes, in arbitrary pieces. call_context is that of the kt_invocation, NULL
 * while kt_link tries an instance. stream: 1 stdout, 2 stderr. */
typedef void (*kt_log_fn)(void* user, void* call_context, int32_t stream, const uint8_t* bytes,
                          size_t length);

typedef struct {
  const kt_env* env; /* the guest's whole environment; no arguments, stdin is closed */
  size_t env_count;
  const kt_dir* dirs;
  size_t dir_count;
  uint64_t memory_limit_bytes; /* over all memories of an instance; 0: memory_max_bytes */
  uint64_t output_limit_bytes; /* a call and stream; the rest is dropped and counted; 0: 1 MiB */
  uint64_t start_timeout_millis; /* for the instance that kt_link tries; 0: 60000 */
  uint32_t open_files_max; /* files and sockets that an instance holds; 0: 1024 */
  kt_log_fn log;               /* NULL: output is dropped */
  void* user;                  /* first argument of log */
  const kt_host* host;         /* copied, and released also when kt_link fails; NULL: interfaces of
                                  host calls and the network are not provided */
} kt_link_options;

/* Resolves imports, checks that exactly one known handler is exported with the right type, and
 * tries one instance, so that what is wrong with a component shows now and not at its first call. */
kt_error* kt_link(kt_engine*, const kt_component*, const kt_link_options*, kt_linked** out);
void kt_linked_free(kt_linked*); /* calls under way go on */

typedef enum {
  KT_WORLD_KINESIS = 1,      /* fermyon:spin-kinesis@2.0.0 */
  KT_WORLD_STREAM = 2,       /* trigger-kinesis:handler@0.1, world stream-handler */
  KT_WORLD_STREAM_ASYNC = 3, /* the same, world stream-handler-async */
} kt_world;

/* Which contract the component exports; 0 for NULL. */
int32_t kt_linked_get_world(const kt_linked*);

/* ---- calls ----------------------------------------------------------------------------------- */

/* One record; every pointer is borrowed until the call's callback. Strings must be UTF-8. */
typedef struct {
  const uint8_t* data;
  size_t data_length;
  const char* partition_key;
  size_t partition_key_length;
  const char* sequence_number;
  size_t sequence_number_length;
  uint64_t arrival_seconds; /* UNIX time */
  uint8_t has_arrival;
  uint8_t encryption; /* 0 not given, 1 NONE, 2 KMS */
} kt_record;

/* What the records of the stream worlds have beside; the arrays run in parallel. */
typedef struct {
  const char* explicit_hash_key; /* NULL: none */
  size_t explicit_hash_key_length;
  const char* idempotency_key;
  size_t idempotency_key_length;
  uint64_t sub_sequence_number;
  uint64_t arrival_millis; /* UNIX time; 0: not known */
} kt_record_extra;

/* What a guest of the stream worlds is told of the call; borrowed like the records. */
typedef struct {
  const char* stream_arn;
  size_t stream_arn_length;
  const char* shard_id;
  size_t shard_id_length;
  const uint8_t* window_state; /* read when has_window_state */
  size_t window_state_length;
  uint64_t millis_behind_latest;
  uint64_t fencing_token;
  uint64_t window_start_millis; /* these four are read when has_window */
  uint64_t window_end_millis;
  uint8_t window_final_call;
  uint8_t window_terminated_early;
  uint8_t has_window;
  uint8_t has_window_state;
  uint32_t attempt;
} kt_batch_context;

/* A handler that returns more than this has failed. */
#define KT_WINDOW_STATE_BYTES_MAX (6u << 20)

typedef enum {
  KT_OK = 0,
  KT_GUEST_ERROR = 1,   /* the handler returned an error: message is its text */
  KT_TRAP = 2,          /* the guest crashed */
  KT_TIMEOUT = 3,       /* timeout_millis passed */
  KT_OUT_OF_MEMORY = 4, /* the guest crashed after a memory request over the limit was refused */
  KT_EXIT = 5,          /* the guest ended itself (exit, proc_exit) */
  KT_INTERRUPTED = 6,   /* kt_call_interrupt, or the engine is being freed */
  KT_BAD_RECORD = 7,    /* a string that is not UTF-8: the guest was not called */
  KT_HOST_FAILED = 8,   /* the host failed: no instance, a directory vanished */
  KT_CALL_PANIC = 9,    /* a fault of the bridge itself */
} kt_result_kind;

/* What a handler of the stream worlds says of its batch. */
typedef enum {
  KT_DONE = 0,
  KT_FAILED_FROM = 1,  /* failed_from and all after it; as the guest said it, in range or not */
  KT_FAILED_ITEMS = 2, /* failed_items; as the guest said them: any order, doubled, in range or not,
                          but not more than the batch has records */
} kt_outcome;

typedef struct {
  int32_t kind;        /* kt_result_kind */
  const char* message; /* empty when KT_OK; lives for the callback; not NUL-terminated */
  size_t message_length;
  uint64_t queue_ns;       /* from kt_invoke until a worker took the call and had a slot */
  uint64_t instantiate_ns; /* making the instance */
  uint64_t call_ns;        /* copying the records in and running the handler */
  uint64_t peak_memory_bytes;
  uint64_t output_dropped_bytes; /* over output_limit_bytes, both streams */
  int32_t outcome;               /* kt_outcome; this and all below only with KT_OK */
  uint32_t failed_from;
  const uint32_t* failed_items; /* lives for the callback */
  size_t failed_item_count;
  const uint8_t* window_state; /* NULL: none was returned; lives for the callback */
  size_t window_state_length;
} kt_result;

typedef void (*kt_done_fn)(void* call_context, const kt_result*);

typedef struct {
  const kt_record* records;
  size_t record_count;
  const kt_record_extra* extras;    /* record_count of them, and a context, where the world is a */
  const kt_batch_context* context;  /* stream world; else both are ignored and may be NULL */
  uint64_t timeout_millis; /* wall clock, from taking a slot; 0: none */
  void* call_context;
  kt_done_fn done; /* called exactly once when kt_invoke returned NULL, else never */
} kt_invocation;

/* Starts a call in a fresh instance and returns at once. `done` comes from a worker thread, maybe
 * before this function returns. The arrays and all they point at are borrowed until then.
 * *out (may be NULL) is a handle for kt_call_interrupt; free it whenever it is not needed. */
kt_error* kt_invoke(const kt_linked*, const kt_invocation*, kt_call** out);
/* Stops the call whether it computes or waits; `done` follows soon. Harmless on a finished call. */
void kt_call_interrupt(kt_call*);
void kt_call_free(kt_call*); /* does not stop the call */

/* For tests: the next entry of that name ("kt_engine_new", ...; "call" is the worker's side of
 * kt_invoke) panics. */
void kt_bridge_test_panic(const char* entry);

#ifdef __cplusplus
}
#endif
#endif
