#pragma once

#include <simdjson.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "event/event_parser.h"

namespace weir {

/// Parses one JSON text at a time into a document that stays valid until the next load(). Owns the buffers: they grow with
/// large records and shrink again after a run of small ones. Full validation (the DOM parser), so what is accepted is one
/// complete JSON value.
class JsonReader {
 public:
  explicit JsonReader(size_t depth_max);

  struct Loaded {
    RejectReason reason = RejectReason::kNone;
    const char* detail = "";
    bool repaired = false;  ///< bytes or escapes that are no Unicode were replaced by U+FFFD
    simdjson::dom::element root;
  };
  Loaded load(std::string_view text);

  /// Bytes of the buffer for the text; the document's own buffers are about three times as large.
  [[nodiscard]] size_t buffer_bytes() const { return buffer_.size(); }

 private:
  void fit_buffers(size_t size);
  simdjson::error_code parse(simdjson::dom::element& root);
  void repair();

  size_t depth_max_;
  simdjson::dom::parser parser_;
  std::string buffer_;  // the text and its padding
  std::string repaired_;
  size_t size_ = 0;  // of the text in buffer_
  size_t small_records_ = 0;
};

}  // namespace weir
