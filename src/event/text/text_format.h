#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "event/profile_field.h"
#include "event/values/value_format.h"

namespace weir {

/// What a field of a text line is to weir.
enum class TextUse : uint8_t {
  kSkip,            ///< nothing: only its end matters
  kField,           ///< a field of the event
  kRequestHeader,   ///< a request header of the name in TextField::header
  kResponseHeader,  ///< a response header of that name
};

/// How the source writes bytes that have a meaning in the line. It decides where a field ends and how it is read back.
enum class TextEscape : uint8_t {
  kNone,       ///< as they are; the reader then looks for an end behind which the rest of the line makes sense
  kBackslash,  ///< \" \\ \n \t … , \xHH and \uHHHH: what nginx, Apache and writers of JSON strings do between them
  kHash,       ///< #HH, as HAProxy
  kDoubledQuotes,  ///< "" for a quote in a quoted field, as in CSV
  kPercent,        ///< %HH, where the source encoded the field for the log (CloudFront), not where the client did
  kPlus,           ///< + for a space, as IIS
};

/// What may stand behind the last field of a format.
enum class TextTail : uint8_t {
  kNothing,   ///< the line ends there
  kAnything,  ///< more fields, which are not read
};

/// One field of a line. Unless it says otherwise it holds any text up to the literal behind it.
struct TextField {
  TextUse use = TextUse::kSkip;
  ProfileFieldIndex field = kFieldCount;  ///< of kField
  std::string header{};                   ///< of kRequestHeader and kResponseHeader
  TextEscape escape = TextEscape::kNone;
  DurationUnit unit = DurationUnit::kMilliseconds;       ///< of kFieldDuration
  TimestampFormat time_format = TimestampFormat::kAuto;  ///< of kFieldTime
};

/// A literal text and the field behind it.
struct TextPart {
  std::string literal;  ///< empty only for the first part
  TextField field;
};

/// What a column of a "#Fields:" line is: "cs(User-Agent)" is the user agent, with spaces written as plus signs.
struct TextColumn {
  std::string name;
  TextField field;
};

/// The compiled form of a text log line: a plain description, whatever it was compiled from (a profile's pattern, a
/// server's own directive, a #Fields line). A lone "-" in any field means that it is absent.
///
/// "$remote_addr [$time_local] \"$request\"" is {"", client_ip}, {" [", time}, {"] \"", target}, and end "\"".
struct TextFormat {
  static constexpr size_t kPartsMax = 128;
  static constexpr size_t kLiteralBytesMax = 256;

  std::string name{};  ///< for people: "combined"
  std::vector<TextPart> parts{};
  std::string end{};  ///< the literal behind the last field
  TextTail tail = TextTail::kNothing;

  /// The error names the part: two fields without text between them (where the first ends would be a guess), a header
  /// without a name, a field that no text can hold, nothing that says what was requested, or a limit passed.
  [[nodiscard]] Status validate() const;
};

}  // namespace weir
