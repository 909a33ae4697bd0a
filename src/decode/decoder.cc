#include "decode/decoder.h"

#include <algorithm>

#include "decode/lines/body_lines.h"
#include "decode/lines/header_lines.h"
#include "decode/lines/line_writer.h"
#include "decode/lines/pair_lines.h"
#include "decode/lines/value_lines.h"

namespace weir {
namespace {

DecodeOptions with_sane_bounds(DecodeOptions options) {
  constexpr uint32_t kLineBytesMin = 64;
  constexpr uint32_t kRecordBytesLimit = uint32_t{1} << 30;  // offsets into the text have 32 bits
  options.record_bytes_max = std::clamp(options.record_bytes_max, kLineBytesMin, kRecordBytesLimit);
  // Lengths of names have 16 bits and are no longer than a line.
  options.line_bytes_max = std::clamp(options.line_bytes_max, kLineBytesMin, uint32_t{65535});
  options.lines_max = std::max(options.lines_max, uint32_t{1});
  options.rounds_max = std::max(options.rounds_max, uint32_t{1});
  return options;
}

/// A referer is a URL: where it has a query, a plus is a space. (One in the path before it, too: a rare loss that spares
/// a second line.)
void add_referer(LineWriter& writer, std::string_view referer) {
  const bool has_query = referer.find('?') != std::string_view::npos;
  writer.add(Place::kReferer, referer, has_query ? PlusMeans::kSpace : PlusMeans::kPlus);
}

class RawLines {
 public:
  RawLines(LineWriter& writer, PlaceMask wanted) : writer_(writer), wanted_(wanted) {}

  void add(Place place, std::string_view first, char separator = 0, std::string_view second = {}) {
    if ((wanted_ & mask_of(place)) != 0) writer_.add_raw(place, first, separator, second);
  }

 private:
  LineWriter& writer_;
  PlaceMask wanted_;
};

}  // namespace

Decoder::Decoder(DecodeOptions options) : options_(with_sane_bounds(options)) {}

/// What has a natural bound (servers limit the request line and the headers) comes first, the body last: a body of any
/// size then pushes nothing else out of the record.
void Decoder::decode(const Event& event, DecodedRecord& out) {
  const bool repaired = event.has(EventFlag::kUtf8Repaired);
  const size_t share = std::max<size_t>(options_.lines_max / 4, 1);
  LineWriter writer(out, options_, repaired);
  if (repaired) out.evasions = static_cast<Evasions>(Evasion::kInvalidUtf8);
  ValueLines values(writer, scratch_, options_);
  RawLines raw(writer, options_.raw_places);

  values.add_path(event.path);
  add_url_pairs(values, Place::kQuery, event.query, share);
  writer.add(Place::kHost, event.host);
  writer.add(Place::kUserAgent, event.user_agent);
  add_referer(writer, event.referer);
  add_cookies(values, event.cookie, share);
  const Header content_type{"content-type", event.content_type};
  add_headers(values, {&content_type, 1}, share, scratch_.credentials);
  add_headers(values, event.headers, share, scratch_.credentials);

  raw.add(Place::kRawUri, event.path, '?', event.query);
  raw.add(Place::kRawPath, event.path);
  raw.add(Place::kRawQuery, event.query);
  raw.add(Place::kRawCookie, event.cookie);
  raw.add(Place::kRawReferer, event.referer);
  raw.add(Place::kRawUserAgent, event.user_agent);

  add_body(values, event.content_type, event.body, scratch_);
  raw.add(Place::kRawBody, event.body);
}

}  // namespace weir
