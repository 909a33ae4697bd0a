#include "rules/weir_section.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "base/ascii.h"
#include "base/hex.h"

namespace weir {
namespace {

constexpr int kWeightMax = 100;
constexpr size_t kExampleBytesMax = 1 << 20;
constexpr size_t kRemediationBytesMin = 10, kRemediationBytesMax = 400;
constexpr const char* kKeys =
    "category, weight, specificity, security_level, confirm, supporting, remediation, examples";

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20) {
      out += "\\u00";
      append_hex(out, byte);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

bool is_number(const YamlNode& node) {
  const std::string& text = node.text;
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  return !node.quoted && !text.empty() && parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() &&
         is_ascii_digit(text[0]) && (text.size() == 1 || text[0] != '0');
}

/// Writes the JSON object of an example, field by field.
class ExampleWriter {
 public:
  explicit ExampleWriter(Reporter& report) : report_(report) {}

  void field(const std::string& name, const YamlNode& value, int line) {
    static const std::set<std::string, std::less<>> kFields = {
        "ts",         "request_id", "client_id",    "api_key", "ip",          "method",        "scheme",
        "host",       "path",       "query",        "status",  "duration_ms", "request_bytes", "response_bytes",
        "user_agent", "referer",    "content_type", "cookie",  "headers",     "body",          "response_headers"};
    if (!kFields.contains(name))
      return report_.error(line, "an example has no field '" + name + "'", "the fields are those of the flat profile");
    present_.insert(name);
    begin(name);
    const bool object = name == "headers" || name == "response_headers";
    if (object != value.is_map() || value.is_list())
      return report_.error(line, "'" + name + (object ? "' must be a map" : "' must be text or a number"));
    if (!object) return scalar(name, value);
    json_.push_back('{');
    bool first = true;
    for (const auto& [key, at, text] : value.entries) {
      if (!first) json_.push_back(',');
      first = false;
      if (!text.is_scalar()) report_.error(at.line, "a header must be text");
      append_json_string(json_, key);
      json_.push_back(':');
      append_json_string(json_, text.text);
    }
    json_.push_back('}');
  }

  void text(const std::string& name, const std::string& value) {
    present_.insert(name);
    begin(name);
    append_json_string(json_, value);
  }

  /// Fills what the flat profile requires with values no rule should care about (RFC 5737 address) and closes the object.
  std::string finish() {
    const bool has_body = present_.contains("body");
    for (const auto& [name, value] : {std::pair<std::string, std::string>{"ts", "2026-01-01T00:00:00Z"},
                                      {"ip", "192.0.2.1"},
                                      {"method", has_body ? "POST" : "GET"},
                                      {"path", "/"}})
      if (!present_.contains(name)) text(name, value);
    return "{" + json_ + "}";
  }

 private:
  void begin(const std::string& name) {
    if (!json_.empty()) json_.push_back(',');
    append_json_string(json_, name);
    json_.push_back(':');
  }
  void scalar(const std::string& name, const YamlNode& value) {
    const bool number_field = name == "status" || name == "duration_ms" || name == "request_bytes" ||
                              name == "response_bytes" || name == "ts";
    if (number_field && is_number(value))
      json_ += value.text;
    else
      append_json_string(json_, value.text);
  }

  Reporter& report_;
  std::string json_;
  std::set<std::string, std::less<>> present_;
};

void read_examples(const YamlNode& list, int line, std::vector<RuleExample>& out, Reporter& report) {
  if (!list.is_list()) return report.error(line, "examples must be a list");
  for (const auto& node : list.items)
    if (auto example = read_example(node, node.position.line, report)) out.push_back(std::move(*example));
}

void read_example_lists(const YamlNode& examples, int line, Rule& rule, Reporter& report) {
  if (!examples.is_map()) return report.error(line, "'examples' must be a map of 'positive' and 'negative'");
  for (const auto& [key, at, list] : examples.entries) {
    const int key_line = at.line;
    if (key == "positive")
      read_examples(list, key_line, rule.positive_examples, report);
    else if (key == "negative")
      read_examples(list, key_line, rule.negative_examples, report);
    else
      report.error(key_line, "unknown key '" + key + "' in examples", "positive, negative");
  }
}

/// `what` has a whole number from 0 to `max`.
void read_number(const std::string& text, std::string_view what, int max, int line, int& out, Reporter& report) {
  int number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || number < 0 || number > max) {
    return report.error(line, "the " + std::string(what) + " must be a whole number from 0 to " + std::to_string(max) +
                                  ", not '" + text + "'");
  }
  out = number;
}

void read_confirmation(const std::string& text, int line, Rule& rule, Reporter& report) {
  if (text == "sql")
    rule.confirmation = Confirmation::kSql;
  else if (text == "script")
    rule.confirmation = Confirmation::kScript;
  else
    report.error(line, "nothing confirms by '" + text + "'", "sql, script");
}

void read_supporting(const std::string& text, int line, Rule& rule, Reporter& report) {
  if (text != "true" && text != "false") return report.error(line, "'supporting' is true or false");
  rule.supporting = text == "true";
}

/// Ends of sentences: a full stop at the end or before a capital letter.
size_t sentences_of(std::string_view text) {
  size_t count = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_end = i + 1 == text.size();
    const bool begins_next = i + 2 < text.size() && text[i + 1] == ' ' && text[i + 2] >= 'A' && text[i + 2] <= 'Z';
    if (text[i] == '.' && (is_end || begins_next)) ++count;
  }
  return count;
}

/// It goes into alerts as it stands.
void read_remediation(const YamlNode& value, int line, Rule& rule, Reporter& report) {
  const std::string text = value.is_scalar() ? value.text : std::string();
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (text.size() < kRemediationBytesMin || text.size() > kRemediationBytesMax ||
      std::any_of(text.begin(), text.end(), is_control)) {
    return report.error(line, "'remediation' is one line of 10 to 400 bytes",
                        "say what to do where the rule hits; without it an alert gives the advice of the category");
  }
  if (text.back() != '.' || sentences_of(text) > 2) {
    return report.error(line, "'remediation' is one or two sentences, each with a full stop",
                        "say what to change, then what to look at");
  }
  rule.remediation = text;
}

int weight_of(Level level) {
  static constexpr std::array<int, 5> kWeights = {0, 2, 4, 7, 10};
  return kWeights.at(static_cast<size_t>(level));
}

}  // namespace

std::optional<RuleExample> read_example(const YamlNode& node, int line, Reporter& report) {
  const size_t errors_before = report.errors();
  ExampleWriter writer(report);
  if (node.is_map()) {
    for (const auto& [key, at, value] : node.entries)
      writer.field(key, value, at.line);
  } else if (node.is_scalar()) {
    writer.text("query", "q=" + percent_encoded(node.text));
  } else {
    report.error(line, "an example is text (a parameter's value) or a map of fields");
  }
  RuleExample example{writer.finish(), line};
  if (example.record_json.size() > kExampleBytesMax) report.error(line, "the example is larger than 1 MiB");
  if (report.errors() != errors_before) return std::nullopt;
  return example;
}

void read_weir_section(const YamlNode& section, int line, Rule& rule, Reporter& report) {
  if (!section.is_map()) return report.error(line, "'weir' must be a map", kKeys);
  rule.ours = true;
  rule.weight = weight_of(rule.level);
  for (const auto& [key, at, value] : section.entries) {
    const int key_line = at.line;
    if (key == "examples") {
      read_example_lists(value, key_line, rule, report);
      continue;
    }
    if (key == "remediation") {
      read_remediation(value, key_line, rule, report);
      continue;
    }
    const std::string text = value.is_scalar() ? value.text : std::string();
    if (key == "category") {
      if (const auto category = from_name<Category>(text))
        rule.category = *category;
      else
        report.error(key_line, "unknown category '" + text + "'",
                     "sqli, xss, cmdi, traversal, nosql, ldap, ssrf, ssti, xxe, rce, rfi, crlf, other");
    } else if (key == "weight") {
      read_number(text, "weight", kWeightMax, key_line, rule.weight, report);
    } else if (key == "specificity") {
      read_number(text, "specificity", kSpecificityMax, key_line, rule.specificity, report);
    } else if (key == "confirm") {
      read_confirmation(text, key_line, rule, report);
    } else if (key == "supporting") {
      read_supporting(text, key_line, rule, report);
    } else if (key == "security_level") {
      if (const auto level = from_name<SecurityLevel>(text))
        rule.security_level = *level;
      else
        report.error(key_line, "unknown security level '" + text + "'", "permissive, standard, strict");
    } else {
      report.error(key_line, "unknown key '" + key + "' in the weir section", kKeys);
    }
  }
}

void derive_weir_section(Rule& rule) {
  static constexpr std::array<std::pair<std::string_view, Category>, 19> kWords = {
      {{"sql injection", Category::kSqli},
       {"sqli", Category::kSqli},
       {"cross site scripting", Category::kXss},
       {"cross-site scripting", Category::kXss},
       {"xss", Category::kXss},
       {"path traversal", Category::kTraversal},
       {"directory traversal", Category::kTraversal},
       {"template injection", Category::kSsti},
       {"ssti", Category::kSsti},
       {"ssrf", Category::kSsrf},
       {"request forgery", Category::kSsrf},
       {"xxe", Category::kXxe},
       {"command injection", Category::kCmdi},
       {"ldap injection", Category::kLdap},
       {"log4j", Category::kRce},
       {"jndi", Category::kRce},
       {"code execution", Category::kRce},
       {"webshell", Category::kRce},
       {"rce", Category::kRce}}};
  std::string text = " " + rule.title + " ";
  for (char& c : text)
    c = is_ascii_alphanumeric(c) || c == '-' ? to_lower(c) : ' ';
  rule.category = Category::kOther;
  for (const auto& [word, category] : kWords) {
    if (text.find(" " + std::string(word) + " ") == std::string::npos) continue;
    rule.category = category;
    break;
  }
  rule.weight = weight_of(rule.level);
}

}  // namespace weir
