#include "config/config.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/catch.h"
#include "config/property.h"
#include "config/property_value.h"
#include "config/suggest.h"
#include "event/event_parser.h"

using namespace weir;

namespace {

namespace fs = std::filesystem;

struct Loaded {
  explicit Loaded(const std::string& yaml, const Environment& environment = {})
      : config(load_config_text(yaml, "weir.yaml", environment, diagnostics)) {}

  [[nodiscard]] std::string report() const {
    std::string text;
    for (const auto& diagnostic : diagnostics)
      text += diagnostic.to_string() + "\n";
    return text;
  }

  Diagnostics diagnostics;
  Result<Config> config;
};

// The one complaint about a text.
std::string complaint(const std::string& yaml, const Environment& environment = {}) {
  const Loaded loaded(yaml, environment);
  CHECK_FALSE(loaded.config.has_value());
  CAPTURE(loaded.report());
  CHECK(loaded.diagnostics.size() == 1);
  return loaded.diagnostics.empty() ? "" : loaded.diagnostics.front().to_string();
}

Config good(const std::string& yaml, const Environment& environment = {}) {
  Loaded loaded(yaml, environment);
  CAPTURE(loaded.report());
  REQUIRE(loaded.config.has_value());
  return *loaded.config;
}

std::string content_of(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "weir-config-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return path_ / name;
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

TEST_CASE("an empty file is the defaults") {
  for (const auto* text : {"", "\n", "# only a comment\n", "---\n", "{}\n", "kafka:\nlog:\n"}) {
    CAPTURE(text);
    CHECK(print_config(good(text)) == print_config(default_config()));
  }
}

TEST_CASE("the shipped example is valid and spells out the defaults") {
  Diagnostics diagnostics;
  const auto config = load_config(std::string(WEIR_SOURCE_DIR) + "/config/weir.yaml", {}, diagnostics);
  for (const auto& diagnostic : diagnostics)
    UNSCOPED_INFO(diagnostic.to_string());
  REQUIRE(config.has_value());
  CHECK(diagnostics.empty());
  CHECK(print_config(*config) == print_config(default_config()));
  const auto text = content_of(std::string(WEIR_SOURCE_DIR) + "/config/weir.yaml");
  for (const auto& property : properties()) {
    if (property.section() == "input.fields") continue;
    CAPTURE(property.path);
    CHECK(text.find(std::string(property.key())) != std::string::npos);
  }
}

TEST_CASE("values of every kind are read") {
  const auto config = good(R"(
stages: [score]
hash_key: "correct-horse-battery"
kafka:
  bootstrap_servers: "a:9092, b:9093"
  session_timeout_ms: 45000
  client_properties: {linger.ms: 5, debug: "broker"}
  topics: {requests: [r1, r2], create: false, replication_factor: 3}
  security: {protocol: SASL_SSL, sasl_mechanism: PLAIN, sasl_username: u, sasl_password: p}
lanes: {detect: 2}
rules: {directories: /etc/rules, threshold: 12, security_level: strict}
input: {profile: nginx, trusted_proxies: [10.0.0.0/8, "2001:db8::/32"], client_order: [address]}
score: {abuse: {regular_timing_variation_max: 0.25, bot_points: 0}, episodes: {update_counts: [5, 50]}}
http: {port: 9000, address: "::"}
log: {level: debug, format: json, target: stderr}
)");
  CHECK(config.stages == std::vector<Stage>{Stage::kScore});
  CHECK(config.has_stage(Stage::kScore));
  CHECK_FALSE(config.has_stage(Stage::kDetect));
  CHECK(config.hash_key.reveal() == "correct-horse-battery");
  CHECK(config.kafka.bootstrap_servers == "a:9092, b:9093");
  CHECK(config.kafka.session_timeout == Milliseconds{45000});
  CHECK(config.kafka.client_properties.at("linger.ms").reveal() == "5");
  CHECK(config.kafka.topics.requests == std::vector<std::string>{"r1", "r2"});
  CHECK(config.kafka.topics.create == TopicCreation::kNever);
  CHECK(config.kafka.topics.replication_factor == 3);
  CHECK(config.kafka.security.protocol == SecurityProtocol::kSaslSsl);
  CHECK(config.kafka.security.sasl_password.reveal() == "p");
  CHECK(config.lanes.detect == 2);
  CHECK(config.rules.directories == std::vector<std::string>{"/etc/rules"});
  CHECK(config.rules.options.threshold == 12);
  CHECK(config.rules.options.security_level == SecurityLevel::kStrict);
  CHECK(config.input.profile.name == "nginx");
  CHECK(config.input.profile.duration_unit == DurationUnit::kSeconds);
  CHECK(config.input.trusted_proxies.size() == 2);
  CHECK(config.client_order == std::vector<ClientKind>{ClientKind::kAddress});
  CHECK(config.score.abuse.regular_timing_variation_max == Approx(0.25));
  CHECK(config.score.abuse.bot_points == 0);
  CHECK(config.score.episodes.update_counts == std::vector<uint64_t>{5, 50});
  CHECK(config.http.port == 9000);
  CHECK(config.log.level == LogLevel::kDebug);
  CHECK(config.log.target == LogTarget::kStderr);
}

TEST_CASE("all errors are reported at once, each with line, column and a hint") {
  const Loaded loaded(
      "kafka:\n"
      "  bootstrap_server: 127.0.0.1:9092\n"
      "http:\n"
      "  port: 99999\n"
      "lanes:\n"
      "  detect: many\n"
      "frobnicate: true\n");
  CHECK_FALSE(loaded.config.has_value());
  const auto report = loaded.report();
  CAPTURE(report);
  CHECK(loaded.diagnostics.size() == 4);
  CHECK(report.find(
            "weir.yaml:2:3: error: unknown key 'bootstrap_server' in kafka (did you mean 'bootstrap_servers'?)") !=
        std::string::npos);
  CHECK(report.find("weir.yaml:4:9: error: http.port must be from 0 to 65535, not 99999") != std::string::npos);
  CHECK(report.find("weir.yaml:6:11: error: lanes.detect must be a number, not 'many'") != std::string::npos);
  CHECK(report.find("weir.yaml:7:1: error: unknown key 'frobnicate'") != std::string::npos);
}

TEST_CASE("an unknown key gets the hint that helps") {
  CHECK(complaint("htpp: {}").find("did you mean 'http'?") != std::string::npos);
  CHECK(complaint("kafka: {topics: {alrets: x}}").find("did you mean 'alerts'?") != std::string::npos);
  CHECK(complaint("kafka: {sasl_username: x}").find("it belongs to kafka.security") != std::string::npos);
  CHECK(complaint("log: {colour: x}").find("there are level, format, target") != std::string::npos);
  CHECK(complaint("<<: {a: 1}").find("unknown key '<<'") != std::string::npos);
  CHECK(complaint("input: {profile_file: x}").find("unknown key") != std::string::npos);
}

TEST_CASE("a key that stands twice is refused, not silently first") {
  const auto text = complaint("http:\n  port: 1\n  port: 2\n");
  CHECK(text.find("weir.yaml:3:3: error: the key 'port' stands twice (it stands in line 2 already)") !=
        std::string::npos);
  CHECK(complaint("http: {port: 1}\nlog: {}\nhttp: {port: 2}\n").find(":3:1: error: the key 'http' stands twice") !=
        std::string::npos);
}

TEST_CASE("numbers are read as written, never as octal, hexadecimal or text") {
  CHECK(good("lanes: {detect: 10}").lanes.detect == 10);
  CHECK(complaint("lanes: {detect: 010}").find("leading zero") != std::string::npos);
  CHECK(complaint("lanes: {detect: 0x10}").find("must be a number") != std::string::npos);
  CHECK(complaint("lanes: {detect: 1_0}").find("must be a number") != std::string::npos);
  CHECK(complaint("lanes: {detect: 1.0}").find("must be a number") != std::string::npos);
  CHECK(complaint("lanes: {detect: \"1\"}").find("remove the quotes") != std::string::npos);
  CHECK(complaint("lanes: {detect: -1}").find("from 0 to 256 threads") != std::string::npos);
  CHECK(complaint("lanes: {detect: 99999999999999999999}").find("from 0 to 256") != std::string::npos);
  CHECK(complaint("batch: {wait_max_ms: 5s}").find("give the plain number, in ms") != std::string::npos);
  CHECK(complaint("score: {abuse: {regular_timing_variation_max: .nan}}").find("must be a number") !=
        std::string::npos);
  CHECK(complaint("score: {abuse: {regular_timing_variation_max: 11}}").find("from 0 to 10") != std::string::npos);
}

TEST_CASE("values of a wrong type say what was expected") {
  CHECK(complaint("http: 9464").find("http is a section, not a single value") != std::string::npos);
  CHECK(complaint("kafka: {group_id: [a]}").find("must be text, not a list") != std::string::npos);
  CHECK(complaint("kafka: {group_id: }").find("has no value") != std::string::npos);
  CHECK(complaint("lanes: {detect: {a: 1}}").find("must be a number, not a map") != std::string::npos);
  CHECK(complaint("stages: detect").find("must be a list, for example [detect, score]") != std::string::npos);
  CHECK(complaint("stages: [detect, detect]").find("stands twice") != std::string::npos);
  CHECK(complaint("stages: []").find("is empty") != std::string::npos);
  CHECK(complaint("stages: [detekt]").find("one of detect, score, not 'detekt'") != std::string::npos);
  CHECK(complaint("kafka: {topics: {create: yes}}").find("must be true or false, not 'yes'") != std::string::npos);
  CHECK(complaint("log: {level: loud}").find("one of trace, debug, info, warning, error") != std::string::npos);
  CHECK(complaint("kafka: {client_properties: [a]}").find("a map of names and values") != std::string::npos);
  CHECK(complaint("score: {episodes: {update_counts: 10}}").find("a list of numbers") != std::string::npos);
  CHECK(complaint("- a\n- b\n").find("a map of sections, not a list") != std::string::npos);
  CHECK(complaint("just text").find("a map of sections") != std::string::npos);
}

TEST_CASE("text that is no YAML is refused with its line") {
  const auto tab = complaint("http:\n\tport: 1\n");
  CHECK(tab.find("weir.yaml:2") != std::string::npos);
  CHECK(tab.find("indent with spaces") != std::string::npos);
  CHECK(complaint("http: {port: 1\n").find("not valid YAML") != std::string::npos);
  CHECK(complaint("http: \"abc\n").find("not valid YAML") != std::string::npos);
  CHECK(complaint("a: *nowhere\n").find("not valid YAML") != std::string::npos);
  CHECK(complaint("? [a, b]\n: c\n").find("a key must be plain text") != std::string::npos);
}

TEST_CASE("several documents are refused") {
  CHECK(complaint("http: {port: 1}\n---\nhttp: {port: 2}\n").find("a second YAML document") != std::string::npos);
  // Text on which the library by itself makes empty documents until memory is gone.
  CHECK_FALSE(complaint(",\nhttp: {port: 1}\n").empty());
  CHECK_FALSE(complaint("http: {port: 1}\n, x\n").empty());
}

TEST_CASE("anchors and aliases work, within bounds") {
  CHECK(good("http: {port: &p 9000}\nlanes: {detect: 3}\nbatch: {records_max: *p}\n").batch.records_max == 9000);
  std::string bomb = "a: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    bomb += "b" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 9; ++j)
      bomb += (j == 0 ? "*a" : ", *a") + std::to_string(i - 1);
    bomb += "]\n";
  }
  const Loaded loaded(bomb);
  CHECK_FALSE(loaded.config.has_value());
  CHECK(loaded.report().find("too many values") != std::string::npos);
  std::string deep(5000, '[');
  CHECK_FALSE(Loaded("a: " + deep).config.has_value());
  CHECK_FALSE(Loaded("a: &x [*x]").config.has_value());
}

TEST_CASE("names, addresses and what belongs together are checked") {
  CHECK(complaint("kafka: {bootstrap_servers: broker}").find("'broker' is no broker's host:port") != std::string::npos);
  CHECK(complaint("kafka: {bootstrap_servers: 'a:9092,'}").find("is no broker's host:port") != std::string::npos);
  CHECK(complaint("kafka: {bootstrap_servers: 'a:0'}").find("is no broker's host:port") != std::string::npos);
  CHECK(complaint("kafka: {topics: {alerts: 'a b'}}").find("'a b' is no topic's name") != std::string::npos);
  CHECK(complaint("kafka: {topics: {alerts: http.requests}}").find("has two uses") != std::string::npos);
  CHECK(complaint("kafka: {topics: {requests: []}}").find("names no topic") != std::string::npos);
  CHECK(complaint("kafka: {topics: {replication_factor: 0}}").find("must not be 0") != std::string::npos);
  CHECK(complaint("kafka: {security: {protocol: ssl, key_file: k}}").find("come together") != std::string::npos);
  CHECK(complaint("kafka: {client_properties: {enable.auto.commit: true}}").find("must not set 'enable.auto.commit'") !=
        std::string::npos);
  CHECK(complaint("http: {address: localhost}").find("no numeric address") != std::string::npos);
  CHECK(complaint("input: {trusted_proxies: [10.0.0.0/33]}").find("'10.0.0.0/33' is no network") != std::string::npos);
  CHECK(complaint("score: {episodes: {update_counts: [10, 5]}}").find("must rise") != std::string::npos);
  CHECK(complaint("decode: {line_bytes_max: 70000}").find("above decode.record_bytes_max") != std::string::npos);
  const Loaded sasl("kafka: {security: {protocol: sasl_ssl}}");
  CHECK(sasl.diagnostics.size() == 3);
  CHECK(sasl.report().find("weir.yaml:1:20: error: kafka.security.sasl_password is missing, which "
                           "kafka.security.protocol sasl_ssl needs") != std::string::npos);
}

TEST_CASE("a value that could never have an effect is refused") {
  const std::string abuse =
      complaint("score: {abuse: {window_requests: 4}}",
                {{"WEIR_SCORE__ABUSE__ADDRESSES_MIN", "2"}, {"WEIR_SCORE__ABUSE__USER_AGENTS_MIN", "2"}});
  CHECK(abuse.find("leaves room for 3 intervals: the signal could never fire") != std::string::npos);
  CHECK(good("score: {abuse: {window_requests: 4, addresses_min: 2, regular_timing_points: 0, suspicious_score: 50}}")
            .score.abuse.window_requests == 4);
  CHECK(complaint("score: {abuse: {suspicious_score: 86}}").find("together give 85 points") != std::string::npos);
  CHECK(good("score: {abuse: {suspicious_score: 85}}").score.abuse.suspicious_score == 85);
  CHECK(complaint("score: {order: event_time, watermarks: false}").find("needs score.watermarks: true") !=
        std::string::npos);
  CHECK(good("score: {order: event_time, disorder_ms: 2500}").score.disorder == Milliseconds{2500});
  CHECK(complaint("score: {client_idle_ms: 59999}").find("forgotten while its burst") != std::string::npos);
  CHECK(good("score: {client_idle_ms: 1000, bursts: {enabled: false}}").score.client_idle == Milliseconds{1000});
  CHECK(complaint("batch: {commit_interval_ms: 30000}").find("end a transaction after 30000 ms") != std::string::npos);
  CHECK(good("batch: {commit_interval_ms: 30000}\ndelivery: at_least_once").batch.commit_interval.count() == 30000);
  CHECK(complaint("lanes: {detect: 64}").find("is too little for 65 lanes") != std::string::npos);
}

TEST_CASE("a network with bits behind its prefix is refused with both that may be meant") {
  const std::string v4 = complaint("input: {trusted_proxies: [192.0.2.17/24]}");
  CHECK(v4.find("weir.yaml:1:27: error: input.trusted_proxies: '192.0.2.17/24' has bits behind its prefix (write "
                "192.0.2.0/24 for the network, or 192.0.2.17 for the one address)") != std::string::npos);
  CHECK(complaint("http: {allowed_addresses: ['2001:db8::1/32'], api_keys_file: k}").find("write 2001:db8::/32") !=
        std::string::npos);
  CHECK(good("input: {trusted_proxies: [192.0.2.17/32, 10.0.0.0/8, '2001:db8::/32', 192.0.2.1]}")
            .input.trusted_proxies.size() == 4);
}

TEST_CASE("every bad item of a list is reported at its place") {
  const Loaded loaded("score: {bursts: {auth_failure_statuses: [401, no, 99]}}\nstages: [detekt, scor]\n");
  CHECK(loaded.diagnostics.size() == 4);
  const Loaded texts("input:\n  trusted_proxies:\n    - 10.0.0.0/8\n    - nowhere\n    - 10.0.0.0/99\n");
  CHECK(texts.report().find("weir.yaml:4:7: error") != std::string::npos);
  CHECK(texts.report().find("weir.yaml:5:7: error") != std::string::npos);
}

TEST_CASE("text that is not UTF-8 is refused with its place") {
  CHECK(complaint("kafka:\n  group_id: \"a\xff\"\n").find("weir.yaml:2:15: error: not valid UTF-8") !=
        std::string::npos);
  CHECK(complaint("", {{"WEIR_KAFKA__GROUP_ID", "\xc3"}}).find("it is not valid UTF-8") != std::string::npos);
}

TEST_CASE("a custom mapping reads records") {
  auto config = good(R"(
input:
  profile: custom
  duration_unit: us
  timestamp_format: epoch_ms
  unwrap: /log
  fields:
    time: /t
    client_ip: [/peer/addr, /peer_addr]
    method: /verb
    target: /url
    duration: /took
)");
  EventParser parser(config.input);
  Event event;
  REQUIRE(
      parser
          .parse(
              R"({"log":"{\"t\":1736936430456,\"peer\":{\"addr\":\"203.0.113.9\"},\"verb\":\"GET\",\"url\":\"/a?b\",\"took\":5}"})",
              event)
          .ok());
  CHECK(event.path == "/a");
  CHECK(event.duration == Microseconds{5});
}

TEST_CASE("a built-in profile can be changed field by field, wherever its name stands") {
  const auto config = good("input:\n  fields: {client_id: /user}\n  duration_unit: ms\n  profile: nginx\n");
  CHECK(config.input.profile.name == "nginx");
  CHECK(config.input.profile.client_id.pointers == std::vector<std::string>{"/user"});
  CHECK(config.input.profile.duration_unit == DurationUnit::kMilliseconds);
  CHECK(config.input.profile.client_ip.pointers.front() == "/remote_addr");
}

TEST_CASE("a wrong mapping is refused") {
  CHECK(complaint("input: {profile: nonesuch}").find("no input profile 'nonesuch' (there are akamai, apache") !=
        std::string::npos);
  CHECK(complaint("input: {profile: nonesuch.yaml}").find("nonesuch.yaml: error: cannot be read") != std::string::npos);
  CHECK(complaint("input: {timezone: Middle/Earth}").find("there is no time zone 'Middle/Earth'") != std::string::npos);
  CHECK(complaint("input: {fields: {path: url}}").find("'url' is no JSON pointer") != std::string::npos);
  CHECK(complaint("input: {unwrap: message}").find("no JSON pointer") != std::string::npos);
  CHECK(complaint("input: {fields: {path: [], target: []}}").find("no pointer for path") != std::string::npos);
  CHECK(complaint("input: {fields: {pathh: /x}}").find("did you mean 'path'?") != std::string::npos);
  CHECK(Loaded("input: {profile: custom}").diagnostics.size() == 4);
}

TEST_CASE("the environment overrides the file") {
  const Environment environment{{"WEIR_HTTP__PORT", "9471"},
                                {"WEIR_KAFKA__TOPICS__REQUESTS", "a, b"},
                                {"WEIR_KAFKA__CLIENT_PROPERTIES", "linger.ms=5,debug=x=y"},
                                {"WEIR_STAGES", "detect"},
                                {"WEIR_INPUT__PROFILE", "nginx"},
                                {"WEIR_UNRELATED", "x"},
                                {"HOME", "/"}};
  const auto config = good("http: {port: 9470}\ninput: {profile: ecs, fields: {client_id: /u}}\n", environment);
  CHECK(config.http.port == 9471);
  CHECK(config.kafka.topics.requests == std::vector<std::string>{"a", "b"});
  CHECK(config.kafka.client_properties.at("debug").reveal() == "x=y");
  CHECK(config.stages == std::vector<Stage>{Stage::kDetect});
  CHECK(config.input.profile.name == "nginx");
  CHECK(config.input.profile.client_id.pointers.front() == "/u");
}

TEST_CASE("a wrong environment variable is an error that names it") {
  CHECK(complaint("", {{"WEIR_HTTP__PORT", "many"}}) ==
        "environment variable WEIR_HTTP__PORT: error: http.port must be a number, not 'many'");
  CHECK(complaint("", {{"WEIR_HTTP__PROT", "1"}}).find("did you mean WEIR_HTTP__PORT?") != std::string::npos);
}

TEST_CASE("secrets come from files, relative to the credentials or to the configuration") {
  const TemporaryFolder folder;
  folder.write("password", "from-file\n");
  const auto absolute = folder.write("key", "absolutely-secret");
  const auto path =
      folder.write("weir.yaml", "hash_key_file: " + absolute.string() +
                                    "\nkafka: {security: {protocol: sasl_ssl, sasl_mechanism: PLAIN, sasl_username: u, "
                                    "sasl_password_file: password, certificate_file: c, key_file: k}}\n");
  Diagnostics diagnostics;
  auto config = load_config(path.string(), {}, diagnostics);
  REQUIRE(config.has_value());
  CHECK(config->hash_key.reveal() == "absolutely-secret");
  CHECK(config->kafka.security.sasl_password.reveal() == "from-file");

  const TemporaryFolder credentials;
  credentials.write("password", "from-credentials");
  credentials.write("kafka.security.key_password", "implicit\n");
  config = load_config(path.string(), {{"CREDENTIALS_DIRECTORY", credentials.path().string()}}, diagnostics);
  REQUIRE(config.has_value());
  CHECK(config->kafka.security.sasl_password.reveal() == "from-credentials");
  CHECK(config->kafka.security.key_password.reveal() == "implicit");

  config = load_config(path.string(), {{"WEIR_KAFKA__SECURITY__SASL_PASSWORD", "from-environment"}}, diagnostics);
  REQUIRE(config.has_value());
  CHECK(config->kafka.security.sasl_password.reveal() == "from-environment");
  config = load_config(path.string(), {{"WEIR_KAFKA__SECURITY__SASL_PASSWORD_FILE", absolute.string()}}, diagnostics);
  REQUIRE(config.has_value());
  CHECK(config->kafka.security.sasl_password.reveal() == "absolutely-secret");
}

TEST_CASE("a secret file that is missing, empty, or beside a direct value is an error") {
  CHECK(complaint("hash_key_file: /does/not/exist").find("cannot read the secret file /does/not/exist") !=
        std::string::npos);
  CHECK(complaint("hash_key_file: /dev/null").find("is empty") != std::string::npos);
  CHECK(complaint("hash_key: correct-horse-battery\nhash_key_file: /b")
            .find(":2:1: error: hash_key is given directly and as a file") != std::string::npos);
  CHECK(complaint("hash_key_file: [a]").find("must be a file's name") != std::string::npos);
}

TEST_CASE("a printed configuration is one that reads back the same, with every secret masked") {
  const auto config = good(R"(
hash_key: correct-horse-battery
kafka:
  group_id: "yes"
  client_properties: {sasl.password: battery-staple, "odd: key": v}
  topics: {requests: [r1, r2]}
input: {profile: ecs, unwrap: /message, trusted_proxies: ["2001:db8::/32"], fields: {client_id: ["/a b", '/"x"', "/ü"]}}
score: {abuse: {regular_timing_variation_max: 0.3}}
)");
  const auto text = print_config(config);
  CAPTURE(text);
  CHECK(text.find("correct-horse") == std::string::npos);
  CHECK(text.find("battery-staple") == std::string::npos);
  CHECK(text.find("hash_key: \"********\"") != std::string::npos);
  CHECK(print_config(good(text)) == text);
}

TEST_CASE("the mask in place of a secret is noticed") {
  const Loaded loaded("hash_key: \"********\"");
  CHECK(loaded.config.has_value());
  REQUIRE(loaded.diagnostics.size() == 1);
  CHECK(loaded.diagnostics.front().severity == Diagnostic::Severity::kWarning);
}

TEST_CASE("error texts never hold a secret") {
  for (const auto* yaml :
       {"hash_key: [hunter2]", "hash_key: {a: hunter2}", "hash_key: hunter2\nhash_key_file: x",
        "kafka: {client_properties: {'': hunter2}}", "kafka: {client_properties: {enable.auto.commit: hunter2}}",
        "kafka: {security: {sasl_pasword: hunter2}}"}) {
    CAPTURE(yaml);
    CHECK(Loaded(yaml).report().find("hunter2") == std::string::npos);
  }
}

TEST_CASE("a file that cannot be read is an error, not the defaults") {
  Diagnostics diagnostics;
  CHECK_FALSE(load_config("/does/not/exist.yaml", {}, diagnostics).has_value());
  CHECK_FALSE(load_config("/", {}, diagnostics).has_value());
  const TemporaryFolder folder;
  CHECK_FALSE(
      load_config(folder.write("large.yaml", "# " + std::string(2 << 20, 'x')).string(), {}, diagnostics).has_value());
  CHECK(diagnostics.size() == 3);
}

TEST_CASE("the table of properties is sound") {
  std::set<std::string_view> paths;
  std::set<std::string> variables;
  const auto defaults = default_config();
  for (const auto& property : properties()) {
    CAPTURE(property.path);
    CHECK(paths.insert(property.path).second);
    CHECK(variables.insert(environment_name(property.path)).second);
    CHECK_FALSE(property.help.empty());
    const auto known = [&](const Section& section) { return section.path == property.section(); };
    const bool section_known = property.section().empty() || std::any_of(sections().begin(), sections().end(), known);
    CHECK(section_known);
    if (const auto value = property_value(property, defaults); value.is_number()) {
      CHECK(value.get<double>() >= static_cast<double>(property.bounds.min));
      CHECK(value.get<double>() <= static_cast<double>(property.bounds.max));
    }
  }
  size_t fields = 0;
  for (const auto& property : properties())
    fields += property.section() == "input.fields" ? 1 : 0;
  CHECK(fields == profile_fields().size());
}

TEST_CASE("names of levels agree with the ones that rules use") {
  for (const auto* name : {"permissive", "standard", "strict"}) {
    const auto config = good("rules: {security_level: " + std::string(name) + "}");
    CHECK(to_string(config.rules.options.security_level) == name);
  }
}

// Each of these files is generated; after a change run `weir config schema` or `weir config reference` into it.
TEST_CASE("the generated schema and reference are current") {
  const std::string root = WEIR_SOURCE_DIR;
  CHECK(content_of(root + "/config/weir.schema.json") == config_json_schema());
  CHECK(content_of(root + "/docs/configuration.md") == config_reference_markdown());
}

TEST_CASE("the schema knows every property") {
  const auto schema = nlohmann::json::parse(config_json_schema());
  for (const auto& property : properties()) {
    CAPTURE(property.path);
    std::string pointer;
    std::stringstream parts{std::string(property.path)};
    for (std::string part; std::getline(parts, part, '.');)
      pointer += "/properties/" + part;
    CHECK(schema.contains(nlohmann::json::json_pointer(pointer)));
  }
}

TEST_CASE("a server's own log directive stands in place of a profile") {
  const auto config = good(R"(
input:
  format:
    nginx: |
      log_format main '$remote_addr [$time_local] "$request" $status "$http_user_agent"';
)");
  REQUIRE(config.input.profile.texts.size() == 1);
  CHECK(config.input.profile.texts.front().parts.size() == 5);
  const auto json = good(R"(
input:
  format:
    envoy:
      when: "%START_TIME%"
      client: {address: "%DOWNSTREAM_REMOTE_ADDRESS%", agent: "%REQ(USER-AGENT)%"}
      path: "%REQ(:PATH)%"
  fields: {client_id: /user}
)");
  CHECK(json.input.profile.client_ip.pointers == std::vector<std::string>{"/client/address"});
  CHECK(json.input.profile.client_id.pointers == std::vector<std::string>{"/user"});
  const Environment environment{
      {"WEIR_INPUT__FORMAT", "nginx=$remote_addr,$time_local,\"$request\",\"$http_user_agent\""}};
  CHECK(good("", environment).input.profile.texts.size() == 1);
}

TEST_CASE("what is wrong with a directive is said with its place in it, what it leaves out is a warning") {
  CHECK(complaint("input: {format: {nginx: '$remote_addr $request$status'}}")
            .find("line 1, column 22: nothing stands between") != std::string::npos);
  CHECK(complaint("input: {format: {iis: x}}").find("no server 'iis'") != std::string::npos);
  CHECK(complaint("input: {format: '$request'}").find("input.format must be one server") != std::string::npos);
  CHECK(complaint("input: {format: {nginx: [a]}}").find("must be text") != std::string::npos);
  CHECK(complaint("input: {profile: nginx, format: {nginx: combined}}").find("both say how records are read") !=
        std::string::npos);
  const Loaded warned("input: {format: {nginx: '$remote_addr [$time_local] \"$request\"'}}");
  REQUIRE(warned.diagnostics.size() == 1);
  CHECK(warned.diagnostics[0].severity == Diagnostic::Severity::kWarning);
  CHECK(warned.diagnostics[0].message.find("no user agent") != std::string::npos);
}

TEST_CASE("a directive is printed as it was given, so that the printed configuration reads the same") {
  const auto config = good("input: {format: {nginx: '$remote_addr [$time_local] \"$request\" \"$http_user_agent\"'}}");
  const auto again = good(print_config(config));
  CHECK(again.input.profile.about == config.input.profile.about);
  CHECK(again.input.profile.texts.front().parts.size() == config.input.profile.texts.front().parts.size());
}

TEST_CASE("near words are suggested, far ones not") {
  const std::vector<std::string> words{"level", "format", "target"};
  CHECK(nearest_word("levle", words) == "level");
  CHECK(nearest_word("fromat", words) == "format");
  CHECK(nearest_word("colour", words).empty());
  CHECK(nearest_word("", words).empty());
  CHECK(nearest_word(std::string(100000, 'x'), words).empty());
}
