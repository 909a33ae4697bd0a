#include "decode/steps/fold_unicode.h"

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "base/catch.h"
#include "base/utf8.h"

using namespace weir;

namespace {

constexpr char kRemoved = 0;

/// What each code point becomes that does not stay as it is, behind an ASCII character.
std::map<uint32_t, char> all_folds() {
  std::map<uint32_t, char> folds;
  // From `first` on one after the other become the characters from `to` on.
  const auto run = [&](uint32_t first, uint32_t last, char to) {
    for (uint32_t at = first; at <= last; ++at)
      folds[at] = static_cast<char>(to + static_cast<int>(at - first));
  };
  const auto all = [&](std::initializer_list<uint32_t> from, char to) {
    for (const uint32_t at : from)
      folds[at] = to;
  };
  const auto range = [&](uint32_t first, uint32_t last, char to) {
    for (uint32_t at = first; at <= last; ++at)
      folds[at] = to;
  };
  all({0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000}, ' ');
  range(0x2000, 0x200a, ' ');
  all({0xad, 0x180e, 0xfeff}, kRemoved);
  range(0x200b, 0x200f, kRemoved);
  range(0x202a, 0x202e, kRemoved);
  range(0x2060, 0x2064, kRemoved);
  all({0x2b9, 0x2bc, 0x2c8, 0x2032, 0x2035}, '\'');
  all({0x2ba, 0x2033, 0x2036}, '"');
  all({0x131}, 'i');
  all({0x17f}, 's');
  all({0x212a}, 'K');
  all({0x2024, 0x3002, 0xff61}, '.');
  all({0x2039, 0x2329, 0x3008}, '<');
  all({0x203a, 0x232a, 0x3009}, '>');
  all({0x2044, 0x2215, 0x29f8}, '/');
  all({0x2216, 0x29f5}, '\\');
  all({0x207a, 0x208a}, '+');
  all({0x207b, 0x208b, 0x2212}, '-');
  all({0x207c, 0x208c}, '=');
  all({0x207d, 0x208d, 0xfe35}, '(');
  all({0x207e, 0x208e, 0xfe36}, ')');
  all({0x2217}, '*');
  all({0x2223}, '|');
  all({0x2236}, ':');
  all({0x24ea}, '0');
  run(0x2460, 0x2468, '1');
  run(0x24b6, 0x24cf, 'A');
  run(0x24d0, 0x24e9, 'a');
  constexpr std::string_view kSmallForms = ", . ;:?! (){}  #&*+-<>= \\$%@";  // a space: none
  for (uint32_t i = 0; i < kSmallForms.size(); ++i)
    if (kSmallForms[i] != ' ') folds[0xfe50 + i] = kSmallForms[i];
  run(0xff01, 0xff5e, '!');
  for (uint32_t alphabet = 0x1d400; alphabet < 0x1d6a4; alphabet += 52) {  // thirteen of them
    run(alphabet, alphabet + 25, 'A');
    run(alphabet + 26, alphabet + 51, 'a');
  }
  for (uint32_t digits = 0x1d7ce; digits <= 0x1d7ff; digits += 10)  // five times
    run(digits, digits + 9, '0');
  return folds;
}

FoldPass fold(std::string& text) {
  const FoldPass pass = fold_unicode(text.data(), text.size());
  text.resize(pass.size);
  return pass;
}

std::string utf8(uint32_t code_point) {
  std::string text;
  append_utf8(text, code_point);
  return text;
}

}  // namespace

TEST_CASE("every code point folds to what it looks like, or stays", "[decode][unicode]") {
  const auto folds = all_folds();
  constexpr uint32_t kSurrogates = 0xd800, kBehindSurrogates = 0xe000, kLast = 0x10ffff;
  std::string wrong;
  for (uint32_t at = 0x80; at <= kLast; ++at) {
    if (at == kSurrogates) at = kBehindSurrogates;
    std::string text = "a" + utf8(at) + "b", expected = text;
    if (const auto found = folds.find(at); found != folds.end())
      expected = found->second == kRemoved ? "ab" : std::string("a") + found->second + "b";
    const bool is_folded = expected != text;
    const FoldPass pass = fold(text);
    if (text == expected && pass.folded == is_folded && pass.changed == is_folded && !pass.overlong) continue;
    wrong += " " + std::to_string(at);
  }
  CHECK(wrong == std::string());
}

TEST_CASE("look-alikes that only serve to hide a sign are suspicious", "[decode][unicode]") {
  constexpr std::string_view kSigns = "<>'\"\\.%";
  for (uint32_t at = 0xff01; at <= 0xff5e; ++at) {
    std::string text = "a" + utf8(at);
    const bool is_suspicious = fold(text).suspicious;
    CHECK(is_suspicious == (kSigns.find(text[1]) != std::string_view::npos));
  }
  for (uint32_t at = 0xfe50; at <= 0xfe6b; ++at) {
    std::string text = "a" + utf8(at);
    const bool is_suspicious = fold(text).suspicious;
    CHECK(is_suspicious == (text.size() == 2 && std::string_view("<>%\\").find(text[1]) != std::string_view::npos));
  }
}

TEST_CASE("punctuation of East Asian prose folds right behind an ASCII character alone", "[decode][unicode]") {
  for (const uint32_t at : {0xff0cU, 0xff1aU, 0xff1bU, 0xff1fU, 0xff01U, 0xff08U, 0xff09U, 0x3002U, 0xff61U}) {
    for (const std::string& before : {std::string(), std::string(" "), utf8(0x4e2d)}) {
      std::string text = before + utf8(at);
      const std::string whole = text;
      CHECK_FALSE(fold(text).changed);
      CHECK(text == whole);
    }
    std::string text = "1" + utf8(at);
    CHECK(fold(text).folded);
    CHECK(text.size() == 2);
  }
}

TEST_CASE("a byte of Latin-1's no-break space is a space between visible characters alone", "[decode][unicode]") {
  for (const auto& [from, to] : std::map<std::string, std::string>{{"a\xa0z", "a z"},
                                                                   {"!\xa0~", "! ~"},
                                                                   {"a\xa0", "a\xa0"},
                                                                   {"\xa0z", "\xa0z"},
                                                                   {" \xa0z", " \xa0z"},
                                                                   {"a\xa0 ", "a\xa0 "},
                                                                   {"a\xa0\x7f", "a\xa0\x7f"},
                                                                   {"a\xa1z", "a\xa1z"}}) {
    std::string text = from;
    const FoldPass pass = fold(text);
    CHECK(text == to);
    CHECK(pass.folded == (from != to));
  }
}

TEST_CASE("overlong forms are what they stand for, in as few bytes as it takes", "[decode][unicode]") {
  // A code point in as many bytes as asked.
  const auto in_bytes = [](uint32_t code_point, int bytes) {
    std::string text;
    for (int shift = 6 * (bytes - 1); shift >= 0; shift -= 6) {
      const bool is_lead = text.empty();
      const uint32_t lead = bytes == 2 ? 0xc0U : bytes == 3 ? 0xe0U : 0xf0U;
      text.push_back(
          static_cast<char>((is_lead ? lead : 0x80U) | ((code_point >> static_cast<unsigned>(shift)) & 0x3fU)));
    }
    return text;
  };
  for (const int bytes : {2, 3, 4}) {
    for (uint32_t at = 0x20; at < 0x7f; ++at) {
      std::string text = in_bytes(at, bytes);
      const FoldPass pass = fold(text);
      CHECK(text == std::string(1, static_cast<char>(at)));
      CHECK((pass.overlong && pass.changed && !pass.folded));
    }
  }
  for (const uint32_t at : {0x80U, 0xe9U, 0x7ffU, 0x800U, 0x20acU, 0xffffU, 0x10000U}) {
    const std::string shortest = utf8(at);
    for (int bytes = 2; bytes <= 4; ++bytes) {
      if (bytes < static_cast<int>(shortest.size())) continue;
      std::string text = in_bytes(at, bytes);
      const bool is_longer = text.size() > shortest.size();
      const FoldPass pass = fold(text);
      if (at != 0x80) CHECK(text == shortest);
      CHECK(pass.overlong == is_longer);
    }
  }
  for (const std::string& broken :
       {std::string("\xc3"), std::string("\xc3z"), std::string("\xe2\x82"), std::string("\xe2\x28\xac"),
        std::string("\xf0\x9f\x98"), std::string("\xf8\x88\x80\x80\x80"), std::string("\x80")}) {
    std::string text = broken;
    CHECK_FALSE(fold(text).changed);
    CHECK(text == broken);
  }
}
