#include "app/setup/command_setup.h"

#include <cstdio>
#include <random>

#include "alert/ecs.h"
#include "alert/encrypting_encoder.h"
#include "alert/ocsf.h"
#include "app/setup/report.h"
#include "app/setup/rule_source.h"
#include "app/setup/source_readings.h"
#include "app/setup/startup_check.h"
#include "app/setup/user_cache.h"
#include "base/assert.h"
#include "detect/compile/canaries.h"
#include "event/profile/profile_catalog.h"
#include "kafka/check/client_check.h"
#include "pipeline/policy_stage.h"

namespace weir {

Result<Config> read_config(const std::string& config_file) {
  Diagnostics diagnostics;
  auto config = config_file.empty() ? load_config_text("", "defaults", process_environment(), diagnostics)
                                    : load_config(config_file, process_environment(), diagnostics);
  if (config) {
    for (Diagnostic& finding : check_client_properties(*config))
      diagnostics.push_back(std::move(finding));
  }
  print_findings(diagnostics);
  if (config && has_errors(diagnostics))
    return fail(ErrorCode::kInvalidArgument, "kafka", "kafka.client_properties cannot be used");
  return config;
}

Result<InputProfile> profile_named(const std::string& name, const Config& config) {
  if (!name.ends_with(".yaml")) {
    const auto* own = config.profiles.catalog ? config.profiles.catalog->find(name) : nullptr;
    if (own != nullptr) return own->profile;
    if (auto built_in = InputProfile::built_in(name)) return std::move(*built_in);
    return fail(ErrorCode::kInvalidArgument, "profile",
                "no profile '" + name + "'; there are " + config.profile_catalog().names() +
                    ", and files of your own by their path (mine.yaml)");
  }
  Diagnostics diagnostics;
  auto file = read_profile_file(name, diagnostics);
  for (const auto& diagnostic : diagnostics)
    std::fprintf(stderr, "%s\n", diagnostic.to_string().c_str());
  if (!file) return fail(ErrorCode::kInvalidArgument, "profile", "'" + name + "' cannot be used");
  return std::move(file->profile);
}

namespace {

/// A source says how its records are read, if only by what it leaves as it is: nothing is recognised then.
Result<Config> named_source(const Config& config, const std::string& name) {
  auto chosen = config_of_source(config, name);
  if (chosen && !config.sources.empty()) chosen->input_is_chosen = true;
  return chosen;
}

Result<Config> choose_source(Config config, const SetupArguments& arguments) {
  const bool has_form = !arguments.profile.empty() || arguments.format.given();
  const bool must_name = arguments.sources == SetupArguments::Sources::kNamedOne && !has_form;
  if (!arguments.source.empty() || config.sources.size() == 1 || must_name)
    return named_source(config, arguments.source);
  config.sources.clear();
  return config;
}

void choose_cache(RuleCache cache, std::string& directory) {
  if (cache == RuleCache::kNone) directory.clear();
  if (cache == RuleCache::kUser && directory.empty()) directory = user_cache_directory();
}

/// Prints the findings; whether there is no error among them.
bool report(const Diagnostics& findings) {
  print_findings(findings);
  return !has_errors(findings);
}

}  // namespace

Result<CommandSetup> prepare_command(const SetupArguments& arguments) {
  CommandSetup setup;
  auto config = read_config(arguments.config_file);
  if (!config) return tl::unexpected(config.error());
  setup.config = std::move(*config);
  setup.config_file = arguments.config_file;
  if (arguments.sources != SetupArguments::Sources::kAll) {
    auto chosen = choose_source(setup.config, arguments);
    if (!chosen) return tl::unexpected(chosen.error());
    setup.config = std::move(*chosen);
  }
  if (!arguments.profile.empty()) {
    auto profile = profile_named(arguments.profile, setup.config);
    if (!profile) return tl::unexpected(profile.error());
    setup.config.input.profile = std::move(*profile);
    setup.config.input_is_chosen = true;
  }
  if (arguments.format.given()) {
    auto profile = profile_of_argument(arguments.format);
    if (!profile) return tl::unexpected(profile.error());
    setup.config.input.profile = std::move(*profile);
    setup.config.input_is_chosen = true;
  }
  const bool checks = arguments.surroundings == Surroundings::kChecked;
  const bool can_run = !checks || report(check_surroundings(setup.config));
  choose_cache(arguments.cache, setup.config.rules.options.cache_directory);
  if (auto proven = run_matcher_canaries(setup.config.rules.options.cache_directory); !proven)
    return tl::unexpected(proven.error());
  setup.rule_directories = resolve_rule_directories(arguments.rule_directories.empty() ? setup.config.rules.directories
                                                                                       : arguments.rule_directories);
  setup.watched_paths = setup.rule_directories;
  if (!arguments.config_file.empty()) setup.watched_paths.push_back(arguments.config_file);
  for (const auto& file : setup.config.policy_files)
    setup.watched_paths.push_back(file);
  for (const auto& folder : setup.config.profiles.directories)
    setup.watched_paths.push_back(folder);
  setup.watched_digest = digest_of_files(setup.watched_paths);
  auto rules = load_rule_set(setup.rule_directories, setup.config.rules.options);
  if (!rules) return tl::unexpected(rules.error());
  setup.rules = std::move(*rules);
  if (setup.config.policy) {
    for (const std::string& warning : unknown_rules(*setup.config.policy, *setup.rules))
      std::fprintf(stderr, "%s\n", warning.c_str());
  }
  const bool can_judge = !checks || report(check_threshold(setup.config, *setup.rules));
  if (!can_run || !can_judge)
    return fail(ErrorCode::kInvalidArgument, "config", arguments.config_file + " cannot be run here");
  return setup;
}

Result<std::shared_ptr<EnrichmentSlot>> load_enrichment(const Config& config) {
  if (!config.enrichment.any()) return nullptr;
  auto loaded = Enrichment::load(config.enrichment);
  if (!loaded) return tl::unexpected(loaded.error());
  return std::make_shared<EnrichmentSlot>(std::move(*loaded));
}

Status spare_crawlers(Config& config) {
  if (!config.score.decisions || config.decisions.spare_crawlers == SpareCrawlers::kOff) return {};
  auto policy = std::make_shared<DecisionPolicy>(*config.score.decisions);
  for (const std::string& path : config.enrichment.crawlers) {
    auto list = read_address_list(path, config.enrichment.csv_column);
    if (!list) return tl::unexpected(list.error());
    policy->crawlers.push_back(std::move(list->addresses));
  }
  config.score.decisions = std::move(policy);
  return {};
}

std::shared_ptr<const AlertEncoder> alert_encoder(const Config& config, TopicTable topics) {
  std::shared_ptr<const AlertEncoder> encoder =
      std::make_shared<OcsfEncoder>(WEIR_VERSION, std::move(topics), config.kafka.instance_id);
  if (config.alerts.encoding == AlertEncoding::kEcs) encoder = std::make_shared<EcsEncoder>(std::move(encoder));
  if (config.alerts.encryption_keys.empty()) return encoder;
  auto keys = FernetKeys::parse(config.alerts.encryption_keys);
  WEIR_ASSERT(keys.has_value(), "the configuration was checked");
  return std::make_shared<EncryptingEncoder>(std::move(encoder), std::move(*keys));
}

AnalyzerOptions analyzer_options(const Config& config) {
  AnalyzerOptions options;
  options.input = config.input;
  options.decode = config.decode;
  if (!config.hash_key.empty()) options.hash_key = siphash_key_from(config.hash_key.reveal());
  std::random_device random;
  options.matching.line_secret = LineSecret::from(std::ref(random));
  options.client_order = config.client_order;
  options.identity_headers = config.identity_headers;
  options.masker = Masker(config.personal_data);
  return options;
}

}  // namespace weir
