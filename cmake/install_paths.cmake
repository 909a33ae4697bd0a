# Runs while installing: writes the files that name where others of them lie. WEIR_* come from WeirInstall.cmake.
cmake_policy(VERSION 3.25)
set(PREFIX "${CMAKE_INSTALL_PREFIX}")
foreach(name BINDIR DATADIR DOCDIR MANDIR SYSCONFDIR)
  set(${name} "${WEIR_${name}}")
  if(NOT IS_ABSOLUTE "${${name}}")
    # The configuration of what lies in /usr lies in /etc.
    if("${name}" STREQUAL "SYSCONFDIR" AND PREFIX MATCHES "^/usr/?$")
      set(${name} "/${${name}}")
    else()
      cmake_path(APPEND PREFIX "${${name}}" OUTPUT_VARIABLE ${name})
    endif()
  endif()
endforeach()

set(written "${WEIR_DOCUMENTS}/installed")
file(REMOVE_RECURSE "${written}")
foreach(unit weir weir-notify weir-decisions)
  configure_file("${WEIR_SOURCE}/systemd/${unit}.service.in" "${written}/${unit}.service" @ONLY)
  file(INSTALL DESTINATION "${PREFIX}/lib/systemd/system" TYPE FILE FILES "${written}/${unit}.service")
endforeach()

file(READ "${WEIR_SOURCE}/dashboards/alerts.rules.yml" alert_rules)
string(REPLACE "file:///usr/share/doc/weir/" "file://${DOCDIR}/" alert_rules "${alert_rules}")
file(WRITE "${written}/alerts.rules.yml" "${alert_rules}")
file(INSTALL DESTINATION "${DATADIR}/weir/dashboards" TYPE FILE FILES "${written}/alerts.rules.yml")

file(GLOB pages "${WEIR_DOCUMENTS}/man/man1/*.1")
foreach(page IN LISTS pages)
  cmake_path(GET page FILENAME name)
  configure_file("${page}" "${written}/man/${name}" @ONLY)
  file(INSTALL DESTINATION "${MANDIR}/man1" TYPE FILE FILES "${written}/man/${name}")
endforeach()

# Never over a configuration that is there. A package's own tool sees to that itself.
if(NOT EXISTS "$ENV{DESTDIR}${SYSCONFDIR}/weir/weir.yaml")
  file(INSTALL DESTINATION "${SYSCONFDIR}/weir" TYPE FILE FILES "${WEIR_SOURCE}/config/weir.yaml")
endif()
