# What `cmake --install` installs. Files that name paths are written while installing, so that they agree with any --prefix.
# What is to be installed is built before, and the tests need not be.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON CACHE INTERNAL "")
install(TARGETS weir RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/rules/ DESTINATION ${CMAKE_INSTALL_DATADIR}/weir/rules FILES_MATCHING PATTERN "*.yml")
install(DIRECTORY ${CMAKE_SOURCE_DIR}/dashboards DESTINATION ${CMAKE_INSTALL_DATADIR}/weir FILES_MATCHING PATTERN "*.json")
if(EXISTS ${CMAKE_SOURCE_DIR}/profiles)
  install(DIRECTORY ${CMAKE_SOURCE_DIR}/profiles DESTINATION ${CMAKE_INSTALL_DATADIR}/weir)
endif()
install(FILES ${CMAKE_SOURCE_DIR}/config/weir.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/weir)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md" PATTERN "*.svg" PATTERN "*.png")
install(DIRECTORY ${CMAKE_SOURCE_DIR}/examples DESTINATION ${CMAKE_INSTALL_DOCDIR})

# Manual pages and completions come from the program's own help, wherever what is built can run and there is a Python.
find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND AND NOT CMAKE_CROSSCOMPILING AND NOT WEIR_SANITIZE)
  file(GLOB writers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/packaging/*.py)
  add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/documents/stamp
    COMMAND ${CMAKE_COMMAND} -E env PYTHONDONTWRITEBYTECODE=1 ${Python3_EXECUTABLE}
            ${CMAKE_SOURCE_DIR}/packaging/command_documents.py $<TARGET_FILE:weir> ${CMAKE_BINARY_DIR}/documents
    COMMAND ${CMAKE_COMMAND} -E touch ${CMAKE_BINARY_DIR}/documents/stamp
    DEPENDS weir ${writers} COMMENT "Writing manual pages and completions" VERBATIM)
  add_custom_target(weir_documents ALL DEPENDS ${CMAKE_BINARY_DIR}/documents/stamp)
  foreach(shell bash-completion zsh fish)
    install(DIRECTORY ${CMAKE_BINARY_DIR}/documents/${shell} DESTINATION ${CMAKE_INSTALL_DATADIR})
  endforeach()
endif()

foreach(name BINDIR DATADIR DOCDIR MANDIR SYSCONFDIR)
  install(CODE "set(WEIR_${name} \"${CMAKE_INSTALL_${name}}\")")
endforeach()
install(CODE "set(WEIR_SOURCE \"${CMAKE_SOURCE_DIR}\")\nset(WEIR_DOCUMENTS \"${CMAKE_BINARY_DIR}/documents\")")
install(SCRIPT ${CMAKE_SOURCE_DIR}/cmake/install_paths.cmake)
