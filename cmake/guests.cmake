# Guests: WebAssembly modules that the build makes from source.
#
#   kt_cpp_guest(<name> SOURCE file OUTPUT file.wasm)     C or C++ with clang-19 and wasi-libc
#   kt_odd_guest(<name> WORLD world OUTPUT file.wasm ...) a module with a world attached (tests)
#   kt_rust_guest(<name> FOLDER folder OUTPUT file.wasm)  a crate, built by tools/guest-rust.sh
#
# Each makes a target of that name.
find_program(KT_GUEST_CLANG NAMES clang-19 DOC "clang with the wasm32 target")
find_program(KT_GUEST_CLANGXX NAMES clang++-19 DOC "clang++ with the wasm32 target")
if(NOT KT_GUEST_CLANG OR NOT KT_GUEST_CLANGXX OR NOT EXISTS /usr/lib/wasm32-wasi/libc.a)
  message(FATAL_ERROR "The guest compiler is missing: clang-19, lld-19, wasi-libc, "
    "libc++-19-dev-wasm32, libc++abi-19-dev-wasm32 and libclang-rt-19-dev-wasm32. Run tools/setup.")
endif()

# A memory that need not grow in an ordinary call saves the host a system call for each growth.
set(KT_GUEST_FLAGS --target=wasm32-wasi -mexec-model=reactor -O2 -Wall -Wextra -Wl,--strip-debug
                   -Wl,--initial-memory=2097152)
set(KT_GUEST_CXX_FLAGS -std=c++20 -fno-exceptions -fno-rtti)

function(kt_cpp_guest name)
  cmake_parse_arguments(ARG "" "SOURCE;OUTPUT" "FLAGS" ${ARGN})
  set(sdk ${CMAKE_SOURCE_DIR}/sdk/cpp)
  get_filename_component(folder ${ARG_SOURCE} DIRECTORY)
  file(GLOB headers ${sdk}/*.hpp ${folder}/*.h)
  if(ARG_SOURCE MATCHES "\\.c$")
    set(command ${KT_GUEST_CLANG} ${KT_GUEST_FLAGS})
  else()
    set(command ${KT_GUEST_CLANGXX} ${KT_GUEST_FLAGS} ${KT_GUEST_CXX_FLAGS} -I${sdk})
  endif()
  add_custom_command(OUTPUT ${ARG_OUTPUT}
    COMMAND ${command} ${ARG_FLAGS} ${ARG_SOURCE} -o ${ARG_OUTPUT}
    DEPENDS ${ARG_SOURCE} ${headers}
    COMMENT "guest ${name}" VERBATIM)
  add_custom_target(${name} ALL DEPENDS ${ARG_OUTPUT})
endfunction()

function(kt_odd_guest name)
  cmake_parse_arguments(ARG "" "MODULE;WORLD;OUTPUT" "WITS" ${ARGN})
  add_custom_command(OUTPUT ${ARG_OUTPUT}
    COMMAND ${KT_BRIDGE_OUT}/embed_world ${ARG_WORLD} ${ARG_MODULE} ${ARG_OUTPUT} ${ARG_WITS}
    DEPENDS ${ARG_MODULE} ${ARG_WITS} kt_bridge_build
    COMMENT "guest ${name}" VERBATIM)
  add_custom_target(${name} ALL DEPENDS ${ARG_OUTPUT})
endfunction()

function(kt_rust_guest name)
  cmake_parse_arguments(ARG "" "FOLDER;OUTPUT" "" ${ARGN})
  file(GLOB_RECURSE sources ${ARG_FOLDER}/*.rs ${ARG_FOLDER}/*.wit ${ARG_FOLDER}/Cargo.*)
  file(GLOB wits ${CMAKE_SOURCE_DIR}/wit/*.wit ${CMAKE_SOURCE_DIR}/bridge/*/wit/*.wit)
  set(script ${CMAKE_SOURCE_DIR}/tools/guest-rust.sh)
  set(script ${CMAKE_COMMAND} -E env KT_CARGO=${KT_CARGO} KT_RUSTC=${KT_RUSTC} ${script})
  execute_process(COMMAND ${script} --check RESULT_VARIABLE missing OUTPUT_VARIABLE why
                  ERROR_VARIABLE why OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(missing)
    message(WARNING "Rust guest ${name} is not built: ${why}")
    return()
  endif()
  add_custom_command(OUTPUT ${ARG_OUTPUT}
    COMMAND ${script} ${ARG_FOLDER} ${ARG_OUTPUT}
    DEPENDS ${sources} ${wits} ${CMAKE_SOURCE_DIR}/tools/guest-rust.sh
    COMMENT "guest ${name}" USES_TERMINAL VERBATIM)
  add_custom_target(${name} ALL DEPENDS ${ARG_OUTPUT})
endfunction()
