#include "event/json_reader.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "event/utf8_repair.h"

namespace weir {
namespace {

constexpr size_t kBufferBytesMin = 16 << 10;     // holds nearly all records, so that buffers hardly ever grow
constexpr size_t kBufferBytesLarge = 256 << 10;  // larger buffers are given back …
constexpr size_t kSmallRecordsToShrink = 1024;   // … after so many records in a row that did not need them

struct Rejection {
  RejectReason reason;
  const char* detail;
};

Rejection rejection_of(simdjson::error_code error) {
  switch (error) {
    case simdjson::EMPTY:
      return {RejectReason::kEmpty, "only white space"};
    case simdjson::DEPTH_ERROR:
      return {RejectReason::kTooDeep, "nested deeper than depth_max"};
    case simdjson::UNCLOSED_STRING:
      return {RejectReason::kInvalidJson, "a string without its end"};
    case simdjson::UNESCAPED_CHARS:
      return {RejectReason::kInvalidJson, "a raw control character inside a string"};
    case simdjson::STRING_ERROR:
      return {RejectReason::kInvalidJson, "an invalid escape in a string"};
    case simdjson::NUMBER_ERROR:
      return {RejectReason::kInvalidJson, "an invalid number, or an integer above 64 bits"};
    case simdjson::UTF8_ERROR:
      return {RejectReason::kInvalidJson, "invalid UTF-8"};
    case simdjson::CAPACITY:
      return {RejectReason::kTooLarge, "larger than a JSON document can be"};
    case simdjson::MEMALLOC:
      return {RejectReason::kTooLarge, "no memory for the document"};
    default:
      return {RejectReason::kInvalidJson, "not one complete JSON value"};
  }
}

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

// simdjson refuses the depth that reaches its maximum; ours is the deepest one allowed.
JsonReader::JsonReader(size_t depth_max) : depth_max_(depth_max + 1) {
  buffer_.resize(kBufferBytesMin + simdjson::SIMDJSON_PADDING);
  const auto error = parser_.allocate(kBufferBytesMin, depth_max_);
  WEIR_ASSERT(error == simdjson::SUCCESS, "no memory for a parser at start-up");
}

JsonReader::Loaded JsonReader::load(std::string_view text) {
  Loaded loaded;
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) text.remove_prefix(kByteOrderMark.size());
  fit_buffers(text.size());
  std::memcpy(buffer_.data(), text.data(), text.size());
  size_ = text.size();
  loaded.repaired = repair_lone_surrogates(buffer_.data(), size_);
  auto error = parse(loaded.root);
  if (error == simdjson::UTF8_ERROR) {
    repair();
    loaded.repaired = true;
    error = parse(loaded.root);
  }
  if (error != simdjson::SUCCESS) {
    const auto rejection = rejection_of(error);
    loaded.reason = rejection.reason;
    loaded.detail = rejection.detail;
  }
  return loaded;
}

simdjson::error_code JsonReader::parse(simdjson::dom::element& root) {
  return parser_.parse(buffer_.data(), size_, false).get(root);
}

void JsonReader::repair() {
  repaired_.clear();
  append_repaired_utf8(std::string_view(buffer_).substr(0, size_), repaired_);
  size_ = repaired_.size();
  if (buffer_.size() < size_ + simdjson::SIMDJSON_PADDING) buffer_.resize(size_ + simdjson::SIMDJSON_PADDING);
  std::memcpy(buffer_.data(), repaired_.data(), size_);
}

void JsonReader::fit_buffers(size_t size) {
  const size_t needed = size + simdjson::SIMDJSON_PADDING;
  if (buffer_.size() <= kBufferBytesLarge) [[likely]] {
    if (buffer_.size() < needed) buffer_.resize(std::max(needed, buffer_.size() * 2));
    return;
  }
  if (size > kBufferBytesLarge / 2) {
    small_records_ = 0;
    if (buffer_.size() < needed) buffer_.resize(needed);
  } else if (++small_records_ >= kSmallRecordsToShrink) {
    small_records_ = 0;
    buffer_ = std::string(kBufferBytesMin > needed ? kBufferBytesMin : needed, '\0');
    repaired_ = std::string();
    parser_ = simdjson::dom::parser();
    const auto error = parser_.allocate(buffer_.size(), depth_max_);
    WEIR_ASSERT(error == simdjson::SUCCESS, "no memory for a smaller parser");
  }
}

}  // namespace weir
