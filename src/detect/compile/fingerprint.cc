#include "detect/compile/fingerprint.h"

#include <xxhash.h>

#include <array>
#include <concepts>
#include <cstdio>
#include <string_view>

namespace weir {
namespace {

// Each function below names every field of its type in a structured binding: a field added to the type does not compile
// until it is taken in here, or named among those that no verdict depends on.

/// The text that is hashed: each part says where it ends, so that no two rule sets give one text.
class Digest {
 public:
  void add(std::string_view part) { text_.append(std::to_string(part.size())).append(":").append(part); }
  void add(const std::string& part) { add(std::string_view(part)); }
  void add(double number) {
    std::array<char, 32> digits{};
    std::snprintf(digits.data(), digits.size(), "%.17g,", number);  // as many digits as tell two numbers apart
    text_.append(digits.data());
  }
  template <typename Number>
  requires std::integral<Number> || std::is_enum_v<Number>
  void add(Number number) { text_.append(std::to_string(static_cast<int64_t>(number))).append(","); }
  template <typename Part>
  void add(const std::vector<Part>& parts) {
    add(parts.size());
    for (const auto& part : parts)
      add(part);
  }

  void add(const StringPart& part) {
    const auto& [kind, text] = part;
    add(kind);
    add(text);
  }
  void add(const Value& value) {
    add(value.index());
    std::visit([this](const auto& held) { add_value(held); }, value);
  }
  void add(const DetectionItem& item) {
    [[maybe_unused]] const auto& [field, comparison, cased, values, line] = item;
    add(field);
    add(comparison);
    add(cased);
    add(values);
  }
  void add(const DetectionMap& map) {
    const auto& [items] = map;
    add(items);
  }
  void add(const Selection& selection) {
    [[maybe_unused]] const auto& [name, alternatives, line, of_filter] = selection;
    add(alternatives);
    add(of_filter);
  }
  void add(const ConditionNode& node) {
    const auto& [kind, selection, count, children] = node;
    add(kind);
    add(selection);
    add(count);
    add(children);
  }
  void add(const Rule& rule);
  void add(const CorrelationSource& source) {
    [[maybe_unused]] const auto& [written, id, is_correlation, line] = source;
    add(id);
    add(is_correlation);
  }
  void add(const CorrelationBound& bound) {
    const auto& [op, number] = bound;
    add(op);
    add(number);
  }
  void add(const Correlation& correlation);
  void add(const RuleSetOptions& options) {
    [[maybe_unused]] const auto& [threshold, security_level, other_levels, cache_directory] = options;
    add(threshold);
    add(security_level);
    add(other_levels);
  }

  [[nodiscard]] std::string hex() const {
    const XXH128_hash_t hash = XXH3_128bits(text_.data(), text_.size());
    std::array<char, 33> digits{};
    std::snprintf(digits.data(), digits.size(), "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                  static_cast<unsigned long long>(hash.low64));
    return digits.data();
  }

 private:
  void add_value(const StringValue& value) {
    const auto& [parts] = value;
    add(parts);
  }
  void add_value(const RegexValue& value) {
    const auto& [pattern, ignore_case, multi_line, dot_all] = value;
    add(pattern);
    add(ignore_case);
    add(multi_line);
    add(dot_all);
  }
  void add_value(const NumberValue& value) {
    [[maybe_unused]] const auto& [number, text] = value;  // the number follows from the text
    add(text);
  }
  void add_value(const NullValue&) { static_assert(std::is_empty_v<NullValue>); }
  void add_value(const CidrValue& value) {
    const auto& [network] = value;
    add(network);
  }
  void add_value(const FieldRefValue& value) {
    const auto& [field, open_front, open_back] = value;
    add(field);
    add(open_front);
    add(open_back);
  }
  void add_value(const ExistsValue& value) {
    const auto& [exists] = value;
    add(exists);
  }

  std::string text_;
};

void Digest::add(const Rule& rule) {
  // For people: description to false_positives, but for the tags, which name bots and stand in alerts; logsource_*, which
  // loading has seen to; ours, supporting and the examples, which the tests of rules read; file and line.
  [[maybe_unused]] const auto& [id, title, description, status, author, date, name, level, references, tags,
                                false_positives, logsource_category, logsource_product, logsource_service, selections,
                                conditions, ours, category, weight, security_level, confirmation, supporting,
                                specificity, remediation, positive_examples, negative_examples, file, line] = rule;
  add(id);
  add(title);
  add(level);
  add(tags);
  add(selections);
  add(conditions);
  add(category);
  add(weight);
  add(specificity);
  add(remediation);
  add(security_level);
  add(confirmation);
}

void Digest::add(const Correlation& correlation) {
  // For people, for the tests of rules, and where it stands: as with a rule.
  [[maybe_unused]] const auto& [id, name, title, description, status, level, references, tags, false_positives, type,
                                sources, group_by, aliases, timespan_ms, bounds, fields, percentile, generate, ours,
                                positive_examples, negative_examples, file, line] = correlation;
  add(id);
  add(title);
  add(level);
  add(tags);
  add(type);
  add(sources);
  add(group_by);
  add(aliases.size());
  for (const auto& [alias, field_by_rule] : aliases) {
    add(alias);
    add(field_by_rule.size());
    for (const auto& [rule, field] : field_by_rule) {
      add(rule);
      add(field);
    }
  }
  add(timespan_ms);
  add(bounds);
  add(fields);
  add(percentile);
  add(generate);
}

}  // namespace

std::string fingerprint_of(const std::vector<Rule>& rules, const std::vector<Correlation>& correlations,
                           const RuleSetOptions& options) {
  Digest digest;
  digest.add(options);
  digest.add(rules);
  digest.add(correlations);
  return digest.hex();
}

}  // namespace weir
