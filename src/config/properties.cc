#include <array>

#include "config/property.h"

// Every property of the configuration, once: name, place in Config, unit, bounds, when it takes effect, help.
namespace weir {
namespace {

constexpr int64_t kDayMs = 86'400'000;

constexpr std::array<std::string_view, 2> kStageNames{"detect", "score"};
constexpr std::array<std::string_view, 2> kDeliveryNames{"exactly_once", "at_least_once"};
constexpr std::array<std::string_view, 2> kTruth{"false", "true"};
constexpr std::array<std::string_view, 4> kProtocolNames{"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"};
constexpr std::array<std::string_view, 5> kLogLevelNames{"trace", "debug", "info", "warning", "error"};
constexpr std::array<std::string_view, 2> kLogFormatNames{"text", "json"};
constexpr std::array<std::string_view, 3> kLogTargetNames{"auto", "journald", "stderr"};
constexpr std::array<std::string_view, 3> kClientKindNames{"customer", "api_key", "address"};
constexpr std::array<std::string_view, 4> kDurationUnitNames{"ns", "us", "ms", "s"};
constexpr std::array<std::string_view, 7> kTimestampFormatNames{"auto",     "rfc3339",  "epoch_s",   "epoch_ms",
                                                                "epoch_us", "epoch_ns", "common_log"};
constexpr std::array<std::string_view, 3> kSecurityLevelNames{"permissive", "standard", "strict"};

// A stateless lambda that reaches an enumeration becomes a pair of functions over the index of its name.
template <typename Reach>
ChoiceAccess choice(Reach, std::span<const std::string_view> names) {
  return {names, [](const Config& config) { return static_cast<size_t>(Reach{}(const_cast<Config&>(config))); },
          [](Config& config, size_t index) {
            auto& member = Reach{}(config);
            member = static_cast<std::remove_reference_t<decltype(member)>>(index);
          }};
}

template <typename Reach>
ChoiceListAccess choices(Reach, std::span<const std::string_view> names) {
  return {names,
          [](const Config& config) {
            std::vector<size_t> indices;
            for (const auto value : Reach{}(const_cast<Config&>(config))) indices.push_back(static_cast<size_t>(value));
            return indices;
          },
          [](Config& config, const std::vector<size_t>& indices) {
            auto& member = Reach{}(config);
            using Choice = typename std::remove_reference_t<decltype(member)>::value_type;
            member.clear();
            for (const size_t index : indices) member.push_back(static_cast<Choice>(index));
          }};
}

// Reaching a member needs a lambda per property; written out, they would hide the table.
#define AT(member) +[](Config & config) -> decltype((config.member)) { return config.member; }
#define REACH(member) [](Config & config) -> decltype((config.member)) { return config.member; }
#define FIELD(name) \
  Property { "input.fields." #name, AT(input.profile.name.pointers), "", {}, Effect::kRestart, "where the event's " #name " stands" }

const auto& property_table() {
  static const std::array kTable{
      Property{"stages", choices(REACH(stages), kStageNames), "", {}, Effect::kRestart, "which stages this process runs"},
      Property{"delivery", choice(REACH(delivery), kDeliveryNames), "", {}, Effect::kRestart,
               "guarantee of the output; this release works at_least_once only (repeats carry the same alert id)"},
      Property{"hash_key", AT(hash_key), "", {}, Effect::kRestart,
               "secret that keys the hash which spreads clients over partitions; the same in every process. Without one a "
               "client who knows weir can choose its partition"},

      Property{"kafka.bootstrap_servers", AT(kafka.bootstrap_servers), "", {}, Effect::kRestart, "brokers to start from, host:port, comma-separated"},
      Property{"kafka.group_id", AT(kafka.group_id), "", {}, Effect::kRestart, "the consumer groups are <group_id>-detect and <group_id>-score"},
      Property{"kafka.instance_id", AT(kafka.instance_id), "", {}, Effect::kRestart,
               "static group membership: a name of this process that no other one has; empty for dynamic membership"},
      Property{"kafka.session_timeout_ms", AT(kafka.session_timeout), "ms", {6'000, 1'800'000}, Effect::kRestart,
               "after this silence the group gives the partitions of a process away"},
      Property{"kafka.client_properties", AT(kafka.client_properties), "", {}, Effect::kRestart,
               "properties passed to librdkafka as they are, over those that weir sets; values are treated as secrets"},
      Property{"kafka.topics.requests", AT(kafka.topics.requests), "", {}, Effect::kRestart, "topics with request logs"},
      Property{"kafka.topics.alerts", AT(kafka.topics.alerts), "", {}, Effect::kRestart, "topic for alerts"},
      Property{"kafka.topics.observations", AT(kafka.topics.observations), "", {}, Effect::kRestart, "topic between the stages"},
      Property{"kafka.topics.state", AT(kafka.topics.state), "", {}, Effect::kRestart, "compacted topic for snapshots of client state"},
      Property{"kafka.topics.dead_letter", AT(kafka.topics.dead_letter), "", {}, Effect::kRestart, "topic for records that could not be read"},
      Property{"kafka.topics.create", choice(REACH(kafka.topics.create), kTruth), "", {}, Effect::kRestart, "create topics of weir's own that are missing"},
      Property{"kafka.topics.observations_partitions", AT(kafka.topics.observations_partitions), "partitions", {1, 10'000}, Effect::kRestart,
               "of the observations and state topics when weir creates them; it bounds the score lanes of all processes"},
      Property{"kafka.topics.alerts_partitions", AT(kafka.topics.alerts_partitions), "partitions", {1, 10'000}, Effect::kRestart,
               "of the alerts and dead-letter topics when weir creates them"},
      Property{"kafka.topics.replication_factor", AT(kafka.topics.replication_factor), "replicas", {-1, 100}, Effect::kRestart,
               "of topics that weir creates; -1 for the broker's default"},
      Property{"kafka.security.protocol", choice(REACH(kafka.security.protocol), kProtocolNames), "", {}, Effect::kRestart, "how to talk to the brokers"},
      Property{"kafka.security.ca_file", AT(kafka.security.ca_file), "", {}, Effect::kRestart, "PEM file with the authorities to trust; empty for the system's"},
      Property{"kafka.security.certificate_file", AT(kafka.security.certificate_file), "", {}, Effect::kRestart, "PEM file with the client's certificate"},
      Property{"kafka.security.key_file", AT(kafka.security.key_file), "", {}, Effect::kRestart, "PEM file with the client's private key"},
      Property{"kafka.security.key_password", AT(kafka.security.key_password), "", {}, Effect::kRestart, "password of the private key"},
      Property{"kafka.security.sasl_mechanism", AT(kafka.security.sasl_mechanism), "", {}, Effect::kRestart, "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"},
      Property{"kafka.security.sasl_username", AT(kafka.security.sasl_username), "", {}, Effect::kRestart, "SASL user"},
      Property{"kafka.security.sasl_password", AT(kafka.security.sasl_password), "", {}, Effect::kRestart, "SASL password"},

      Property{"lanes.detect", AT(lanes.detect), "threads", {0, 256}, Effect::kRestart, "detect lanes; 0 for one per core"},
      Property{"lanes.score", AT(lanes.score), "threads", {1, 256}, Effect::kRestart, "score lanes"},

      Property{"batch.records_max", AT(batch.records_max), "records", {1, 65'536}, Effect::kRestart, "records a lane works on at once"},
      Property{"batch.wait_max_ms", AT(batch.wait_max), "ms", {1, 10'000}, Effect::kRestart, "a batch that is not full is worked on after this time"},
      Property{"batch.commit_interval_ms", AT(batch.commit_interval), "ms", {10, 60'000}, Effect::kRestart,
               "output is flushed and offsets are committed at least this often"},

      Property{"memory.consumer_queue_kbytes", AT(memory.consumer_queue_kbytes), "KiB", {1'024, 2'097'151}, Effect::kRestart, "prefetched records per lane"},
      Property{"memory.fetch_bytes_max", AT(memory.fetch_bytes_max), "bytes", {1 << 16, 1 << 30}, Effect::kRestart, "one response of a broker"},
      Property{"memory.producer_queue_kbytes", AT(memory.producer_queue_kbytes), "KiB", {1'024, 2'097'151}, Effect::kRestart, "output not yet sent, per lane"},

      Property{"input.profile", ProfileAccess{}, "", {}, Effect::kRestart,
               "how records are read: flat, ecs, nginx, envoy, traefik, caddy, or custom for a mapping that stands in fields alone. "
               "The keys below change the profile named here"},
      Property{"input.unwrap", AT(input.profile.unwrap), "", {}, Effect::kRestart,
               "JSON pointer to the text that holds the record, for envelopes (/message, /log); empty for none"},
      Property{"input.duration_unit", choice(REACH(input.profile.duration_unit), kDurationUnitNames), "", {}, Effect::kRestart, "unit of the duration field"},
      Property{"input.timestamp_format", choice(REACH(input.profile.timestamp_format), kTimestampFormatNames), "", {}, Effect::kRestart,
               "form of the time field; auto takes RFC 3339, common log, or an epoch number by its size"},
      Property{"input.record_bytes_max", AT(input.record_bytes_max), "bytes", {256, 64 << 20}, Effect::kRestart, "larger records become dead letters (too_large)"},
      Property{"input.depth_max", AT(input.depth_max), "levels", {1, 1'024}, Effect::kRestart, "records nested deeper become dead letters (too_deep)"},
      Property{"input.trusted_proxies", AT(trusted_proxies), "", {}, Effect::kRestart,
               "networks (CIDR) of your own proxies: X-Forwarded-For is believed from these only"},
      Property{"input.client_order", choices(REACH(client_order), kClientKindNames), "", {}, Effect::kRestart,
               "what a client is known by: the first of these that a record has"},
      FIELD(time), FIELD(request_id), FIELD(client_id), FIELD(api_key), FIELD(client_ip), FIELD(forwarded_for), FIELD(method),
      FIELD(scheme), FIELD(host), FIELD(target), FIELD(path), FIELD(query), FIELD(status), FIELD(duration), FIELD(request_bytes),
      FIELD(response_bytes), FIELD(user_agent), FIELD(referer), FIELD(content_type), FIELD(cookie), FIELD(body), FIELD(headers),
      FIELD(response_headers),

      Property{"decode.line_bytes_max", AT(decode.line_bytes_max), "bytes", {256, 1 << 20}, Effect::kRestart, "scanned bytes of one parameter, header or body"},
      Property{"decode.record_bytes_max", AT(decode.record_bytes_max), "bytes", {1'024, 16 << 20}, Effect::kRestart, "scanned bytes of one record"},
      Property{"decode.lines_max", AT(decode.lines_max), "lines", {16, 65'536}, Effect::kRestart, "parameters, headers and other parts of one record"},
      Property{"decode.rounds_max", AT(decode.rounds_max), "rounds", {1, 16}, Effect::kRestart, "rounds of repeated decoding"},
      Property{"decode.json_depth_max", AT(decode.json_depth_max), "levels", {1, 256}, Effect::kRestart, "nesting of JSON in a body or parameter"},

      Property{"rules.directories", AT(rules.directories), "", {}, Effect::kReload, "directories or files with rules; empty for the ones installed with weir"},
      Property{"rules.threshold", AT(rules.options.threshold), "points", {1, 10'000}, Effect::kReload, "request score from which a record is malicious"},
      Property{"rules.security_level", choice(REACH(rules.options.security_level), kSecurityLevelNames), "", {}, Effect::kReload, "how much is looked for"},
      Property{"rules.cache_directory", AT(rules.options.cache_directory), "", {}, Effect::kReload, "keeps compiled rules; empty for no cache"},

      Property{"score.clients_max", AT(score.clients_max), "clients", {1'000, 100'000'000}, Effect::kRestart, "clients remembered per partition"},
      Property{"score.client_idle_ms", AT(score.client_idle), "ms", {1'000, 30 * kDayMs}, Effect::kRestart, "event time after which a client is forgotten"},
      Property{"score.lateness_ms", AT(score.lateness), "ms", {0, kDayMs}, Effect::kRestart,
               "how far behind the partition's event time a record may come and still find its client"},
      Property{"score.abuse.window_requests", AT(score.abuse.window_requests), "requests", {2, AbuseOptions::kWindowRequestsMax}, Effect::kRestart,
               "a client's last requests that are judged"},
      Property{"score.abuse.addresses_min", AT(score.abuse.addresses_min), "addresses", {1, 16}, Effect::kRestart, "addresses in the window from which on they count"},
      Property{"score.abuse.addresses_points", AT(score.abuse.addresses_points), "points", {0, 1'000}, Effect::kRestart, "for rapid changes of address"},
      Property{"score.abuse.user_agents_min", AT(score.abuse.user_agents_min), "user agents", {1, 16}, Effect::kRestart, "user agents in the window from which on they count"},
      Property{"score.abuse.user_agents_points", AT(score.abuse.user_agents_points), "points", {0, 1'000}, Effect::kRestart, "for changes of user agent"},
      Property{"score.abuse.bot_points", AT(score.abuse.bot_points), "points", {0, 1'000}, Effect::kRestart, "for a user agent of a bot"},
      Property{"score.abuse.regular_timing_points", AT(score.abuse.regular_timing_points), "points", {0, 1'000}, Effect::kRestart, "for requests at regular intervals"},
      Property{"score.abuse.regular_timing_intervals_min", AT(score.abuse.regular_timing_intervals_min), "intervals", {1, 15}, Effect::kRestart,
               "fewer intervals are never regular"},
      Property{"score.abuse.regular_timing_variation_max", AT(score.abuse.regular_timing_variation_max), "", {0, 10}, Effect::kRestart,
               "coefficient of variation up to which intervals are regular"},
      Property{"score.abuse.regular_timing_mean_min_ms", AT(score.abuse.regular_timing_mean_min), "ms", {0, kDayMs}, Effect::kRestart,
               "shorter mean intervals are a burst, not regular"},
      Property{"score.abuse.suspicious_score", AT(score.abuse.suspicious_score), "points", {1, 10'000}, Effect::kRestart, "from this sum on a client is suspicious"},
      Property{"score.episodes.update_counts", AT(score.episodes.update_counts), "records", {2, INT64_MAX}, Effect::kRestart,
               "an alert's episode is updated when it has so many records"},
      Property{"score.episodes.update_interval_ms", AT(score.episodes.update_interval), "ms", {1'000, kDayMs}, Effect::kRestart,
               "and when so much event time passed since its last alert"},
      Property{"score.episodes.idle_close_ms", AT(score.episodes.idle_close), "ms", {1'000, kDayMs}, Effect::kRestart, "event time without a record that closes it"},

      Property{"http.address", AT(http.address), "", {}, Effect::kRestart, "numeric address to listen on, for metrics and health"},
      Property{"http.port", AT(http.port), "", {0, 65'535}, Effect::kRestart, "port to listen on; 0 for one that the kernel chooses"},

      Property{"log.level", choice(REACH(log.level), kLogLevelNames), "", {}, Effect::kReload, "least severe level that is logged"},
      Property{"log.format", choice(REACH(log.format), kLogFormatNames), "", {}, Effect::kRestart, "form of a line on standard error"},
      Property{"log.target", choice(REACH(log.target), kLogTargetNames), "", {}, Effect::kRestart, "auto: the journal when systemd runs weir, standard error otherwise"},
  };
  return kTable;
}

#undef AT
#undef REACH
#undef FIELD

constexpr std::array kSections{
    Section{"kafka", "brokers, topics and security"},
    Section{"kafka.topics", "names of the topics, and how missing ones are created"},
    Section{"kafka.security", "encryption and authentication towards the brokers"},
    Section{"lanes", "threads of each stage"},
    Section{"batch", "how records are taken together"},
    Section{"memory", "bounds of the Kafka client's queues"},
    Section{"input", "how records are read"},
    Section{"input.fields", "JSON pointers per event field, tried in order; each replaces the profile's. A pointer /a.b names a dotted key, /a/b a nested one"},
    Section{"decode", "bounds of decoding; what is cut is counted"},
    Section{"rules", "what is looked for"},
    Section{"score", "clients and their state"},
    Section{"score.abuse", "signals of abuse and their points"},
    Section{"score.episodes", "flood control: which records of a client become alerts"},
    Section{"http", "metrics and health"},
    Section{"log", "weir's own log"},
};

}  // namespace

std::span<const Property> properties() { return property_table(); }
std::span<const Section> sections() { return kSections; }

std::string environment_name(std::string_view path) {
  std::string name = "WEIR_";
  for (const char c : path) {
    if (c == '.') {
      name += "__";
    } else {
      name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }
  return name;
}

}  // namespace weir
