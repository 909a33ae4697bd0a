#include "rules/detection_item.h"

#include <absl/strings/escaping.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/ip_address.h"
#include "rules/sigma_string.h"

namespace weir {
namespace {

constexpr size_t kValuesMax = 20'000;

enum class Transform { kContains, kStartsWith, kEndsWith, kBase64, kBase64Offset, kWide, kUtf16, kUtf16Be, kWindash };
enum class ValueKind { kText, kRegex, kCidr, kExists, kFieldRef };

struct Modifiers {
  ValueKind kind = ValueKind::kText;
  Comparison comparison = Comparison::kMatch;
  std::vector<Transform> transforms;
  bool all = false;
  bool cased = false;
  RegexValue regex_flags;
};

struct NamedTransform {
  std::string_view name;
  Transform transform;
};
constexpr std::array<NamedTransform, 10> kTransforms = {{{"contains", Transform::kContains},
                                                         {"startswith", Transform::kStartsWith},
                                                         {"endswith", Transform::kEndsWith},
                                                         {"base64", Transform::kBase64},
                                                         {"base64offset", Transform::kBase64Offset},
                                                         {"wide", Transform::kWide},
                                                         {"utf16le", Transform::kWide},
                                                         {"utf16", Transform::kUtf16},
                                                         {"utf16be", Transform::kUtf16Be},
                                                         {"windash", Transform::kWindash}}};

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t end = 0; (end = text.find(separator, begin)) != std::string::npos; begin = end + 1)
    parts.push_back(text.substr(begin, end - begin));
  parts.push_back(text.substr(begin));
  return parts;
}

/// Reads the words after the field's name, one by one.
class ModifierReader {
 public:
  ModifierReader(int line, Reporter& report) : line_(line), report_(report) {}

  Modifiers read(const std::vector<std::string>& words) {
    for (size_t i = 1; i < words.size(); ++i)
      read_word(words[i]);
    if (modifiers_.kind != ValueKind::kText && !modifiers_.transforms.empty() &&
        !(modifiers_.kind == ValueKind::kFieldRef && only_ends()))
      report_.error(line_, "'" + words.back() + "' cannot be combined with the modifiers before it");
    if (modifiers_.kind != ValueKind::kText && modifiers_.comparison != Comparison::kMatch &&
        modifiers_.comparison != Comparison::kNotEqual)
      report_.error(line_, "a comparison needs numbers, not '" + words.back() + "'");
    return modifiers_;
  }

 private:
  void read_word(const std::string& word) {
    for (const auto& [name, transform] : kTransforms)
      if (word == name) return modifiers_.transforms.push_back(transform);
    if (word == "all") {
      modifiers_.all = true;
      return;
    }
    if (word == "cased") {
      modifiers_.cased = true;
      return;
    }
    if (word == "re") return set_kind(ValueKind::kRegex, word);
    if (word == "cidr") return set_kind(ValueKind::kCidr, word);
    if (word == "exists") return set_kind(ValueKind::kExists, word);
    if (word == "fieldref") return set_kind(ValueKind::kFieldRef, word);
    if (read_regex_flag(word) || read_comparison(word)) return;
    if (word == "expand")
      return report_.error(line_, "'expand' is not supported: placeholders have no values here",
                           "write the values into the rule");
    if (word == "minute" || word == "hour" || word == "day" || word == "week" || word == "month" || word == "year")
      return report_.error(line_, "'" + word + "' is not supported: rules do not look at the time of a request");
    report_.error(line_, word.empty() ? "a modifier is empty" : "unknown modifier '" + word + "'",
                  "contains, startswith, endswith, all, cased, re (i, m, s), cidr, exists, gt, gte, lt, lte, neq, "
                  "base64, base64offset, wide, utf16, "
                  "utf16le, utf16be, windash, fieldref");
  }

  bool read_regex_flag(const std::string& word) {
    if (word != "i" && word != "m" && word != "s") return false;
    if (modifiers_.kind != ValueKind::kRegex)
      report_.error(line_, "'" + word + "' is a flag of 're' and must follow it");
    if (word == "i") modifiers_.regex_flags.ignore_case = true;
    if (word == "m") modifiers_.regex_flags.multi_line = true;
    if (word == "s") modifiers_.regex_flags.dot_all = true;
    return true;
  }

  bool read_comparison(const std::string& word) {
    static constexpr std::array<std::pair<std::string_view, Comparison>, 5> kWords = {
        {{"gt", Comparison::kGreater},
         {"gte", Comparison::kGreaterEqual},
         {"lt", Comparison::kLess},
         {"lte", Comparison::kLessEqual},
         {"neq", Comparison::kNotEqual}}};
    for (const auto& [name, comparison] : kWords) {
      if (word != name) continue;
      if (modifiers_.comparison != Comparison::kMatch) report_.error(line_, "two comparisons on one field");
      modifiers_.comparison = comparison;
      return true;
    }
    return false;
  }

  void set_kind(ValueKind kind, const std::string& word) {
    if (modifiers_.kind != ValueKind::kText)
      report_.error(line_, "'" + word + "' cannot be combined with the modifiers before it");
    modifiers_.kind = kind;
  }

  [[nodiscard]] bool only_ends() const {
    return std::all_of(modifiers_.transforms.begin(), modifiers_.transforms.end(), [](Transform t) {
      return t == Transform::kContains || t == Transform::kStartsWith || t == Transform::kEndsWith;
    });
  }

  int line_;
  Reporter& report_;
  Modifiers modifiers_;
};

std::optional<double> number_of(const std::string& text) {
  double value = 0;
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const auto parsed = std::from_chars(begin, text.data() + text.size(), value);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

/// Turns the scalars of one item into values.
class ValueReader {
 public:
  ValueReader(const Modifiers& modifiers, bool keyword, Reporter& report)
      : modifiers_(modifiers), keyword_(keyword), report_(report) {}

  void read(const YamlNode& node, int line, std::vector<Value>& out) {
    if (node.is_map() || node.is_list()) return report_.error(line, "a value must be text, a number or null");
    switch (modifiers_.kind) {
      case ValueKind::kText:
        return read_text(node, line, out);
      case ValueKind::kRegex:
        return read_regex(node, line, out);
      case ValueKind::kCidr:
        return read_cidr(node, line, out);
      case ValueKind::kExists:
        return read_exists(node, line, out);
      case ValueKind::kFieldRef:
        if (node.is_null() || node.text.empty()) return report_.error(line, "'fieldref' needs the name of a field");
        out.emplace_back(FieldRefValue{node.text, has(Transform::kContains) || has(Transform::kEndsWith),
                                       has(Transform::kContains) || has(Transform::kStartsWith)});
    }
  }

 private:
  [[nodiscard]] bool has(Transform wanted) const {
    return std::find(modifiers_.transforms.begin(), modifiers_.transforms.end(), wanted) != modifiers_.transforms.end();
  }
  [[nodiscard]] bool ordered() const {
    return modifiers_.comparison != Comparison::kMatch && modifiers_.comparison != Comparison::kNotEqual;
  }

  void read_text(const YamlNode& node, int line, std::vector<Value>& out) {
    if (node.is_null()) {
      if (!modifiers_.transforms.empty() || ordered() || keyword_)
        return report_.error(line, "null does not fit here", "quote it if text is meant");
      out.emplace_back(NullValue{});
      return;
    }
    const std::string& text = node.text;
    const auto number = node.quoted ? std::nullopt : number_of(text);
    if (ordered()) {
      const auto compared = number_of(text);
      if (!compared || !modifiers_.transforms.empty())
        return report_.error(line, "a comparison needs a number, not '" + text + "'");
      out.emplace_back(NumberValue{*compared, text});
      return;
    }
    if (number && modifiers_.transforms.empty() && !keyword_) {
      out.emplace_back(NumberValue{*number, text});
      return;
    }
    if (keyword_ && text.empty()) return report_.error(line, "an empty keyword would match everything");
    transform_text(text, line, out);
  }

  /// Applies the modifiers in their order; one value may become several.
  void transform_text(const std::string& text, int line, std::vector<Value>& out) {
    std::vector<PatternString> forms = {parse_pattern_string(text)};
    for (const Transform transform : modifiers_.transforms) {
      std::vector<PatternString> next;
      for (auto& form : forms)
        if (!apply(transform, std::move(form), next, line)) return;
      forms = std::move(next);
      if (transform == Transform::kBase64Offset && !has(Transform::kContains) && !keyword_)
        return report_.error(line,
                             "'base64offset' needs 'contains' after it: the text stands in the middle of a longer one");
    }
    for (auto& form : forms) {
      if (keyword_) {
        open_front(form);
        open_back(form);
      }
      out.emplace_back(StringValue{std::move(form)});
    }
  }

  bool apply(Transform transform, PatternString form, std::vector<PatternString>& out, int line) {
    if (transform == Transform::kContains || transform == Transform::kStartsWith || transform == Transform::kEndsWith) {
      if (transform != Transform::kStartsWith) open_front(form);
      if (transform != Transform::kEndsWith) open_back(form);
      out.push_back(std::move(form));
      return true;
    }
    if (transform == Transform::kWindash) return apply_windash(std::move(form), out, line);
    const auto literal = literal_of(form);
    if (!literal) {
      report_.error(line, "an encoding cannot be applied to a value with wildcards",
                    "put 'contains' after the encoding; escape '*' and '?' as '\\*' and '\\?'");
      return false;
    }
    switch (transform) {
      case Transform::kBase64:
        out.push_back(pattern_of_literal(absl::Base64Escape(*literal)));
        break;
      case Transform::kBase64Offset:
        for (auto& text : base64_offset_forms(*literal))
          out.push_back(pattern_of_literal(std::move(text)));
        break;
      case Transform::kUtf16:
        out.push_back(pattern_of_literal(to_utf16(*literal, Utf16Order::kLittle, ByteOrderMark::kFirst)));
        break;
      case Transform::kUtf16Be:
        out.push_back(pattern_of_literal(to_utf16(*literal, Utf16Order::kBig, ByteOrderMark::kNone)));
        break;
      default:
        out.push_back(pattern_of_literal(to_utf16(*literal, Utf16Order::kLittle, ByteOrderMark::kNone)));
        break;
    }
    return true;
  }

  /// The dashes of each literal part are varied on their own; wildcards stay.
  bool apply_windash(PatternString form, std::vector<PatternString>& out, int line) {
    std::vector<PatternString> results = {{}};
    for (const auto& part : form) {
      const std::vector<std::string> texts =
          part.kind == StringPart::Kind::kLiteral ? windash_forms(part.text) : std::vector<std::string>{{}};
      if (texts.empty() || texts.size() * results.size() > 625) {
        report_.error(line, "'windash' on a value with more than four dashes makes too many forms");
        return false;
      }
      std::vector<PatternString> longer;
      for (const auto& result : results)
        for (const auto& text : texts) {
          longer.push_back(result);
          longer.back().push_back({part.kind, text});
        }
      results = std::move(longer);
    }
    for (auto& result : results)
      out.push_back(std::move(result));
    return true;
  }

  void read_regex(const YamlNode& node, int line, std::vector<Value>& out) {
    if (node.is_null() || node.text.empty()) return report_.error(line, "a regular expression must not be empty");
    RegexValue value = modifiers_.regex_flags;
    value.pattern = node.text;
    out.emplace_back(std::move(value));
  }

  void read_cidr(const YamlNode& node, int line, std::vector<Value>& out) {
    const std::string& text = node.text;
    if (node.is_null() || !Cidr::parse(text))
      return report_.error(line, "'" + text + "' is no network", "as in 192.0.2.0/24 or 2001:db8::/32");
    out.emplace_back(CidrValue{text});
  }

  void read_exists(const YamlNode& node, int line, std::vector<Value>& out) {
    const std::string& text = node.text;
    const bool yes = text == "true" || text == "True" || text == "yes";
    if (!yes && text != "false" && text != "False" && text != "no")
      return report_.error(line, "'exists' needs true or false");
    out.emplace_back(ExistsValue{yes});
  }

  const Modifiers& modifiers_;
  bool keyword_;
  Reporter& report_;
};

void read_values(const Modifiers& modifiers, const YamlNode& node, int line, DetectionItem& item, Reporter& report) {
  ValueReader reader(modifiers, item.field.empty(), report);
  if (!node.is_list()) {
    reader.read(node, node.position.line, item.values);
  } else {
    if (node.items.empty()) report.error(line, "the list of values is empty");
    for (const auto& element : node.items)
      reader.read(element, element.position.line, item.values);
  }
  if (item.values.size() > kValuesMax) report.error(line, "more than 20000 values on one field");
}

}  // namespace

void read_detection_item(const std::string& key, const YamlNode& value, int line, std::vector<DetectionItem>& items,
                         Reporter& report) {
  const std::vector<std::string> words = split(key, '|');
  DetectionItem item;
  item.field = words[0];
  item.line = line;
  const Modifiers modifiers = ModifierReader(line, report).read(words);
  item.comparison = modifiers.comparison;
  item.cased = modifiers.cased;
  if (item.field.empty() && modifiers.kind != ValueKind::kText && modifiers.kind != ValueKind::kRegex)
    report.error(line, "this modifier needs a field");
  if (!modifiers.all || !value.is_list()) {
    read_values(modifiers, value, line, item, report);
    items.push_back(std::move(item));
    return;
  }
  // "all" joins the values as written; what base64offset and windash make of one value stay alternatives of each other.
  if (value.items.empty()) report.error(line, "the list of values is empty");
  for (const auto& element : value.items) {
    DetectionItem single = item;
    read_values(modifiers, element, element.position.line, single, report);
    items.push_back(std::move(single));
  }
}

DetectionItem read_keyword(const YamlNode& value, int line, Reporter& report) {
  DetectionItem item;
  item.line = line;
  read_values(Modifiers{}, value, line, item, report);
  return item;
}

}  // namespace weir
