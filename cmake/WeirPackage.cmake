# The Debian package, made by `cpack -G DEB` (scripts/package).
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME weir)
set(CPACK_PACKAGE_VENDOR "the weir maintainers")
set(CPACK_PACKAGE_CONTACT "weir maintainers <maintainers@weir.invalid>")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "streaming detector of attacks and abuse in HTTP request logs")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "weir reads the request logs of web servers from Apache Kafka, decodes each
request as the application behind would, matches it against rules in the
language of Sigma, and scores its client over time. Alerts go to a Kafka
topic as OCSF detection findings, exactly once, with secrets masked.
.
This package has the daemon, its systemd unit, the rules, Grafana
dashboards and alert rules for Prometheus.")
# Everything is below /usr but the configuration, so the files are installed into a copy of the root.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "prometheus, kafkacat | kcat")
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
# Debug symbols in a package of their own, out of the program that is packed.
set(CPACK_DEBIAN_DEBUGINFO_PACKAGE ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/packaging/debian/conffiles
  ${CMAKE_SOURCE_DIR}/packaging/debian/postinst
  ${CMAKE_SOURCE_DIR}/packaging/debian/prerm
  ${CMAKE_SOURCE_DIR}/packaging/debian/postrm)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/packaging/debian/prepare.cmake)
set(CPACK_WEIR_SOURCE ${CMAKE_SOURCE_DIR})
set(CPACK_WEIR_BUILD ${CMAKE_BINARY_DIR})
if(CMAKE_GENERATOR STREQUAL "Ninja")
  set(CPACK_WEIR_NINJA ${CMAKE_MAKE_PROGRAM})
endif()
include(CPack)
