#pragma once

#include <cstddef>
#include <cstring>

namespace weir {

/// Rewrites a text in place from left to right, and gives its new size. `read(from, left, to)` is asked wherever `sign` stands: it
/// writes what is to stand there to `to`, moves `to` behind that and says how many bytes of the text it stands for; 0: none, the
/// sign stays. It must not write more than it takes.
template <typename Read>
size_t rewrite_in_place(char* text, size_t size, char sign, const Read& read) {
  const char* from = text;
  const char* const end = text + size;
  char* to = text;
  while (from < end) {
    const auto* const found = static_cast<const char*>(std::memchr(from, sign, static_cast<size_t>(end - from)));
    const char* const stop = found == nullptr ? end : found;
    const auto plain = static_cast<size_t>(stop - from);
    if (to != from) std::memmove(to, from, plain);
    to += plain;
    from = stop;
    if (from == end) break;
    const size_t taken = read(from, static_cast<size_t>(end - from), to);
    if (taken == 0) *to++ = *from;
    from += taken == 0 ? 1 : taken;
  }
  return static_cast<size_t>(to - text);
}

}  // namespace weir
