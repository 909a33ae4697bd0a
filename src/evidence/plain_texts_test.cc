#include "evidence/plain_texts.h"

#include <string>

#include "base/catch.h"

namespace weir {

TEST_CASE("a text is known as plain from its second time on, and only looked at in the same way", "[evidence]") {
  PlainTexts texts{LineSecret{}};
  const auto key = texts.key_of("a browser", PlainTexts::Kind::kText);
  CHECK_FALSE(texts.contains(key));
  texts.note(key);
  CHECK_FALSE(texts.contains(key));
  texts.note(key);
  CHECK(texts.contains(key));
  CHECK(texts.contains(texts.key_of("a browser", PlainTexts::Kind::kText)));
  CHECK_FALSE(texts.contains(texts.key_of("a browser", PlainTexts::Kind::kLineWithComments)));
  CHECK_FALSE(texts.contains(texts.key_of("a browses", PlainTexts::Kind::kText)));
}

TEST_CASE("texts that come again stay known beside those that never do", "[evidence]") {
  PlainTexts texts{LineSecret{}};
  const auto key_of = [&](int i) { return texts.key_of("text " + std::to_string(i), PlainTexts::Kind::kText); };
  for (int i = 0; i < 1'000; ++i)
    texts.note(key_of(i % 500));
  for (int i = 0; i < 100'000; ++i)
    texts.note(key_of(10'000 + i));
  int known = 0;
  for (int i = 0; i < 500; ++i)
    known += texts.contains(key_of(i)) ? 1 : 0;
  CHECK(known > 450);
}

TEST_CASE("no more texts are known than the table has room for", "[evidence]") {
  PlainTexts texts{LineSecret{}};
  constexpr int kTexts = 50'000;
  const auto key_of = [&](int i) { return texts.key_of(std::to_string(i), PlainTexts::Kind::kText); };
  for (int i = 0; i < 2 * kTexts; ++i)
    texts.note(key_of(i / 2));
  int known = 0;
  for (int i = 0; i < kTexts; ++i)
    known += texts.contains(key_of(i)) ? 1 : 0;
  CHECK(known <= 8192);
  CHECK(texts.contains(key_of(kTexts - 1)));
  CHECK_FALSE(PlainTexts::eligible(""));
  CHECK(PlainTexts::eligible(std::string(1024, 'a')));
  CHECK_FALSE(PlainTexts::eligible(std::string(1025, 'a')));
}

}  // namespace weir
