#include "decode/steps/binary_text.h"

#include <algorithm>

#include "decode/steps/byte_classes.h"

namespace weir {
namespace {

/// Enough to tell; the rest of a file is like its start.
constexpr size_t kSampleBytes = 4096;
constexpr size_t kBinaryShare = 10;  ///< one byte in so many
constexpr size_t kRunBytesMin = 6;
constexpr size_t kContentBytesMax = size_t{1} << 20;

bool is_printable(char byte) {
  return (byte >= 0x20 && byte < 0x7f) || byte == '\t';
}

}  // namespace

bool is_binary(std::string_view content) {
  const std::string_view sample = content.substr(0, kSampleBytes);
  if ((classify(sample) & (byte_class::kControl | byte_class::kHigh)) == 0) return false;
  size_t odd = 0;
  for (size_t i = 0; i < sample.size(); ++i) {
    const auto byte = static_cast<unsigned char>(sample[i]);
    if (byte < 0x20 && byte != '\t' && byte != '\r' && byte != '\n') ++odd;
    if (byte == 0xef && sample.substr(i).starts_with("\xef\xbf\xbd")) odd += 3;
  }
  return odd * kBinaryShare > sample.size();
}

void extract_printable(std::string_view content, std::string& out) {
  content = content.substr(0, kContentBytesMax);
  out.clear();
  size_t at = 0;
  while (at < content.size()) {
    const auto* const begin = std::find_if(content.data() + at, content.data() + content.size(), is_printable);
    const auto* const end = std::find_if_not(begin, content.data() + content.size(), is_printable);
    if (static_cast<size_t>(end - begin) >= kRunBytesMin) {
      if (!out.empty()) out.push_back(' ');
      out.append(begin, end);
    }
    at = static_cast<size_t>(end - content.data());
  }
}

}  // namespace weir
