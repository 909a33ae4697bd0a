#include "rules/sigma_string.h"

#include <absl/strings/escaping.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/utf8.h"

namespace weir {
namespace {

void push_char(PatternString& pattern, char c) {
  if (pattern.empty() || pattern.back().kind != StringPart::Kind::kLiteral)
    pattern.push_back({StringPart::Kind::kLiteral, {}});
  pattern.back().text.push_back(c);
}

}  // namespace

PatternString parse_pattern_string(std::string_view text) {
  PatternString pattern;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && i + 1 < text.size() && (text[i + 1] == '*' || text[i + 1] == '?' || text[i + 1] == '\\')) {
      push_char(pattern, text[++i]);
    } else if (c == '*') {
      if (pattern.empty() || pattern.back().kind != StringPart::Kind::kAnyMany)
        pattern.push_back({StringPart::Kind::kAnyMany, {}});
    } else if (c == '?') {
      pattern.push_back({StringPart::Kind::kAnyOne, {}});
    } else {
      push_char(pattern, c);
    }
  }
  return pattern;
}

std::optional<std::string> literal_of(const PatternString& pattern) {
  if (pattern.empty()) return std::string();
  if (pattern.size() == 1 && pattern[0].kind == StringPart::Kind::kLiteral) return pattern[0].text;
  return std::nullopt;
}

PatternString pattern_of_literal(std::string text) {
  if (text.empty()) return {};
  return {{StringPart::Kind::kLiteral, std::move(text)}};
}

void open_front(PatternString& pattern) {
  if (pattern.empty() || pattern.front().kind != StringPart::Kind::kAnyMany)
    pattern.insert(pattern.begin(), {StringPart::Kind::kAnyMany, {}});
}

void open_back(PatternString& pattern) {
  if (pattern.empty() || pattern.back().kind != StringPart::Kind::kAnyMany)
    pattern.push_back({StringPart::Kind::kAnyMany, {}});
}

std::vector<std::string> base64_offset_forms(std::string_view bytes) {
  // Characters at the front that mix in the bytes before, and at the end those that mix in the bytes after.
  static constexpr std::array<size_t, 3> kSkipFront = {0, 2, 3};
  static constexpr std::array<size_t, 3> kSkipBack = {0, 3, 2};
  std::vector<std::string> forms;
  for (size_t offset = 0; offset < 3; ++offset) {
    const std::string encoded = absl::Base64Escape(std::string(offset, ' ') + std::string(bytes));
    const size_t back = kSkipBack[(bytes.size() + offset) % 3];
    if (encoded.size() > kSkipFront[offset] + back)
      forms.push_back(encoded.substr(kSkipFront[offset], encoded.size() - kSkipFront[offset] - back));
  }
  return forms;
}

std::string to_utf16(std::string_view utf8, Utf16Order order, ByteOrderMark mark) {
  std::string out;
  const auto unit = [&](uint32_t value) {
    const char high = static_cast<char>(value >> 8U & 0xffU);
    const char low = static_cast<char>(value & 0xffU);
    out.push_back(order == Utf16Order::kLittle ? low : high);
    out.push_back(order == Utf16Order::kLittle ? high : low);
  };
  if (mark == ByteOrderMark::kFirst) unit(0xfeff);
  while (!utf8.empty()) {
    const Utf8Step step = read_utf8(utf8);
    const uint32_t value = step.bytes > 0 ? step.code_point : 0xfffd;
    utf8.remove_prefix(std::max<size_t>(step.bytes, 1));
    if (value < 0x10000) {
      unit(value);
    } else {
      unit(0xd800 + ((value - 0x10000) >> 10U));
      unit(0xdc00 + ((value - 0x10000) & 0x3ffU));
    }
  }
  return out;
}

std::vector<std::string> windash_forms(std::string_view text) {
  static constexpr std::array<std::string_view, 5> kDashes = {"-", "/", "\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x80\x95"};
  constexpr size_t kFormsMax = 625;
  std::vector<std::string> forms = {""};
  for (size_t i = 0; i < text.size(); ++i) {
    const bool starts_word = (text[i] == '-' || text[i] == '/') && (i == 0 || !is_word_byte(text[i - 1])) &&
                             i + 1 < text.size() && is_word_byte(text[i + 1]);
    if (!starts_word) {
      for (auto& form : forms)
        form.push_back(text[i]);
      continue;
    }
    if (forms.size() * kDashes.size() > kFormsMax) return {};
    std::vector<std::string> longer;
    for (const auto& form : forms)
      for (const auto dash : kDashes)
        longer.push_back(form + std::string(dash));
    forms = std::move(longer);
  }
  return forms;
}

}  // namespace weir
