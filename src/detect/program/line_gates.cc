#include "detect/program/line_gates.h"

#include <array>

namespace weir {
namespace {

constexpr std::string_view kQuotes = "'\"`";
constexpr std::string_view kAngles = "<>";
constexpr std::string_view kShellBytes = "$\\|^{};&#~";
constexpr std::string_view kBrackets = "()";

bool belongs(Gate gate, unsigned char byte) {
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

std::array<GateMask, 256> make_gates_by_byte() {
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

const std::array<GateMask, 256> kGatesByByte = make_gates_by_byte();

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
  const auto at = [text](size_t i) { return kGatesByByte[static_cast<unsigned char>(text[i])]; };
  // Four bytes at a time, so that the look-ups need not wait for each other.
  size_t i = 0;
  for (; i + 4 <= text.size(); i += 4)
    gates = static_cast<GateMask>(gates | ((at(i) | at(i + 1)) | (at(i + 2) | at(i + 3))));
  for (; i < text.size(); ++i)
    gates = static_cast<GateMask>(gates | at(i));
  return gates;
}

}  // namespace weir
