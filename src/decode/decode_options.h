#pragma once

#include <cstdint>

#include "decode/decoded_record.h"

namespace weir {

/// Bounds of decoding; what is cut is counted in the record.
struct DecodeOptions {
  uint32_t line_bytes_max = 8192;     ///< scanned bytes per line
  uint32_t record_bytes_max = 65536;  ///< scanned bytes per record
  uint32_t lines_max = 512;
  uint32_t rounds_max = 4;  ///< rounds of repeated decoding
  uint32_t json_depth_max = 16;
  /// Raw places some loaded rule asks for; the others are not produced. Decoded places are always produced.
  PlaceMask raw_places = 0;
};

}  // namespace weir
