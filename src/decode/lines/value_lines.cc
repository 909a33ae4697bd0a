#include "decode/lines/value_lines.h"

#include <algorithm>

#include "decode/lines/json_lines.h"
#include "decode/steps/decode_base64.h"

namespace weir {
namespace {

/// Longer values are not opened as JSON inside a value; they are scanned as text.
constexpr size_t kNestedBytesMax = 65536;

constexpr DecodeSteps operator|(DecodeSteps steps, DecodeStep step) {
  return static_cast<DecodeSteps>(steps | static_cast<DecodeSteps>(step));
}

/// What a JSON Web Token begins with: base64 of {"
constexpr std::string_view kTokenStart = "eyJ";

/// A cheap look at the first and last byte, plain or percent-encoded.
bool may_be_json(std::string_view value) {
  if (value.size() < 2) return false;
  if (value.front() == '{') return value.back() == '}' || value.ends_with("%7D") || value.ends_with("%7d");
  if (value.front() == '[') return value.back() == ']' || value.ends_with("%5D") || value.ends_with("%5d");
  return value.starts_with("%7B") || value.starts_with("%7b") || value.starts_with("%5B") || value.starts_with("%5b");
}

}  // namespace

size_t ValueLines::add_json(Place place, std::string_view name, std::string_view json, DecodeSteps steps) {
  return JsonLines(*this, scratch_.json[level_], options_.json_depth_max, place, name, steps).walk(json);
}

void ValueLines::add(Place place, std::string_view name, std::string_view value, PlusMeans plus, DecodeSteps steps) {
  if (may_be_json(value) && add_nested_json(place, name, value, plus, steps)) return;
  const size_t lines_before = writer_.line_count();
  writer_.add_named(place, name, value, plus, steps);
  // A text of which more than one line was written holds quotes or line breaks.
  if (value.size() >= kEncodedLengthMin && writer_.line_count() == lines_before + 1) add_encoded(place, name);
}

void ValueLines::add_path(std::string_view path) {
  const size_t lines_before = writer_.line_count();
  writer_.add(Place::kPath, path);
  if (writer_.line_count() != lines_before + 1) return;
  // The line may move while others are written: its pieces are looked at in the path as logged.
  for (size_t at = 0; at < path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    if (end - at >= kEncodedLengthMin) add_decoded(Place::kPath, {}, path.substr(at, end - at), 0);
    at = end + 1;
  }
}

void ValueLines::add_pair(Place place, std::string_view pair, size_t name_size, PlusMeans plus) {
  const std::string_view value = pair.substr(name_size + 1);
  if (value.size() >= kEncodedLengthMin || may_be_json(value)) {
    add(place, pair.substr(0, name_size), value, plus);
  } else {
    writer_.add_pair(place, pair, name_size, plus);
  }
}

/// True if the value was JSON as a whole; then its leaves say all that it says. An empty container has none.
bool ValueLines::add_nested_json(Place place, std::string_view name, std::string_view value, PlusMeans plus,
                                 DecodeSteps steps) {
  if (level_ == kNestedLevelsMax || value.size() > kNestedBytesMax) return false;
  std::string& text = scratch_.nested[level_];
  text.assign(value);
  const PercentPass pass = decode_percent(text.data(), text.size(), plus);
  text.resize(pass.size);
  if (pass.percent) steps = steps | DecodeStep::kPercent;
  if (pass.plus) steps = steps | DecodeStep::kPlus;
  const LineWriter::Mark mark = writer_.mark();
  ++level_;
  const bool whole = add_json(place, name, text, steps) == text.size() && writer_.line_count() != mark.lines;
  --level_;
  if (!whole) writer_.rewind(mark);
  return whole;
}

/// Appends what the value just written says in base64 or hexadecimal, if it is that, or in the header of a token.
void ValueLines::add_encoded(Place place, std::string_view name) {
  const std::string_view value = writer_.last_value();
  if (value.starts_with(kTokenStart) && value.find('.') != std::string_view::npos) {
    add_token_header(place, value, writer_.last_steps());
  } else {
    add_decoded(place, name, value, writer_.last_steps());
  }
}

void ValueLines::add_token_header(Place place, std::string_view token, DecodeSteps steps) {
  const size_t end = token.find('.');
  const bool whole = token.starts_with(kTokenStart) && end != std::string_view::npos &&
                     token.find('.', end + 1) != std::string_view::npos;
  if (whole) add_decoded(place, "token", token.substr(0, end), steps);
}

void ValueLines::add_decoded(Place place, std::string_view name, std::string_view text, DecodeSteps steps) {
  if (decode_base64_text(text, scratch_.base64)) {
    steps = steps | DecodeStep::kBase64;
  } else if (decode_hexadecimal_text(text, scratch_.base64)) {
    steps = steps | DecodeStep::kHexadecimal;
  } else {
    return;
  }
  const bool is_json =
      may_be_json(scratch_.base64) && add_nested_json(place, name, scratch_.base64, PlusMeans::kPlus, steps);
  if (!is_json) writer_.add_named(place, name, scratch_.base64, PlusMeans::kPlus, steps);
}

}  // namespace weir
