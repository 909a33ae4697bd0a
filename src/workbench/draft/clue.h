#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "decode/decoded_record.h"
#include "evidence/masker.h"

namespace weir {

/// A field in which a draft of a rule may look.
struct DraftField {
  std::string_view name;  ///< as rules write it: "weir.query"
  PlaceMask places = 0;
  int rank = 0;            ///< the higher, the less likely an attack stands there and the more likely a client's habits
  std::string_view signs;  ///< characters that ordinary text of that field hardly holds
  bool is_several_places = false;  ///< others name parts of it
};

/// The decoded text of one record, by field, in lower case, a line each. What the masker hides is a line end in it: no piece of a rule
/// may hold a secret.
struct RecordTexts {
  std::vector<std::string> by_field;  ///< as draft_fields()
};

/// Something that records share, as a rule looks for it: pieces of text that stand in one line in this order.
struct Clue {
  size_t field = 0;  ///< into draft_fields()
  std::vector<std::string> pieces;
  bool as_word = false;  ///< nothing of a word goes on at its ends

  /// The item of a selection: key ("weir.query|contains") and value as YAML ("'a*b'").
  [[nodiscard]] std::string key() const;
  [[nodiscard]] std::string value() const;
};

inline constexpr size_t kCluesMax = 64;

const std::vector<DraftField>& draft_fields();

/// At most 16 KiB of each field.
RecordTexts texts_of(const DecodedRecord& record, const Masker& masker);

/// What all of the records share, what tells most first: single pieces, then several of one line, then words. At most kCluesMax;
/// empty when they share nothing.
std::vector<Clue> find_clues(std::span<const RecordTexts> records);

/// A YAML scalar for any text, of one line.
std::string yaml_scalar(std::string_view text);

}  // namespace weir
