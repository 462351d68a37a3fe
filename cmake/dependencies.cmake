# Libraries that the rooms link. Every one is a system package except the AWS C runtime and the
# Rust bridge, which tools/setup builds into the per-user cache.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(RapidJSON REQUIRED)
find_package(tl-expected REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
pkg_check_modules(nghttp2 REQUIRED IMPORTED_TARGET libnghttp2)

# The binary may only need libraries that every system has (tools/portable.py): what Debian has as
# an archive is linked in, what it has not is compiled here. Without an archive the shared library
# does, and portable.py tells.
find_library(KT_SQLITE_ARCHIVE libsqlite3.a)
if(KT_SQLITE_ARCHIVE)
  set_target_properties(SQLite::SQLite3 PROPERTIES IMPORTED_LOCATION ${KT_SQLITE_ARCHIVE})
  target_link_libraries(SQLite::SQLite3 INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)
endif()
find_library(KT_NGHTTP2_ARCHIVE libnghttp2.a)
if(KT_NGHTTP2_ARCHIVE)
  set_target_properties(PkgConfig::nghttp2 PROPERTIES INTERFACE_LINK_LIBRARIES ${KT_NGHTTP2_ARCHIVE})
endif()
# Only its protocol reader is used; the archive brings nothing else.
add_library(kt_hiredis INTERFACE)
find_path(KT_HIREDIS_INCLUDE hiredis/hiredis.h REQUIRED)
find_library(KT_HIREDIS_ARCHIVE NAMES libhiredis.a hiredis REQUIRED)
target_include_directories(kt_hiredis SYSTEM INTERFACE ${KT_HIREDIS_INCLUDE})
target_link_libraries(kt_hiredis INTERFACE ${KT_HIREDIS_ARCHIVE})
add_library(kt_zlib INTERFACE)
find_path(KT_ZLIB_INCLUDE zlib.h REQUIRED)
find_library(KT_ZLIB_ARCHIVE NAMES libz.a z REQUIRED)
target_include_directories(kt_zlib SYSTEM INTERFACE ${KT_ZLIB_INCLUDE})
target_link_libraries(kt_zlib INTERFACE ${KT_ZLIB_ARCHIVE})
# Their libraries are loaded at the first use of a database: a machine without them runs the rest.
add_library(kt_libpq_header INTERFACE)
find_path(KT_LIBPQ_INCLUDE libpq-fe.h PATH_SUFFIXES postgresql REQUIRED)
target_include_directories(kt_libpq_header SYSTEM INTERFACE ${KT_LIBPQ_INCLUDE})
add_library(kt_libmariadb_header INTERFACE)
find_path(KT_LIBMARIADB_INCLUDE mariadb_version.h PATH_SUFFIXES mariadb REQUIRED)
target_include_directories(kt_libmariadb_header SYSTEM INTERFACE ${KT_LIBMARIADB_INCLUDE})
# Files that include fmt are compiled as for the shared library, whose place kt_fmt takes.
add_library(kt_fmt STATIC ${CMAKE_CURRENT_SOURCE_DIR}/cmake/fmt.cc)
target_compile_definitions(kt_fmt PUBLIC
                           $<TARGET_PROPERTY:fmt::fmt,INTERFACE_COMPILE_DEFINITIONS>)
target_compile_features(kt_fmt PUBLIC cxx_std_20)
target_compile_options(kt_fmt PRIVATE -ffunction-sections -fdata-sections)
set_target_properties(spdlog::spdlog_header_only PROPERTIES
                      INTERFACE_LINK_LIBRARIES "Threads::Threads;kt_fmt")

# Asio is compiled once, here, and not in every file that names a coroutine.
add_library(kt_asio STATIC ${CMAKE_CURRENT_SOURCE_DIR}/cmake/asio.cc)
target_include_directories(kt_asio SYSTEM PUBLIC ${Boost_INCLUDE_DIRS})
target_compile_definitions(kt_asio PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
                                          BOOST_BEAST_USE_STD_STRING_VIEW)
target_compile_features(kt_asio PUBLIC cxx_std_20)
target_link_libraries(kt_asio PUBLIC Threads::Threads OpenSSL::SSL OpenSSL::Crypto)

# The AWS C runtime: a system copy where there is one, else the prefix that tools/setup made.
if(NOT KT_CRT_PREFIX AND EXISTS "$ENV{HOME}/.cache/trigger-kinesis/crt-prefix")
  file(STRINGS "$ENV{HOME}/.cache/trigger-kinesis/crt-prefix" KT_CRT_PREFIX LIMIT_COUNT 1)
endif()
set(KT_CRT_PREFIX "${KT_CRT_PREFIX}" CACHE PATH "where the AWS C runtime is installed")
if(KT_CRT_PREFIX)
  list(APPEND CMAKE_PREFIX_PATH ${KT_CRT_PREFIX})
endif()
# Else its TLS links a second OpenSSL, the static one, whose functions the shared one would then find
# instead of its own.
set(S2N_USE_CRYPTO_SHARED_LIBS ON)
set(kt_crt_packages aws-c-common aws-c-cal aws-c-io aws-c-http aws-c-auth aws-c-event-stream
                    aws-c-sdkutils)
add_library(kt_crt INTERFACE)
foreach(package ${kt_crt_packages})
  find_package(${package} QUIET)
  if(NOT ${package}_FOUND)
    message(FATAL_ERROR "The AWS C runtime library ${package} was not found. "
                        "Run tools/setup/crt, which builds it into the per-user cache.")
  endif()
  target_link_libraries(kt_crt INTERFACE AWS::${package})
endforeach()

# The text format of metrics: a static core library, which tools/setup builds as Debian has none.
if(NOT KT_PROMETHEUS_PREFIX AND EXISTS "$ENV{HOME}/.cache/trigger-kinesis/prometheus-prefix")
  file(STRINGS "$ENV{HOME}/.cache/trigger-kinesis/prometheus-prefix" KT_PROMETHEUS_PREFIX LIMIT_COUNT 1)
endif()
set(KT_PROMETHEUS_PREFIX "${KT_PROMETHEUS_PREFIX}" CACHE PATH "where prometheus-cpp is installed")
find_package(prometheus-cpp QUIET CONFIG HINTS ${KT_PROMETHEUS_PREFIX} NO_DEFAULT_PATH)
if(NOT prometheus-cpp_FOUND)
  message(FATAL_ERROR "prometheus-cpp was not found. "
                      "Run tools/setup/prometheus, which builds it into the per-user cache.")
endif()
