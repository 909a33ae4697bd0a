#include "event/profile/text_inference.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <vector>

#include "base/ascii.h"
#include "base/byte_search.h"
#include "event/profile/text_pattern.h"

namespace weir {
namespace {

constexpr size_t kValuesMax = 100;  // of one line; longer ones are not looked at
constexpr size_t kKeyBytesMax = 40;
constexpr size_t kFrontValuesMax = 24;
constexpr size_t kValuesMin = 3;
constexpr size_t kLineBytesMax = 16 << 10;  // bounds the search for closing brackets

/// A value and the text in front of it.
struct Piece {
  std::string_view before, value;
  bool is_quoted = false;
};

/// One line taken apart.
struct Cut {
  std::vector<Piece> pieces;
  std::string_view behind;  ///< the text behind the last value

  /// What two lines of one form have in common.
  [[nodiscard]] std::string shape() const {
    std::string all;
    for (const Piece& piece : pieces)
      (all += piece.before) += '\0';
    return (all += '\1') += behind;
  }
};

/// Takes lines apart at one kind of separator. Between quotes, brackets and parentheses separators stand for themselves.
class Cutter {
 public:
  Cutter(std::string_view line, char separator) : line_(line), separator_(separator) {}

  Cut run() {
    Cut cut;
    size_t before = 0;
    while (at_ < line_.size() && cut.pieces.size() < kValuesMax) {
      const size_t begin = start_of_value();
      const size_t end = end_of_value(begin);
      cut.pieces.push_back({line_.substr(before, begin - before), line_.substr(begin, end - begin), closing_ == '"'});
      before = end;
      at_ = closing_ == 0 ? end : end + 1;
      skip_separators();
    }
    cut.behind = line_.substr(before);
    return cut;
  }

 private:
  [[nodiscard]] bool separates(char c) const { return separator_ == ' ' ? c == ' ' || c == '\t' : c == separator_; }
  // One of tabs and bars, as empty cells count; any number of spaces.
  void skip_separators() {
    if (separator_ == ' ' || separator_ == ',') {
      while (at_ < line_.size() && (separates(line_[at_]) || line_[at_] == ' '))
        ++at_;
    } else if (at_ < line_.size() && separates(line_[at_])) {
      ++at_;
    }
  }
  // Behind "key=" or "label:" and an opening quote or bracket.
  size_t start_of_value() {
    size_t begin = at_ + key_length();
    closing_ = 0;
    if (begin >= line_.size()) return line_.size();
    switch (line_[begin]) {
      case '"':
        closing_ = '"';
        break;
      case '[':
        closing_ = ']';
        break;
      case '(':
        closing_ = ')';
        break;
      case '{':
        closing_ = '}';
        break;
      default:
        return begin;
    }
    // A bracket that the same word closes and goes on behind is part of it: "[::1]:443".
    if (end_of_bracket(begin + 1) == kNowhere) {
      closing_ = 0;
      return begin;
    }
    return begin + 1;
  }
  [[nodiscard]] size_t key_length() const {
    size_t end = at_;
    if (end >= line_.size() || !(is_ascii_letter(line_[end]) || line_[end] == '_')) return 0;
    while (end < line_.size() && end - at_ < kKeyBytesMax &&
           (is_word_byte(line_[end]) || line_[end] == '-' || line_[end] == '.'))
      ++end;
    if (end == line_.size()) return 0;
    const bool is_label = separator_ != ' ' && line_[end] == ':' && line_.substr(end, 3) != "://";
    return line_[end] == '=' || is_label ? end + 1 - at_ : 0;
  }
  // Where the bracket or quote is closed: before a separator, another closing character, or the end.
  [[nodiscard]] size_t end_of_bracket(size_t begin) const {
    for (size_t at = begin; at < line_.size(); ++at) {
      if (line_[at] == '\\' && closing_ == '"') {
        ++at;
      } else if (line_[at] == closing_) {
        const size_t next = at + 1;
        if (next >= line_.size() || separates(line_[next]) || line_[next] == ' ' || line_[next] == ',' ||
            line_[next] == '|' || line_[next] == ';')
          return at;
      }
    }
    return kNowhere;
  }
  [[nodiscard]] size_t end_of_value(size_t begin) const {
    if (closing_ != 0) return end_of_bracket(begin);
    size_t end = begin;
    while (end < line_.size() && !separates(line_[end]))
      ++end;
    return end;
  }

  std::string_view line_;
  char separator_;
  char closing_ = 0;  // what ends the value that is read
  size_t at_ = 0;
};

// The texts before values that name them: "status=" of ", status=\"".
std::string name_in(std::string_view before) {
  while (!before.empty() &&
         (before.back() == '"' || before.back() == '[' || before.back() == '(' || before.back() == '{'))
    before.remove_suffix(1);
  if (before.empty() || (before.back() != '=' && before.back() != ':')) return {};
  before.remove_suffix(1);
  size_t begin = before.size();
  while (begin > 0 && (is_word_byte(before[begin - 1]) || before[begin - 1] == '-' || before[begin - 1] == '.'))
    --begin;
  return std::string(before.substr(begin));
}

using Cuts = std::vector<Cut>;

Cuts cut_all(std::span<const std::string_view> lines, char separator) {
  Cuts cuts;
  for (const auto line : lines)
    cuts.push_back(Cutter(line, separator).run());
  return cuts;
}

// Those of the most frequent shape.
Cuts most_alike(Cuts cuts) {
  std::map<std::string, Cuts> by_shape;
  const Cuts* most = nullptr;
  for (Cut& cut : cuts) {
    auto& alike = by_shape[cut.shape()];
    alike.push_back(std::move(cut));
    if (most == nullptr || alike.size() > most->size()) most = &alike;
  }
  return most == nullptr ? Cuts{} : *most;
}

// Lines whose last value holds separators (a user agent without quotes) are alike up to there: the first values, and the
// rest of the line as the last one.
Cuts alike_in_front(const Cuts& cuts, size_t values) {
  Cuts shortened;
  for (const Cut& cut : cuts) {
    if (cut.pieces.size() < values) continue;
    Cut& item = shortened.emplace_back(cut);
    const char* const line_end = cut.behind.data() + cut.behind.size();
    item.pieces.resize(values);
    Piece& last = item.pieces.back();
    last.value = {last.value.data(), static_cast<size_t>(line_end - last.value.data())};
    last.is_quoted = false;
    item.behind = {};
  }
  return most_alike(std::move(shortened));
}

std::string escape_of(std::span<const std::string_view> lines) {
  size_t backslashes = 0, hashes = 0, doubled = 0;
  for (const auto line : lines) {
    backslashes += line.find("\\x") != kNowhere || line.find("\\\"") != kNowhere;
    hashes += line.find("#22") != kNowhere || line.find("#7B") != kNowhere || line.find("#7D") != kNowhere;
    for (size_t at = line.find("\"\""); at != kNowhere && at > 0; at = line.find("\"\"", at + 2))
      doubled += is_ascii_alphanumeric(line[at - 1]);
  }
  if (backslashes > 0) return "backslash";
  if (hashes > 0) return "hash";
  return doubled > 0 ? "quotes" : "backslash";
}

void append_literal(std::string_view text, std::string& pattern) {
  for (const char c : text) {
    pattern += c;
    if (c == '{' || c == '}') pattern += c;
  }
}

std::vector<ColumnFacts> facts_of(const Cuts& cuts) {
  std::vector<ColumnFacts> columns;
  for (size_t i = 0; i < cuts.front().pieces.size(); ++i) {
    ColumnFacts facts;
    facts.name = name_in(cuts.front().pieces[i].before);
    facts.is_quoted = cuts.front().pieces[i].is_quoted;
    for (const Cut& cut : cuts)
      facts.add(cut.pieces[i].value);
    columns.push_back(std::move(facts));
  }
  return columns;
}

// What clients may have written is looked at, whatever it is.
std::string unknown_field(const ColumnFacts& column, size_t index) {
  if (column.mostly(column.numbers) || column.mostly(column.times) || column.mostly(column.addresses)) return "{}";
  const std::string name = column.name.empty() ? "field-" + std::to_string(index + 1) : lower_case(column.name);
  return "{header " + name + "}";
}

std::string pattern_of(const Cut& cut, const std::vector<ColumnFacts>& columns,
                       const std::vector<ProfileFieldIndex>& fields) {
  std::string pattern;
  for (size_t i = 0; i < cut.pieces.size(); ++i) {
    append_literal(cut.pieces[i].before, pattern);
    if (fields[i] == kFieldCount) {
      pattern += unknown_field(columns[i], i);
    } else {
      const bool seconds = fields[i] == kFieldDuration && columns[i].fractions > 0;
      pattern += '{';
      pattern += field_name(fields[i]);
      pattern += seconds ? " s}" : "}";
    }
  }
  append_literal(cut.behind, pattern);
  return pattern;
}

std::optional<InferredText> form_of(const Cuts& cuts, const std::string& escape, const KnownNames& names) {
  const auto columns = facts_of(cuts);
  const auto fields = fields_of_columns(columns, names);
  InferredText form;
  form.escape = escape;
  form.pattern = pattern_of(cuts.front(), columns, fields);
  auto format = read_text_pattern(form.pattern, *text_escape_named(escape));
  if (!format) return std::nullopt;
  format->name = "told from its lines";
  form.profile.texts.push_back(std::move(*format));
  return form;
}

size_t known_fields(const InferredText& form) {
  const auto& parts = form.profile.texts.front().parts;
  return static_cast<size_t>(std::count_if(parts.begin(), parts.end(),
                                           [](const TextPart& part) { return part.field.use == TextUse::kField; }));
}

}  // namespace

std::optional<InferredText> infer_text_form(std::span<const std::string_view> all, const KnownNames& names) {
  std::vector<std::string_view> lines;
  std::copy_if(all.begin(), all.end(), std::back_inserter(lines),
               [](std::string_view line) { return !line.empty() && line.size() <= kLineBytesMax; });
  if (lines.empty()) return std::nullopt;
  const std::string escape = escape_of(lines);
  std::optional<InferredText> best;
  const auto consider = [&](const Cuts& cuts) {
    // What only a few lines have in common is no form of the log.
    if (cuts.empty() || cuts.front().pieces.size() < kValuesMin || cuts.size() * 2 < lines.size()) return;
    auto form = form_of(cuts, escape, names);
    if (form && (!best || known_fields(*form) > known_fields(*best))) best = std::move(form);
  };
  for (const char separator : {' ', '\t', '|', ',', ';'}) {
    const Cuts cuts = cut_all(lines, separator);
    const Cuts alike = most_alike(cuts);
    consider(alike);
    if (separator != ' ' || alike.size() * 10 >= lines.size() * 8) continue;
    for (size_t values = kValuesMin; values <= kFrontValuesMax; ++values)
      consider(alike_in_front(cuts, values));
  }
  return best;
}

}  // namespace weir
