#pragma once

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// Writes JSON members in the order of the calls. Text may be any bytes: what is no UTF-8 is replaced by U+FFFD, so the
/// output is always valid JSON. Members with empty text are left out.
class JsonWriter {
 public:
  JsonWriter() : buffer_(nullptr, kBytesExpected), writer_(buffer_) {}

  void begin_object() { writer_.StartObject(); }
  void begin_object(std::string_view name) {
    key(name);
    writer_.StartObject();
  }
  void end_object() { writer_.EndObject(); }
  void begin_array(std::string_view name) {
    key(name);
    writer_.StartArray();
  }
  void end_array() { writer_.EndArray(); }

  void text(std::string_view name, std::string_view value);
  void number(std::string_view name, int64_t value) {
    key(name);
    writer_.Int64(value);
  }
  /// Whole numbers are written as such.
  void real(std::string_view name, double value) {
    key(name);
    const auto whole = static_cast<int64_t>(value);
    if (static_cast<double>(whole) == value)
      writer_.Int64(whole);
    else
      writer_.Double(value);
  }
  void truth(std::string_view name, bool value) {
    key(name);
    writer_.Bool(value);
  }
  /// An element of an array.
  void text(std::string_view value);

  [[nodiscard]] std::string take() const { return {buffer_.GetString(), buffer_.GetSize()}; }

 private:
  /// The library writes byte by byte, looking at each; most texts need no escapes and can be copied.
  class Writer : public rapidjson::Writer<rapidjson::StringBuffer> {
   public:
    using rapidjson::Writer<rapidjson::StringBuffer>::Writer;
    void plain(std::string_view text) {
      Prefix(rapidjson::kStringType);
      char* to = os_->Push(text.size() + 2);
      *to++ = '"';
      to = std::copy(text.begin(), text.end(), to);
      *to = '"';
    }
  };

  /// Names are written in the code, without anything to escape.
  void key(std::string_view name) { writer_.plain(name); }

  static constexpr size_t kBytesExpected = 8 << 10;  // most alerts are shorter

  rapidjson::StringBuffer buffer_;
  Writer writer_;
  std::string repaired_;
};

}  // namespace weir
