// Any bytes as the fields of a request: the record must keep its promises (decoded_record.h), and decoding must be pure.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "decode/decoder.h"

namespace {

/// Fields are separated by the byte 0x1e, which no wire format needs; missing ones are empty.
class Fields {
 public:
  explicit Fields(std::string_view text) : text_(text) {}

  std::string_view next() {
    const size_t end = std::min(text_.find('\x1e'), text_.size());
    const std::string_view field = text_.substr(0, end);
    text_.remove_prefix(std::min(end + 1, text_.size()));
    return field;
  }

 private:
  std::string_view text_;
};

void check(const weir::DecodedRecord& record, const weir::DecodeOptions& options) {
  uint32_t at = 0;
  for (const weir::Line& line : record.lines) {
    WEIR_ASSERT(line.begin == at && line.end > line.begin && line.end < record.text.size(), "lines out of order");
    WEIR_ASSERT(record.text[line.end] == '\n', "a line without its end");
    WEIR_ASSERT(record.line_text(line).find('\n') == std::string_view::npos, "a line feed inside a line");
    WEIR_ASSERT(line.end - line.begin <= options.line_bytes_max, "a line beyond its cap");
    WEIR_ASSERT(line.name_length == 0 || record.text[line.begin + line.name_length] == '=', "a name without its '='");
    at = line.end + 1;
  }
  WEIR_ASSERT(at == record.text.size(), "text behind the last line");
  WEIR_ASSERT(record.lines.size() <= options.lines_max, "too many lines");
}

void run(const weir::Event& event, const weir::DecodeOptions& options) {
  static weir::DecodedRecord reused;
  weir::Decoder decoder(options);
  decoder.decode(event, reused);
  check(reused, options);
  weir::DecodedRecord fresh;
  decoder.decode(event, fresh);
  WEIR_ASSERT(fresh.text == reused.text && fresh.evasions == reused.evasions, "not pure");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Fields fields({reinterpret_cast<const char*>(data), size});
  weir::Event event;
  event.body = fields.next();
  event.content_type = fields.next();
  event.query = fields.next();
  event.path = fields.next();
  event.cookie = fields.next();
  event.referer = fields.next();
  const std::array<weir::Header, 1> headers = {{{fields.next(), fields.next()}}};
  event.headers = headers;
  run(event, {});
  weir::DecodeOptions tight;
  tight.line_bytes_max = 64;
  tight.record_bytes_max = 256;
  tight.lines_max = 6;
  tight.json_depth_max = 3;
  tight.raw_places = ~weir::PlaceMask{0};
  run(event, tight);
  return 0;
}
