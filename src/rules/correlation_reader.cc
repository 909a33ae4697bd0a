#include "rules/correlation_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "rules/correlation_examples.h"
#include "rules/rule_reader.h"
#include "yaml/yaml_values.h"

namespace weir {
namespace {

constexpr size_t kTitleBytesMax = 256;
constexpr int64_t kTimespanMaxMs = int64_t{366} * 86'400'000;

std::optional<double> number_of(const YamlNode& node) {
  if (!node.is_scalar() || node.quoted) return std::nullopt;
  const std::string& text = node.text;
  double number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || !std::isfinite(number))
    return std::nullopt;
  return number;
}

bool counts(CorrelationType type) {
  return type == CorrelationType::kEventCount || type == CorrelationType::kValueCount ||
         type == CorrelationType::kTemporal || type == CorrelationType::kTemporalOrdered;
}

bool is_temporal(CorrelationType type) {
  return type == CorrelationType::kTemporal || type == CorrelationType::kTemporalOrdered;
}

bool needs_field(CorrelationType type) {
  return type != CorrelationType::kEventCount && !is_temporal(type);
}

/// Reads the parts of a correlation document one after the other.
class CorrelationReader {
 public:
  CorrelationReader(const YamlNode& document, Reporter& report) : document_(document), report_(report) {}

  std::optional<Correlation> read() {
    const size_t errors_before = report_.errors();
    out_.file = report_.file();
    out_.line = document_.position.line;
    for (const auto& [key, at, value] : document_.entries)
      read_key(key, value, at.line);
    if (out_.title.empty()) report_.error(out_.line, "the correlation has no title");
    if (out_.id.empty())
      report_.error(out_.line, "the correlation has no id", "a UUID; alerts and other correlations name it by it");
    if (report_.errors() != errors_before) return std::nullopt;
    return std::move(out_);
  }

 private:
  void read_key(const std::string& key, const YamlNode& value, int line) {
    if (key == "title") {
      out_.title = text_of(value, key, line, report_);
      if (out_.title.size() > kTitleBytesMax) report_.error(line, "the title is longer than 256 bytes");
    } else if (key == "id") {
      out_.id = text_of(value, key, line, report_);
      if (!is_uuid(out_.id)) report_.error(line, "the id '" + out_.id + "' is no UUID");
    } else if (key == "name") {
      out_.name = text_of(value, key, line, report_);
    } else if (key == "status") {
      out_.status = text_of(value, key, line, report_);
    } else if (key == "description") {
      out_.description = text_of(value, key, line, report_);
    } else if (key == "level") {
      if (const auto level = from_name<Level>(text_of(value, key, line, report_)))
        out_.level = *level;
      else
        report_.error(line, "unknown level", "informational, low, medium, high, critical");
    } else if (key == "references") {
      out_.references = texts_of(value, key, line, report_);
    } else if (key == "tags") {
      out_.tags = texts_of(value, key, line, report_);
    } else if (key == "falsepositives") {
      out_.false_positives = texts_of(value, key, line, report_);
    } else if (key == "generate") {
      read_generate(value, line);
    } else if (key == "correlation") {
      read_correlation(value, line);
    } else if (key == "weir") {
      out_.ours = true;
      read_correlation_examples(value, line, out_, report_);
    } else if (key == "detection" || key == "filter") {
      report_.error(line, "a document is a rule, a filter or a correlation, not two of them");
    } else if (!is_optional_key(key)) {
      report_.warning(line, "the specification has no key '" + key + "'");
    }
  }

  static bool is_optional_key(const std::string& key) {
    static constexpr std::array<std::string_view, 8> kKeys = {"author",  "date",   "modified", "license",
                                                              "related", "fields", "taxonomy", "scope"};
    return std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
  }

  void read_generate(const YamlNode& value, int line) {
    const std::string text = value.is_scalar() && !value.quoted ? value.text : std::string();
    if (text != "true" && text != "false") return report_.error(line, "'generate' must be true or false");
    out_.generate = text == "true";
  }

  void read_correlation(const YamlNode& map, int line) {
    if (!map.is_map()) return report_.error(line, "'correlation' must be a map", "type, rules, timespan, condition");
    const YamlNode* condition = nullptr;
    int condition_line = 0;
    bool has_type = false, type_is_known = false, has_timespan = false;
    for (const auto& [key, at, value] : map.entries) {
      const int key_line = at.line;
      if (key == "type") {
        has_type = true;
        type_is_known = read_type(text_of(value, key, key_line, report_), key_line);
      } else if (key == "rules") {
        read_sources(value, key_line);
      } else if (key == "group-by") {
        read_group_by(texts_of(value, key, key_line, report_), key_line);
      } else if (key == "timespan") {
        has_timespan = true;
        read_timespan(text_of(value, key, key_line, report_), key_line);
      } else if (key == "condition") {
        condition = &value;
        condition_line = key_line;
      } else if (key == "aliases") {
        read_aliases(value, key_line);
      } else if (key == "generate") {
        read_generate(value, key_line);
      } else {
        report_.error(key_line, "a correlation has no key '" + key + "'",
                      "type, rules, group-by, timespan, condition, aliases, generate");
      }
    }
    if (out_.sources.empty()) report_.error(line, "the correlation names no rules", "rules: a list of ids or names");
    if (!has_timespan) report_.error(line, "the correlation has no timespan", "as in 30s, 5m, 2h, 1d");
    if (!has_type)
      report_.error(line, "the correlation has no type",
                    "event_count, value_count, temporal, temporal_ordered, value_sum, value_avg, value_percentile");
    if (!type_is_known) return;
    read_condition(condition, condition_line, line);
  }

  bool read_type(const std::string& text, int line) {
    if (const auto type = from_name<CorrelationType>(text)) {
      out_.type = *type;
      return true;
    }
    report_.error(line, "unknown correlation type '" + text + "'");
    return false;
  }

  void read_sources(const YamlNode& value, int line) {
    if (!value.is_list() && !value.is_scalar())
      return report_.error(line, "'rules' must be a list of rule ids or names");
    const auto add = [&](const YamlNode& node) {
      const int source_line = node.position.line;
      if (!node.is_scalar()) return report_.error(source_line, "a rule's id or name must be text");
      const std::string& written = node.text;
      if (std::any_of(out_.sources.begin(), out_.sources.end(),
                      [&](const auto& source) { return source.written == written; }))
        return report_.error(source_line, "the rule '" + written + "' stands twice");
      out_.sources.push_back({written, {}, false, source_line});
    };
    if (value.is_list())
      for (const auto& node : value.items)
        add(node);
    else
      add(value);
    if (out_.sources.size() > Correlation::kSourcesMax) report_.error(line, "more than 64 rules");
  }

  void read_group_by(std::vector<std::string> fields, int line) {
    std::sort(fields.begin(), fields.end());
    if (std::adjacent_find(fields.begin(), fields.end()) != fields.end())
      report_.error(line, "a field of 'group-by' stands twice");
    if (fields.size() > Correlation::kGroupFieldsMax) report_.error(line, "'group-by' has more than 8 fields");
    if (std::any_of(fields.begin(), fields.end(), [](const auto& field) { return field.empty(); }))
      report_.error(line, "a field of 'group-by' has no name");
    out_.group_by = std::move(fields);
  }

  void read_timespan(const std::string& text, int line) {
    const auto ms = parse_timespan(text);
    if (!ms)
      return report_.error(line, "'" + text + "' is no timespan",
                           "a whole number and s, m, h, d or w; months and years have no fixed length");
    if (*ms == 0) report_.error(line, "the timespan is zero: no two records stand within it");
    if (*ms > kTimespanMaxMs) report_.error(line, "the timespan is longer than 366 days");
    out_.timespan_ms = *ms;
  }

  void read_aliases(const YamlNode& value, int line) {
    if (!value.is_map()) return report_.error(line, "'aliases' must be a map of alias to rule to field");
    for (const auto& [alias, at, fields] : value.entries) {
      const int alias_line = at.line;
      if (!fields.is_map()) {
        report_.error(alias_line, "the alias '" + alias + "' must be a map of rule to field");
        continue;
      }
      auto& by_rule = out_.aliases[alias];
      for (const auto& [rule, rule_at, field] : fields.entries)
        by_rule[rule] = text_of(field, rule, rule_at.line, report_);
    }
  }

  void read_condition(const YamlNode* condition, int condition_line, int line) {
    if (condition == nullptr) {
      if (!is_temporal(out_.type)) return report_.error(line, "the correlation has no condition", "as in gte: 10");
      out_.bounds = {{CorrelationOperator::kGreaterEqual, static_cast<double>(out_.sources.size())}};
      return;
    }
    if (!condition->is_map())
      return report_.error(condition_line, "the condition must be a map, as in gte: 10",
                           "expressions over rules: chain correlations instead");
    bool has_percentile = false;
    for (const auto& [key, at, value] : condition->entries) {
      const int key_line = at.line;
      if (key == "field")
        out_.fields = texts_of(value, key, key_line, report_);
      else if (key == "percentile")
        has_percentile = read_percentile(value, key_line);
      else
        read_bound(key, value, key_line);
    }
    if (out_.bounds.empty())
      report_.error(condition_line, "the condition compares with nothing", "gt, gte, lt, lte, eq, neq");
    check_condition(condition_line, has_percentile);
  }

  bool read_percentile(const YamlNode& value, int line) {
    const auto number = number_of(value);
    if (!number || *number <= 0 || *number >= 100) {
      report_.error(line, "the percentile must be a number above 0 and below 100");
      return false;
    }
    out_.percentile = *number;
    return true;
  }

  void read_bound(const std::string& key, const YamlNode& value, int line) {
    const auto op = from_name<CorrelationOperator>(key);
    if (!op)
      return report_.error(line, "a condition has no key '" + key + "'",
                           "gt, gte, lt, lte, eq, neq, field, percentile");
    const auto number = number_of(value);
    if (!number) return report_.error(line, "'" + key + "' must be a number");
    if (counts(out_.type) && (*number != std::floor(*number) || *number < 0))
      return report_.error(line, "'" + key + "' must be a whole number, since it is compared with a count");
    if (out_.bounds.size() == Correlation::kBoundsMax) return report_.error(line, "more than 4 comparisons");
    out_.bounds.push_back({*op, *number});
  }

  void check_condition(int line, bool has_percentile) {
    const CorrelationType type = out_.type;
    const std::string name(to_string(type));
    if (needs_field(type) && out_.fields.empty())
      report_.error(line, name + " needs the field whose values it looks at", "condition: {field: …}");
    if (!needs_field(type) && !out_.fields.empty()) report_.error(line, name + " looks at no field's values");
    if (needs_field(type) && type != CorrelationType::kValueCount && out_.fields.size() > 1)
      report_.error(line, name + " takes one field");
    if (out_.fields.size() > Correlation::kGroupFieldsMax) report_.error(line, "more than 8 fields");
    if (has_percentile != (type == CorrelationType::kValuePercentile))
      report_.error(line, has_percentile ? name + " has no percentile" : name + " needs a percentile",
                    "condition: {percentile: 95}");
    for (const auto& bound : out_.bounds) {
      if (type == CorrelationType::kValueCount && bound.number > Correlation::kDistinctMax)
        report_.error(line, "value_count tells at most 1000 values of a group apart");
      if (is_temporal(type) && bound.number > static_cast<double>(out_.sources.size()))
        report_.error(line, "the correlation has fewer rules than its condition asks for");
      const bool all = bound.number + (bound.op == CorrelationOperator::kGreater ? 1 : 0) ==
                       static_cast<double>(out_.sources.size());
      const bool from_below =
          bound.op == CorrelationOperator::kGreater || bound.op == CorrelationOperator::kGreaterEqual;
      if (type == CorrelationType::kTemporalOrdered && !(from_below && all))
        report_.error(line, "temporal_ordered holds when every rule has hit in order",
                      "leave the condition out, or gte: the number of rules");
    }
    const bool cannot_fail = std::all_of(out_.bounds.begin(), out_.bounds.end(), [&](const auto& bound) {
      return counts(type) && bound.op == CorrelationOperator::kGreaterEqual && bound.number == 0;
    });
    if (cannot_fail && !out_.bounds.empty()) report_.error(line, "the condition holds for nothing at all");
  }

  const YamlNode& document_;
  Reporter& report_;
  Correlation out_;
};

}  // namespace

std::optional<int64_t> parse_timespan(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  int64_t unit_ms = 0;
  switch (text.back()) {
    case 's':
      unit_ms = 1'000;
      break;
    case 'm':
      unit_ms = 60'000;
      break;
    case 'h':
      unit_ms = 3'600'000;
      break;
    case 'd':
      unit_ms = 86'400'000;
      break;
    case 'w':
      unit_ms = 604'800'000;
      break;
    default:
      return std::nullopt;
  }
  uint32_t count = 0;
  const char* end = text.data() + text.size() - 1;
  const auto parsed = std::from_chars(text.data(), end, count);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return count * unit_ms;
}

std::optional<Correlation> read_correlation(const YamlNode& document, Reporter& report) {
  return CorrelationReader(document, report).read();
}

}  // namespace weir
