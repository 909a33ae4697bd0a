#include "config/checks.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "alert/fernet.h"
#include "base/ascii.h"
#include "config/property.h"
#include "event/directive/directive.h"

namespace weir {
namespace {

class Checker {
 public:
  Checker(Config& config, const Origins& origins, const std::string& file, Findings& findings)
      : config_(config), origins_(origins), file_(file), findings_(findings) {}

  void run() {
    check_brokers();
    check_topics();
    check_security();
    check_client_properties();
    check_profile();
    check_trusted_proxies();
    check_time_zone();
    check_episodes();
    check_allowed_addresses();
    check_encryption();
    if (!IpAddress::parse(config_.http.address))
      error("http.address", "'" + config_.http.address + "' is no numeric address",
            "for example 127.0.0.1, 0.0.0.0 or ::");
    if (config_.decode.line_bytes_max > config_.decode.record_bytes_max) {
      error("decode.line_bytes_max", "decode.line_bytes_max is above decode.record_bytes_max");
    }
  }

 private:
  void error(std::string_view path, std::string message, std::string hint = {}) {
    const auto origin = origins_.find(path);
    findings_.error(origin == origins_.end() ? Origin{file_, {}} : origin->second, std::move(message), std::move(hint));
  }
  void require(bool there, std::string_view path, const std::string& because) {
    if (!there) error(because, std::string(path) + " is missing, which " + because + " needs");
  }

  void check_brokers() {
    std::string_view rest = config_.kafka.bootstrap_servers;
    for (bool more = true; more;) {
      const auto comma = rest.find(',');
      auto server = rest.substr(0, comma);
      while (server.starts_with(' '))
        server.remove_prefix(1);
      const auto colon = server.rfind(':');
      const auto port_text = colon == std::string_view::npos ? std::string_view() : server.substr(colon + 1);
      uint16_t port = 0;
      const auto [end, wrong] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
      if (colon == 0 || port_text.empty() || wrong != std::errc{} || end != port_text.data() + port_text.size() ||
          port == 0) {
        return error("kafka.bootstrap_servers", "'" + std::string(server) + "' is no broker's host:port",
                     "for example broker-1:9092,broker-2:9092");
      }
      more = comma != std::string_view::npos;
      rest = more ? rest.substr(comma + 1) : std::string_view();
    }
    if (config_.kafka.group_id.empty()) error("kafka.group_id", "kafka.group_id is empty");
  }

  void check_encryption() {
    if (config_.alerts.encryption_keys.empty()) return;
    if (const auto keys = FernetKeys::parse(config_.alerts.encryption_keys); !keys)
      error("alerts.encryption_keys", "alerts.encryption_keys: " + keys.error().detail,
            "python3 -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())' makes one");
  }

  // Kafka's own rule for names of topics.
  void check_topic(std::string_view path, const std::string& name) {
    const auto legal = [](char c) { return is_word_byte(c) || c == '.' || c == '-'; };
    if (name.empty() || name.size() > 249 || name == "." || name == ".." ||
        !std::all_of(name.begin(), name.end(), legal)) {
      error(path, "'" + name + "' is no topic's name", "letters, digits, '.', '_' and '-', at most 249");
    }
    if (!topics_.insert(name).second)
      error(path, "the topic '" + name + "' has two uses", "a topic that weir reads and writes would loop");
  }

  void check_topics() {
    const auto& topics = config_.kafka.topics;
    if (topics.requests.empty()) error("kafka.topics.requests", "kafka.topics.requests names no topic");
    for (const auto& topic : topics.requests)
      check_topic("kafka.topics.requests", topic);
    check_topic("kafka.topics.alerts", topics.alerts);
    check_topic("kafka.topics.observations", topics.observations);
    check_topic("kafka.topics.state", topics.state);
    check_topic("kafka.topics.dead_letter", topics.dead_letter);
    if (topics.replication_factor == 0)
      error("kafka.topics.replication_factor", "kafka.topics.replication_factor must not be 0",
            "-1 is the broker's default");
  }

  void check_security() {
    const auto& security = config_.kafka.security;
    const bool sasl =
        security.protocol == SecurityProtocol::kSaslPlaintext || security.protocol == SecurityProtocol::kSaslSsl;
    if (sasl) {
      static constexpr std::string_view kProtocol = "kafka.security.protocol";
      require(!security.sasl_username.empty(), "kafka.security.sasl_username", std::string(kProtocol));
      require(!security.sasl_password.empty(), "kafka.security.sasl_password", std::string(kProtocol));
      const std::set<std::string_view> known{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"};
      if (!known.contains(security.sasl_mechanism)) {
        error("kafka.security.sasl_mechanism",
              "kafka.security.sasl_mechanism must be one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512");
      }
    }
    if (security.certificate_file.empty() != security.key_file.empty()) {
      error(security.certificate_file.empty() ? "kafka.security.key_file" : "kafka.security.certificate_file",
            "kafka.security.certificate_file and key_file come together");
    }
  }

  // What weir's own guarantees stand on cannot be overridden.
  void check_client_properties() {
    for (const std::string_view name :
         {"bootstrap.servers", "group.id", "group.instance.id", "enable.auto.commit", "enable.auto.offset.store",
          "isolation.level", "transactional.id", "enable.idempotence"}) {
      if (config_.kafka.client_properties.contains(std::string(name))) {
        error("kafka.client_properties", "kafka.client_properties must not set '" + std::string(name) + "'",
              "weir sets it: delivery depends on it");
      }
    }
    if (config_.kafka.client_properties.contains("")) error("kafka.client_properties", "a property without a name");
  }

  void check_profile() {
    const auto& profile = config_.input.profile;
    bool valid = true;
    for (const auto& property : properties()) {
      if (property.section() != "input.fields") continue;
      for (const auto& pointer : std::get<Access<std::vector<std::string>>>(property.access)(config_)) {
        InputProfile probe;
        probe.unwrap = {pointer};
        if (!pointer.empty() && probe.validate()) continue;
        valid = false;
        error(property.path, "'" + pointer + "' is no JSON pointer",
              "write /name or /outer/name; ~1 stands for a slash in a name");
      }
    }
    if (const auto whole = profile.validate(); valid && !whole)
      error(origins_.contains("input.unwrap") ? "input.unwrap" : "input.profile", whole.error().detail);
    if (profile.reads_text() || directive_server_of(profile)) return;  // what a directive leaves out was warned of
    const auto need = [&](bool there, std::string_view field) {
      if (!there)
        error("input.profile", "no pointer for " + std::string(field) + ", which detection needs",
              "set input.fields." + std::string(field));
    };
    need(!profile.time.pointers.empty(), "time");
    need(!profile.client_ip.pointers.empty(), "client_ip");
    need(!profile.method.pointers.empty() || !profile.target.pointers.empty(), "method");
    need(!profile.path.pointers.empty() || !profile.target.pointers.empty(), "path");
  }

  void check_trusted_proxies() {
    config_.input.trusted_proxies.clear();
    config_.input.unix_peer = InputOptions::UnixPeer::kUntrusted;
    for (const auto& text : config_.trusted_proxies) {
      if (text == "unix:") {
        config_.input.unix_peer = InputOptions::UnixPeer::kTrusted;
      } else if (const auto network = Cidr::parse(text)) {
        config_.input.trusted_proxies.push_back(*network);
      } else {
        error("input.trusted_proxies", "'" + text + "' is no network",
              "for example 10.0.0.0/8, 2001:db8::/32, one address, or unix: for sockets");
      }
    }
  }

  void check_time_zone() {
    if (const auto zone = TimeZone::named(config_.time_zone)) {
      config_.input.time_zone = *zone;
    } else {
      error("input.timezone", "there is no time zone '" + config_.time_zone + "'", "for example Europe/Berlin, or UTC");
    }
  }

  void check_allowed_addresses() {
    for (const auto& text : config_.http.allowed_addresses) {
      if (!Cidr::parse(text))
        error("http.allowed_addresses", "'" + text + "' is no network", "for example 10.0.0.0/8 or one address");
    }
    if (!config_.http.allowed_addresses.empty() && config_.http.api_keys_file.empty())
      error("http.allowed_addresses", "http.allowed_addresses needs http.api_keys_file",
            "without keys only loopback may use the admin API");
  }

  void check_episodes() {
    const auto& counts = config_.score.episodes.update_counts;
    if (std::adjacent_find(counts.begin(), counts.end(), std::greater_equal<>()) != counts.end()) {
      error("score.episodes.update_counts", "score.episodes.update_counts must rise");
    }
  }

  Config& config_;
  const Origins& origins_;
  const std::string& file_;
  Findings& findings_;
  std::set<std::string> topics_;
};

}  // namespace

void check_config(Config& config, const Origins& origins, const std::string& file, Findings& findings) {
  Checker(config, origins, file, findings).run();
}

}  // namespace weir
