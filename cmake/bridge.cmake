# The Rust bridge: target kt_bridge_rs, an imported static library.
#
# cargo's target directory lies in the per-user cache, keyed by compiler, lock file and features, so
# that a cold build of wasmtime (minutes) happens once a machine and not once a build directory. The
# library is copied into the build directory: another one cannot change it under our feet.
set(KT_BRIDGE_DIR ${CMAKE_SOURCE_DIR}/bridge)
option(KT_BRIDGE_P3 "asynchronous handlers and WASI 0.3 (cargo feature p3)" ON)
set(kt_bridge_features "")
if(KT_BRIDGE_P3)
  set(kt_bridge_features p3)
endif()
# tools/setup notes in rust.sh which Rust it found or installed.
set(kt_cache_dir $ENV{HOME}/.cache)
if(DEFINED ENV{XDG_CACHE_HOME})
  set(kt_cache_dir $ENV{XDG_CACHE_HOME})
endif()
if(EXISTS ${kt_cache_dir}/trigger-kinesis/rust.sh)
  file(STRINGS ${kt_cache_dir}/trigger-kinesis/rust.sh kt_rust_lines REGEX "^KT_(CARGO|RUSTC)=/")
  foreach(line ${kt_rust_lines})
    string(REGEX MATCH "^(KT_[A-Z]+)=(.*)$" line "${line}")
    if(EXISTS ${CMAKE_MATCH_2})
      set(${CMAKE_MATCH_1} ${CMAKE_MATCH_2} CACHE FILEPATH "from tools/setup")
    endif()
  endforeach()
endif()
find_program(KT_CARGO NAMES cargo cargo-web HINTS $ENV{HOME}/.cargo/bin DOC "cargo 1.95 or newer")
find_program(KT_RUSTC NAMES rustc rustc-web HINTS $ENV{HOME}/.cargo/bin DOC "rustc 1.95 or newer")
if(NOT KT_CARGO OR NOT KT_RUSTC)
  message(FATAL_ERROR "cargo and rustc (1.95 or newer) were not found. Run tools/setup.")
endif()
execute_process(COMMAND ${KT_RUSTC} --version OUTPUT_VARIABLE KT_RUSTC_VERSION
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" kt_rustc_number "${KT_RUSTC_VERSION}")
if(kt_rustc_number VERSION_LESS 1.95)
  message(FATAL_ERROR "rustc ${kt_rustc_number} is too old for the bridge, which needs 1.95. "
                      "Run tools/setup, or point KT_CARGO and KT_RUSTC at a newer one.")
endif()

file(SHA256 ${KT_BRIDGE_DIR}/Cargo.lock kt_lock_hash)
string(SHA256 kt_bridge_key "${KT_RUSTC_VERSION} ${kt_lock_hash} ${kt_bridge_features}")
string(SUBSTRING ${kt_bridge_key} 0 12 kt_bridge_key)
if(DEFINED ENV{KT_BRIDGE_TARGET_DIR})
  set(kt_bridge_target $ENV{KT_BRIDGE_TARGET_DIR})
else()
  set(kt_bridge_target ${kt_cache_dir}/trigger-kinesis/bridge-${kt_bridge_key})
endif()

set(KT_BRIDGE_OUT ${CMAKE_BINARY_DIR}/bridge)
set(kt_bridge_lib ${KT_BRIDGE_OUT}/libkt_bridge.a)
file(MAKE_DIRECTORY ${KT_BRIDGE_OUT})
file(GLOB kt_bridge_manifests ${KT_BRIDGE_DIR}/Cargo.* ${KT_BRIDGE_DIR}/*/Cargo.toml)

# cargo knows what is stale: the script hands its list of sources to the generator, so an unchanged
# tree never starts cargo and a changed .rs, .toml or .wit does.
add_custom_command(
  OUTPUT ${kt_bridge_lib}
  COMMAND ${CMAKE_COMMAND} -DCARGO=${KT_CARGO} -DRUSTC=${KT_RUSTC} -DSOURCE=${KT_BRIDGE_DIR}
          -DTARGET=${kt_bridge_target} -DOUT=${KT_BRIDGE_OUT}
          "-DFEATURES=${kt_bridge_features}" -P ${CMAKE_SOURCE_DIR}/cmake/build_bridge.cmake
  DEPENDS ${kt_bridge_manifests} ${CMAKE_SOURCE_DIR}/cmake/build_bridge.cmake
  DEPFILE ${KT_BRIDGE_OUT}/libkt_bridge.d
  BYPRODUCTS ${KT_BRIDGE_OUT}/embed_world
  COMMENT "cargo: libkt_bridge.a (the first time on a machine this takes minutes)"
  USES_TERMINAL VERBATIM)
add_custom_target(kt_bridge_build DEPENDS ${kt_bridge_lib})

add_library(kt_bridge_rs STATIC IMPORTED GLOBAL)
set_target_properties(kt_bridge_rs PROPERTIES
  IMPORTED_LOCATION ${kt_bridge_lib} INTERFACE_INCLUDE_DIRECTORIES ${KT_BRIDGE_DIR}/include)
target_link_libraries(kt_bridge_rs INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m gcc_s)
add_dependencies(kt_bridge_rs kt_bridge_build)
