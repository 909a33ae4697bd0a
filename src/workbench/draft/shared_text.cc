#include "workbench/draft/shared_text.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>

#include "base/ascii.h"

namespace weir {
namespace {

constexpr char kLineEnd = '\n';
constexpr size_t kPieceBytesMin = 3, kSymbolBytesMin = 2;
constexpr size_t kPiecesMax = 32;
constexpr size_t kLongNumber = 3, kLongDigest = 8;

bool is_word(char c) {
  return is_ascii_alphanumeric(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

/// Every substring of a text as an automaton (Blumer et al., 1985): says of each place of another text how much of what stands before it
/// the text holds, in linear time.
class SubstringIndex {
 public:
  explicit SubstringIndex(std::string_view text) {
    states_.reserve(2 * text.size() + 1);
    states_.emplace_back();
    for (const char c : text)
      append(c);
  }

  /// Lowers `lengths[i]` to the length of the longest end of text[0, i] that is indexed.
  void limit(std::string_view text, std::vector<uint32_t>& lengths) const {
    uint32_t state = 0, length = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      while (state != 0 && !states_[state].next.contains(text[i])) {
        state = static_cast<uint32_t>(states_[state].link);
        length = states_[state].length;
      }
      if (const auto next = states_[state].next.find(text[i]); next != states_[state].next.end()) {
        state = next->second;
        ++length;
      }
      lengths[i] = std::min(lengths[i], length);
    }
  }

 private:
  struct State {
    std::map<char, uint32_t> next;
    int64_t link = -1;
    uint32_t length = 0;
  };

  void append(char c) {
    const auto added = static_cast<uint32_t>(states_.size());
    states_.push_back({{}, 0, states_[last_].length + 1});
    int64_t state = last_;
    for (; state >= 0 && !states_[at(state)].next.contains(c); state = states_[at(state)].link)
      states_[at(state)].next[c] = added;
    if (state >= 0) states_[added].link = link_for(state, c);
    last_ = added;
  }

  /// The state of the longest end that stood there before; made when it is only a part of one.
  int64_t link_for(int64_t state, char c) {
    const uint32_t reached = states_[at(state)].next[c];
    if (states_[reached].length == states_[at(state)].length + 1) return reached;
    const auto copy = static_cast<uint32_t>(states_.size());
    states_.push_back({states_[reached].next, states_[reached].link, states_[at(state)].length + 1});
    for (; state >= 0; state = states_[at(state)].link) {
      const auto next = states_[at(state)].next.find(c);
      if (next == states_[at(state)].next.end() || next->second != reached) break;
      next->second = copy;
    }
    states_[reached].link = copy;
    return copy;
  }

  static size_t at(int64_t state) { return static_cast<size_t>(state); }

  std::vector<State> states_;
  uint32_t last_ = 0;
};

/// Does the piece stand somewhere in the text without a word going on in front of it (or behind it)?
bool stands_alone(std::string_view text, std::string_view piece, bool in_front) {
  for (size_t found = text.find(piece); found != std::string_view::npos; found = text.find(piece, found + 1)) {
    const size_t neighbour = in_front ? found - 1 : found + piece.size();
    if (neighbour >= text.size() || !is_word(text[neighbour])) return true;
  }
  return false;
}

/// Cuts off a word at an end of which some text holds more: "…//a" of "…//a.example" and "…//abc.example".
std::string_view without_parts_of_words(std::string_view piece, std::span<const std::string> texts) {
  const auto alone = [&](bool in_front) {
    return std::all_of(texts.begin(), texts.end(),
                       [&](const std::string& text) { return stands_alone(text, piece, in_front); });
  };
  if (!piece.empty() && is_word(piece.front()) && !alone(true))
    while (!piece.empty() && is_word(piece.front()))
      piece.remove_prefix(1);
  if (!piece.empty() && is_word(piece.back()) && !alone(false))
    while (!piece.empty() && is_word(piece.back()))
      piece.remove_suffix(1);
  return piece;
}

std::string_view trimmed(std::string_view piece) {
  while (!piece.empty() && piece.front() == ' ')
    piece.remove_prefix(1);
  while (!piece.empty() && piece.back() == ' ')
    piece.remove_suffix(1);
  return piece;
}

std::string_view shortened(std::string_view piece) {
  if (piece.size() <= kPieceBytesMax) return piece;
  size_t end = kPieceBytesMax;
  while (end > 0 && is_word(piece[end]) && is_word(piece[end - 1]))
    --end;
  return trimmed(piece.substr(0, end == 0 ? kPieceBytesMax : end));
}

bool says_enough(std::string_view piece) {
  return piece.size() >= kPieceBytesMin ||
         (piece.size() >= kSymbolBytesMin && std::none_of(piece.begin(), piece.end(), is_word));
}

/// Something that is never the same again: a number of several digits, an address, a digest.
bool is_particular(std::string_view token) {
  const auto is_digit = [](char c) { return is_ascii_digit(c); };
  const auto is_hexadecimal = [](char c) { return is_ascii_digit(c) || (c >= 'a' && c <= 'f') || c == '-'; };
  if (!std::any_of(token.begin(), token.end(), is_digit)) return false;
  const auto digits = std::count_if(token.begin(), token.end(), is_digit);
  if (std::all_of(token.begin(), token.end(), [&](char c) { return is_digit(c) || c == '.'; }))
    return static_cast<size_t>(digits) >= kLongNumber;
  return token.size() >= kLongDigest && std::all_of(token.begin(), token.end(), is_hexadecimal);
}

/// The lines of a text, and what is left of them between what is particular.
std::vector<std::string_view> general_parts(std::string_view text) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  const auto is_token = [](char c) { return is_word(c) || c == '.' || c == '-'; };
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && is_token(text[end]))
      ++end;
    if (text[i] == kLineEnd || is_particular(text.substr(i, end - i))) {
      parts.push_back(text.substr(begin, i - begin));
      begin = std::max(end, i + (text[i] == kLineEnd));
    }
    i = std::max(end, i + 1);
  }
  parts.push_back(text.substr(begin));
  return parts;
}

/// Where the first text and all others go together, each as long as can be.
std::vector<std::string_view> common_parts(std::span<const std::string> texts) {
  const std::string_view base = texts.front();
  std::vector<uint32_t> lengths(base.size());
  uint32_t in_line = 0;
  for (size_t i = 0; i < base.size(); ++i) {
    in_line = base[i] == kLineEnd ? 0 : in_line + 1;
    lengths[i] = in_line;
  }
  for (const std::string& text : texts.subspan(1))
    SubstringIndex(text).limit(base, lengths);
  std::vector<std::string_view> parts;
  for (size_t i = 0; i < base.size(); ++i) {
    const bool goes_on = i + 1 < base.size() && lengths[i + 1] == lengths[i] + 1;
    if (lengths[i] >= kSymbolBytesMin && !goes_on) parts.push_back(base.substr(i + 1 - lengths[i], lengths[i]));
  }
  return parts;
}

}  // namespace

std::vector<std::string> shared_pieces(std::span<const std::string> texts) {
  if (texts.empty() || std::any_of(texts.begin(), texts.end(), [](const auto& text) { return text.empty(); }))
    return {};
  std::vector<std::string_view> parts = texts.size() == 1 ? general_parts(texts.front()) : common_parts(texts);
  for (auto& part : parts)
    part = shortened(trimmed(without_parts_of_words(part, texts)));
  std::stable_sort(parts.begin(), parts.end(), [](auto a, auto b) { return a.size() > b.size(); });
  std::vector<std::string> pieces;
  for (const auto part : parts) {
    const bool is_known = std::any_of(pieces.begin(), pieces.end(),
                                      [&](const auto& piece) { return piece.find(part) != std::string::npos; });
    if (says_enough(part) && !is_known && pieces.size() < kPiecesMax) pieces.emplace_back(part);
  }
  return pieces;
}

}  // namespace weir
