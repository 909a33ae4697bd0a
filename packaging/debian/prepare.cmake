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
file(GLOB pages "${root}/usr/share/man/man1/*.1")
execute_process(COMMAND gzip -9nf "${doc}/changelog" ${pages} COMMAND_ERROR_IS_FATAL ANY)
# Whatever the umask was while installing.
execute_process(COMMAND find "${root}" -type d -exec chmod 755 {} + COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND find "${root}" -type f -perm /111 -exec chmod 755 {} + COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND find "${root}" -type f -not -perm /111 -exec chmod 644 {} + COMMAND_ERROR_IS_FATAL ANY)
