#include "app/commands/compile_command.h"

#include <unistd.h>

#include <CLI/App.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "app/commands/event_json.h"
#include "app/commands/setup_options.h"
#include "app/input/line_reader.h"
#include "app/setup/directive_argument.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"
#include "app/terminal/terminal.h"
#include "event/event_parser.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

struct CompileArguments {
  DirectiveArgument directive;
  std::string sample_file;  ///< lines to read by it; "-" is standard input; empty: a line made up
  bool json = false;
};

constexpr size_t kLineBytesMax = 1 << 20;
constexpr size_t kBatchLines = 64;

/// Reads lines by the directive.
class SampleReader {
 public:
  explicit SampleReader(const InputProfile& profile) : parser_(options_of(profile)) {}

  Json read(std::string_view line) {
    Event event;
    const auto outcome = parser_.parse(line, event);
    if (outcome.ok()) return {{"event", event_as_json(event)}};
    return {{"rejected", std::string(to_string(outcome.reason))}, {"detail", outcome.detail}};
  }

 private:
  static InputOptions options_of(const InputProfile& profile) {
    InputOptions options;
    options.profile = profile;
    return options;
  }

  EventParser parser_;
};

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json understood(const Directive& directive) {
  Json fields = Json::array();
  for (const auto& field : directive.fields) {
    Json row = {{"variable", field.variable}, {"line", field.line}, {"column", field.column}, {"use", nullptr}};
    if (!field.use.empty()) row["use"] = field.use;
    if (!field.pointer.empty()) row["pointer"] = field.pointer;
    fields.push_back(std::move(row));
  }
  return {{"server", to_string(directive.server)},
          {"form", directive.profile.reads_text() ? "text" : "json"},
          {"fields", std::move(fields)},
          {"warnings", directive.warnings}};
}

void print_fields(const Palette& palette, const Directive& directive) {
  size_t width = 0;
  for (const auto& field : directive.fields)
    width = std::max(width, field.variable.size());
  width = std::min<size_t>(width, 60);
  std::printf(
      "%s\n",
      palette.bold(directive.profile.name + (directive.profile.reads_text() ? ", lines of text" : ", lines of JSON"))
          .c_str());
  for (const auto& field : directive.fields) {
    const auto use = field.use.empty() ? palette.dim("not used") : printable(field.use);
    const auto at = field.pointer.empty() ? "" : palette.dim("  at " + printable(field.pointer));
    std::printf("  %-*s  %s%s\n", static_cast<int>(width), printable(field.variable).c_str(), use.c_str(), at.c_str());
  }
}

void print_sample(const Palette& palette, std::string_view line, const Json& read) {
  std::printf("\n%s\n  %s\n", palette.bold("A line").c_str(), printable(line).c_str());
  const bool is_read = read.contains("event");
  std::printf("%s\n", palette.bold(is_read ? "is read as" : "cannot be read").c_str());
  for (const auto& [name, value] : (is_read ? read["event"] : read).items()) {
    const std::string text = value.is_string() ? value.get<std::string>() : text_of(value);
    std::printf("  %-16s  %s\n", name.c_str(), printable(text).c_str());
  }
}

// Each line of the file to `use`, with its number.
template <typename Use>
Status for_each_line(const std::string& path, Use use) {
  LineReader reader(path, kLineBytesMax);
  if (auto opened = reader.open(); !opened) return opened;
  std::vector<std::string_view> lines;
  for (size_t number = 1;;) {
    if (auto read = reader.read(kBatchLines, lines); !read) return read;
    if (lines.empty()) return {};
    for (const auto line : lines)
      use(number++, line);
  }
}

Status print_people(const Directive& directive, const std::string& sample_file) {
  const auto palette = Palette::for_stream(STDOUT_FILENO);
  print_fields(palette, directive);
  for (const auto& warning : directive.warnings)
    std::printf("%s %s\n", palette.yellow("warning:").c_str(), printable(warning).c_str());
  SampleReader reader(directive.profile);
  if (sample_file.empty()) {
    print_sample(palette, directive.sample, reader.read(directive.sample));
    return {};
  }
  return for_each_line(sample_file,
                       [&](size_t, std::string_view line) { print_sample(palette, line, reader.read(line)); });
}

// The directive as one line of JSON, then one for each sample line.
Status print_json(const Directive& directive, const std::string& sample_file) {
  std::printf("%s\n", text_of(understood(directive)).c_str());
  SampleReader reader(directive.profile);
  const auto print_line = [&](size_t number, std::string_view line) {
    Json json = {{"line", number}};
    json.update(reader.read(line));
    std::printf("%s\n", text_of(json).c_str());
  };
  if (!sample_file.empty()) return for_each_line(sample_file, print_line);
  print_line(1, directive.sample);
  return {};
}

int run_compile(const CompileArguments& arguments) {
  const auto directive = compile_argument(arguments.directive);
  if (!directive) return report_usage_error(directive.error());
  const auto done =
      arguments.json ? print_json(*directive, arguments.sample_file) : print_people(*directive, arguments.sample_file);
  if (!done) {
    std::fprintf(stderr, "weir: %s\n", done.error().to_string().c_str());
    return kExitFailed;
  }
  return kExitFine;
}

}  // namespace

void add_compile_command(CLI::App& profiles, int& exit_code) {
  auto arguments = std::make_shared<CompileArguments>();
  auto* compile = profiles.add_subcommand(
      "compile", "Show what is understood of a server's own log directive, and read lines by it");
  add_format_options(*compile, arguments->directive);
  compile
      ->add_option("--sample", arguments->sample_file,
                   "Lines to read by it; - is standard input; without it, a line made up")
      ->option_text("FILE");
  compile->add_flag("--json", arguments->json, "Print JSON: what was understood, then one line for each sample line");
  compile->footer(
      "Example: weir profiles compile --format nginx='$remote_addr [$time_local] \"$request\" $status "
      "\"$http_user_agent\"'\n"
      "Exit codes: 0 understood, 1 the sample could not be read, 2 the directive cannot be understood.");
  compile->callback([arguments, &exit_code] { exit_code = run_compile(*arguments); });
}

}  // namespace weir
