# Compiler settings shared by every target.
option(WEIR_WERROR "Treat warnings as errors" OFF)
option(WEIR_BENCHMARKS "Build the benchmark programs (they also come with the tests)" OFF)
option(WEIR_FUZZ "Build the fuzz targets with libFuzzer (clang); with the tests they come with a plain main" OFF)
option(WEIR_CRASH_POINTS "Let $WEIR_CRASH_AT kill the process at a named point (src/base/crash_point.h); for tests" OFF)
option(WEIR_HARDENING "Compile and link with the defences that distributions' packages have (docs/supply-chain.md)" OFF)
option(WEIR_UNITY "Compile several sources of a folder at once: half the time from nothing, more after a change" OFF)
set(WEIR_SANITIZE "" CACHE STRING "Sanitizers for every target, for example address,undefined or thread")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # Precompiled headers go through ccache only with these two liberties (its manual, "Precompiled headers"), and gcc must then
  # name them in what it preprocesses.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE_PROGRAM})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_library(weir_options INTERFACE)
target_include_directories(weir_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(weir_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>) # gcc 12 sees overlaps in std::string that are not there (bug 105651)
if(WEIR_UNITY)
  # gcc takes a source that is compiled with others for a header.
  target_compile_options(weir_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
if(WEIR_WERROR)
  target_compile_options(weir_options INTERFACE -Werror)
endif()
if(WEIR_CRASH_POINTS)
  target_compile_definitions(weir_options INTERFACE WEIR_CRASH_POINTS)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64|AMD64")
  # Hyperscan needs SSSE3 at run time anyway, so the rest of the program may use it too.
  target_compile_options(weir_options INTERFACE -march=x86-64-v2)
endif()
if(WEIR_HARDENING)
  # packaging/hardening.py looks for each of them in what comes out.
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64|AMD64")
    add_compile_options(-fcf-protection=full)
  endif()
  # Programs are position-independent by what Debian's and Ubuntu's compilers do unasked; others have to be told.
  add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie> -Wl,-z,relro -Wl,-z,now)
endif()
if(WEIR_SANITIZE)
  # Process-wide, so that every static library agrees.
  add_compile_options(-fsanitize=${WEIR_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${WEIR_SANITIZE})
endif()
if(WEIR_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Of the folders that begin each record anew. gcc clears a struct of some hundred bytes with "rep stos", which takes some 30
# cycles before it starts; a record needs a dozen of them.
include(CheckCXXCompilerFlag)
set(WEIR_RECORD_FOLDERS event detect pipeline)
set(WEIR_RECORD_OPTIONS)
set(memset_strategy -mmemset-strategy=unrolled_loop:512:noalign,libcall:-1:noalign)
check_cxx_compiler_flag(${memset_strategy} WEIR_HAS_MEMSET_STRATEGY)
if(WEIR_HAS_MEMSET_STRATEGY)
  list(APPEND WEIR_RECORD_OPTIONS $<$<CONFIG:Release>:${memset_strategy}>)
endif()
