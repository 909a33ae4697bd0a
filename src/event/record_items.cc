#include "event/record_items.h"

#include "event/json/json_text.h"

namespace weir {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kBytesKept = 256 << 10;

// The value of OTLP's AnyValue ({"stringValue": "x"}) where it is plain.
bool any_value(const dom::object& wrapped, dom::element& out) {
  for (const char* key : {"stringValue", "intValue", "doubleValue", "boolValue", "arrayValue", "kvlistValue"})
    if (wrapped[key].get(out) == simdjson::SUCCESS) return true;
  return false;
}

// Whether the attributes are those of an HTTP request, by OpenTelemetry's semantic conventions (old and new).
bool describes_request(const dom::array& attributes) {
  for (const auto attribute : attributes) {
    std::string_view key;
    if (attribute["key"].get(key) != simdjson::SUCCESS) continue;
    if (key.starts_with("http.") || key.starts_with("url.")) return true;
  }
  return false;
}

}  // namespace

void RecordItems::clear() {
  if (text_.capacity() > kBytesKept) text_ = {};
  text_.clear();
  items_.clear();
  next_ = 0;
  cut_ = false;
}

bool RecordItems::is_full() {
  if (items_.size() >= items_max_) cut_ = true;
  return cut_;
}

void RecordItems::take(const dom::element& item) {
  const size_t begin = text_.size();
  std::string_view text;
  if (item.get(text) == simdjson::SUCCESS) {
    text_ += text;
  } else {
    append_json_text(item, text_);
  }
  end_item(begin);
}

void RecordItems::take_list(const dom::array& list) {
  for (const auto item : list) {
    if (is_full()) return;
    take(item);
  }
}

void RecordItems::take_log_record(const dom::object& record) {
  const size_t begin = text_.size();
  dom::array attributes;
  const bool has_attributes = record["attributes"].get(attributes) == simdjson::SUCCESS;
  dom::element body;
  dom::object wrapped;
  const bool has_body = record["body"].get(wrapped) == simdjson::SUCCESS && any_value(wrapped, body);
  if (has_body && !(has_attributes && describes_request(attributes))) {
    std::string_view text;
    if (body.get(text) == simdjson::SUCCESS) {
      text_ += text;
      return end_item(begin);
    }
    dom::object list;
    if (body.get(list) == simdjson::SUCCESS && list["values"].get(attributes) != simdjson::SUCCESS) return;
  } else if (!has_attributes) {
    return;
  }
  text_ += "{\"timestamp\":";
  dom::element time;
  if (record["timeUnixNano"].get(time) == simdjson::SUCCESS ||
      record["observedTimeUnixNano"].get(time) == simdjson::SUCCESS) {
    append_json_text(time, text_);
  } else {
    text_ += "null";
  }
  text_ += ",\"attributes\":{";
  bool first = true;
  for (const auto attribute : attributes) {
    dom::element key, value;
    dom::object any;
    if (attribute["key"].get(key) != simdjson::SUCCESS || attribute["value"].get(any) != simdjson::SUCCESS ||
        !any_value(any, value))
      continue;
    if (!first) text_ += ',';
    first = false;
    append_json_text(key, text_);
    text_ += ':';
    append_json_text(value, text_);
  }
  text_ += "}}";
  end_item(begin);
}

bool RecordItems::take_otlp(const dom::object& root) {
  dom::array resources;
  if (root["resourceLogs"].get(resources) != simdjson::SUCCESS) {
    // A log record alone, as some exporters write it a line.
    dom::array attributes;
    if (root["attributes"].get(attributes) != simdjson::SUCCESS) return false;
    take_log_record(root);
    return !items_.empty();
  }
  for (const auto resource : resources) {
    dom::array scopes;
    if (resource["scopeLogs"].get(scopes) != simdjson::SUCCESS) continue;
    for (const auto scope : scopes) {
      dom::array records;
      if (scope["logRecords"].get(records) != simdjson::SUCCESS) continue;
      for (const auto item : records) {
        dom::object record;
        if (is_full()) return true;
        if (item.get(record) == simdjson::SUCCESS) take_log_record(record);
      }
    }
  }
  return true;
}

bool RecordItems::take_loki_push(const dom::object& root) {
  dom::array streams;
  if (root["streams"].get(streams) != simdjson::SUCCESS) return false;
  for (const auto stream : streams) {
    dom::array entries;
    if (stream["values"].get(entries) != simdjson::SUCCESS) continue;
    for (const auto entry : entries) {
      dom::element line;
      if (is_full()) return true;
      if (entry.at(1).get(line) == simdjson::SUCCESS && line.is_string()) take(line);
    }
  }
  return true;
}

std::string_view RecordItems::next() {
  const auto [begin, size] = items_[next_++];
  return std::string_view(text_).substr(begin, size);
}

}  // namespace weir
