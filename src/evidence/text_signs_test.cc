#include "evidence/text_signs.h"

#include <algorithm>
#include <random>
#include <string>

#include "base/ascii.h"
#include "base/catch.h"

namespace weir {

TEST_CASE("the signs of a text are those of its bytes, whatever its length") {
  std::mt19937 random{7};
  const std::string_view bytes("0123456789/:;=<%$abcXYZ -\0\x7f\x80\xb0\xff", 30);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (size_t size = random() % 70; size > 0; --size)
      text += bytes[random() % (i % 2 == 0 ? 10 : bytes.size())];
    INFO(text);
    const TextSigns signs = signs_of(text);
    REQUIRE(signs.digits == static_cast<size_t>(std::count_if(text.begin(), text.end(), is_ascii_digit)));
    REQUIRE(signs.names_secrets == (text.find_first_of("=:%") != std::string::npos));
  }
}

}  // namespace weir
