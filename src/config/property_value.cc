#include "config/property_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/ascii.h"
#include "config/input_format.h"
#include "config/suggest.h"
#include "event/directive/directive.h"
#include "event/profile/profile_catalog.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kTextBytesMax = 4'096;
constexpr size_t kListItemsMax = 256;

bool is_truth(std::span<const std::string_view> names) {
  return names.size() == 2 && names[0] == "false" && names[1] == "true";
}

bool equal_letters(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return to_lower(x) == to_lower(y); });
}

/// Sets one property; one overload per kind of access.
class Setter {
 public:
  Setter(const Property& property, const YamlNode& value, const Origin& origin, Config& config, Findings& findings)
      : property_(property), value_(value), origin_(origin), config_(config), findings_(findings) {}

  void operator()(Access<std::string> access) const {
    if (const auto text = plain_text_of(value_)) access(config_) = *text;
  }
  void operator()(Access<Secret> access) const {
    const auto text = text_of(value_);
    if (!text) return;
    if (*text == kSecretMask)
      findings_.warning(
          origin_, std::string(property_.path) + " holds the mask that stands for a secret in printed configurations");
    access(config_) = Secret(*text);
  }
  void operator()(Access<std::vector<std::string>> access) const {
    if (auto texts = texts_of()) access(config_) = std::move(*texts);
  }
  void operator()(Access<SecretMap> access) const {
    if (value_.kind != YamlNode::Kind::kMap) return wrong_kind("a map of names and values");
    SecretMap map;
    std::map<std::string, ConfigPlace> places;
    bool whole = true;
    for (const auto& entry : value_.entries) {
      const auto text = text_of(entry.value);
      whole = whole && text;
      if (!text) continue;
      map.emplace(entry.key, Secret(*text));
      const FilePosition& at = entry.position.line == 0 ? origin_.position : entry.position;
      places[entry.key] = {origin_.source, at.line, at.column};
    }
    if (!whole) return;
    access(config_) = std::move(map);
    config_.kafka.client_property_places = std::move(places);  // the only map of secrets there is
  }
  void operator()(Access<double> access) const {
    if (!check_scalar(value_, "a number")) return;
    double number = 0;
    const auto& text = value_.text;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (value_.quoted || error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number))
      return no_number(value_);
    if (number < static_cast<double>(property_.bounds.min) || number > static_cast<double>(property_.bounds.max))
      return out_of_bounds(value_);
    access(config_) = number;
  }
  void operator()(Access<Milliseconds> access) const {
    if (const auto number = integer_of(value_)) access(config_) = Milliseconds{*number};
  }
  template <typename Integer>
  void operator()(Access<Integer> access) const {
    if (const auto number = integer_of(value_)) access(config_) = static_cast<Integer>(*number);
  }
  void operator()(Access<std::vector<uint64_t>> access) const {
    if (value_.kind != YamlNode::Kind::kList) return wrong_kind("a list of numbers");
    if (value_.items.size() > kListItemsMax) return too_many();
    std::vector<uint64_t> numbers;
    for (const auto& item : value_.items) {
      if (const auto number = integer_of(item)) numbers.push_back(static_cast<uint64_t>(*number));
    }
    if (numbers.size() == value_.items.size()) access(config_) = std::move(numbers);
  }
  void operator()(const ChoiceAccess& access) const {
    if (const auto index = choice_of(value_, access.names)) access.set(config_, *index);
  }
  void operator()(const ChoiceListAccess& access) const {
    if (value_.kind != YamlNode::Kind::kList)
      return wrong_kind("a list, for example [" + joined_words(access.names) + "]");
    std::vector<size_t> indices;
    for (const auto& item : value_.items) {
      const auto index = choice_of(item, access.names);
      if (!index) continue;
      if (std::find(indices.begin(), indices.end(), *index) != indices.end()) {
        findings_.error(at(item), "'" + item.text + "' stands twice in " + std::string(property_.path),
                        "remove one of the two");
        continue;
      }
      indices.push_back(*index);
    }
    if (indices.size() < value_.items.size()) return;
    if (indices.empty())
      return findings_.error(origin_, std::string(property_.path) + " is empty", "leave the line out for the default");
    access.set(config_, indices);
  }
  void operator()(ProfileAccess) const {
    const auto text = text_of(value_);
    if (!text) return;
    if (*text == "custom") {
      config_.input.profile = InputProfile{};
      config_.input.profile.name = "custom";
    } else if (const auto* own = config_.profiles.catalog ? config_.profiles.catalog->find(*text) : nullptr) {
      config_.input.profile = own->profile;
    } else if (text->ends_with(".yaml")) {
      auto file = read_profile_file(*text, findings_.diagnostics());
      if (file) config_.input.profile = std::move(file->profile);
    } else if (auto profile = InputProfile::built_in(*text)) {
      config_.input.profile = std::move(*profile);
    } else {
      findings_.error(origin_, "input.profile: no input profile '" + *text + "'",
                      "there are " + config_.profile_catalog().names() +
                          ", custom, and files of your own by their path (mine.yaml)");
    }
  }
  void operator()(FormatAccess) const { set_input_format(value_, origin_, config_, findings_); }

 private:
  // An environment variable has no positions inside; then everything is at the variable.
  Origin at(const YamlNode& node) const {
    return node.position.line > 0 ? Origin{origin_.source, node.position} : origin_;
  }
  bool check_scalar(const YamlNode& node, const std::string& wanted) const {
    if (node.kind == YamlNode::Kind::kScalar) return true;
    if (node.is_null()) {
      findings_.error(at(node), std::string(property_.path) + " has no value",
                      "remove the line for the default, or write \"\" for an empty text");
    } else {
      findings_.error(at(node),
                      std::string(property_.path) + " must be " + wanted + ", not " + std::string(describe(node.kind)));
    }
    return false;
  }
  void wrong_kind(const std::string& wanted) const {
    findings_.error(origin_,
                    std::string(property_.path) + " must be " + wanted + ", not " + std::string(describe(value_.kind)));
  }
  void too_many() const {
    findings_.error(origin_, std::string(property_.path) + " has more than " + std::to_string(kListItemsMax) + " items",
                    "shorten it");
  }
  void out_of_bounds(const YamlNode& node) const {
    const auto& [min, max] = property_.bounds;
    std::string unit = property_.unit.empty() ? "" : " " + std::string(property_.unit);
    findings_.error(at(node),
                    std::string(property_.path) + " must be from " + std::to_string(min) + " to " +
                        std::to_string(max) + unit + ", not " + node.text,
                    "remove the line for the default");
  }
  void no_number(const YamlNode& node) const {
    std::string hint;
    const auto& text = node.text;
    if (node.quoted) {
      hint = "remove the quotes";
    } else if (text.size() > 1 && text.find_first_not_of("0123456789") == std::string::npos) {
      hint = "remove the leading zero: some YAML readers take it for octal";
    } else if (!text.empty() && text.front() >= '0' && text.front() <= '9' && !property_.unit.empty()) {
      hint = "give the plain number, in " + std::string(property_.unit);
    }
    findings_.error(at(node), std::string(property_.path) + " must be a number, not '" + text + "'", hint);
  }

  std::optional<std::string> text_of(const YamlNode& node) const {
    if (!check_scalar(node, "text")) return std::nullopt;
    if (node.text.size() > kTextBytesMax || node.text.find('\0') != std::string::npos) {
      findings_.error(
          at(node),
          std::string(property_.path) + " is longer than " + std::to_string(kTextBytesMax) + " bytes, or holds a NUL",
          "shorten it");
      return std::nullopt;
    }
    return node.text;
  }

  /// Names, addresses and paths: a control character in one is an accident. Secrets may hold whole certificates.
  std::optional<std::string> plain_text_of(const YamlNode& node) const {
    auto text = text_of(node);
    if (!text) return text;
    const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
    if (!std::any_of(text->begin(), text->end(), is_control)) return text;
    findings_.error(at(node), std::string(property_.path) + " holds a control character (a line break, a tab)",
                    "write it on one line, without escapes");
    return std::nullopt;
  }

  // A single text stands for a list of one.
  std::optional<std::vector<std::string>> texts_of() const {
    std::vector<std::string> texts;
    if (value_.kind != YamlNode::Kind::kList) {
      auto text = plain_text_of(value_);
      if (!text) return std::nullopt;
      texts.push_back(std::move(*text));
      return texts;
    }
    if (value_.items.size() > kListItemsMax) {
      too_many();
      return std::nullopt;
    }
    for (const auto& item : value_.items) {
      auto text = plain_text_of(item);
      if (!text) continue;
      const auto& [source, position] = at(item);
      config_.places[std::string(property_.path) + "[" + std::to_string(texts.size()) + "]"] = {source, position.line,
                                                                                                position.column};
      texts.push_back(std::move(*text));
    }
    if (texts.size() < value_.items.size()) return std::nullopt;
    return texts;
  }

  std::optional<int64_t> integer_of(const YamlNode& node) const {
    if (!check_scalar(node, "a number")) return std::nullopt;
    int64_t number = 0;
    const auto& text = node.text;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const auto digits = text.substr(text.starts_with('-') ? 1 : 0);
    const bool octal = digits.size() > 1 && digits.front() == '0';
    if (error == std::errc::result_out_of_range && end == text.data() + text.size()) {
      out_of_bounds(node);
    } else if (node.quoted || error != std::errc{} || end != text.data() + text.size() || octal) {
      no_number(node);
    } else if (number < property_.bounds.min || number > property_.bounds.max) {
      out_of_bounds(node);
    } else {
      return number;
    }
    return std::nullopt;
  }

  std::optional<size_t> choice_of(const YamlNode& node, std::span<const std::string_view> names) const {
    if (!check_scalar(node, "one of " + joined_words(names))) return std::nullopt;
    for (size_t i = 0; i < names.size(); ++i) {
      if (equal_letters(names[i], node.text)) return i;
    }
    const std::string wanted = is_truth(names) ? "true or false" : "one of " + joined_words(names);
    findings_.error(at(node), std::string(property_.path) + " must be " + wanted + ", not '" + node.text + "'");
    return std::nullopt;
  }

  const Property& property_;
  const YamlNode& value_;
  const Origin& origin_;
  Config& config_;
  Findings& findings_;
};

/// Reads one property; one overload per kind of access.
struct Getter {
  Config& config;

  Json operator()(Access<Secret> access) const { return access(config).empty() ? "" : std::string(kSecretMask); }
  Json operator()(Access<SecretMap> access) const {
    Json map = Json::object();
    for (const auto& [name, value] : access(config))
      map[name] = kSecretMask;
    return map;
  }
  Json operator()(Access<Milliseconds> access) const { return access(config).count(); }
  template <typename Plain>
  Json operator()(Access<Plain> access) const {
    return access(config);
  }
  Json operator()(const ChoiceAccess& access) const {
    const size_t index = access.get(config);
    if (is_truth(access.names)) return index == 1;
    return std::string(access.names[index]);
  }
  Json operator()(const ChoiceListAccess& access) const {
    Json list = Json::array();
    for (const size_t index : access.get(config))
      list.push_back(std::string(access.names[index]));
    return list;
  }
  // What a directive made is written as the directive.
  Json operator()(ProfileAccess) const {
    return directive_server_of(config.input.profile) ? std::string("custom") : config.input.profile.name;
  }
  Json operator()(FormatAccess) const {
    Json map = Json::object();
    const auto& profile = config.input.profile;
    if (const auto server = directive_server_of(profile)) map[std::string(to_string(*server))] = profile.about;
    return map;
  }
};

bool is_list(const PropertyAccess& access) {
  return std::holds_alternative<Access<std::vector<std::string>>>(access) ||
         std::holds_alternative<Access<std::vector<uint64_t>>>(access) ||
         std::holds_alternative<ChoiceListAccess>(access);
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

YamlNode scalar(std::string text) {
  YamlNode node;
  node.kind = YamlNode::Kind::kScalar;
  node.text = std::move(text);
  return node;
}

// Before the properties that name profiles.
void load_profiles(Config& config, Findings& findings) {
  config.profiles.catalog = std::make_shared<const ProfileCatalog>(
      ProfileCatalog::with_folders(config.profiles.directories, findings.diagnostics()));
}

}  // namespace

void set_property(const Property& property, const YamlNode& value, const Origin& origin, Config& config,
                  Findings& findings) {
  std::visit(Setter(property, value, origin, config, findings), property.access);
  if (property.path == "profiles.directories" && !config.profiles.directories.empty()) load_profiles(config, findings);
  if (property.path == "input.profile" || property.path == "input.format" || property.section() == "input.fields")
    config.input_is_chosen = true;
  if (property.section() != "input.fields") return;
  const auto field = field_named(property.key());
  const auto* pointers = std::get_if<Access<std::vector<std::string>>>(&property.access);
  if (field && pointers != nullptr && !(*pointers)(config).empty()) config.fields_chosen |= 1U << *field;
}

YamlNode value_from_text(const Property& property, const std::string& text) {
  if (std::holds_alternative<FormatAccess>(property.access)) {
    // "nginx=<directive>": what stands in it, commas too, is the directive's.
    YamlNode node;
    node.kind = YamlNode::Kind::kMap;
    const auto equals = std::min(text.find('='), text.size());
    if (!text.empty())
      node.entries.push_back({text.substr(0, equals), {}, scalar(equals < text.size() ? text.substr(equals + 1) : "")});
    return node;
  }
  const bool map = std::holds_alternative<Access<SecretMap>>(property.access);
  if (!map && !is_list(property.access)) return scalar(text);
  YamlNode node;
  node.kind = map ? YamlNode::Kind::kMap : YamlNode::Kind::kList;
  for (size_t begin = 0; begin <= text.size() && !text.empty();) {
    const size_t comma = std::min(text.find(',', begin), text.size());
    const auto item = trimmed(std::string_view(text).substr(begin, comma - begin));
    if (map) {
      const auto equals = std::min(item.find('='), item.size());
      node.entries.push_back({item.substr(0, equals), {}, scalar(equals < item.size() ? item.substr(equals + 1) : "")});
    } else {
      node.items.push_back(scalar(item));
    }
    begin = comma + 1;
  }
  return node;
}

Json property_value(const Property& property, const Config& config) {
  // Accesses hand out references to change; a getter only reads.
  return std::visit(Getter{const_cast<Config&>(config)}, property.access);
}

}  // namespace weir
