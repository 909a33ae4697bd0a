#include "decode/value_lines.h"

#include "decode/decode_base64.h"
#include "decode/json_lines.h"

namespace weir {
namespace {

/// Longer values are not opened as JSON inside a value; they are scanned as text.
constexpr size_t kNestedBytesMax = 65536;

constexpr DecodeSteps operator|(DecodeSteps steps, DecodeStep step) {
  return static_cast<DecodeSteps>(steps | static_cast<DecodeSteps>(step));
}

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
  if (value.size() >= kBase64LengthMin && writer_.line_count() != lines_before) add_base64(place, name);
}

void ValueLines::add_pair(Place place, std::string_view pair, size_t name_size, PlusMeans plus) {
  const std::string_view value = pair.substr(name_size + 1);
  if (value.size() >= kBase64LengthMin || may_be_json(value)) {
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

/// Appends what the value just written says in base64, if it is base64 of text.
void ValueLines::add_base64(Place place, std::string_view name) {
  if (!decode_base64_text(writer_.last_value(), scratch_.base64)) return;
  writer_.add_named(place, name, scratch_.base64, PlusMeans::kPlus, writer_.last_steps() | DecodeStep::kBase64);
}

}  // namespace weir
