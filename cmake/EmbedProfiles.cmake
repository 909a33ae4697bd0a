# cmake -DOUTPUT=FILE.cc -DFILES=a.yaml;b.yaml -P EmbedProfiles.cmake: a C++ table of the files' names and texts.
set(source "#include \"event/profile/embedded_profiles.h\"\n\nnamespace weir {\nnamespace {\n\nconstexpr EmbeddedProfile kProfiles[]{\n")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WE)
  string(MAKE_C_IDENTIFIER "${name}" identifier)
  file(READ ${file} hex HEX)
  # Bytes, since the length of a string literal has limits.
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${hex}")
  string(APPEND texts "constexpr char kText_${identifier}[]{${bytes}'\\0'};\n")
  string(APPEND rows "    {\"${name}\", {kText_${identifier}, sizeof kText_${identifier} - 1}},\n")
endforeach()
string(REPLACE "constexpr EmbeddedProfile kProfiles[]{" "${texts}\nconstexpr EmbeddedProfile kProfiles[]{" source "${source}")
string(APPEND source "${rows}};\n\n}  // namespace\n\nstd::span<const EmbeddedProfile> embedded_profiles() {\n  return kProfiles;\n}\n\n}  // namespace weir\n")
file(WRITE ${OUTPUT} "${source}")
