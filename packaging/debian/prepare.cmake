# Runs between installing and packing: what Debian wants of a package besides what is installed.
set(root "${CPACK_TEMPORARY_INSTALL_DIRECTORY}")
set(doc "${root}/usr/share/doc/weir")
file(COPY "${CPACK_WEIR_SOURCE}/packaging/debian/copyright" DESTINATION "${doc}")
file(COPY "${CPACK_WEIR_SOURCE}/packaging/debian/hash-key.conf" DESTINATION "${root}/usr/lib/systemd/system/weir.service.d")

# The package's changelog says which version it is of; the program's is beside it.
string(TIMESTAMP now "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE "${doc}/changelog" "weir (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium

  * See CHANGELOG.md.

 -- ${CPACK_PACKAGE_CONTACT}  ${now}
")
file(COPY "${CPACK_WEIR_SOURCE}/CHANGELOG.md" DESTINATION "${doc}")

# What the program is made of: packages of libraries, and of headers, which Ninja has noted.
if(NOT CPACK_WEIR_NINJA)
  message(FATAL_ERROR "the list of what weir is made of needs a build by Ninja: configure with -G Ninja or a preset")
endif()
find_program(python python3 REQUIRED)
execute_process(COMMAND "${python}" "${CPACK_WEIR_SOURCE}/packaging/sbom.py" --program "${root}/usr/bin/weir" --build "${CPACK_WEIR_BUILD}"
  --ninja "${CPACK_WEIR_NINJA}" --version "${CPACK_PACKAGE_VERSION}" --output "${doc}/weir.spdx.json" COMMAND_ERROR_IS_FATAL ANY)

file(GLOB pages "${root}/usr/share/man/man1/*.1")
execute_process(COMMAND gzip -9nf "${doc}/changelog" ${pages} COMMAND_ERROR_IS_FATAL ANY)
# Whatever the umask was while installing.
execute_process(COMMAND find "${root}" -type d -exec chmod 755 {} + COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND find "${root}" -type f -perm /111 -exec chmod 755 {} + COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND find "${root}" -type f -not -perm /111 -exec chmod 644 {} + COMMAND_ERROR_IS_FATAL ANY)
# The same bytes from the same build: nothing is newer than the source.
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  execute_process(COMMAND find "${root}" -newermt "@$ENV{SOURCE_DATE_EPOCH}" -exec touch --no-dereference "--date=@$ENV{SOURCE_DATE_EPOCH}" {} +
    COMMAND_ERROR_IS_FATAL ANY)
endif()
