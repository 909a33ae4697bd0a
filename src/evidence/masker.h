#pragma once

#include <string>
#include <string_view>

#include "base/arena.h"
#include "decode/decoded_record.h"
#include "evidence/personal_data.h"

namespace weir {

/// What text from requests may look like when it leaves the process: the one way to it for alerts, verdicts, explain, the
/// admin API and groups of correlations (AL3). A text is masked as it stands and in every reading the decoder makes of it; one in
/// which only a reading tells the secret is shown in that reading, masked. Without state; copies are cheap.
class Masker {
 public:
  /// Account numbers and national identity numbers, but neither e-mail addresses nor telephone numbers.
  static constexpr std::array kDefaultKinds{PersonalData::kIban, PersonalData::kNationalId};
  /// Of a longer text only so much is looked at, and the rest is never shown.
  static constexpr size_t kTextBytesMax = 4'096;

  Masker() : Masker(kDefaultKinds) {}
  explicit Masker(std::span<const PersonalData> kinds) : kinds_(mask_of(kinds)) {}

  /// The text without its secrets, cut to `bytes_max`. Where there is nothing to hide it is a part of `text` itself, else it
  /// stands in `arena`. Linear in at most kTextBytesMax bytes, and without an allocation for plain text.
  std::string_view text(std::string_view text, Arena& arena, size_t bytes_max = kTextBytesMax) const;
  [[nodiscard]] std::string text(std::string_view text, size_t bytes_max = kTextBytesMax) const;

  /// The value of the parameter, header or cookie of that name.
  [[nodiscard]] std::string value(std::string_view name, std::string_view value,
                                  size_t bytes_max = kTextBytesMax) const;

  /// The text of a decoded line, whatever its name. Where comments were taken out of it, a word may be in pieces: then it is
  /// looked at as one, too.
  std::string_view line_text(const DecodedRecord& record, const Line& line, Arena& arena) const;
  /// A decoded line, "name=value" or a text.
  [[nodiscard]] std::string line(const DecodedRecord& record, const Line& line, size_t bytes_max = kTextBytesMax) const;

  /// True if text() would not give back all of it.
  [[nodiscard]] bool hides_part_of(std::string_view text) const;

 private:
  bool mask(std::string_view text, int depth, std::string& out) const;
  bool mask_plain(std::string_view text, int depth, std::string& out) const;
  bool mask_encoded(std::string_view text, int depth, std::string& out) const;

  PersonalDataMask kinds_;
};

}  // namespace weir
