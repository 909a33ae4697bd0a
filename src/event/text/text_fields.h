#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "event/raw_record.h"
#include "event/text/text_reader.h"
#include "event/text/text_unescaper.h"

namespace weir {

/// A text format made ready: its reader, and per event field the parts of the line that may hold it.
struct TextForm {
  TextReader reader;
  Candidates candidates;
  /// How many quotes a line of the form has if its fields hold none but escaped; nothing where more may follow.
  std::optional<size_t> quotes;

  /// The format must be valid.
  explicit TextForm(TextFormat format);
};

/// The values of one text line.
class TextFields final : public RawRecord {
 public:
  /// Cuts the line by the form and undoes escapes, if it fits as wanted (kWhole or kCut). The values are views of the line and of the
  /// unescaper's texts.
  bool read(const TextForm& form, std::string_view line, TextFit wanted, TextUnescaper& unescaper);

  /// How many parts the line read last had.
  [[nodiscard]] size_t pieces_read() const;

 private:
  std::vector<std::string_view> pieces_;
};

}  // namespace weir
