#include "detect/program/line_gates.h"

#include <string>

#include "base/catch.h"
#include "detect/compile/required_bytes.h"

namespace weir {
namespace {

Gate gate_of_regex(std::string_view regex) {
  return gate_for(required_bytes(regex), mask_of(Place::kQuery) | mask_of(Place::kUserAgent));
}

}  // namespace

TEST_CASE("a pattern stands behind the narrowest gate that its matches must pass", "[line_gates]") {
  CHECK(gate_of_regex("'\\s*or") == Gate::kQuote);
  CHECK(gate_of_regex("['\"]x") == Gate::kQuote);
  CHECK(gate_of_regex("<script") == Gate::kAngle);
  CHECK(gate_of_regex("\\$\\{jndi:") == Gate::kShell);
  CHECK(gate_of_regex("sleep\\(") == Gate::kBracket);
  CHECK(gate_of_regex("['<]x") == Gate::kAscii);
  CHECK(gate_of_regex("\\xc0\\xaf") == Gate::kHighByte);
  CHECK(gate_of_regex("['\\xc0]x") == Gate::kTelling);
  CHECK(gate_of_regex("union\\s+select") == Gate::kOpen);
}

TEST_CASE("a line passes the gates of the bytes it holds", "[line_gates]") {
  CHECK(gates_of("q=plain text-1.0/x?y:z,w=1", Place::kQuery) == mask_of(Gate::kOpen));
  CHECK(gates_of("", Place::kQuery) == mask_of(Gate::kOpen));
  CHECK(gates_of("it's", Place::kQuery) ==
        (mask_of(Gate::kOpen) | mask_of(Gate::kQuote) | mask_of(Gate::kAscii) | mask_of(Gate::kTelling)));
  CHECK((gates_of("caf\xc3\xa9", Place::kQuery) & mask_of(Gate::kHighByte)) != 0);
  CHECK((gates_of("caf\xc3\xa9", Place::kQuery) & mask_of(Gate::kAscii)) == 0);
}

TEST_CASE("a byte opens its gate wherever it stands in a line of any length", "[line_gates]") {
  for (size_t size = 1; size <= 40; ++size) {
    for (size_t at = 0; at < size; ++at) {
      CAPTURE(size, at);
      std::string text(size, 'a');
      text[at] = '<';
      CHECK(gates_of(text, Place::kQuery) ==
            (mask_of(Gate::kOpen) | mask_of(Gate::kAngle) | mask_of(Gate::kAscii) | mask_of(Gate::kTelling)));
    }
  }
}

TEST_CASE("each byte opens the same gates in a short line and in a long one", "[line_gates]") {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::string one(1, static_cast<char>(byte));
    for (const size_t size : {15, 16, 17, 33}) {
      CAPTURE(byte, size);
      CHECK(gates_of(std::string(size - 1, 'a') + one, Place::kQuery) == gates_of(one, Place::kQuery));
      CHECK(gates_of(one + std::string(size - 1, 'a'), Place::kQuery) == gates_of(one, Place::kQuery));
      CHECK(gates_of(std::string(size, static_cast<char>(byte)), Place::kQuery) == gates_of(one, Place::kQuery));
    }
  }
}

TEST_CASE("patterns for user agents only stand behind a gate of their own", "[line_gates]") {
  const PlaceMask agents = mask_of(Place::kUserAgent) | mask_of(Place::kRawUserAgent);
  CHECK(gate_for(required_bytes("sqlmap"), agents) == Gate::kUserAgent);
  CHECK(gate_for(required_bytes("'x"), mask_of(Place::kUserAgent)) == Gate::kUserAgent);
  CHECK(gate_for(required_bytes("sqlmap"), agents | mask_of(Place::kHeader)) == Gate::kOpen);
  CHECK((gates_of("sqlmap/1.0", Place::kUserAgent) & mask_of(Gate::kUserAgent)) != 0);
  CHECK((gates_of("sqlmap/1.0", Place::kRawUserAgent) & mask_of(Gate::kUserAgent)) != 0);
  CHECK((gates_of("sqlmap/1.0", Place::kHeader) & mask_of(Gate::kUserAgent)) == 0);
}

TEST_CASE("patterns for hosts only stand behind a gate of their own", "[line_gates]") {
  CHECK(gate_for(required_bytes("^[0-9.]+$"), mask_of(Place::kHost)) == Gate::kHost);
  CHECK(gate_for(required_bytes("^[0-9.]+$"), mask_of(Place::kHost) | mask_of(Place::kPath)) == Gate::kOpen);
  CHECK((gates_of("192.0.2.1", Place::kHost) & mask_of(Gate::kHost)) != 0);
  CHECK((gates_of("192.0.2.1", Place::kPath) & mask_of(Gate::kHost)) == 0);
}

TEST_CASE("whatever a gate's patterns require lets a line pass that gate", "[line_gates]") {
  for (unsigned byte = 0; byte < 256; ++byte) {
    ByteSet required;
    required.set(byte);
    if (!is_telling_byte(static_cast<unsigned char>(byte))) continue;
    const Gate gate = gate_for(required, mask_of(Place::kQuery));
    const char text[] = {'a', static_cast<char>(byte), 'b'};
    CAPTURE(byte);
    CHECK(gate != Gate::kOpen);
    CHECK((gates_of({text, 3}, Place::kQuery) & mask_of(gate)) != 0);
  }
}

}  // namespace weir
