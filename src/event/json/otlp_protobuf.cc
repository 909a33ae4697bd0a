#include "event/json/otlp_protobuf.h"

#include <cmath>
#include <cstdint>
#include <protozero/pbf_reader.hpp>
#include <utility>

#include "event/json/json_number.h"

namespace weir {
namespace {

using protozero::pbf_reader;
using protozero::tag_and_type;

// Numbers of fields in opentelemetry/proto/{collector/logs,logs,common}/v1; one not listed is passed over.
enum Export : uint32_t { kResourceLogs = 1 };
enum ResourceLogs : uint32_t { kScopeLogs = 2 };
enum ScopeLogs : uint32_t { kLogRecords = 2 };
enum LogRecord : uint32_t { kTime = 1, kBody = 5, kAttributes = 6, kObservedTime = 11 };
enum KeyValue : uint32_t { kKey = 1, kValue = 2 };
enum AnyValue : uint32_t { kString = 1, kBool = 2, kInt = 3, kDouble = 4, kArray = 5, kMap = 6, kBytes = 7 };
enum Values : uint32_t { kItems = 1 };

void append_text(std::string_view text, std::string& json) {
  static constexpr char kHex[] = "0123456789abcdef";
  json += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (byte < 0x20) {
      json.append("\\u00").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
    } else {
      json += c;
    }
  }
  json += '"';
}

/// Writes the messages of an export; reading a damaged one throws protozero::exception.
class Writer {
 public:
  Writer(size_t depth_max, std::string& json) : depth_max_(depth_max), json_(json) {}

  /// A list of messages under a name, and what each of them holds.
  template <typename Write>
  void list(pbf_reader message, uint32_t field, std::string_view name, Write write) {
    json_.append("{\"").append(name).append("\":[");
    bool first = true;
    while (message.next(field, protozero::pbf_wire_type::length_delimited)) {
      if (!std::exchange(first, false)) json_ += ',';
      write(message.get_message());
    }
    json_ += "]}";
  }

  void log_record(pbf_reader record) {
    json_ += '{';
    bool first = true;
    const auto member = [&](std::string_view name) {
      if (!std::exchange(first, false)) json_ += ',';
      json_.append("\"").append(name).append("\":");
    };
    pbf_reader attributes = record;
    while (record.next()) {
      switch (record.tag_and_type()) {
        case tag_and_type(kTime, protozero::pbf_wire_type::fixed64):
          time("timeUnixNano", record.get_fixed64(), member);
          break;
        case tag_and_type(kObservedTime, protozero::pbf_wire_type::fixed64):
          time("observedTimeUnixNano", record.get_fixed64(), member);
          break;
        case tag_and_type(kBody, protozero::pbf_wire_type::length_delimited):
          member("body");
          value(record.get_message(), 0);
          break;
        default:
          record.skip();
      }
    }
    member("attributes");
    key_values(attributes, kAttributes, 0);
    json_ += '}';
  }

 private:
  template <typename Member>
  void time(std::string_view name, uint64_t nanoseconds, Member member) {
    if (nanoseconds == 0) return;  // as good as none, says the specification
    member(name);
    json_ += '"';
    append_json_number(nanoseconds, json_);
    json_ += '"';
  }

  void key_values(pbf_reader message, uint32_t field, size_t depth) {
    json_ += '[';
    bool first = true;
    while (message.next(field, protozero::pbf_wire_type::length_delimited)) {
      pbf_reader pair = message.get_message();
      std::string_view key;
      pbf_reader held;
      while (pair.next()) {
        if (pair.tag_and_type() == tag_and_type(kKey, protozero::pbf_wire_type::length_delimited)) {
          const auto view = pair.get_view();
          key = {view.data(), view.size()};
        } else if (pair.tag_and_type() == tag_and_type(kValue, protozero::pbf_wire_type::length_delimited)) {
          held = pair.get_message();
        } else {
          pair.skip();
        }
      }
      if (!std::exchange(first, false)) json_ += ',';
      json_ += "{\"key\":";
      append_text(key, json_);
      json_ += ",\"value\":";
      value(held, depth);
      json_ += '}';
    }
    json_ += ']';
  }

  /// AnyValue: one of its fields is set; of several the last counts in protobuf, the first here.
  void value(pbf_reader any, size_t depth) {
    using protozero::pbf_wire_type;
    if (depth >= depth_max_ || !any.next()) {
      json_ += "{}";
      return;
    }
    switch (any.tag_and_type()) {
      case tag_and_type(kString, pbf_wire_type::length_delimited):
      case tag_and_type(kBytes, pbf_wire_type::length_delimited): {
        const auto view = any.get_view();
        json_ += "{\"stringValue\":";
        append_text({view.data(), view.size()}, json_);
        break;
      }
      case tag_and_type(kBool, pbf_wire_type::varint):
        json_ += any.get_bool() ? "{\"boolValue\":true" : "{\"boolValue\":false";
        break;
      case tag_and_type(kInt, pbf_wire_type::varint):
        json_ += "{\"intValue\":";
        append_json_number(any.get_int64(), json_);
        break;
      case tag_and_type(kDouble, pbf_wire_type::fixed64): {
        const double number = any.get_double();
        json_ += "{\"doubleValue\":";
        append_json_number(std::isfinite(number) ? number : 0.0, json_);
        break;
      }
      case tag_and_type(kArray, pbf_wire_type::length_delimited):
        json_ += "{\"arrayValue\":";
        list(any.get_message(), kItems, "values", [&](pbf_reader item) { value(item, depth + 1); });
        break;
      case tag_and_type(kMap, pbf_wire_type::length_delimited):
        json_ += "{\"kvlistValue\":{\"values\":";
        key_values(any.get_message(), kItems, depth + 1);
        json_ += '}';
        break;
      default:
        json_ += '{';
    }
    json_ += '}';
  }

  const size_t depth_max_;
  std::string& json_;
};

/// Whether the bytes are messages of this field alone, to the end: what is no export fails here before anything is written.
bool holds_only(pbf_reader message, uint32_t field) {
  while (message.next()) {
    if (message.tag_and_type() != tag_and_type(field, protozero::pbf_wire_type::length_delimited)) return false;
    message.skip();
  }
  return true;
}

}  // namespace

bool otlp_as_json(std::string_view record, size_t depth_max, std::string& json) {
  json.clear();
  try {  // the library tells so of bytes that are no protobuf
    const pbf_reader message(record.data(), record.size());
    if (!holds_only(message, kResourceLogs)) return false;
    Writer writer(depth_max, json);
    writer.list(message, kResourceLogs, "resourceLogs", [&](const pbf_reader& resource) {
      writer.list(resource, kScopeLogs, "scopeLogs", [&](const pbf_reader& scope) {
        writer.list(scope, kLogRecords, "logRecords", [&](const pbf_reader& reader) { writer.log_record(reader); });
      });
    });
  } catch (const protozero::exception&) {
    return false;
  }
  return true;
}

}  // namespace weir
