#include "app/setup/directive_argument.h"

#include <cstdio>
#include <fstream>
#include <iterator>

#include "event/directive/directive_template.h"

namespace weir {
namespace {

constexpr std::string_view kStage = "format";

Result<std::string> read_directive_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::kIo, std::string(kStage), "cannot read " + path);
  std::string text(kDirectiveBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (file.bad()) return fail(ErrorCode::kIo, std::string(kStage), "cannot read " + path);
  return text;
}

}  // namespace

Result<Directive> compile_argument(const DirectiveArgument& argument) {
  const bool from_file = argument.text.empty();
  const std::string& given = from_file ? argument.file : argument.text;
  const auto equals = given.find('=');
  const auto server = from_name<DirectiveServer>(given.substr(0, equals));
  if (equals == std::string::npos || !server) {
    return fail(ErrorCode::kInvalidArgument, std::string(kStage),
                "'" + given.substr(0, 60) + "' does not begin with the name of a server and '='; there are " +
                    directive_server_names());
  }
  if (!from_file) return compile_directive(*server, std::string_view(given).substr(equals + 1));
  const auto text = read_directive_file(given.substr(equals + 1));
  if (!text) return tl::unexpected(text.error());
  return compile_directive(*server, *text);
}

Result<InputProfile> profile_of_argument(const DirectiveArgument& argument) {
  auto directive = compile_argument(argument);
  if (!directive) return tl::unexpected(directive.error());
  for (const auto& warning : directive->warnings)
    std::fprintf(stderr, "weir: warning: %s\n", warning.c_str());
  return std::move(directive->profile);
}

}  // namespace weir
