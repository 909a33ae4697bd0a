#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/input_profile.h"
#include "event/profile/profile_catalog.h"

namespace weir {

/// How well one way of reading fits the lines that were looked at.
struct RecognitionCandidate {
  InputProfile profile;                    ///< with its envelope set
  size_t lines_read = 0;                   ///< of the lines looked at
  size_t requests = 0;                     ///< in them
  uint64_t points = 0;                     ///< for the fields that were found and understood
  std::string text_form;                   ///< the name of the text format, for text
  std::vector<ProfileFieldIndex> missing;  ///< what detection needs and no line had
  /// Empty for a shipped profile. Else no profile knows the form: it was told from the lines, and this is the profile as a file.
  std::string made_up;
};

/// What the first lines of a source look like.
struct Recognition {
  size_t lines = 0;                              ///< looked at; empty ones are not
  std::vector<RecognitionCandidate> candidates;  ///< that read at least one line, the best first

  [[nodiscard]] const RecognitionCandidate* best() const { return candidates.empty() ? nullptr : &candidates.front(); }
};

/// "nginx combined", "nginx combined, unwrapped from /message": for people.
std::string describe(const RecognitionCandidate& candidate);

/// Reads the lines with every profile, as they are and out of the envelopes that shippers use, and says what fits. At most
/// kRecognitionLinesMax lines of at most kRecognitionLineBytesMax are looked at. `options` gives bounds and trust.
Recognition recognise_format(std::span<const std::string_view> lines, const InputOptions& options,
                             const ProfileCatalog& catalog);

inline constexpr size_t kRecognitionLinesMax = 100;
inline constexpr size_t kRecognitionLineBytesMax = 64 << 10;

}  // namespace weir
