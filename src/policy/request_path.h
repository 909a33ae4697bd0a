#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace weir {

/// The segments of a request's path as servers see them: percent-decoded once, then split at slashes, without empty
/// segments, "." and what follows a ";" in a segment; ".." takes the one before away. So /%61dmin, //admin/ and
/// /x/../admin are all the route /admin. Owns its buffers; views are valid until the next split(). Never allocates.
class RequestPath {
 public:
  static constexpr size_t kSegmentsMax = 64;
  static constexpr size_t kDecodedBytesMax = 8'192;

  /// `path` as on the wire, without the query. The segments borrow from it or from this object.
  void split(std::string_view path);

  [[nodiscard]] std::span<const std::string_view> segments() const { return {segments_.data(), count_}; }
  /// There was more than fits: only patterns that end in ** can match.
  [[nodiscard]] bool cut() const { return cut_; }

 private:
  std::string_view decoded(std::string_view path);
  void add(std::string_view segment);

  std::array<std::string_view, kSegmentsMax> segments_;
  std::array<char, kDecodedBytesMax> buffer_;
  size_t count_ = 0;
  bool cut_ = false;
};

}  // namespace weir
