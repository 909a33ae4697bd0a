#pragma once

#include <simdjson.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "event/reject_reason.h"

namespace weir {

/// Says when buffers that a large record needed are to be given back: after a run of records that did not need them.
class ShrinkRule {
 public:
  /// Call once a record with the bytes the buffer has and the record needs.
  bool is_due(size_t buffer_bytes, size_t needed_bytes);

 private:
  size_t small_records_ = 0;
};

/// What one JSON text was parsed into. It does not need the reader any more.
class JsonDocument {
 public:
  enum class Room : uint8_t { kUsual, kNone };

  /// With room for usual records, or without any until one is read: for documents that are seldom needed.
  explicit JsonDocument(Room room = Room::kUsual);

  /// Bytes of the longest text it has room for.
  [[nodiscard]] size_t capacity() const { return document_.capacity(); }

 private:
  friend class JsonReader;
  void fit(size_t text_bytes);

  simdjson::dom::document document_;
  ShrinkRule shrink_;
};

/// Parses JSON texts into documents. Owns the buffers that are needed only meanwhile, so one reader serves all records of a
/// lane and its buffers stay in the nearest cache; they grow with large records and shrink again after a run of small ones,
/// as the documents do. Full validation (the DOM parser), so what is accepted is one complete JSON value.
class JsonReader {
 public:
  explicit JsonReader(size_t depth_max);

  struct Loaded {
    RejectReason reason = RejectReason::kNone;
    const char* detail = "";
    bool repaired = false;  ///< bytes or escapes that are no Unicode were replaced by U+FFFD
    bool mended = false;    ///< the text was no JSON; what could be read is here
    bool several = false;   ///< the text was several values: `root` is a list of them
    simdjson::dom::element root;
  };
  /// `root` borrows from `document`, until the next load() into it. What is not quite JSON is mended, and `mended` says so.
  Loaded load(std::string_view text, JsonDocument& document);

  /// Bytes of the buffer for the text; what else is needed meanwhile is about four times as large.
  [[nodiscard]] size_t buffer_bytes() const { return buffer_.size(); }

 private:
  void fit_buffers(size_t size);
  simdjson::error_code load_strictly(std::string_view text, JsonDocument& document, Loaded& loaded);
  simdjson::error_code load_mended(std::string_view text, JsonDocument& document, Loaded& loaded);
  simdjson::error_code parse(JsonDocument& document, simdjson::dom::element& root);
  void repair();

  size_t depth_max_;
  simdjson::dom::parser parser_;
  std::string buffer_;  // the text and its padding
  std::string repaired_;
  std::string mended_;
  size_t size_ = 0;  // of the text in buffer_
  ShrinkRule shrink_;
};

}  // namespace weir
