# Warnings and code generation options that our own sources are compiled with; never passed on to users.
add_library(sedge_options INTERFACE)
target_compile_options(sedge_options INTERFACE
    # Nobody replaces single functions of a static library, so calls within a file need not go through a table.
    $<$<CXX_COMPILER_ID:GNU>:-fno-semantic-interposition>
    -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers
    $<$<BOOL:${SEDGE_WERROR}>:-Werror>)
target_link_libraries(sedge_options INTERFACE Boost::headers)

# What a program should be linked with to be small: sections that nobody uses are left out, and of the C++ library it
# carries what it needs, which is not relocated at each start. See docs/decisions/0027-small-footprint.md.
add_library(sedge_program INTERFACE)
target_link_options(sedge_program INTERFACE -Wl,--gc-sections -Wl,--as-needed
    $<$<CONFIG:Release>:-static-libstdc++ -static-libgcc>)

# sedge_layer(NAME SOURCES a.cpp ... [LINKS sedge_base ...] [PRIVATE_LINKS OpenSSL::Crypto ...] [HEADERS x.hpp ...])
#
# One layer: target sedge_NAME with alias sedge::NAME. Its public headers are all of include/sedge/NAME, so they are
# found, not listed; HEADERS adds those that stand elsewhere. They are installed with the layer, and the target
# all_verify_interface_header_sets compiles each of them alone.
function(sedge_layer name)
    cmake_parse_arguments(layer "" "" "SOURCES;LINKS;PRIVATE_LINKS;HEADERS" ${ARGN})
    file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/sedge/${name}/*.hpp)
    add_library(sedge_${name} STATIC ${layer_SOURCES})
    add_library(sedge::${name} ALIAS sedge_${name})
    set_target_properties(sedge_${name} PROPERTIES
        EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON VERIFY_INTERFACE_HEADER_SETS ON)
    target_compile_features(sedge_${name} PUBLIC cxx_std_20)
    target_sources(sedge_${name} PUBLIC FILE_SET HEADERS
        BASE_DIRS ${PROJECT_SOURCE_DIR}/include ${PROJECT_BINARY_DIR}/include
        FILES ${headers} ${layer_HEADERS})
    target_include_directories(sedge_${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(sedge_${name} PUBLIC ${layer_LINKS}
        PRIVATE $<BUILD_INTERFACE:sedge_options> ${layer_PRIVATE_LINKS})
    set_property(GLOBAL APPEND PROPERTY SEDGE_LAYERS sedge_${name})
endfunction()

# sedge_test(NAME LABEL unit SOURCES x_test.cpp ... [LINKS ...]): one test program, registered as one CTest test.
function(sedge_test name)
    cmake_parse_arguments(test "" "LABEL;TIMEOUT" "SOURCES;LINKS" ${ARGN})
    add_executable(${name} ${test_SOURCES})
    target_link_libraries(${name} PRIVATE ${test_LINKS} sedge_options sedge_test_support GTest::gmock GTest::gtest_main)
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
    add_test(NAME ${name} COMMAND ${name})
    if(NOT test_TIMEOUT)
        set(test_TIMEOUT 120)
    endif()
    set_tests_properties(${name} PROPERTIES LABELS "${test_LABEL}" TIMEOUT ${test_TIMEOUT})
endfunction()
