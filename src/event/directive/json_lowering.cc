#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "event/directive/directive_lowering.h"
#include "event/directive/value_joiner.h"

// A directive that writes JSON is parsed as JSON, with marks in the places of its variables: what stands at a key is then known by the
// marks in its text.
namespace weir {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kDepthMax = 16;
constexpr size_t kPointersMax = 256;

// Characters that no directive holds: of Unicode's private use.
constexpr std::string_view kMarkBegin = "\xee\x80\x80";
constexpr std::string_view kMarkEnd = "\xee\x80\x81";

bool holds_mark(const DirectivePiece& piece) {
  return piece.literal.find(kMarkBegin) != std::string::npos || piece.literal.find(kMarkEnd) != std::string::npos;
}

// The directive as JSON: marks within strings as they are, others as strings of their own.
std::string marked_text(const std::vector<DirectivePiece>& pieces) {
  std::string text;
  bool in_string = false;
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i].variable) {
      if (!in_string) text += '"';
      (text += kMarkBegin) += std::to_string(i);
      text += kMarkEnd;
      if (!in_string) text += '"';
      continue;
    }
    bool after_backslash = false;
    for (const char c : pieces[i].literal) {
      if (c == '"' && !after_backslash) in_string = !in_string;
      after_backslash = c == '\\' && !after_backslash;
      text += c;
    }
  }
  return text;
}

std::string pointer_token(std::string_view key) {
  std::string token = "/";
  for (const char c : key) {
    if (c == '~')
      token += "~0";
    else if (c == '/')
      token += "~1";
    else
      token += c;
  }
  return token;
}

/// A pointer that holds a field, and how good a source for it that is.
struct Candidate {
  std::string pointer;
  TextField field;
  uint8_t rank = 0;
  bool is_line = false;
};

class JsonLowering {
 public:
  explicit JsonLowering(const DirectiveTemplate& directive, std::vector<PieceUse>& uses)
      : pieces_(directive.pieces), uses_(uses) {}

  std::optional<InputProfile> lower() {
    if (std::any_of(pieces_.begin(), pieces_.end(), holds_mark)) return std::nullopt;
    dom::parser parser;
    dom::element root;
    dom::object object;
    const simdjson::padded_string text(marked_text(pieces_));
    if (parser.parse(text).get(root) != simdjson::SUCCESS || root.get(object) != simdjson::SUCCESS) return std::nullopt;
    uses_.assign(pieces_.size(), {});
    walk(root, "", "", 0);
    return profile();
  }

 private:
  void walk(const dom::element& element, const std::string& pointer, std::string_view key, size_t depth) {
    if (depth > kDepthMax) return;
    if (dom::object object; element.get(object) == simdjson::SUCCESS) {
      for (const auto field : object)
        walk(field.value, pointer + pointer_token(field.key), field.key, depth + 1);
    } else if (dom::array array; element.get(array) == simdjson::SUCCESS) {
      size_t index = 0;
      for (const auto item : array)
        walk(item, pointer + "/" + std::to_string(index++), key, depth + 1);
    } else if (std::string_view text; element.get(text) == simdjson::SUCCESS) {
      add_value(text, pointer, key);
    }
  }

  // The variables and texts between marks, as a directive of its own.
  void add_value(std::string_view text, const std::string& pointer, std::string_view key) {
    std::vector<DirectivePiece> value;
    std::vector<size_t> variables;
    for (size_t at = 0; at < text.size();) {
      const size_t begin = text.find(kMarkBegin, at);
      if (begin != at) {
        value.push_back({0, std::string(text.substr(at, begin - at)), std::nullopt});
        at = begin;
        continue;
      }
      const size_t number = begin + kMarkBegin.size();
      const size_t end = text.find(kMarkEnd, number);
      size_t index = 0;
      std::from_chars(text.data() + number, text.data() + end, index);
      variables.push_back(index);
      value.push_back(pieces_[index]);
      at = end + kMarkEnd.size();
    }
    if (variables.empty() || candidates_.size() == kPointersMax) return;
    const auto found = value_of_pieces(value, key);
    for (const size_t index : variables) {
      uses_[index].field = found.field;
      uses_[index].pointer = pointer;
    }
    if (found.field.use != TextUse::kSkip) candidates_.push_back({pointer, found.field, found.rank, found.is_line});
  }

  InputProfile profile() {
    // The best source of a field comes first: a request line where no other value has the method.
    const bool has_method = std::any_of(candidates_.begin(), candidates_.end(), [](const Candidate& candidate) {
      return candidate.field.use == TextUse::kField && candidate.field.field == kFieldMethod;
    });
    const auto place = [&](const Candidate& candidate) {
      return candidate.is_line && !has_method ? -1 : static_cast<int>(candidate.rank);
    };
    std::stable_sort(candidates_.begin(), candidates_.end(),
                     [&](const Candidate& a, const Candidate& b) { return place(a) < place(b); });
    InputProfile profile;
    for (const auto& candidate : candidates_) {
      const auto& field = candidate.field;
      if (field.use != TextUse::kField) {
        const auto of =
            field.use == TextUse::kResponseHeader ? HeaderPrefix::Of::kResponse : HeaderPrefix::Of::kRequest;
        profile.header_prefixes.push_back({candidate.pointer, of});
        continue;
      }
      auto& mapping = profile.*profile_fields()[field.field].mapping;
      if (field.field == kFieldDuration) profile.pointer_units.emplace_back(candidate.pointer, field.unit);
      if (field.field == kFieldTime) {
        if (!mapping.pointers.empty()) continue;
        profile.timestamp_format = field.time_format;
      }
      mapping.pointers.push_back(candidate.pointer);
    }
    return profile;
  }

  const std::vector<DirectivePiece>& pieces_;
  std::vector<PieceUse>& uses_;
  std::vector<Candidate> candidates_;
};

}  // namespace

std::optional<InputProfile> lower_to_json(const DirectiveTemplate& directive, std::vector<PieceUse>& uses) {
  return JsonLowering(directive, uses).lower();
}

}  // namespace weir
