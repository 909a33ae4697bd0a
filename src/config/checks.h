#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "config/config.h"

namespace weir {

/// Collects what is wrong with a configuration's values, each at the place where the property was written.
class ConfigReport {
 public:
  ConfigReport(const Config& config, Diagnostics& diagnostics) : config_(config), diagnostics_(diagnostics) {}

  void error(std::string_view path, std::string message, std::string hint = {}) {
    add(Diagnostic::Severity::kError, path, std::move(message), std::move(hint));
  }
  void warning(std::string_view path, std::string message, std::string hint = {}) {
    add(Diagnostic::Severity::kWarning, path, std::move(message), std::move(hint));
  }
  /// The first of some properties that contradict each other which is written somewhere; the first one when none is.
  [[nodiscard]] std::string_view written_of(std::initializer_list<std::string_view> paths) const {
    for (const auto path : paths)
      if (is_set(path)) return path;
    return *paths.begin();
  }
  /// Whether the property is written somewhere, and not at its default.
  [[nodiscard]] bool is_set(std::string_view path) const { return config_.places.contains(path); }

 private:
  void add(Diagnostic::Severity severity, std::string_view path, std::string message, std::string hint) {
    diagnostics_.push_back(config_.finding(severity, path, std::move(message), std::move(hint)));
  }

  const Config& config_;
  Diagnostics& diagnostics_;
};

/// What the bounds of single properties cannot say: forms of addresses and names, and properties that need each other.
/// Also makes input.trusted_proxies, input.time_zone and score.bursts.shared_networks from their texts. Looks at values only, never at files.
void check_config(Config& config, Diagnostics& diagnostics);

/// Its parts: brokers, topics, security, lanes and their memory; and windows, points and bursts that could never be reached.
void check_kafka(const Config& config, ConfigReport& report);
void check_score(const Config& config, ConfigReport& report);

/// The path of an item of a list: "rules.directories[0]".
std::string item_path(std::string_view list, size_t index);

/// The part of it that concerns how records are read: `input`, or a source in its place.
void check_input(Config& config, Diagnostics& diagnostics);

}  // namespace weir
