#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "config/config.h"
#include "config/decisions/rule_reader.h"
#include "config/policy/policy_writer.h"
#include "config/property.h"
#include "config/property_value.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

// Plain where no YAML reader could take it for something else; JSON's quoting, which YAML shares, otherwise.
std::string yaml_text(const std::string& text) {
  const auto safe = [](char c) { return is_word_byte(c) || c == '/' || c == '.' || c == '-'; };
  const auto letter = [](char c) { return is_ascii_letter(c) || c == '/'; };
  static constexpr std::string_view kReserved[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  const std::string lower = lower_case(text);
  const bool reserved = std::find(std::begin(kReserved), std::end(kReserved), lower) != std::end(kReserved);
  const bool plain = !text.empty() && letter(text.front()) && std::all_of(text.begin(), text.end(), safe) && !reserved;
  return plain ? text : Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string yaml_value(const Json& value) {
  if (value.is_string()) return yaml_text(value.get<std::string>());
  if (!value.is_structured()) return value.dump();
  std::string text;
  for (const auto& [key, item] : value.items()) {
    if (!text.empty()) text += ", ";
    if (value.is_object()) text += yaml_text(key) + ": ";
    text += yaml_value(item);
  }
  return value.is_object() ? "{" + text + "}" : "[" + text + "]";
}

size_t depth_of(std::string_view section) {
  return section.empty() ? 0 : 1 + static_cast<size_t>(std::count(section.begin(), section.end(), '.'));
}

// Each with all that it inherits from `input`.
std::string print_sources(const Config& config) {
  std::string text = config.sources.empty() ? "" : "sources:\n";
  for (const SourceConfig& source : config.sources) {
    const Config only = config.with_only(source);
    text += "  - name: " + yaml_text(source.name) + "\n    topics: " + yaml_value(source.topics) + "\n";
    std::string_view section = "input";
    for (const auto& property : properties()) {
      if (!property.path.starts_with("input.")) continue;
      if (std::exchange(section, property.section()) != property.section()) text += "    fields:\n";
      text += std::string(2 * (1 + depth_of(section)), ' ') + std::string(property.key()) + ": " +
              yaml_value(property_value(property, only)) + "\n";
    }
  }
  return text;
}

}  // namespace

std::string print_config(const Config& config) {
  std::string text;
  std::string_view section;
  for (const auto& property : properties()) {
    if (!config.sources.empty() && property.path == "kafka.topics.requests") continue;  // each source has its own
    if (property.section() != section) {
      if (section == "decisions") text += print_decision_rules(config.decisions.policy.rules);
      // Opens what is not open yet: of kafka.topics after kafka, only topics.
      const auto wanted = property.section();
      for (size_t end = 0; end != std::string_view::npos && end <= wanted.size();) {
        end = wanted.find('.', end);
        const auto part = wanted.substr(0, end);
        const bool open = section == part ||
                          (section.starts_with(part) && section.size() > part.size() && section[part.size()] == '.');
        if (!open)
          text += std::string(2 * (depth_of(part) - 1), ' ') + std::string(part.substr(part.rfind('.') + 1)) + ":\n";
        if (end != std::string_view::npos) ++end;
      }
      section = wanted;
    }
    text += std::string(2 * depth_of(section), ' ') + std::string(property.key()) + ": " +
            yaml_value(property_value(property, config)) + "\n";
  }
  text += print_sources(config);
  if (config.policy) text += "policy:\n" + print_policy(config.policy->spec(), 2);
  return text;
}

}  // namespace weir
