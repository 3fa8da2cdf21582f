# Everything comes from the system; nothing is downloaded.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(CURL 7.87 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
# Debian 12 ships these two with pkg-config files only.
pkg_check_modules(pq REQUIRED IMPORTED_TARGET GLOBAL libpq)
pkg_check_modules(pqxx REQUIRED IMPORTED_TARGET GLOBAL libpqxx>=6.4)
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET GLOBAL cpp-httplib>=0.11)
target_link_libraries(PkgConfig::pqxx INTERFACE PkgConfig::pq)
# The header of cpp-httplib calls OpenSSL from inline functions, which the pkg-config file does not say.
target_link_libraries(PkgConfig::httplib INTERFACE OpenSSL::SSL OpenSSL::Crypto)
find_path(POSTRIDER_MUSTACHE_INCLUDE kainjow/mustache.hpp REQUIRED)

if(POSTRIDER_TESTS)
  find_package(GTest 1.12 REQUIRED)
endif()
if(POSTRIDER_BENCH)
  find_package(benchmark 1.7 REQUIRED)
endif()

# Optional: the relay is slower without it.
find_package(mimalloc QUIET CONFIG)
if(NOT TARGET mimalloc)
  message(STATUS "mimalloc is not there (libmimalloc-dev): the relay will use the allocator of libc")
endif()
