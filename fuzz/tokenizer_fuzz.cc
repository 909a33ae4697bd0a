// Any bytes as a value: the tokenizers end, and what they say of it is consistent.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "detect/confirm/script_tokenizer.h"
#include "detect/confirm/sql_tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using weir::SqlContext;
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  bool injects = false;
  for (const auto context : {SqlContext::kRaw, SqlContext::kSingleQuoted, SqlContext::kDoubleQuoted}) {
    const auto print = weir::sql_fingerprint(value, context);
    WEIR_ASSERT(print.size <= weir::SqlFingerprint::kTokensMax, "a fingerprint is short");
    WEIR_ASSERT(print.last_string_size <= size && print.first_string_size <= size, "a string is part of the value");
    injects |= weir::is_sql_injection(print, context);
  }
  WEIR_ASSERT(injects || !weir::is_sql_injection(value), "no context, no injection");
  WEIR_ASSERT(weir::is_script_injection(value) == (weir::script_context(value) != weir::ScriptContext::kNone),
              "one answer");
  return 0;
}
