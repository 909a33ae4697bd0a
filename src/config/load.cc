#include <unistd.h>

#include <fstream>
#include <iterator>
#include <optional>

#include "base/utf8.h"
#include "config/checks.h"
#include "config/config.h"
#include "config/decisions/rule_reader.h"
#include "config/findings.h"
#include "config/policy/policy_reader.h"
#include "config/property.h"
#include "config/property_value.h"
#include "config/secret_files.h"
#include "config/source_reader.h"
#include "config/suggest.h"
#include "yaml/yaml_reader.h"

extern char** environ;  // NOLINT: POSIX declares no header for it

namespace weir {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;
constexpr std::string_view kFileSuffix = "_file";
constexpr std::string_view kPrefix = "WEIR_";
/// The name that other users of Fernet give to the variable.
constexpr const char* kEncryptionKey = "ENCRYPTION_KEY";
constexpr std::string_view kEncryptionKeys = "alerts.encryption_keys";
/// Lists of routes do not fit the table of properties: config/policy/policy_reader.cc reads this section.
constexpr std::string_view kPolicySection = "policy";
/// Nor does a list of sources: config/source_reader.cc.
constexpr std::string_view kSourcesSection = "sources";
/// Nor a list of rules: config/decisions/rule_reader.cc.
constexpr std::string_view kDecisionRules = "decisions.rules";

/// A value that was written somewhere for a property.
struct Setting {
  YamlNode value;
  Origin origin;
  bool names_file = false;  ///< a secret's *_file
};

/// What a key or variable means.
struct Target {
  const Property* property = nullptr;
  bool names_file = false;
};

Target target_of(std::string_view path) {
  for (const auto& property : properties()) {
    if (property.path == path) return {&property, false};
    const bool file = property.is_secret() && path.size() == property.path.size() + kFileSuffix.size() &&
                      path.starts_with(property.path) && path.ends_with(kFileSuffix);
    if (file) return {&property, true};
  }
  return {};
}

bool is_section(std::string_view path) {
  for (const auto& section : sections()) {
    if (section.path == path) return true;
  }
  return false;
}

/// Gathers the settings of all sources, then applies them in the order of the table.
class Loader {
 public:
  Loader(const std::string& file, const Environment& environment, Diagnostics& diagnostics)
      : file_(file), environment_(environment), diagnostics_(diagnostics), findings_(diagnostics) {}

  Config load(const std::string& yaml) {
    gather_map(read_yaml_map(yaml, file_, diagnostics_), "");
    gather_environment();
    Config config = default_config();
    config.file = file_;
    for (const auto& property : properties()) {
      const auto setting = settings_.find(property.path);
      if (setting != settings_.end()) {
        const auto& [source, position] = setting->second.origin;
        config.places[std::string(property.path)] = {source, position.line, position.column};
        apply(property, setting->second, config);
      } else if (property.is_secret()) {
        if (auto credential = read_credential(property.path, environment_)) {
          std::get<Access<Secret>>(property.access)(config) = std::move(*credential);
        } else if (const auto key = environment_.find(kEncryptionKey);
                   property.path == kEncryptionKeys && key != environment_.end()) {
          std::get<Access<Secret>>(property.access)(config) = Secret(key->second);
          config.places[std::string(property.path)] = {"environment variable " + std::string(kEncryptionKey), 0, 0};
        }
      }
    }
    std::erase(config.input.profile.unwrap, "");  // an empty text is no envelope
    if (sources_ && !sources_->is_null()) take_sources(config);
    if (decision_rules_) config.decisions.policy.rules = read_decision_rules(*decision_rules_, file_, findings_);
    check_config(config, diagnostics_);
    if (policy_) take_policy(config);
    return config;
  }

 private:
  void take_sources(Config& config) {
    static constexpr std::string_view kRequests = "kafka.topics.requests";
    if (config.places.contains(kRequests))
      diagnostics_.push_back(config.finding(Diagnostic::Severity::kError, kRequests,
                                            "kafka.topics.requests and sources both name the topics to read",
                                            "each source names its own: leave kafka.topics.requests out"));
    read_sources(*sources_, file_, config, findings_);
    std::erase_if(config.places, [](const auto& place) { return place.first.starts_with(kRequests); });
    config.places[std::string(kRequests)] = {file_, sources_->position.line, sources_->position.column};
  }

  void take_policy(Config& config) {
    RuleSetOptions& options = config.rules.options;
    PolicySpec spec = read_policy(*policy_, file_, diagnostics_);
    config.policy_files = spec.files;
    auto policy = Policy::compile(std::move(spec), options.security_level, diagnostics_);
    if (!policy) return;
    config.policy = std::move(*policy);
    options.other_levels = static_cast<SecurityLevels>(config.policy->levels() & ~mask_of(options.security_level));
  }

  void gather_map(const YamlNode& map, const std::string& section) {
    for (const auto& entry : map.entries) {
      const std::string path = section.empty() ? entry.key : section + "." + entry.key;
      const Origin origin{file_, entry.position};
      if (path == kPolicySection) {
        policy_ = entry.value;
        policy_->position = entry.position;
      } else if (path == kSourcesSection) {
        sources_ = entry.value;
        sources_->position = entry.position;
      } else if (path == kDecisionRules) {
        decision_rules_ = entry.value;
        decision_rules_->position = entry.position;
      } else if (is_section(path)) {
        gather_section(entry, path);
      } else if (const auto target = target_of(path); target.property != nullptr) {
        const auto [earlier, added] =
            settings_.emplace(target.property->path, Setting{entry.value, origin, target.names_file});
        if (!added)
          findings_.error(origin, std::string(target.property->path) + " is given directly and as a file",
                          "keep one of the two");
      } else {
        report_unknown(origin, entry.key, section);
      }
    }
  }

  void gather_section(const YamlNode::Entry& entry, const std::string& path) {
    if (entry.value.kind == YamlNode::Kind::kMap) {
      gather_map(entry.value, path);
    } else if (entry.value.kind != YamlNode::Kind::kNull) {
      findings_.error({file_, entry.position}, path + " is a section, not " + std::string(describe(entry.value.kind)),
                      "put its keys below it, indented");
    }
  }

  // Near names in the same section first, then the same name in another one.
  void report_unknown(const Origin& origin, const std::string& key, const std::string& section) {
    std::vector<std::string> here;
    std::string elsewhere;
    for (const auto& property : properties()) {
      if (property.section() == section) here.emplace_back(property.key());
      if (property.key() == key) elsewhere = property.section();
    }
    for (const auto& known : sections()) {
      const auto dot = known.path.rfind('.');
      const auto parent = dot == std::string_view::npos ? std::string_view() : known.path.substr(0, dot);
      if (parent == section) here.emplace_back(known.path.substr(dot + 1));
    }
    if (section == "decisions") here.emplace_back("rules");
    if (section.empty()) here.insert(here.end(), {std::string(kPolicySection), std::string(kSourcesSection)});
    std::string hint;
    if (const auto near = nearest_word(key, here); !near.empty()) {
      hint = "did you mean '" + near + "'?";
    } else if (!elsewhere.empty()) {
      hint = "it belongs to " + elsewhere;
    } else {
      for (const auto& name : here)
        hint += (hint.empty() ? "there are " : ", ") + name;
    }
    findings_.error(origin, "unknown key '" + key + "'" + (section.empty() ? "" : " in " + section), hint);
  }

  void gather_environment() {
    std::vector<std::string> known;
    for (const auto& property : properties()) {
      known.push_back(environment_name(property.path));
      if (property.is_secret())
        known.push_back(environment_name(std::string(property.path) + std::string(kFileSuffix)));
    }
    for (const auto& [name, text] : environment_) {
      if (!name.starts_with(kPrefix)) continue;
      if (std::string valid; append_valid_utf8(text, valid), valid != text) {
        findings_.error({"environment variable " + name, {}}, "it is not valid UTF-8", "write it in UTF-8");
        continue;
      }
      const auto target = target_of_variable(name);
      if (target.property != nullptr) {
        settings_.insert_or_assign(
            target.property->path,
            Setting{value_from_text(*target.property, text), {"environment variable " + name, {}}, target.names_file});
      } else if (const auto near = nearest_word(name, known); name.find("__") != std::string::npos) {
        findings_.error({"environment variable " + name, {}}, "it sets no property",
                        near.empty() ? "" : "did you mean " + near + "?");
      }
    }
  }

  static Target target_of_variable(const std::string& name) {
    for (const auto& property : properties()) {
      if (name == environment_name(property.path)) return {&property, false};
      if (property.is_secret() && name == environment_name(std::string(property.path) + std::string(kFileSuffix)))
        return {&property, true};
    }
    return {};
  }

  void apply(const Property& property, const Setting& setting, Config& config) {
    if (!setting.names_file) return set_property(property, setting.value, setting.origin, config, findings_);
    if (setting.value.kind != YamlNode::Kind::kScalar) {
      return findings_.error(setting.origin, std::string(property.path) + "_file must be a file's name",
                             "name a file that holds the secret alone");
    }
    auto secret = read_secret_file(setting.value.text, file_, environment_);
    if (!secret)
      return findings_.error(setting.origin, std::string(property.path) + "_file: " + secret.error().detail,
                             "weir's user must be able to read it");
    std::get<Access<Secret>>(property.access)(config) = std::move(*secret);
  }

  const std::string& file_;
  const Environment& environment_;
  Diagnostics& diagnostics_;
  Findings findings_;
  std::map<std::string_view, Setting> settings_;
  std::optional<YamlNode> policy_, sources_, decision_rules_;
};

}  // namespace

Environment process_environment() {
  Environment environment;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const auto equals = text.find('=');
    const auto name = text.substr(0, equals);
    if (equals == std::string_view::npos ||
        (!name.starts_with(kPrefix) && name != "CREDENTIALS_DIRECTORY" && name != kEncryptionKey))
      continue;
    environment.emplace(name, text.substr(equals + 1));
  }
  return environment;
}

Result<Config> load_config_text(const std::string& yaml, const std::string& file, const Environment& environment,
                                Diagnostics& diagnostics) {
  Diagnostics found;
  auto config = Loader(file, environment, found).load(yaml);
  const bool refused = has_errors(found);
  diagnostics.insert(diagnostics.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
  if (refused) return fail(ErrorCode::kInvalidArgument, "config", file + " has errors");
  return config;
}

Result<Config> load_config(const std::string& path, const Environment& environment, Diagnostics& diagnostics) {
  const auto refuse = [&](std::string what) {
    diagnostics.push_back({Diagnostic::Severity::kError, path, 0, 0, what, ""});
    return fail(ErrorCode::kIo, "config", path + ": " + what);
  };
  std::ifstream file(path, std::ios::binary);
  if (!file) return refuse("the file cannot be opened");
  std::string content(kFileBytesMax + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (file.bad() || (file.gcount() == 0 && !file.eof())) return refuse("the file cannot be read");
  if (static_cast<size_t>(file.gcount()) > kFileBytesMax) return refuse("the file is larger than 1 MiB");
  content.resize(static_cast<size_t>(file.gcount()));
  return load_config_text(content, path, environment, diagnostics);
}

}  // namespace weir
