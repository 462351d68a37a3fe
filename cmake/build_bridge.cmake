# Runs cargo and copies its results; called by the rule in bridge.cmake.
set(arguments build --release --locked -j2 --lib --examples)
if(FEATURES)
  list(APPEND arguments --features ${FEATURES})
endif()
# Two checkouts of the same lock file share the target directory. cargo tells their crates apart
# neither by name nor, when the other's were built later, by age: whoever comes after another builds
# ours anew. The lock keeps what was built from being replaced before it is copied.
file(LOCK ${TARGET} DIRECTORY GUARD PROCESS)
set(origin "")
if(EXISTS ${TARGET}/built-from)
  file(READ ${TARGET}/built-from origin)
endif()
if(NOT origin STREQUAL SOURCE)
  file(GLOB stale ${TARGET}/release/.fingerprint/kt-bridge*)
  if(stale)
    file(REMOVE_RECURSE ${stale})
  endif()
  file(WRITE ${TARGET}/built-from ${SOURCE})
endif()
# Debian's compiler has no $HOME/.cargo/bin/rustc to be found by: name it.
execute_process(
  COMMAND ${CMAKE_COMMAND} -E env CARGO_TARGET_DIR=${TARGET} RUSTC=${RUSTC} ${CARGO} ${arguments}
  WORKING_DIRECTORY ${SOURCE} RESULT_VARIABLE result)
if(result)
  message(FATAL_ERROR "cargo failed (${result}); its messages are above")
endif()
execute_process(COMMAND ${CMAKE_COMMAND} -E copy_if_different
                ${TARGET}/release/libkt_bridge.a ${OUT}/libkt_bridge.a COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} -E touch ${OUT}/libkt_bridge.a)
execute_process(COMMAND ${CMAKE_COMMAND} -E copy_if_different
                ${TARGET}/release/examples/embed_world ${OUT}/embed_world
                COMMAND_ERROR_IS_FATAL ANY)
# cargo's dependency list names its own copy as the target; ours is what ninja builds.
file(READ ${TARGET}/release/libkt_bridge.d list)
string(FIND "${list}" ": " colon)
string(SUBSTRING "${list}" ${colon} -1 sources)
file(WRITE ${OUT}/libkt_bridge.d "${OUT}/libkt_bridge.a${sources}")
