#include <array>
#include <span>
#include <type_traits>
#include <utility>

#include "config/property.h"

// Every property of the configuration, once: name, place in Config, unit, bounds, when it takes effect, help.
namespace weir {

template <>
inline constexpr auto kNamesOf<bool> = std::to_array<std::string_view>({"false", "true"});

namespace {

constexpr int64_t kDayMs = 86'400'000;

/// Those a client can be known by; a group is none.
constexpr std::span kClientKindNames = std::span(kNamesOf<ClientKind>).first<3>();

template <typename Reach>
using Reached = std::remove_reference_t<decltype(Reach{}(std::declval<Config&>()))>;

// A stateless lambda that reaches an enumeration becomes a pair of functions over the index of its name.
template <typename Reach>
ChoiceAccess choice(Reach) {
  return {kNamesOf<Reached<Reach>>,
          [](const Config& config) { return static_cast<size_t>(Reach{}(const_cast<Config&>(config))); },
          [](Config& config, size_t index) { Reach{}(config) = static_cast<Reached<Reach>>(index); }};
}

template <typename Reach>
ChoiceListAccess choices(Reach, std::span<const std::string_view> names) {
  return {names,
          [](const Config& config) {
            std::vector<size_t> indices;
            for (const auto value : Reach{}(const_cast<Config&>(config)))
              indices.push_back(static_cast<size_t>(value));
            return indices;
          },
          [](Config& config, const std::vector<size_t>& indices) {
            auto& member = Reach{}(config);
            using Choice = typename std::remove_reference_t<decltype(member)>::value_type;
            member.clear();
            for (const size_t index : indices)
              member.push_back(static_cast<Choice>(index));
          }};
}

// One row per property, not one line per value.
// clang-format off

// Reaching a member needs a lambda per property; written out, they would hide the table.
#define AT(member) +[](Config & config) -> decltype((config.member)) { return config.member; }
#define REACH(member) [](Config & config) -> decltype((config.member)) { return config.member; }
#define FIELD(name) \
  Property { "input.fields." #name, AT(input.profile.name.pointers), "where the event's " #name " stands", "", {}, Effect::kReload }

const auto& property_table() {
  static const std::array kTable{
      Property{"stages", choices(REACH(stages), kNamesOf<Stage>), "which stages this process runs"},
      Property{"delivery", choice(REACH(delivery)),
               "guarantee of the output: exactly_once (Kafka transactions), or at_least_once (lower latency; after a crash an "
               "alert may come twice, with the same id)"},
      Property{"hash_key", AT(hash_key),
               "secret that keys the hash which spreads clients over partitions; the same in every process. Without "
               "one a client who knows weir can choose its partition"},

      Property{"kafka.bootstrap_servers", AT(kafka.bootstrap_servers),
               "brokers to start from, host:port, comma-separated"},
      Property{"kafka.group_id", AT(kafka.group_id), "the consumer groups are <group_id>-detect and <group_id>-score"},
      Property{"kafka.instance_id", AT(kafka.instance_id),
               "static group membership: a name of this process that no other one has; empty for dynamic membership"},
      Property{"kafka.session_timeout_ms", AT(kafka.session_timeout),
               "after this silence the group gives the partitions of a process away", "ms", {6'000, 1'800'000}},
      Property{"kafka.start_timeout_ms", AT(kafka.start_timeout),
               "how long a start waits for a broker to answer: 0 for as long as it takes, -1 for that under systemd and 30 s "
               "elsewhere", "ms", {-1, kDayMs}},
      Property{"kafka.client_properties", AT(kafka.client_properties),
               "properties passed to librdkafka as they are, over those that weir sets; values are treated as "
               "secrets"},

      Property{"kafka.topics.requests", AT(kafka.topics.requests), "topics with request logs: names, and patterns that begin with ^; left out where there are sources"},
      Property{"kafka.topics.alerts", AT(kafka.topics.alerts), "topic for alerts"},
      Property{"kafka.topics.observations", AT(kafka.topics.observations), "topic between the stages"},
      Property{"kafka.topics.state", AT(kafka.topics.state), "compacted topic for snapshots of client state"},
      Property{"kafka.topics.dead_letter", AT(kafka.topics.dead_letter), "topic for records that could not be read"},
      Property{"kafka.topics.decisions", AT(kafka.topics.decisions), "compacted topic for decisions about clients; used where there are decisions.rules"},
      Property{"kafka.topics.verdicts", AT(kafka.topics.verdicts),
               "compacted topic with what people said of alerts (weir alerts mark)"},
      Property{"kafka.topics.create", choice(REACH(kafka.topics.create)),
               "create topics of weir's own that are missing"},
      Property{"kafka.topics.observations_partitions", AT(kafka.topics.observations_partitions),
               "of the observations and state topics when weir creates them; it bounds "
               "the score lanes of all processes", "partitions", {1, 10'000}},
      Property{"kafka.topics.alerts_partitions", AT(kafka.topics.alerts_partitions),
               "of the alerts and dead-letter topics when weir creates them", "partitions", {1, 10'000}},
      Property{"kafka.topics.replication_factor", AT(kafka.topics.replication_factor),
               "of topics that weir creates; -1 for the broker's default", "replicas", {-1, 100}},

      Property{"kafka.security.protocol", choice(REACH(kafka.security.protocol)),
               "how to talk to the brokers"},
      Property{"kafka.security.ca_file", AT(kafka.security.ca_file),
               "PEM file with the authorities to trust; empty for the system's"},
      Property{"kafka.security.certificate_file", AT(kafka.security.certificate_file),
               "PEM file with the client's certificate"},
      Property{"kafka.security.key_file", AT(kafka.security.key_file), "PEM file with the client's private key"},
      Property{"kafka.security.key_password", AT(kafka.security.key_password), "password of the private key"},
      Property{"kafka.security.sasl_mechanism", AT(kafka.security.sasl_mechanism),
               "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"},
      Property{"kafka.security.sasl_username", AT(kafka.security.sasl_username), "SASL user"},
      Property{"kafka.security.sasl_password", AT(kafka.security.sasl_password), "SASL password"},

      Property{"lanes.detect", AT(lanes.detect), "detect lanes; 0 for one per core", "threads", {0, 256}},
      Property{"lanes.score", AT(lanes.score), "score lanes", "threads", {1, 256}},

      Property{"batch.records_max", AT(batch.records_max), "records a lane works on at once", "records", {1, 65'536}},
      Property{"batch.wait_max_ms", AT(batch.wait_max),
               "a batch that is not full is worked on after this time", "ms", {1, 10'000}},
      Property{"batch.commit_interval_ms", AT(batch.commit_interval),
               "output is flushed and offsets are committed at least this often", "ms", {10, 60'000}},

      Property{"quarantine.directory", AT(quarantine.directory),
               "folder for the journal of crashes, on a disk of this machine; the systemd unit sets it. Empty: a record that "
               "crashes the process is tried for ever"},
      Property{"quarantine.crashes", AT(quarantine.crashes),
               "after so many crashes at a record it goes to the dead-letter topic, unread", "crashes", {2, 100}},

      Property{"memory.kafka_kbytes", AT(memory.kafka_kbytes),
               "what the Kafka clients of all lanes hold together, on a backlog too; the three keys below derive from it",
               "KiB", {65'536, 1U << 30}},
      Property{"memory.consumer_queue_kbytes", AT(memory.consumer_queue_kbytes),
               "prefetched records per lane; 0 for a share of kafka_kbytes", "KiB", {0, 2'097'151}},
      Property{"memory.fetch_bytes_max", AT(memory.fetch_bytes_max),
               "one response of a broker, 1 MiB at least; 0 for a share of kafka_kbytes", "bytes", {0, 1 << 30}},
      Property{"memory.producer_queue_kbytes", AT(memory.producer_queue_kbytes),
               "output not yet sent, per lane; 0 for a share of kafka_kbytes", "KiB", {0, 2'097'151}},

      Property{"profiles.directories", AT(profiles.directories),
               "folders with input profiles of your own (*.yaml), beside the shipped ones; one of the same name takes its "
               "place", "", {}, Effect::kReload},

      Property{"input.profile", ProfileAccess{},
               "how records are read: the name of a profile (`weir profiles list`), or custom for a mapping that stands "
               "in fields alone. The keys below change the profile named here", "", {}, Effect::kReload},
      Property{"input.format", FormatAccess{},
               "instead of a profile: the log directive of your own server, {nginx: log_format}, apache: LogFormat, haproxy: log-format or "
               "envoy: the access log's format; weir profiles compile shows what is understood", "", {}, Effect::kReload},
      Property{"input.unwrap", AT(input.profile.unwrap),
               "JSON pointers, tried in order, to the text or object that is the record, for envelopes (/message, /log)", "", {}, Effect::kReload},
      Property{"input.split", AT(input.profile.split),
               "JSON pointer to a list of records, each of which is a request (/records); a list at the root is always one", "", {}, Effect::kReload},
      Property{"input.timezone", AT(time_zone), "IANA name of the zone of times without an offset", "", {}, Effect::kReload},
      Property{"input.client_id", choice(REACH(input.profile.client_id_trust)),
               "whether the user that a record names stands for the client: always, when the server checked it (not on a 401 "
               "or 407), or never, since a client can choose it", "", {}, Effect::kReload},
      Property{"input.api_key", choice(REACH(input.profile.api_key_trust)),
               "the same for the API key", "", {}, Effect::kReload},
      Property{"input.duration_unit", choice(REACH(input.profile.duration_unit)),
               "unit of the duration field", "", {}, Effect::kReload},
      Property{"input.timestamp_format", choice(REACH(input.profile.timestamp_format)),
               "form of the time field; auto takes RFC 3339, common log, or an epoch number by its size", "", {}, Effect::kReload},
      Property{"input.record_bytes_max", AT(input.record_bytes_max),
               "larger records become dead letters (too_large)", "bytes", {256, 64 << 20}, Effect::kReload},
      Property{"input.depth_max", AT(input.depth_max),
               "records nested deeper become dead letters (too_deep)", "levels", {1, 1'024}, Effect::kReload},
      Property{"input.trusted_proxies", AT(trusted_proxies),
               "networks (CIDR) of your own proxies: X-Forwarded-For is believed from these only", "", {}, Effect::kReload},
      Property{"input.client_order", choices(REACH(client_order), kClientKindNames),
               "what a client is known by: the first of these that a record has", "", {}, Effect::kReload},
      Property{"input.identity_headers", AT(identity_headers),
               "request headers whose credential stands for an API key where the record names none, hashed: of authorization the "
               "bearer's token or the user of Basic. Not where input.api_key is never, nor of a request answered 401, 403 or 407", "", {},
               Effect::kReload},

      FIELD(time), FIELD(date), FIELD(request_id), FIELD(client_id), FIELD(api_key), FIELD(client_ip), FIELD(forwarded_for),
      FIELD(method), FIELD(scheme), FIELD(host), FIELD(target), FIELD(path), FIELD(query), FIELD(status), FIELD(duration),
      FIELD(request_bytes), FIELD(response_bytes), FIELD(user_agent), FIELD(referer), FIELD(content_type), FIELD(cookie),
      FIELD(body), FIELD(headers), FIELD(response_headers),

      Property{"decode.line_bytes_max", AT(decode.line_bytes_max),
               "scanned bytes of one parameter, header or body", "bytes", {256, 1 << 20}},
      Property{"decode.record_bytes_max", AT(decode.record_bytes_max),
               "scanned bytes of one record", "bytes", {1'024, 16 << 20}},
      Property{"decode.lines_max", AT(decode.lines_max),
               "parameters, headers and other parts of one record", "lines", {16, 65'536}},
      Property{"decode.rounds_max", AT(decode.rounds_max), "rounds of repeated decoding", "rounds", {1, 16}},
      Property{"decode.json_depth_max", AT(decode.json_depth_max),
               "nesting of JSON in a body or parameter", "levels", {1, 256}},

      Property{"rules.directories", AT(rules.directories),
               "directories or files with rules; empty for the ones installed with weir", "", {}, Effect::kReload},
      Property{"rules.threshold", AT(rules.options.threshold),
               "request score from which a record is malicious", "points", {1, 10'000}, Effect::kReload},
      Property{"rules.security_level", choice(REACH(rules.options.security_level)),
               "how much is looked for", "", {}, Effect::kReload},
      Property{"rules.cache_directory", AT(rules.options.cache_directory),
               "keeps compiled rules; empty for no cache", "", {}, Effect::kReload},
      Property{"rules.watch", choice(REACH(rules.watch)),
               "reload the rules when their files change; otherwise only on SIGHUP and through the API"},
      Property{"rules.watch_interval_ms", AT(rules.watch_interval),
               "the files are also read so often, for file systems that report no changes", "ms", {100, kDayMs}},

      Property{"score.clients_max", AT(score.clients_max),
               "clients remembered per partition", "clients", {1'000, 100'000'000}},
      Property{"score.client_idle_ms", AT(score.client_idle),
               "event time after which a client is forgotten", "ms", {1'000, 30 * kDayMs}},
      Property{"score.lateness_ms", AT(score.lateness),
               "how far behind the partition's event time a record may come and still find its "
               "client, and behind its client's newest and still count for bursts", "ms", {0, kDayMs}},
      Property{"score.watermarks", choice(REACH(score.watermarks)),
               "the clock of observations follows the slowest partition of the input that still delivers, and partitions ahead "
               "of it wait, so that a backlog gives the alerts of live reading"},
      Property{"score.order", choice(REACH(score.order)),
               "in which order the records of a client are scored: as they arrive, or by event_time, for logs that are not keyed by "
               "client: they wait until the clock has passed them, and alerts come so much later"},
      Property{"score.disorder_ms", AT(score.disorder),
               "with score.order event_time: how much later than others a record may come and still be scored in order",
               "ms", {100, 600'000}},
      Property{"score.waiting_bytes_max", AT(score.waiting_bytes_max),
               "with score.order event_time: what waits per partition, about; beyond it the oldest are scored before their turn",
               "bytes", {16 << 20, int64_t{1} << 36}},
      Property{"score.correlation_bytes_max", AT(score.correlation_bytes_max),
               "state of correlations per partition, about; beyond it their idle groups are given up", "bytes",
               {1 << 20, int64_t{1} << 36}},

      Property{"score.snapshot_round_ms", AT(snapshot_round),
               "all client state is written to the state topic once in this time; a restart repeats at most so much of "
               "the observations", "ms", {1'000, 3'600'000}},

      Property{"score.abuse.window_requests", AT(score.abuse.window_requests),
               "a client's last requests that are judged", "requests", {2, AbuseOptions::kWindowRequestsMax}},
      Property{"score.abuse.addresses_min", AT(score.abuse.addresses_min),
               "addresses in the window from which on they count", "addresses", {1, 16}},
      Property{"score.abuse.addresses_points", AT(score.abuse.addresses_points),
               "for rapid changes of address", "points", {0, 1'000}},
      Property{"score.abuse.user_agents_min", AT(score.abuse.user_agents_min),
               "user agents in the window from which on they count", "user agents", {1, 16}},
      Property{"score.abuse.user_agents_points", AT(score.abuse.user_agents_points),
               "for changes of user agent", "points", {0, 1'000}},
      Property{"score.abuse.bot_points", AT(score.abuse.bot_points), "for a user agent of a bot", "points", {0, 1'000}},
      Property{"score.abuse.regular_timing_points", AT(score.abuse.regular_timing_points),
               "for requests at regular intervals", "points", {0, 1'000}},
      Property{"score.abuse.regular_timing_intervals_min", AT(score.abuse.regular_timing_intervals_min),
               "fewer intervals are never regular", "intervals", {1, 15}},
      Property{"score.abuse.regular_timing_variation_max", AT(score.abuse.regular_timing_variation_max),
               "coefficient of variation up to which intervals are regular", "", {0, 10}},
      Property{"score.abuse.regular_timing_mean_min_ms", AT(score.abuse.regular_timing_mean_min),
               "shorter mean intervals are a burst, not regular", "ms", {0, kDayMs}},
      Property{"score.abuse.suspicious_score", AT(score.abuse.suspicious_score),
               "from this sum on a client is suspicious", "points", {1, 10'000}},

      Property{"score.bursts.enabled", choice(REACH(score.bursts.enabled)), "look for bursts of requests"},
      Property{"score.bursts.window_ms", AT(score.bursts.window), "event time over which requests, failures, errors and "
               "attacks are counted", "ms", {4'000, kDayMs}},
      Property{"score.bursts.requests_max", AT(score.bursts.requests_max),
               "requests of an address within the window; more are a burst", "requests", {1, 10'000'000}},
      Property{"score.bursts.requests_severity", choice(REACH(score.bursts.requests_severity)),
               "severity of the alert for too many requests of an address"},
      Property{"score.bursts.shared_networks", AT(shared_networks),
               "networks whose addresses stand for many clients (NAT, proxies, monitoring): how many requests such an address "
               "sends is no burst; all else is counted"},
      Property{"score.bursts.auth_failure_statuses", AT(score.bursts.auth_failure_statuses),
               "status codes of a failed authentication", "", {100, 599}},
      Property{"score.bursts.auth_failures", AT(score.bursts.auth_failures),
               "failed authentications of a client or an address within the window from which they are a burst",
               "failures", {1, 10'000'000}},
      Property{"score.bursts.accounts", AT(score.bursts.accounts),
               "accounts with failed authentications from one address: within the window credential stuffing, within "
               "spraying_window_ms password spraying", "accounts", {2, 50}},
      Property{"score.bursts.spraying_window_ms", AT(score.bursts.spraying_window), "event time for password spraying",
               "ms", {1'000, kDayMs}},
      Property{"score.bursts.enumeration_paths", AT(score.bursts.enumeration_paths),
               "distinct paths that a client asked for in vain (4xx) within the window", "paths", {2, 50}},
      Property{"score.bursts.scanning_requests", AT(score.bursts.scanning_requests),
               "malicious requests of one client within the window from which on they are scanning, if they hit "
               "scanning_rules", "requests", {1, 10'000'000}},
      Property{"score.bursts.scanning_rules", AT(score.bursts.scanning_rules),
               "distinct rules that these hit; those of weight 0 do not count", "rules", {1, 50}},

      Property{"score.episodes.update_counts", AT(score.episodes.update_counts),
               "an alert's episode is updated when it has so many records", "records", {2, INT64_MAX}},
      Property{"score.episodes.update_interval_ms", AT(score.episodes.update_interval),
               "and when so much event time passed since its last alert", "ms", {1'000, kDayMs}},
      Property{"score.episodes.opened_per_minute_max", AT(score.episodes.opened_per_minute_max),
               "episodes that may open per minute of a partition's event time; the records of further clients are counted "
               "together", "episodes", {1, 100'000'000}},
      Property{"score.episodes.idle_close_ms", AT(score.episodes.idle_close),
               "event time without a record that closes it", "ms", {1'000, kDayMs}},

      Property{"alerts.encoding", choice(REACH(alerts.encoding)),
               "schema of alerts: ocsf (OCSF 1.5.0) or ecs (Elastic Common Schema 8)"},
      Property{"alerts.encryption_keys", AT(alerts.encryption_keys),
               "Fernet keys, one a line, with which the evidence in alerts is encrypted: the first encrypts, weir decrypt tries all. "
               "Where it is not set, the variable ENCRYPTION_KEY; without either, evidence is not encrypted"},

      Property{"enrichment.country_database", AT(enrichment.country_database),
               "MMDB file that says in which country an address is; empty: none"},
      Property{"enrichment.asn_database", AT(enrichment.asn_database),
               "MMDB file that says whose autonomous system an address is in; empty: none"},
      Property{"enrichment.threat_lists", AT(enrichment.threat_lists),
               "files of addresses and networks, one a line (netset, comments after # or ;), or .csv; an alert names the lists that hold its "
               "address"},
      Property{"enrichment.csv_column", AT(enrichment.csv_column),
               "column of .csv lists with the address, from 1", "", {1, 1'000}},
      Property{"enrichment.threat_effect", choice(REACH(enrichment.threat_effect)),
               "what a threat list's hit does besides: label nothing, raise makes the alert's severity one higher"},
      Property{"enrichment.crawlers", AT(enrichment.crawlers),
               "files of the prefixes that crawlers come from, JSON as their operators publish it or one a line; the file's name is the "
               "crawler's. Bursts and abuse of such an address are Low at most"},

      Property{"decisions.simulate", choice(REACH(decisions.policy.simulate)),
               "decisions are published as simulated ones, which nobody enforces: to be looked at first"},
      Property{"decisions.never", AT(decisions.never),
               "networks (CIDR) that no decision acts on: offices, monitoring, partners. Trusted proxies never are a subject"},
      Property{"decisions.spare_crawlers", choice(REACH(decisions.spare_crawlers)),
               "nor the addresses of enrichment.crawlers, as read at the start"},
      Property{"decisions.customers_max", AT(decisions.policy.customers_max),
               "nor addresses with more named clients (customers, API keys) behind them within a day; 0: they are not counted", "clients", {0, DecisionPolicy::kCustomersMax}},
      Property{"decisions.ipv4_prefix", AT(decisions.policy.ipv4_prefix),
               "length of the network that a decision about an IPv4 address acts on", "bits", {16, 32}},
      Property{"decisions.ipv6_prefix", AT(decisions.policy.ipv6_prefix),
               "the same of IPv6, of which a client is a /64 network", "bits", {32, 64}},
      Property{"decisions.remember_s", AT(decisions.remember_s),
               "event time after its end in which a decision makes the client's next one longer (factor)", "s", {1, 366 * kDayMs / 1'000}},
      Property{"decisions.per_minute_max", AT(decisions.policy.per_minute_max),
               "decisions that a partition makes in a minute of its event time, in the long run", "decisions", {1, 1'000'000}},
      Property{"decisions.clients_max", AT(decisions.policy.clients_max),
               "clients of a partition that have a decision, had one that is remembered, or whose alerts are counted", "clients", {100, 10'000'000}},

      Property{"notify.url", AT(notify.url),
               "webhook that weir notify posts alerts to, https:// or http://; its path is often a secret, so give it as a file or credential"},
      Property{"notify.authorization", AT(notify.authorization),
               "value of the header Authorization sent with each message; empty: none"},
      Property{"notify.ca_file", AT(notify.ca_file),
               "certificates of the authorities that the webhook's may be issued by, PEM; empty: the system's"},
      Property{"notify.group_id", AT(notify.group_id),
               "consumer group in which it is kept what was delivered; another one for each webhook"},
      Property{"notify.start", choice(REACH(notify.start)),
               "where a group that is new begins: with alerts from now on, or with the oldest that are kept"},
      Property{"notify.kinds", choices(REACH(notify.kinds), kNamesOf<AlertKind>), "kinds of alerts that are sent"},
      Property{"notify.phases", choices(REACH(notify.phases), kNamesOf<EpisodePhase>),
               "phases that are sent; with opened alone one message for each incident"},
      Property{"notify.severity", choice(REACH(notify.severity)), "least severe alert that is sent"},
      Property{"notify.categories", choices(REACH(notify.categories), kNamesOf<Category>),
               "of alerts about attacks those of these categories alone"},
      Property{"notify.preset", choice(REACH(notify.preset)),
               "form of the message: generic, a JSON object of an alert's main members, or slack, for incoming webhooks of Slack and "
               "those that take the same"},
      Property{"notify.body", AT(notify.body),
               "template of the message in place of the preset's: JSON with placeholders {{name}} (docs/notify.md)"},
      Property{"notify.summary_body", AT(notify.summary_body),
               "template of the message that tells how many alerts came beyond the limit; needed with a body"},
      Property{"notify.messages_per_minute", AT(notify.messages_per_minute),
               "messages that are sent at most; what comes beyond is told together in one", "messages", {1, 10'000}},
      Property{"notify.timeout_ms", AT(notify.timeout), "for a message, its connection included", "ms", {100, 60'000}},
      Property{"notify.retry_max_ms", AT(notify.retry_max),
               "longest pause before a message is tried again; it begins with a second and doubles", "ms", {1'000, 3'600'000}},
      Property{"notify.remembered_ids", AT(notify.remembered_ids),
               "ids of the latest alerts sent, so that none is sent again that comes twice", "ids", {1, 1'000'000}},

      Property{"masking.personal_data", choices(REACH(personal_data), kNamesOf<PersonalData>),
               "kinds of personal data that are masked wherever text of requests is shown, as secrets always are"},

      Property{"http.address", AT(http.address), "numeric address to listen on, for metrics, health and the admin API"},
      Property{"http.port", AT(http.port), "port to listen on; 0 for one that the kernel chooses", "", {0, 65'535}},
      Property{"http.api_keys_file", AT(http.api_keys_file),
               "file with the names and hashed keys of those who may use the admin API (weir apikey); empty: no key, and "
               "loopback only"},
      Property{"http.allowed_addresses", AT(http.allowed_addresses),
               "networks (CIDR) from which the admin API may be used with a key; empty for loopback only"},
      Property{"http.requests_per_minute", AT(http.requests_per_minute),
               "requests to the admin API of one address; further ones are refused", "requests", {1, 1'000'000}},

      Property{"log.level", choice(REACH(log.level)),
               "least severe level that is logged", "", {}, Effect::kReload},
      Property{"log.format", choice(REACH(log.format)), "form of a line on standard error"},
      Property{"log.target", choice(REACH(log.target)),
               "auto: the journal when systemd runs weir, standard error otherwise"},
  };
  return kTable;
}

#undef AT
#undef REACH
#undef FIELD

// clang-format on

constexpr std::array kSections{
    Section{"kafka", "brokers, topics and security"},
    Section{"kafka.topics", "names of the topics, and how missing ones are created"},
    Section{"kafka.security", "encryption and authentication towards the brokers"},
    Section{"lanes", "threads of each stage"},
    Section{"batch", "how records are taken together"},
    Section{"quarantine", "records that crash the process"},
    Section{"memory", "bounds of the Kafka client's queues"},
    Section{"profiles", "forms of logs that can be read"},
    Section{"input", "how records are read"},
    Section{"input.fields",
            "JSON pointers per event field, tried in order; each replaces the profile's. A pointer /a.b names a dotted "
            "key, "
            "/a/b a nested one"},
    Section{"decode", "bounds of decoding; what is cut is counted"},
    Section{"rules", "what is looked for"},
    Section{"score", "clients and their state"},
    Section{"score.abuse", "signals of abuse and their points"},
    Section{"score.bursts", "bursts of requests, failures, errors and attacks"},
    Section{"score.episodes", "flood control: which records of a client become alerts"},
    Section{"alerts", "how alerts are written"},
    Section{"enrichment", "what alerts say of their addresses besides"},
    Section{"decisions", "what is done about clients by their alerts"},
    Section{"notify", "which alerts weir notify sends to a webhook, and how"},
    Section{"masking", "what is hidden of the text of requests besides secrets"},
    Section{"http", "metrics, health and the admin API"},
    Section{"log", "weir's own log"},
};

}  // namespace

std::span<const Property> properties() {
  return property_table();
}
std::span<const Section> sections() {
  return kSections;
}

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
