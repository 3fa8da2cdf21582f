# Warnings and sanitizers in one target. It is linked PRIVATE and never exported.
add_library(postrider_compiler INTERFACE)
target_compile_features(postrider_compiler INTERFACE cxx_std_20)
target_compile_options(postrider_compiler INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(POSTRIDER_WERROR)
  target_compile_options(postrider_compiler INTERFACE -Werror)
endif()
if(POSTRIDER_SANITIZE)
  target_compile_options(postrider_compiler INTERFACE -fsanitize=${POSTRIDER_SANITIZE})
  target_link_options(postrider_compiler INTERFACE -fsanitize=${POSTRIDER_SANITIZE})
endif()

find_program(POSTRIDER_CCACHE ccache)
if(POSTRIDER_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${POSTRIDER_CCACHE})
endif()

# postrider_library(name SOURCES a.cc b.cc PUBLIC targets PRIVATE targets): the library
# libs/<name> with the alias postrider::<name>. A library without sources is header-only.
function(postrider_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  set(target postrider_${name})
  add_library(${target} STATIC ${arg_SOURCES})
  add_library(postrider::${name} ALIAS ${target})
  target_include_directories(${target} PUBLIC include PRIVATE src)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_link_libraries(${target} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE} postrider_compiler)
endfunction()

# postrider_test(name LABEL label SOURCES ... LIBS ... [PROCESSORS n] [TIMEOUT seconds]):
# one GoogleTest binary, registered with CTest as one test under the label.
function(postrider_test name)
  cmake_parse_arguments(arg "" "LABEL;PROCESSORS;TIMEOUT" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} GTest::gmock_main postrider_compiler)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  if(NOT arg_PROCESSORS)
    set(arg_PROCESSORS 1)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  # With several jobs ctest starts the costly first: the quick labels shall come before the slow.
  set(cost_unit 400)
  set(cost_simulation 300)
  set(cost_postgres 200)
  set(cost_faults 100)
  set_tests_properties(${name} PROPERTIES
    LABELS ${arg_LABEL} PROCESSORS ${arg_PROCESSORS} TIMEOUT ${arg_TIMEOUT} COST "${cost_${arg_LABEL}}")
endfunction()
