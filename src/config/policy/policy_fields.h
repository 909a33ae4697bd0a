#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "config/findings.h"
#include "config/property.h"
#include "policy/policy_spec.h"
#include "yaml/yaml_node.h"

namespace weir {

/// One key of a map: its name and what to do with its value.
struct PolicyField {
  std::string_view key;
  std::function<void(const YamlNode& value, const Origin& at)> set;
};

/// Reads maps, texts, numbers and choices of one policy file; what is wrong goes to the findings with its line.
class PolicyFields {
 public:
  PolicyFields(std::string file, Findings& findings) : file_(std::move(file)), findings_(findings) {}

  /// Calls the setter of each key. Unknown keys and other things than a map are errors; `what` names the map ("a route").
  void read_map(const YamlNode& node, const Origin& at, std::string_view what, const std::vector<PolicyField>& fields);
  /// Calls `each` for every item of a list.
  void read_list(const YamlNode& node, const Origin& at, std::string_view what,
                 const std::function<void(const YamlNode&, const Origin&)>& each);

  std::optional<std::string> text(const YamlNode& node, const Origin& at);
  /// A list, or one text that stands for a list of it.
  std::optional<std::vector<std::string>> texts(const YamlNode& node, const Origin& at);
  std::optional<uint64_t> count(const YamlNode& node, const Origin& at, const Bounds& bounds);
  std::optional<double> number(const YamlNode& node, const Origin& at);
  std::optional<bool> truth(const YamlNode& node, const Origin& at);
  /// The index of one of the names.
  std::optional<size_t> choice(const YamlNode& node, const Origin& at, std::span<const std::string_view> names);
  std::optional<SecurityLevel> level(const YamlNode& node, const Origin& at);
  /// Addresses, networks and ids.
  std::optional<ClientSet> clients(const YamlNode& node, const Origin& at);

  void error(const Origin& at, std::string message, std::string hint = {}) {
    findings_.error(at, std::move(message), std::move(hint));
  }
  [[nodiscard]] Origin origin_of(const YamlNode& node) const { return {file_, node.position}; }
  [[nodiscard]] static SourceLine line_of(const Origin& at) {
    return {at.source, at.position.line, at.position.column};
  }

 private:
  std::string file_;
  Findings& findings_;
};

}  // namespace weir
