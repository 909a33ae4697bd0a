#pragma once

#include "decode/decode_options.h"
#include "decode/decode_scratch.h"
#include "decode/decoded_record.h"
#include "event/event.h"

namespace weir {

/// Turns an event into the text that rules see. One per lane, not thread-safe. Pure: the same event gives the same text.
class Decoder {
 public:
  explicit Decoder(DecodeOptions options = {});

  /// Clears and fills `out`. Cost is linear in the event's bytes (bounded rounds).
  void decode(const Event& event, DecodedRecord& out);

 private:
  DecodeOptions options_;
  DecodeScratch scratch_;
};

}  // namespace weir
