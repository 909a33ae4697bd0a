#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "alert/encrypting_encoder.h"
#include "app/alerts/alert_lines.h"
#include "app/commands/command.h"
#include "app/setup/command_setup.h"
#include "app/setup/exit_code.h"
#include "app/setup/report.h"

namespace weir {
namespace {

struct DecryptArguments {
  std::string config_file, key_file, topic;
  std::string file;
  bool from_topic = false;
  int64_t ttl_seconds = 0;  ///< 0: any age
};

Result<FernetKeys> keys_of(const DecryptArguments& arguments, const Config& config) {
  if (arguments.key_file.empty()) {
    if (!config.alerts.encryption_keys.empty()) return FernetKeys::parse(config.alerts.encryption_keys);
    return fail(
        ErrorCode::kInvalidArgument, "decrypt",
        "there is no key: name one with --key-file, alerts.encryption_keys in the configuration, or ENCRYPTION_KEY");
  }
  constexpr size_t kKeyFileBytesMax = 4096;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(arguments.key_file.c_str(), "rb"),
                                                             &std::fclose);
  if (file == nullptr)
    return fail(ErrorCode::kInvalidArgument, "decrypt", "cannot read the key file " + arguments.key_file);
  std::string text(kKeyFileBytesMax, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  return FernetKeys::parse(Secret(std::move(text)));
}

/// An alert becomes what it was, a token what it holds; anything else stays.
Result<std::string> decrypted(const std::string& line, const FernetKeys& keys, FernetKeys::Age age) {
  const size_t begin = line.find_first_not_of(" \t");
  if (begin != std::string::npos && line[begin] == '{') return decrypt_alert(line, keys, age);
  const size_t end = line.find_last_not_of(" \t\r") + 1;
  return keys.decrypt(std::string_view(line).substr(begin, end - begin), age);
}

int64_t now_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// `weir decrypt`: 0 when everything was opened, 1 when something could not be, of which nothing is printed then.
int run_decrypt(const DecryptArguments& arguments) {
  const auto config = read_config(arguments.config_file);
  if (!config) return report_usage_error(config.error());
  const auto keys = keys_of(arguments, *config);
  if (!keys) return report_usage_error(keys.error());
  const bool from_topic = arguments.from_topic || !arguments.topic.empty();
  Interruption interruption;
  auto lines = AlertLines::open(*config,
                                from_topic               ? ""
                                : arguments.file.empty() ? "-"
                                                         : arguments.file,
                                arguments.topic, AlertLines::Start::kBeginning, AlertLines::End::kWhatIsThere);
  if (!lines) {
    std::fprintf(stderr, "weir decrypt: %s\n", lines.error().to_string().c_str());
    return kExitFailed;
  }
  bool all_well = true;
  while (true) {
    const auto line = lines->next(interruption);
    if (!line) {
      std::fprintf(stderr, "weir decrypt: %s\n", line.error().to_string().c_str());
      return kExitFailed;
    }
    if (!*line) break;
    if ((*line)->find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto plain = decrypted(**line, *keys, {now_seconds(), arguments.ttl_seconds});
    if (plain) {
      std::fwrite(plain->data(), 1, plain->size(), stdout);
      std::fputc('\n', stdout);
    } else {
      std::fprintf(stderr, "weir decrypt: %s: %s\n", lines->place().c_str(), plain.error().detail.c_str());
      all_well = false;
    }
  }
  return std::fflush(stdout) == 0 && all_well ? kExitFine : kExitFailed;
}

}  // namespace

void add_decrypt_command(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<DecryptArguments>();
  auto* decrypt = program.add_subcommand("decrypt", "Decrypt the evidence in alerts, or Fernet tokens");
  decrypt->add_option("-c,--config", arguments->config_file,
                      "Configuration file (YAML): keys, brokers, topic; defaults without one");
  decrypt->add_option("--key-file", arguments->key_file, "Fernet keys, one a line, instead of alerts.encryption_keys")
      ->option_text("FILE");
  decrypt
      ->add_option("--ttl", arguments->ttl_seconds,
                   "Refuse tokens that are older; an alert's has the time of its request")
      ->option_text("SECONDS")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 40));
  auto* topic = decrypt->add_option("--topic", arguments->topic, "Read this topic");
  topic->option_text("NAME");
  auto* alerts = decrypt->add_flag("--alerts", arguments->from_topic, "Read the topic of kafka.topics.alerts");
  alerts->excludes(topic);
  decrypt->add_option("FILE", arguments->file, "One alert or token a line; - is standard input")
      ->default_str("-")
      ->excludes(topic)
      ->excludes(alerts);
  decrypt->footer(
      "Example: weir decrypt --key-file keys alerts.ndjson\n"
      "Exit codes: 0 all was decrypted, 1 something was not (nothing of it is printed), 2 wrong usage or no key.");
  decrypt->callback([arguments, &exit_code] { exit_code = run_decrypt(*arguments); });
}

}  // namespace weir
