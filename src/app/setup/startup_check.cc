#include "app/setup/startup_check.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <utility>

#include "app/setup/policy_report.h"
#include "enrich/address_database.h"
#include "enrich/address_list.h"
#include "http/api_key_store.h"
#include "http/socket.h"
#include "kafka/check/credential_check.h"
#include "lane/wall_clock.h"
#include "rules/loader.h"

namespace weir {
namespace fs = std::filesystem;
namespace {

class SurroundingsCheck {
 public:
  explicit SurroundingsCheck(const Config& config) : config_(config) {}

  Diagnostics run() {
    found_ = check_credentials(config_);
    check_rule_directories();
    check_quarantine();
    check_cache();
    check_api_keys();
    check_enrichment();
    check_address();
    check_exclusions();
    return std::move(found_);
  }

 private:
  void add(Diagnostic::Severity severity, std::string_view path, std::string message, std::string hint) {
    found_.push_back(config_.finding(severity, path, std::move(message), std::move(hint)));
  }
  void error(std::string_view path, std::string message, std::string hint) {
    add(Diagnostic::Severity::kError, path, std::move(message), std::move(hint));
  }

  void check_exclusions() {
    if (config_.policy == nullptr) return;
    const auto now = wall_clock();
    for (auto& warning : expired_exclusions(*config_.policy, EventTime(now)))
      found_.push_back(std::move(warning));
  }

  void check_rule_directories() {
    const auto& directories = config_.rules.directories;
    for (size_t i = 0; i < directories.size(); ++i) {
      const std::string path = "rules.directories[" + std::to_string(i) + "]";
      Diagnostics problems;
      const auto files = rule_files(directories[i], problems);
      for (const Diagnostic& problem : problems)
        error(path, "rules.directories: '" + directories[i] + "': " + problem.message,
              "name a directory or file that weir's user can read");
      if (problems.empty() && files.empty())
        error(path, "rules.directories: no rule files (*.yml) below '" + directories[i] + "'",
              "leave rules.directories out for the rules installed with weir");
      for (const std::string& file : files) {
        if (::access(file.c_str(), R_OK) == 0) continue;
        error(path, "rules.directories: " + file + " cannot be read: " + std::strerror(errno),
              "weir's user must be able to read it");
      }
    }
  }

  void check_quarantine() {
    const std::string& directory = config_.quarantine.directory;
    if (directory.empty()) return;
    std::error_code ignored;
    if (!fs::exists(directory, ignored)) {
      error("quarantine.directory", "quarantine.directory " + directory + " does not exist",
            "make it, for weir's user");
    } else {
      need_writable("quarantine.directory", directory);
    }
  }

  /// The cache is made when it is missing.
  void check_cache() {
    const std::string& directory = config_.rules.options.cache_directory;
    if (directory.empty()) return;
    fs::path nearest(directory);
    std::error_code ignored;
    while (!fs::exists(nearest, ignored) && nearest.has_relative_path())
      nearest = nearest.parent_path();
    need_writable("rules.cache_directory", nearest.empty() ? "." : nearest.string());
  }

  void need_writable(std::string_view path, const std::string& directory) {
    std::error_code ignored;
    if (!fs::is_directory(directory, ignored)) {
      error(path, std::string(path) + ": " + directory + " is no directory", "name a directory");
    } else if (::access(directory.c_str(), W_OK | X_OK) != 0) {
      error(path, std::string(path) + ": " + directory + " cannot be written: " + std::strerror(errno),
            "weir's user must be able to write there");
    }
  }

  void check_api_keys() {
    if (config_.http.api_keys_file.empty()) return;
    if (const auto keys = ApiKeyStore::load(config_.http.api_keys_file); !keys)
      error("http.api_keys_file", "http.api_keys_file: " + keys.error().detail,
            "each line is a name and what 'weir apikey hash' prints");
  }

  void check_enrichment() {
    const EnrichmentOptions& options = config_.enrichment;
    for (const auto& [path, file] : {std::pair("enrichment.country_database", &options.country_database),
                                     std::pair("enrichment.asn_database", &options.asn_database)}) {
      if (file->empty()) continue;
      if (const auto database = AddressDatabase::open(*file); !database)
        error(path, std::string(path) + ": " + database.error().detail,
              "name a whole MMDB file that weir's user can read");
    }
    check_lists("enrichment.threat_lists", options.threat_lists);
    check_lists("enrichment.crawlers", options.crawlers);
  }

  void check_lists(const std::string& path, const std::vector<std::string>& files) {
    for (size_t i = 0; i < files.size(); ++i) {
      const std::string place = path + "[" + std::to_string(i) + "]";
      const auto list = read_address_list(files[i], config_.enrichment.csv_column);
      if (!list) {
        error(place, path + ": " + list.error().detail,
              "a list holds an address or network a line, a .csv file one in a column, a .json file \"prefixes\"");
      } else if (list->unreadable > 0) {
        add(Diagnostic::Severity::kWarning, place,
            path + ": " + files[i] + ": " + std::to_string(list->unreadable) +
                " of its lines hold no address, the first is line " + std::to_string(list->first_unreadable),
            "they are passed over");
      }
    }
  }

  /// A port in use may be this weir's own, running while its next configuration is checked.
  void check_address() {
    const auto [address, port] = std::pair(config_.http.address, config_.http.port);
    const auto listened = listen_on(address, port);
    if (listened) return;
    if (const auto elsewhere = listen_on(address, 0); !elsewhere) {
      error("http.address", "http.address: " + elsewhere.error().detail,
            "use an address of this machine, 127.0.0.1 or ::1");
    } else if (listened.error().detail.find("in use") != std::string::npos) {
      add(Diagnostic::Severity::kWarning, "http.port", "http.port " + std::to_string(port) + " is in use",
          "fine if it is a running weir that this configuration is for");
    } else {
      error("http.port", "http.port: " + listened.error().detail, "ports below 1024 need a right of their own");
    }
  }

  const Config& config_;
  Diagnostics found_;
};

}  // namespace

Diagnostics check_surroundings(const Config& config) {
  return SurroundingsCheck(config).run();
}

Diagnostics check_threshold(const Config& config, const RuleSet& rules) {
  const auto& options = config.rules.options;
  if (config.policy) return {};  // violations of a policy count, too
  int64_t points = 0;
  for (const RuleInfo& rule : rules.rules())
    if (rule.security_level <= options.security_level) points += rule.weight;
  if (static_cast<int64_t>(options.threshold) <= points) return {};
  const bool chosen = config.places.contains("rules.threshold");
  return {config.finding(chosen ? Diagnostic::Severity::kError : Diagnostic::Severity::kWarning, "rules.threshold",
                         "rules.threshold is " + std::to_string(options.threshold) +
                             ", but all rules at rules.security_level " +
                             std::string(to_string(options.security_level)) + " together give " +
                             std::to_string(points) + " points: no request could ever reach it",
                         "lower it; 10 is usual")};
}

}  // namespace weir
