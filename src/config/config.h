#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/client_kind.h"
#include "base/diagnostic.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "config/notify_config.h"
#include "decode/decoder.h"
#include "detect/rule_set.h"
#include "enrich/enrichment_options.h"
#include "event/input_profile.h"
#include "event/profile/profile_catalog.h"
#include "evidence/personal_data.h"
#include "policy/policy.h"
#include "score/decisions/decision_policy.h"
#include "score/score_options.h"

// The typed configuration. A default-constructed section holds the documented defaults. What each property is called in
// YAML, its unit, bounds and help stand in one table: config/properties.cc.
namespace weir {

enum class Stage : uint8_t { kDetect, kScore };
template <>
inline constexpr auto kNamesOf<Stage> = std::to_array<std::string_view>({"detect", "score"});
enum class Delivery : uint8_t { kExactlyOnce, kAtLeastOnce };
template <>
inline constexpr auto kNamesOf<Delivery> = std::to_array<std::string_view>({"exactly_once", "at_least_once"});
enum class TopicCreation : uint8_t { kNever, kIfMissing };
template <>
inline constexpr auto kNamesOf<TopicCreation> = std::to_array<std::string_view>({"false", "true"});
enum class FileWatch : uint8_t { kOff, kOn };
template <>
inline constexpr auto kNamesOf<FileWatch> = std::to_array<std::string_view>({"false", "true"});
enum class SecurityProtocol : uint8_t { kPlaintext, kSsl, kSaslPlaintext, kSaslSsl };
template <>
inline constexpr auto kNamesOf<SecurityProtocol> = std::to_array<std::string_view>({"plaintext", "ssl",
                                                                                    "sasl_plaintext", "sasl_ssl"});
enum class LogLevel : uint8_t { kTrace, kDebug, kInfo, kWarning, kError };
template <>
inline constexpr auto kNamesOf<LogLevel> = std::to_array<std::string_view>({"trace", "debug", "info", "warning",
                                                                            "error"});
enum class LogFormat : uint8_t { kText, kJson };
template <>
inline constexpr auto kNamesOf<LogFormat> = std::to_array<std::string_view>({"text", "json"});
enum class LogTarget : uint8_t { kAuto, kJournald, kStderr };
template <>
inline constexpr auto kNamesOf<LogTarget> = std::to_array<std::string_view>({"auto", "journald", "stderr"});

/// Where a value was written: a file, or an environment variable (then without a position).
struct ConfigPlace {
  std::string source;
  int line = 0;  ///< from 1; 0 when there is none
  int column = 0;
};

struct KafkaTopics {
  std::vector<std::string> requests{"http.requests"};
  std::string alerts = "weir.alerts";
  std::string observations = "weir.observations";
  std::string state = "weir.state";
  std::string dead_letter = "weir.deadletter";
  std::string decisions = "weir.decisions";
  std::string verdicts = "weir.verdicts";  ///< compacted; written by people through weir alerts mark
  TopicCreation create = TopicCreation::kIfMissing;
  int32_t observations_partitions = 8;  ///< of the observations and the state topic when weir creates them
  int32_t alerts_partitions = 4;        ///< of the alerts and the dead-letter topic when weir creates them
  int32_t replication_factor = -1;      ///< -1: the broker's default
};

struct KafkaSecurity {
  SecurityProtocol protocol = SecurityProtocol::kPlaintext;
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  Secret key_password;
  std::string sasl_mechanism;  ///< PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512
  std::string sasl_username;
  Secret sasl_password;
};

struct KafkaConfig {
  std::string bootstrap_servers = "127.0.0.1:9092";  ///< comma-separated host:port
  std::string group_id = "weir";                     ///< the consumer groups are <group_id>-detect and <group_id>-score
  std::string instance_id;  ///< static membership, unique per process; empty: dynamic membership
  Milliseconds session_timeout{30'000};
  /// How long a start waits for a broker; 0: as long as it takes, -1: the same under systemd and 30 s elsewhere.
  Milliseconds start_timeout{-1};
  KafkaTopics topics;
  KafkaSecurity security;
  /// Passed to librdkafka verbatim, over what weir sets itself.
  std::map<std::string, Secret> client_properties;
  /// Where each of them was written: what librdkafka finds wrong with them is told with the place.
  std::map<std::string, ConfigPlace> client_property_places;
};

struct LanesConfig {
  uint32_t detect = 0;  ///< 0: one per core
  uint32_t score = 1;
};

struct BatchConfig {
  uint32_t records_max = 512;
  Milliseconds wait_max{20};          ///< a batch that is not full is worked on after this time
  Milliseconds commit_interval{200};  ///< offsets are committed and output flushed at least this often
};

struct MemoryConfig {
  uint32_t kafka_kbytes = 524'288;     ///< of the Kafka clients of all lanes together; the others derive from it
  uint32_t consumer_queue_kbytes = 0;  ///< prefetched records per lane; 0: derived
  uint32_t fetch_bytes_max = 0;        ///< one fetch response; 0: derived
  uint32_t producer_queue_kbytes = 0;  ///< unsent output per lane; 0: derived
};

/// Records that crash the process.
struct QuarantineConfig {
  std::string directory;  ///< for the journal; empty: no quarantine
  uint32_t crashes = 3;   ///< at a record; then it goes to the dead-letter topic unread
};

struct RulesConfig {
  std::vector<std::string> directories;  ///< empty: the installed rules, or the repository's
  RuleSetOptions options;
  FileWatch watch = FileWatch::kOn;
  Milliseconds watch_interval{30'000};  ///< the files are read so often even if the system reports no change
};

/// Topics whose records have one form, and how they are read: an entry of `sources`, or all of `input`.
struct SourceConfig {
  std::string name;                 ///< a label: in metrics, alerts and the log
  std::vector<std::string> topics;  ///< names, and patterns (^…)
  InputOptions input;
  bool input_is_chosen = false;              ///< a profile, a format or fields are given
  uint32_t fields_chosen = 0;                ///< as Config's
  std::string time_zone = "UTC";             ///< as Config's
  std::vector<std::string> trusted_proxies;  ///< as Config's
  std::vector<ClientKind> client_order;      ///< AB4
  std::vector<std::string> identity_headers;
};

/// The name of the one source that there is without `sources`.
inline constexpr const char* kDefaultSource = "default";

struct ProfilesConfig {
  std::vector<std::string> directories;  ///< with profiles of the user's own
  /// The shipped profiles and those; null: the shipped ones alone.
  std::shared_ptr<const ProfileCatalog> catalog;
};

struct HttpConfig {
  std::string address = "127.0.0.1";
  uint16_t port = 9464;
  std::string api_keys_file;                   ///< callers of the admin API; empty: loopback without a key
  std::vector<std::string> allowed_addresses;  ///< networks, as written; empty: loopback only
  uint32_t requests_per_minute = 100;          ///< of one address
};

enum class AlertEncoding : uint8_t { kOcsf, kEcs };
template <>
inline constexpr auto kNamesOf<AlertEncoding> = std::to_array<std::string_view>({"ocsf", "ecs"});

struct AlertsConfig {
  AlertEncoding encoding = AlertEncoding::kOcsf;
  Secret encryption_keys;  ///< Fernet keys, the first encrypts; empty: evidence is not encrypted
};

enum class SpareCrawlers : uint8_t { kOff, kOn };
template <>
inline constexpr auto kNamesOf<SpareCrawlers> = std::to_array<std::string_view>({"false", "true"});

/// Which alerts lead to decisions; score.decisions is made from it.
struct DecisionsConfig {
  DecisionPolicy policy;           ///< without the addresses that are no subject
  std::vector<std::string> never;  ///< networks, as written
  SpareCrawlers spare_crawlers = SpareCrawlers::kOn;
  uint32_t remember_s = 7 * 86'400;
};

struct LogConfig {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
  LogTarget target = LogTarget::kAuto;
};

struct Config {
  std::vector<Stage> stages{Stage::kDetect, Stage::kScore};
  Delivery delivery = Delivery::kExactlyOnce;
  /// Keys the hash that spreads clients over partitions; the same in every process. Empty: a fixed, public key.
  Secret hash_key;
  KafkaConfig kafka;
  LanesConfig lanes;
  BatchConfig batch;
  MemoryConfig memory;
  QuarantineConfig quarantine;
  InputOptions input;
  bool input_is_chosen = false;              ///< the file says how records are read, by a profile or by fields
  uint32_t fields_chosen = 0;                ///< 1 << ProfileFieldIndex for each of input.fields that is given
  std::string time_zone = "UTC";             ///< by name; input.time_zone is made from it
  std::vector<std::string> trusted_proxies;  ///< as written; input.trusted_proxies is made from it
  std::vector<ClientKind> client_order{ClientKind::kCustomer, ClientKind::kApiKey, ClientKind::kAddress};  ///< AB4
  std::vector<std::string> identity_headers{"authorization",
                                            "x-api-key"};  ///< credentials in them stand for API keys (KE2)
  /// How records of different topics are read, where that differs; empty: all as `input` says. Each has begun with `input`, and
  /// kafka.topics.requests are the topics of all.
  std::vector<SourceConfig> sources;
  ProfilesConfig profiles;
  DecodeOptions decode;
  RulesConfig rules;
  std::shared_ptr<const Policy> policy;   ///< null without the section
  std::vector<std::string> policy_files;  ///< those that it was read from besides the configuration
  ScoreOptions score;
  std::vector<std::string> shared_networks;  ///< as written; score.bursts.shared_networks is made from it
  Milliseconds snapshot_round{30'000};       ///< in which all client state is written to Kafka once
  HttpConfig http;
  LogConfig log;
  AlertsConfig alerts;
  EnrichmentOptions enrichment;
  DecisionsConfig decisions;
  NotifyConfig notify;
  std::vector<PersonalData> personal_data{PersonalData::kIban, PersonalData::kNationalId};  ///< masked besides secrets
  /// Where the properties that are not at their defaults were written, by path; items of lists as "rules.directories[0]".
  std::map<std::string, ConfigPlace, std::less<>> places;
  std::string file;  ///< that it was read from

  [[nodiscard]] bool has_stage(Stage stage) const;
  /// Where a property was written: its own place, that of the list for an item, or the file for a default.
  [[nodiscard]] ConfigPlace place_of(std::string_view path) const;
  /// What is wrong with a property's value, at its place.
  [[nodiscard]] Diagnostic finding(Diagnostic::Severity severity, std::string_view path, std::string message,
                                   std::string hint = {}) const;
  /// `sources`, or the one that `input` is.
  [[nodiscard]] std::vector<SourceConfig> all_sources() const;
  /// This configuration with one source alone, as if `input` said all that the source does.
  [[nodiscard]] Config with_only(const SourceConfig& source) const;
  /// The profiles that can be named.
  [[nodiscard]] const ProfileCatalog& profile_catalog() const;
};

/// Environment variables by name.
using Environment = std::map<std::string, std::string>;

/// This process's environment, the part that weir reads: WEIR_*, CREDENTIALS_DIRECTORY and ENCRYPTION_KEY.
Environment process_environment();

/// Every property at its default.
Config default_config();

/// Reads a configuration file. Every error is reported into `diagnostics` at once, each with line, column and a hint; the
/// result is an error if there was any. Variables of the form WEIR_SECTION__KEY override the file. Blocks on file reads.
Result<Config> load_config(const std::string& path, const Environment& environment, Diagnostics& diagnostics);

/// As load_config, of a text; `file` is what the diagnostics call it.
Result<Config> load_config_text(const std::string& yaml, const std::string& file, const Environment& environment,
                                Diagnostics& diagnostics);

/// The effective configuration as YAML that load_config reads again; secrets are masked.
std::string print_config(const Config& config);

/// JSON Schema (2020-12) of the file, for editors.
std::string config_json_schema();

/// The reference of all properties, in Markdown.
std::string config_reference_markdown();

}  // namespace weir
