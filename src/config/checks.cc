#include "config/checks.h"

#include <filesystem>
#include <set>

#include "alert/fernet.h"
#include "config/network_text.h"
#include "config/property.h"
#include "config/property_value.h"
#include "event/directive/directive.h"

namespace weir {
namespace {

constexpr size_t kHashKeyBytesMin = 16;
constexpr size_t kHashKeyLettersMin = 6;  // distinct ones: repeats of a few are no secret

class Checker {
 public:
  Checker(Config& config, ConfigReport& report) : config_(config), report_(report) {}

  void run() {
    check_hash_key();
    check_input();
    check_shared_networks();
    check_decisions();
    check_encryption();
    check_enrichment();
    check_notify();
    check_http();
    if (config_.decode.line_bytes_max > config_.decode.record_bytes_max) {
      report_.error(report_.written_of({"decode.line_bytes_max", "decode.record_bytes_max"}),
                    "decode.line_bytes_max is above decode.record_bytes_max",
                    "lower it to " + std::to_string(config_.decode.record_bytes_max) + " at most");
    }
  }

  void check_input() {
    check_profile();
    check_trusted_proxies();
    check_time_zone();
  }

 private:
  void check_hash_key() {
    const std::string& key = config_.hash_key.reveal();
    if (key.empty() || key == kSecretMask) return;  // the mask is warned of
    if (key.size() < kHashKeyBytesMin) {
      report_.error("hash_key", "hash_key has " + std::to_string(key.size()) + " bytes: it can be guessed",
                    kHashKeyHint);
    } else if (std::set<char>(key.begin(), key.end()).size() < kHashKeyLettersMin) {
      report_.error("hash_key", "hash_key repeats a few characters: it can be guessed", kHashKeyHint);
    }
  }

  void check_encryption() {
    if (config_.alerts.encryption_keys.empty()) return;
    if (const auto keys = FernetKeys::parse(config_.alerts.encryption_keys); !keys)
      report_.error(
          "alerts.encryption_keys", "alerts.encryption_keys: " + keys.error().detail,
          "python3 -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())' makes one");
  }

  void check_enrichment() {
    std::set<std::string> names;
    for (const auto& [key, files] : {std::pair("enrichment.threat_lists", &config_.enrichment.threat_lists),
                                     std::pair("enrichment.crawlers", &config_.enrichment.crawlers)}) {
      if (files->size() > EnrichmentOptions::kListsMax) {
        report_.error(key, std::string(key) + " has " + std::to_string(files->size()) + " files",
                      "at most " + std::to_string(EnrichmentOptions::kListsMax) + "; join some");
      }
      for (size_t i = 0; i < files->size(); ++i) {
        const std::string name = std::filesystem::path((*files)[i]).stem().string();
        if (!name.empty() && names.insert(name).second) continue;
        report_.error(std::string(key) + "[" + std::to_string(i) + "]",
                      std::string(key) + ": a second list is called '" + name + "'",
                      "alerts name lists by their files, without folder and extension: rename one");
      }
    }
  }

  void check_notify() {
    const NotifyConfig& notify = config_.notify;
    const std::string& url = notify.url.reveal();
    if (!url.empty() && url != kSecretMask && !url.starts_with("https://") && !url.starts_with("http://"))
      report_.error("notify.url", "notify.url does not begin with https:// or http://",
                    "it is not shown here, since it may hold a secret");
    const bool breaks_header = notify.authorization.reveal().find_first_of("\r\n") != std::string::npos;
    if (breaks_header)
      report_.error("notify.authorization", "notify.authorization has a line break", "it is one header");
    if (notify.body.empty() != notify.summary_body.empty()) {
      const char* given = notify.body.empty() ? "notify.summary_body" : "notify.body";
      report_.error(given, std::string(given) + " is set, but not the other one",
                    "a receiver that wants a form of its own wants it of summaries, too (docs/notify.md)");
    }
    if (notify.group_id.empty())
      report_.error("notify.group_id", "notify.group_id is empty", "leave it out for its default");
  }

  void check_pointers(bool& valid) {
    for (const auto& property : properties()) {
      if (property.section() != "input.fields") continue;
      const auto& pointers = std::get<Access<std::vector<std::string>>>(property.access)(config_);
      for (size_t i = 0; i < pointers.size(); ++i) {
        InputProfile probe;
        probe.unwrap = {pointers[i]};
        if (!pointers[i].empty() && probe.validate()) continue;
        valid = false;
        report_.error(item_path(property.path, i),
                      std::string(property.path) + ": '" + pointers[i] + "' is no JSON pointer",
                      "write /name or /outer/name; ~1 stands for a slash in a name");
      }
    }
  }

  void check_profile() {
    const auto& profile = config_.input.profile;
    bool valid = true;
    check_pointers(valid);
    if (const auto whole = profile.validate(); valid && !whole)
      report_.error(report_.is_set("input.unwrap") ? "input.unwrap" : "input.profile", whole.error().detail,
                    "docs/profiles.md says what a profile may hold");
    if (profile.reads_text() || directive_server_of(profile)) return;  // what a directive leaves out was warned of
    const auto need = [&](bool there, std::string_view field) {
      if (!there)
        report_.error("input.profile", "no pointer for " + std::string(field) + ", which detection needs",
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
    for (size_t i = 0; i < config_.trusted_proxies.size(); ++i) {
      const std::string& text = config_.trusted_proxies[i];
      if (text == "unix:") {
        config_.input.unix_peer = InputOptions::UnixPeer::kTrusted;
      } else if (const auto fault = network_fault(text)) {
        report_.error(item_path("input.trusted_proxies", i), "input.trusted_proxies: " + fault->message,
                      fault->hint + (Cidr::parse(text) ? "" : ", or unix: for sockets"));
      } else {
        config_.input.trusted_proxies.push_back(*Cidr::parse(text));
        if (text.ends_with("/0"))
          report_.warning(item_path("input.trusted_proxies", i),
                          "input.trusted_proxies: '" + text + "' trusts everyone: each client could choose its address",
                          "name the networks of your own proxies");
      }
    }
  }

  void check_shared_networks() {
    auto& networks = config_.score.bursts.shared_networks;
    networks.clear();
    for (size_t i = 0; i < config_.shared_networks.size(); ++i) {
      if (const auto fault = network_fault(config_.shared_networks[i])) {
        report_.error(item_path("score.bursts.shared_networks", i), "score.bursts.shared_networks: " + fault->message,
                      fault->hint);
      } else {
        networks.push_back(*Cidr::parse(config_.shared_networks[i]));
      }
    }
  }

  /// Makes the policy that the scorers have.
  void check_decisions() {
    const DecisionsConfig& decisions = config_.decisions;
    config_.score.decisions.reset();
    auto policy = std::make_shared<DecisionPolicy>(decisions.policy);
    policy->remember = Milliseconds{int64_t{decisions.remember_s} * 1'000};
    for (size_t i = 0; i < decisions.never.size(); ++i) {
      if (const auto fault = network_fault(decisions.never[i]))
        report_.error(item_path("decisions.never", i), "decisions.never: " + fault->message, fault->hint);
      else
        policy->never.add(decisions.never[i]);
    }
    if (policy->rules.empty()) return;
    for (const SourceConfig& source : config_.all_sources())
      for (const std::string& proxy : source.trusted_proxies)
        spare_proxy(proxy, *policy);
    policy->never.seal();
    config_.score.decisions = std::move(policy);
  }

  void spare_proxy(const std::string& proxy, DecisionPolicy& policy) {
    if (proxy.ends_with("/0"))
      report_.error("input.trusted_proxies",
                    "'" + proxy +
                        "' as a trusted proxy lets each client choose its address, and with it whom decisions.rules "
                        "act on",
                    "name the networks of your own proxies, or leave decisions.rules out");
    policy.never.add(proxy);  // "unix:" is no address
  }

  void check_time_zone() {
    if (const auto zone = TimeZone::named(config_.time_zone)) {
      config_.input.time_zone = *zone;
    } else {
      report_.error("input.timezone", "input.timezone: there is no time zone '" + config_.time_zone + "'",
                    "for example Europe/Berlin, or UTC");
    }
  }

  void check_http() {
    if (!IpAddress::parse(config_.http.address))
      report_.error("http.address", "http.address '" + config_.http.address + "' is no numeric address",
                    "for example 127.0.0.1, 0.0.0.0 or ::");
    for (size_t i = 0; i < config_.http.allowed_addresses.size(); ++i) {
      if (const auto fault = network_fault(config_.http.allowed_addresses[i]))
        report_.error(item_path("http.allowed_addresses", i), "http.allowed_addresses: " + fault->message, fault->hint);
    }
    if (!config_.http.allowed_addresses.empty() && config_.http.api_keys_file.empty())
      report_.error("http.allowed_addresses", "http.allowed_addresses needs http.api_keys_file",
                    "without keys only loopback may use the admin API");
  }

  static constexpr const char* kHashKeyHint = "take a random one of 32 bytes, for example from: openssl rand -hex 32";

  Config& config_;
  ConfigReport& report_;
};

}  // namespace

void check_config(Config& config, Diagnostics& diagnostics) {
  ConfigReport report(config, diagnostics);
  Checker(config, report).run();
  check_kafka(config, report);
  check_score(config, report);
}

void check_input(Config& config, Diagnostics& diagnostics) {
  ConfigReport report(config, diagnostics);
  Checker(config, report).check_input();
}

std::string item_path(std::string_view list, size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

}  // namespace weir
