#include "detect/program/line_gates.h"

#include <array>
#include <bit>
#include <cstdint>

#if defined(__SSSE3__)
#include <tmmintrin.h>
#endif

namespace weir {
namespace {

constexpr std::string_view kQuotes = "'\"`";
constexpr std::string_view kAngles = "<>";
constexpr std::string_view kShellBytes = "$\\|^{};&#~";
constexpr std::string_view kBrackets = "()";

constexpr bool belongs(Gate gate, unsigned char byte) {
  const auto is_in = [byte](std::string_view set) {
    return set.find(static_cast<char>(byte)) != std::string_view::npos;
  };
  switch (gate) {
    case Gate::kOpen:
      return true;
    case Gate::kQuote:
      return is_in(kQuotes);
    case Gate::kAngle:
      return is_in(kAngles);
    case Gate::kShell:
      return is_in(kShellBytes);
    case Gate::kBracket:
      return is_in(kBrackets);
    case Gate::kAscii:
      return byte < 0x80 && is_telling_byte(byte);
    case Gate::kHighByte:
      return byte >= 0x80;
    case Gate::kTelling:
      return is_telling_byte(byte);
    case Gate::kUserAgent:
    case Gate::kHost:
    case Gate::kEvasion:
    case Gate::kCount:
      break;
  }
  return false;
}

constexpr std::array<GateMask, 256> make_gates_by_byte() {
  std::array<GateMask, 256> gates{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (size_t i = 0; i < kGates; ++i) {
      const auto gate = static_cast<Gate>(i);
      if (belongs(gate, static_cast<unsigned char>(byte)))
        gates[byte] = static_cast<GateMask>(gates[byte] | mask_of(gate));
    }
  }
  return gates;
}

constexpr PlaceMask kUserAgentPlaces = mask_of(Place::kUserAgent) | mask_of(Place::kRawUserAgent);

constexpr std::array<GateMask, 256> kGatesByByte = make_gates_by_byte();

GateMask gates_bytewise(std::string_view text) {
  const auto at = [text](size_t i) { return kGatesByByte[static_cast<unsigned char>(text[i])]; };
  GateMask gates = 0;
  // Four bytes at a time, so that the look-ups need not wait for each other.
  size_t i = 0;
  for (; i + 4 <= text.size(); i += 4)
    gates = static_cast<GateMask>(gates | ((at(i) | at(i + 1)) | (at(i + 2) | at(i + 3))));
  for (; i < text.size(); ++i)
    gates = static_cast<GateMask>(gates | at(i));
  return gates;
}

#if defined(__SSSE3__)
/// Bit i of the entry of a low nibble says whether the byte with that and the high nibble i (0 to 7) opens a gate.
constexpr std::array<uint8_t, 16> kOpeningLow = [] {
  std::array<uint8_t, 16> low{};
  for (size_t byte = 0; byte < 0x80; ++byte)
    if (kGatesByByte[byte] != mask_of(Gate::kOpen))
      low[byte & 15] = static_cast<uint8_t>(low[byte & 15] | 1U << (byte >> 4));
  return low;
}();
constexpr std::array<uint8_t, 16> kOpeningHigh{1,  2,  4,  8,
                                               16, 32, 64, 128};  // bytes from 0x80 are told by their top bit

/// The gates that the 16 bytes at `from` open beyond that of all text: few bytes of ordinary text open one.
GateMask gates_of_block(const char* from) {
  const auto load = [](const void* bytes) { return _mm_loadu_si128(static_cast<const __m128i*>(bytes)); };
  const __m128i bytes = load(from), nibble = _mm_set1_epi8(0x0f);
  const __m128i low = _mm_shuffle_epi8(load(kOpeningLow.data()), _mm_and_si128(bytes, nibble));
  const __m128i high = _mm_shuffle_epi8(load(kOpeningHigh.data()), _mm_and_si128(_mm_srli_epi16(bytes, 4), nibble));
  const __m128i closed = _mm_cmpeq_epi8(_mm_and_si128(low, high), _mm_setzero_si128());
  auto opening = static_cast<unsigned>((~_mm_movemask_epi8(closed) & 0xffff) | _mm_movemask_epi8(bytes));
  GateMask gates = 0;
  for (; opening != 0; opening &= opening - 1)
    gates = static_cast<GateMask>(gates | kGatesByByte[static_cast<unsigned char>(from[std::countr_zero(opening)])]);
  return gates;
}
#endif

GateMask gates_of_bytes(std::string_view text) {
#if defined(__SSSE3__)
  constexpr size_t kBlock = 16;
  if (text.size() >= kBlock) {
    // The last bytes once more, overlapping what was seen.
    GateMask gates = gates_of_block(text.data() + text.size() - kBlock);
    for (size_t at = 0; at + kBlock < text.size(); at += kBlock)
      gates = static_cast<GateMask>(gates | gates_of_block(text.data() + at));
    return gates;
  }
#endif
  return gates_bytewise(text);
}

}  // namespace

Gate gate_for(const ByteSet& required, PlaceMask places) {
  if ((places & ~kUserAgentPlaces) == 0) return Gate::kUserAgent;
  if ((places & ~mask_of(Place::kHost)) == 0) return Gate::kHost;
  if (required.none()) return Gate::kOpen;
  const auto admits = [&](Gate gate) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      if (required[byte] && (kGatesByByte[byte] & mask_of(gate)) == 0) return false;
    }
    return true;
  };
  for (const Gate gate :
       {Gate::kQuote, Gate::kAngle, Gate::kShell, Gate::kBracket, Gate::kHighByte, Gate::kAscii, Gate::kTelling}) {
    if (admits(gate)) return gate;
  }
  return Gate::kOpen;
}

GateMask gates_of(std::string_view text, Place place) {
  GateMask gates = mask_of(Gate::kOpen);
  if ((mask_of(place) & kUserAgentPlaces) != 0) gates = static_cast<GateMask>(gates | mask_of(Gate::kUserAgent));
  if (place == Place::kHost) gates = static_cast<GateMask>(gates | mask_of(Gate::kHost));
  return static_cast<GateMask>(gates | gates_of_bytes(text));
}

}  // namespace weir
