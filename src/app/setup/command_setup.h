#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "alert/alert_encoder.h"
#include "app/setup/content_digest.h"
#include "app/setup/directive_argument.h"
#include "base/result.h"
#include "base/topic_table.h"
#include "config/config.h"
#include "detect/rule_set.h"
#include "enrich/enrichment.h"
#include "pipeline/analyzer.h"

namespace weir {

/// What every command that judges records needs.
struct CommandSetup {
  Config config;
  std::string config_file;  ///< empty: defaults
  std::vector<std::string> rule_directories;
  std::vector<std::string> watched_paths;  ///< rule directories, the configuration and its policy files
  ContentDigest watched_digest;            ///< of what stands there, taken before the rules were loaded
  std::shared_ptr<const RuleSet> rules;
  bool embedded_broker = false;  ///< `weir demo`
};

/// Whether compiled rules are kept for the next start where the configuration names no directory for that.
enum class RuleCache : uint8_t {
  kConfigured,  ///< only where the configuration says
  kUser,        ///< else in the user's cache directory
  kNone,
};

/// Whether what the daemon needs of this machine is looked at, too.
enum class Surroundings : uint8_t { kIgnored, kChecked };

/// What a command line says of it.
struct SetupArguments {
  enum class Sources : uint8_t {
    kAll,  ///< as the daemon
    kOne,  ///< the one that `source` names, or the only one; where there are several and none is named, `input` counts
    kNamedOne,  ///< the same, but then a profile or format must be given
  };

  std::string config_file;                    ///< empty: defaults
  std::vector<std::string> rule_directories;  ///< replace the configuration's
  Sources sources = Sources::kOne;
  std::string source;        ///< of the configuration, by its name
  std::string profile;       ///< built-in profile's name; empty: the configuration's
  DirectiveArgument format;  ///< a server's log directive, in place of a profile
  RuleCache cache = RuleCache::kUser;
  Surroundings surroundings = Surroundings::kIgnored;
};

/// A profile that the configuration knows by its name, or one of the user's by the path of its file (mine.yaml). What is wrong with a file is
/// printed to standard error.
Result<InputProfile> profile_named(const std::string& name, const Config& config);

/// Reads the configuration (defaults without a file), applies the command line's rule directories and profile over it,
/// proves the matching library and compiles the rules. All findings about files are printed to standard error. With
/// Surroundings::kChecked it is all that `weir run` does before it needs a broker, and so what `weir config check` is.
Result<CommandSetup> prepare_command(const SetupArguments& arguments);

/// Only the first part of it.
Result<Config> read_config(const std::string& config_file);

/// What alerts are enriched from, read now; null where the configuration names nothing.
Result<std::shared_ptr<EnrichmentSlot>> load_enrichment(const Config& config);

/// Makes the addresses of verified crawlers no subject of decisions, where the configuration wants it; reads their files.
Status spare_crawlers(Config& config);

/// How alerts are written: the one place that says which encoding it is.
std::shared_ptr<const AlertEncoder> alert_encoder(const Config& config, TopicTable topics);

/// The detect stage's options out of the configuration: the same for the daemon, `weir scan` and `weir explain`, but for a
/// secret of the process that shows in no result. Without sources, which the daemon adds: as `input` says.
AnalyzerOptions analyzer_options(const Config& config);

}  // namespace weir
