#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "detect/program/letter_case.h"

namespace weir {

/// A compiled PCRE2 expression; immutable, shared by threads. Confirms what the prefilter only suspects and finds where a
/// match begins.
class Pcre {
 public:
  /// Compiles for matching single lines (^ and $ are their ends).
  static Result<Pcre> compile(const std::string& pattern, LetterCase letter_case);

  Pcre(Pcre&&) noexcept;
  Pcre& operator=(Pcre&&) noexcept;
  ~Pcre();

  enum class Outcome : uint8_t { kNoMatch, kMatch, kLimit };
  struct Match {
    Outcome outcome = Outcome::kNoMatch;
    uint32_t begin = 0;  ///< offsets into the line; for kMatch
    uint32_t end = 0;
  };

  /// Per-thread memory of find(); allocates once.
  class Scratch {
   public:
    Scratch();
    ~Scratch();
    Scratch(Scratch&&) noexcept;
    Scratch& operator=(Scratch&&) noexcept;

    /// How often find() gave up with this memory.
    [[nodiscard]] uint64_t given_up() const { return given_up_; }

   private:
    friend class Pcre;
    struct Impl;
    std::unique_ptr<Impl> impl_;
    uint64_t given_up_ = 0;
  };

  /// Searches one line. Backtracking is bounded (kLimit: gave up).
  [[nodiscard]] Match find(std::string_view line, Scratch& scratch) const;

 private:
  struct Impl;
  explicit Pcre(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
