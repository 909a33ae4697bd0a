// Any text as a server's log directive: it must end in a reader or in an error with a position, and a reader of text must read
// the directive's own sample line, and any other, without harm.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "event/directive/directive.h"
#include "event/text/text_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto server = static_cast<weir::DirectiveServer>(data[0] % 4);
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto directive = weir::compile_directive(server, text);
  if (!directive) {
    WEIR_ASSERT(!directive.error().detail.empty(), "an error that says nothing");
    return 0;
  }
  WEIR_ASSERT(directive->profile.validate().has_value(), "a directive made a profile that is none");
  if (!directive->profile.reads_text()) return 0;
  const weir::TextReader reader(directive->profile.texts.front());
  std::vector<std::string_view> fields;
  for (const std::string_view line : {std::string_view(directive->sample), text}) {
    if (reader.read(line, fields) == weir::TextFit::kNone) continue;
    for (const auto field : fields)
      WEIR_ASSERT(field.data() == nullptr ||
                      (field.data() >= line.data() && field.data() + field.size() <= line.data() + line.size()),
                  "a field outside of its line");
  }
  return 0;
}
