#include "event/text/text_format.h"

#include <algorithm>

namespace weir {
namespace {

tl::unexpected<Error> refuse(ErrorCode code, const TextFormat& format, const std::string& what) {
  return fail(code, "text format", (format.name.empty() ? "" : "'" + format.name + "': ") + what);
}

bool holds_text(ProfileFieldIndex field) {
  return field < kFieldCount && field != kFieldHeaders && field != kFieldResponseHeaders;
}

std::string describe(const TextFormat& format, size_t part) {
  return "field " + std::to_string(part + 1) + " of " + std::to_string(format.parts.size());
}

Status check_part(const TextFormat& format, size_t i) {
  const auto& [literal, field] = format.parts[i];
  if (i > 0 && literal.empty())
    return refuse(
        ErrorCode::kInvalidArgument, format,
        describe(format, i) + " follows the one before without text between them, so nothing says where that ends");
  if (literal.size() > TextFormat::kLiteralBytesMax)
    return refuse(ErrorCode::kLimit, format, "the text before " + describe(format, i) + " is longer than 256 bytes");
  const bool is_header = field.use == TextUse::kRequestHeader || field.use == TextUse::kResponseHeader;
  if (is_header && field.header.empty())
    return refuse(ErrorCode::kInvalidArgument, format, describe(format, i) + " is a header without a name");
  if (field.use == TextUse::kField && !holds_text(field.field))
    return refuse(ErrorCode::kInvalidArgument, format, describe(format, i) + " is none that a text can hold");
  return {};
}

}  // namespace

Status TextFormat::validate() const {
  if (parts.empty()) return refuse(ErrorCode::kInvalidArgument, *this, "no fields");
  if (parts.size() > kPartsMax) return refuse(ErrorCode::kLimit, *this, "more than 128 fields");
  if (end.size() > kLiteralBytesMax)
    return refuse(ErrorCode::kLimit, *this, "the text at the end is longer than 256 bytes");
  for (size_t i = 0; i < parts.size(); ++i)
    if (auto checked = check_part(*this, i); !checked) return checked;
  const bool says_what = std::any_of(parts.begin(), parts.end(), [](const TextPart& part) {
    return part.field.use == TextUse::kField && (part.field.field == kFieldTarget || part.field.field == kFieldPath);
  });
  if (!says_what)
    return refuse(ErrorCode::kInvalidArgument, *this,
                  "no field for the request: target (a request line or URL) or path");
  return {};
}

}  // namespace weir
