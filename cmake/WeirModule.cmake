# weir_module(NAME SOURCES a.cc ... [DEPS targets...] [PRIVATE_DEPS targets...] [TESTS a_test.cc ...] [TEST_DEPS targets...])
#
# One folder of src/ = one static library weir_NAME, and one test program weir_NAME_test that ctest runs.
# PRIVATE_DEPS are the third-party libraries that only this folder may see.
function(weir_module NAME)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE_DEPS;TESTS;TEST_DEPS" ${ARGN})
  if(ARG_SOURCES)
    add_library(weir_${NAME} STATIC ${ARG_SOURCES})
    target_link_libraries(weir_${NAME} PUBLIC weir_options ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
  else()
    add_library(weir_${NAME} INTERFACE)
    target_link_libraries(weir_${NAME} INTERFACE weir_options ${ARG_DEPS})
  endif()
  if(BUILD_TESTING AND ARG_TESTS)
    add_executable(weir_${NAME}_test ${ARG_TESTS})
    target_link_libraries(weir_${NAME}_test PRIVATE weir_${NAME} weir_catch_main Catch2::Catch2
      ${ARG_PRIVATE_DEPS} ${ARG_TEST_DEPS})
    target_compile_definitions(weir_${NAME}_test PRIVATE WEIR_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    add_test(NAME ${NAME} COMMAND weir_${NAME}_test)
    set_tests_properties(${NAME} PROPERTIES TIMEOUT 600)
  endif()
endfunction()
