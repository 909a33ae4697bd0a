#include "event/json/json_reader.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/utf8.h"
#include "event/json/near_json.h"
#include "event/values/utf8_repair.h"

namespace weir {
namespace {

constexpr size_t kBufferBytesMin = 16 << 10;   // holds nearly all records, so that buffers hardly ever grow
constexpr size_t kDocumentBytesMin = 4 << 10;  // there are many documents, of eight bytes and more for each of the text
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

// Whether the text may still hold something to read.
bool can_be_mended(simdjson::error_code error) {
  switch (error) {
    case simdjson::SUCCESS:
    case simdjson::EMPTY:
    case simdjson::DEPTH_ERROR:
    case simdjson::CAPACITY:
    case simdjson::MEMALLOC:
      return false;
    default:
      return true;
  }
}

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

bool ShrinkRule::is_due(size_t buffer_bytes, size_t needed_bytes) {
  if (buffer_bytes <= kBufferBytesLarge) [[likely]]
    return false;
  if (needed_bytes > kBufferBytesLarge / 2) {
    small_records_ = 0;
    return false;
  }
  if (++small_records_ < kSmallRecordsToShrink) return false;
  small_records_ = 0;
  return true;
}

JsonDocument::JsonDocument(Room room) {
  if (room == Room::kUsual) fit(kDocumentBytesMin);
}

void JsonDocument::fit(size_t text_bytes) {
  size_t room = capacity();
  if (shrink_.is_due(room, text_bytes)) {
    room = std::max(kDocumentBytesMin, text_bytes);
  } else if (room < text_bytes) [[unlikely]] {
    room = std::max(text_bytes, std::min(room * 2, kBufferBytesLarge));
  } else {
    return;
  }
  // If there is no memory, the parser finds no room, tries once more and says so.
  [[maybe_unused]] const auto error = document_.allocate(room);
}

// simdjson refuses the depth that reaches its maximum; ours is the deepest one allowed.
JsonReader::JsonReader(size_t depth_max) : depth_max_(depth_max + 1) {
  buffer_.resize(kBufferBytesMin + simdjson::SIMDJSON_PADDING);
  const auto error = parser_.allocate(kBufferBytesMin, depth_max_);
  WEIR_ASSERT(error == simdjson::SUCCESS, "no memory for a parser at start-up");
}

JsonReader::Loaded JsonReader::load(std::string_view text, JsonDocument& document) {
  Loaded loaded;
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) text.remove_prefix(kByteOrderMark.size());
  auto error = load_strictly(text, document, loaded);
  if (can_be_mended(error)) [[unlikely]]
    error = load_mended(text, document, loaded);
  if (error != simdjson::SUCCESS) {
    const auto rejection = rejection_of(error);
    loaded.reason = rejection.reason;
    loaded.detail = rejection.detail;
  }
  return loaded;
}

simdjson::error_code JsonReader::load_strictly(std::string_view text, JsonDocument& document, Loaded& loaded) {
  fit_buffers(text.size());
  document.fit(text.size());
  std::memcpy(buffer_.data(), text.data(), text.size());
  size_ = text.size();
  loaded.repaired = repair_lone_surrogates(buffer_.data(), size_) || loaded.repaired;
  auto error = parse(document, loaded.root);
  if (error == simdjson::UTF8_ERROR) {
    repair();
    loaded.repaired = true;
    error = parse(document, loaded.root);
  }
  return error;
}

simdjson::error_code JsonReader::load_mended(std::string_view text, JsonDocument& document, Loaded& loaded) {
  const auto mended = mend_near_json(text, depth_max_ - 1, mended_);
  if (mended.outcome == NearJson::Outcome::kTooDeep) return simdjson::DEPTH_ERROR;
  if (mended.outcome == NearJson::Outcome::kNoJson) return simdjson::TAPE_ERROR;
  loaded.several = mended.values > 1;
  loaded.mended = !mended.is_whole && !mended.only_escapes;
  // A list around the values is one level more than they have themselves; the parser's own bound has room for it.
  const auto error = load_strictly(mended_, document, loaded);
  if (mended_.capacity() > kBufferBytesLarge) mended_ = std::string();
  return error;
}

simdjson::error_code JsonReader::parse(JsonDocument& document, simdjson::dom::element& root) {
  return parser_.parse_into_document(document.document_, buffer_.data(), size_, false).get(root);
}

void JsonReader::repair() {
  repaired_.clear();
  append_valid_utf8(std::string_view(buffer_).substr(0, size_), repaired_);
  size_ = repaired_.size();
  if (buffer_.size() < size_ + simdjson::SIMDJSON_PADDING) buffer_.resize(size_ + simdjson::SIMDJSON_PADDING);
  std::memcpy(buffer_.data(), repaired_.data(), size_);
}

void JsonReader::fit_buffers(size_t size) {
  const size_t needed = size + simdjson::SIMDJSON_PADDING;
  if (shrink_.is_due(buffer_.size(), size)) {
    buffer_ = std::string(std::max(kBufferBytesMin, needed), '\0');
    repaired_ = std::string();
    parser_ = simdjson::dom::parser();
    const auto error = parser_.allocate(buffer_.size(), depth_max_);
    WEIR_ASSERT(error == simdjson::SUCCESS, "no memory for a smaller parser");
  } else if (buffer_.size() < needed) [[unlikely]] {
    buffer_.resize(std::max(needed, std::min(buffer_.size() * 2, kBufferBytesLarge)));
  }
}

}  // namespace weir
