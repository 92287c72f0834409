# find_package(Limequat) gives Limequat::limequat and Limequat::limequat_static.
get_filename_component(_limequat_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(NOT TARGET Limequat::limequat)
  add_library(Limequat::limequat SHARED IMPORTED)
  set_target_properties(Limequat::limequat PROPERTIES
    IMPORTED_LOCATION "${_limequat_prefix}/lib/liblimequat.so.0"
    IMPORTED_SONAME "liblimequat.so.0"
    INTERFACE_INCLUDE_DIRECTORIES "${_limequat_prefix}/include")
endif()

if(NOT TARGET Limequat::limequat_static)
  add_library(Limequat::limequat_static STATIC IMPORTED)
  set_target_properties(Limequat::limequat_static PROPERTIES
    IMPORTED_LOCATION "${_limequat_prefix}/lib/liblimequat.a"
    INTERFACE_INCLUDE_DIRECTORIES "${_limequat_prefix}/include"
    INTERFACE_LINK_LIBRARIES "protobuf-c;m;pthread")
endif()

unset(_limequat_prefix)
