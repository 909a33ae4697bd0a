#include <CLI/CLI.hpp>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "app/commands/command.h"
#include "app/commands/compile_command.h"
#include "app/commands/repeatable.h"
#include "app/input/line_reader.h"
#include "app/setup/command_setup.h"
#include "app/setup/exit_code.h"
#include "app/setup/form_report.h"
#include "event/profile/example_check.h"
#include "event/profile/profile_catalog.h"
#include "event/profile/recognition.h"

namespace weir {
namespace {

constexpr size_t kLineBytesMax = 1 << 20;
constexpr size_t kCandidatesShown = 5;

struct ProfilesArguments {
  std::vector<std::string> folders;  ///< of the user's
  std::string config_file;           ///< which may name more; empty: none
  std::vector<std::string> names;    ///< of profiles, or paths of files
  std::string file;                  ///< whose form is asked for
};

/// The shipped profiles and those of the folders; nothing if one of them has a fault, which was printed.
std::optional<ProfileCatalog> catalog_of(const ProfilesArguments& arguments) {
  std::vector<std::string> folders;
  if (!arguments.config_file.empty()) {
    const auto config = read_config(arguments.config_file);
    if (!config) return std::nullopt;
    folders = config->profiles.directories;
  }
  folders.insert(folders.end(), arguments.folders.begin(), arguments.folders.end());
  if (folders.empty()) return ProfileCatalog::shipped();
  Diagnostics diagnostics;
  auto catalog = ProfileCatalog::with_folders(folders, diagnostics);
  for (const auto& diagnostic : diagnostics)
    std::fprintf(stderr, "%s\n", diagnostic.to_string().c_str());
  if (has_errors(diagnostics)) return std::nullopt;
  return catalog;
}

/// The profiles named (all without names), by name or by the path of a file; nothing if one is none, which was printed.
std::optional<std::vector<ProfileFile>> chosen(const ProfilesArguments& arguments) {
  const auto catalog = catalog_of(arguments);
  if (!catalog) return std::nullopt;
  if (arguments.names.empty()) return catalog->profiles();
  std::vector<ProfileFile> files;
  for (const std::string& name : arguments.names) {
    if (const auto* found = catalog->find(name)) {
      files.push_back(*found);
      continue;
    }
    if (!name.ends_with(".yaml")) {
      std::fprintf(stderr, "weir profiles: no profile '%s'; there are %s\n", name.c_str(), catalog->names().c_str());
      return std::nullopt;
    }
    Diagnostics diagnostics;
    auto file = read_profile_file(name, diagnostics);
    for (const auto& diagnostic : diagnostics)
      std::fprintf(stderr, "%s\n", diagnostic.to_string().c_str());
    if (!file) return std::nullopt;
    files.push_back(std::move(*file));
  }
  return files;
}

int run_list(const ProfilesArguments& arguments) {
  const auto catalog = catalog_of(arguments);
  if (!catalog) return kExitUsage;
  for (const auto& [profile, file, examples] : catalog->profiles()) {
    const char* form = profile.reads_json() ? (profile.reads_text() ? "JSON, text" : "JSON") : "text";
    std::printf("%-20s %-10s  %s\n", profile.name.c_str(), form, profile.title.c_str());
  }
  return kExitFine;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const auto& text : texts)
    all += (all.empty() ? "" : ", ") + text;
  return all;
}

void show(const ProfileFile& file) {
  const InputProfile& profile = file.profile;
  std::printf("%s: %s\n(%s)\n\n%s\n", profile.name.c_str(), profile.title.c_str(), file.file.c_str(),
              profile.about.c_str());
  if (!profile.identity_note.empty()) std::printf("Identity: %s\n\n", profile.identity_note.c_str());
  if (!profile.split.empty()) std::printf("List of records: %s\n", profile.split.c_str());
  if (!profile.unwrap.empty()) std::printf("Envelope: %s\n", joined(profile.unwrap).c_str());
  if (profile.reads_json()) std::printf("JSON:\n");
  for (const auto& [name, mapping] : profile_fields()) {
    const auto& pointers = (profile.*mapping).pointers;
    if (!pointers.empty()) std::printf("  %-17s %s\n", std::string(name).c_str(), joined(pointers).c_str());
  }
  for (const auto& [prefix, of] : profile.header_prefixes)
    std::printf("  %-17s %sNAME\n", of == HeaderPrefix::Of::kRequest ? "request headers" : "response headers",
                prefix.c_str());
  for (const TextFormat& format : profile.texts)
    std::printf("Text: %s\n", format.name.c_str());
  if (!profile.columns.empty()) std::printf("Text: columns named by a #Fields line\n");
  std::printf("Examples:\n");
  for (const ProfileExample& example : file.examples)
    std::printf("  %s\n", example.text.c_str());
}

int run_show(const ProfilesArguments& arguments) {
  const auto files = chosen(arguments);
  if (!files) return kExitUsage;
  for (const ProfileFile& file : *files)
    show(file);
  return kExitFine;
}

int run_test(const ProfilesArguments& arguments) {
  const auto files = chosen(arguments);
  if (!files) return kExitUsage;
  size_t examples = 0, failed = 0;
  for (const ProfileFile& file : *files) {
    for (const ProfileExample& example : file.examples) {
      ++examples;
      const auto faults = check_example(file.profile, example);
      failed += !faults.empty();
      for (const auto& fault : faults)
        std::printf("%s:%d: %s\n", file.file.c_str(), example.line, fault.c_str());
    }
  }
  std::printf("%zu profiles, %zu examples, %zu failed\n", files->size(), examples, failed);
  return failed == 0 ? kExitFine : kExitFailed;
}

void print_configuration(const RecognitionCandidate& best) {
  if (!best.made_up.empty()) {
    std::printf(
        "\n# No profile knows this form. Look at what was told of it, save it as mine.yaml, and write into the "
        "configuration\n# input: {profile: ./mine.yaml}. Your server's own log directive says more: input.format.\n%s",
        best.made_up.c_str());
    return;
  }
  std::printf("\n# for the configuration:\ninput:\n");
  for (const std::string& line : configuration_lines(best))
    std::printf("  %s\n", line.c_str());
}

int run_detect(const ProfilesArguments& arguments) {
  const auto catalog = catalog_of(arguments);
  if (!catalog) return kExitUsage;
  LineReader reader(arguments.file, kLineBytesMax);
  std::vector<std::string_view> lines;
  auto read = reader.open();
  if (read) read = reader.read(kRecognitionLinesMax, lines);
  if (!read) {
    std::fprintf(stderr, "weir profiles: %s\n", read.error().to_string().c_str());
    return kExitFailed;
  }
  const auto recognition = recognise_format(lines, InputOptions{}, *catalog);
  const auto* best = recognition.best();
  if (best == nullptr) {
    std::printf("none of the %zu lines looked at has a form that a profile reads\n", recognition.lines);
    return kExitFailed;
  }
  std::printf("%s: %s, %zu of %zu lines\n", arguments.file.c_str(), describe(*best).c_str(), best->lines_read,
              recognition.lines);
  for (const auto field : best->missing)
    std::printf("  no line has: %s\n", std::string(field_name(field)).c_str());
  for (size_t i = 1; i < recognition.candidates.size() && i < kCandidatesShown; ++i) {
    const auto& other = recognition.candidates[i];
    std::printf("  less fits: %s, %zu lines, %llu points against %llu\n", describe(other).c_str(), other.lines_read,
                static_cast<unsigned long long>(other.points), static_cast<unsigned long long>(best->points));
  }
  print_configuration(*best);
  return kExitFine;
}

}  // namespace

void add_profiles_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<ProfilesArguments>();
  auto* profiles = program.add_subcommand("profiles", "Work on input profiles: the forms of logs that can be read");
  profiles->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, int (*command)(const ProfilesArguments&)) {
    auto* sub = profiles->add_subcommand(name, help);
    repeatable(
        sub->add_option("--folder", arguments->folders, "Folder with profiles of your own (*.yaml); may be repeated"));
    sub->add_option("-c,--config", arguments->config_file, "Configuration whose profiles.directories count, too");
    sub->callback([arguments, command, &exit_code] { exit_code = command(*arguments); });
    return sub;
  };
  add("list", "Print one line per profile, its name first", run_list);
  add("show", "Print what a profile reads, and its examples", run_show)
      ->add_option("NAME", arguments->names, "Profile, or a profile file")
      ->required();
  add("test", "Run the examples of profiles", run_test)
      ->add_option("NAME", arguments->names, "Profiles, or profile files; all without one");
  add("detect", "Say what form a log has, and print the configuration for it", run_detect)
      ->add_option("FILE", arguments->file, "A log; - is standard input")
      ->required();
  add_compile_command(*profiles, exit_code);
}

}  // namespace weir
