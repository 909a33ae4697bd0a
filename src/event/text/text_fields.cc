#include "event/text/text_fields.h"

#include <algorithm>

namespace weir {

TextForm::TextForm(TextFormat format) : reader(std::move(format)) {
  static_assert(TextFormat::kPartsMax <= RawRecord::kSlotsMax);
  const auto& parts = reader.format().parts;
  for (size_t i = 0; i < parts.size(); ++i) {
    const TextField& field = parts[i].field;
    if (field.use == TextUse::kField)
      candidates[field.field].push_back({static_cast<uint16_t>(i), field.unit, field.time_format});
  }
  if (reader.format().tail != TextTail::kNothing) return;
  const auto quotes_in = [](std::string_view text) {
    return static_cast<size_t>(std::count(text.begin(), text.end(), '"'));
  };
  quotes = quotes_in(reader.format().end);
  for (const TextPart& part : parts)
    *quotes += quotes_in(part.literal);
}

bool TextFields::read(const TextForm& form, std::string_view line, TextFit wanted, TextUnescaper& unescaper) {
  const bool fits =
      wanted == TextFit::kWhole ? form.reader.read_whole(line, pieces_) : form.reader.read(line, pieces_) == wanted;
  if (!fits) return false;
  clear();
  unescaper.start(line);
  const auto& parts = form.reader.format().parts;
  for (size_t i = 0; i < parts.size(); ++i) {
    const TextField& field = parts[i].field;
    if (field.use == TextUse::kSkip || is_absent(pieces_[i])) continue;
    const auto text = unescaper.read(pieces_[i], field.escape);
    switch (field.use) {
      case TextUse::kField:
        set_text(static_cast<uint16_t>(i), text);
        break;
      case TextUse::kRequestHeader:
        request_headers_.push_back({field.header, text});
        break;
      case TextUse::kResponseHeader:
        response_headers_.push_back({field.header, text});
        break;
      case TextUse::kSkip:
        break;
    }
  }
  return true;
}

size_t TextFields::pieces_read() const {
  size_t count = 0;
  while (count < pieces_.size() && pieces_[count].data() != nullptr)
    ++count;
  return count;
}

}  // namespace weir
