# A Debian package of the checker, with what there is to read: 'cpack' in the build folder. Its version is the project's.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME libvmemcheck-dev)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "model checker for models in plain C++ (library)")
set(CPACK_PACKAGE_DESCRIPTION
    "A model is a class: its state, described once, and a function that runs one\natomic step. The library tries every interleaving and every answer of the\nenvironment, decides safety, deadlocks and liveness under fairness, and shows a\nshortest run to what does not hold. It walks at random, replays and shrinks\nruns, too.\n\nA C++20 compiler is all it needs. Three example models are in the package.")
# Who builds it is its maintainer, by the variables that Debian's own tools read.
if(DEFINED ENV{DEBEMAIL} AND DEFINED ENV{DEBFULLNAME})
    set(CPACK_PACKAGE_CONTACT "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
else()
    set(CPACK_PACKAGE_CONTACT "The vmemcheck developers <vmemcheck@localhost>")
endif()
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libc6-dev, libstdc++-12-dev | libstdc++-dev")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "g++")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "cmake")
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")

include(GNUInstallDirs)
# Where Debian's policy wants them.
set(documents ${CMAKE_INSTALL_DATAROOTDIR}/doc/${CPACK_PACKAGE_NAME})
install(FILES LICENSE DESTINATION ${documents} RENAME copyright)
set(pages writing-a-model searching reductions beyond-memory fuzzing peers)
list(TRANSFORM pages PREPEND docs/)
list(TRANSFORM pages APPEND .md)
install(FILES checker/README.md ${pages} DESTINATION ${documents})
install(DIRECTORY docs/examples DESTINATION ${documents})
find_program(VMEMCHECK_GZIP gzip)
if(VMEMCHECK_GZIP)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS CHANGELOG.md)
    execute_process(
        COMMAND ${VMEMCHECK_GZIP} -9nc ${PROJECT_SOURCE_DIR}/CHANGELOG.md OUTPUT_FILE ${PROJECT_BINARY_DIR}/changelog.gz
        COMMAND_ERROR_IS_FATAL ANY)
    install(FILES ${PROJECT_BINARY_DIR}/changelog.gz DESTINATION ${documents})
endif()
include(CPack)
