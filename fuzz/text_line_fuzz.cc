// Any bytes as a pattern, and any as a line of it: a pattern is refused or read by, and fields are parts of the line.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "event/line_prefix.h"
#include "event/profile/text_pattern.h"
#include "event/text/text_reader.h"
#include "event/text/text_unescaper.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const auto end = all.find('\n');
  if (end == std::string_view::npos) return 0;
  const auto line = all.substr(end + 1);
  WEIR_ASSERT(weir::without_line_prefix(line).size() <= line.size(), "a prefix that adds");
  for (const auto escape : {weir::TextEscape::kBackslash, weir::TextEscape::kNone, weir::TextEscape::kDoubledQuotes}) {
    const auto format = weir::read_text_pattern(all.substr(0, end), escape);
    if (!format) return 0;
    const weir::TextReader reader(*format);
    std::vector<std::string_view> fields;
    if (reader.read(line, fields) == weir::TextFit::kNone) continue;
    weir::TextUnescaper unescaper;
    for (const auto field : fields) {
      if (field.data() == nullptr) continue;
      WEIR_ASSERT(field.data() >= line.data() && field.data() + field.size() <= line.data() + line.size(),
                  "a field beyond its line");
      std::string valid(field.size(), ' ');
      for (size_t i = 0; i < field.size(); ++i)
        valid[i] = static_cast<char>(field[i] & 0x7f);
      unescaper.start(valid);
      WEIR_ASSERT(unescaper.read(valid, escape).size() <= valid.size(), "an escape that adds");
    }
  }
  return 0;
}
