#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "alert/alert.h"
#include "base/binary_format.h"
#include "evidence/packed_evidence.h"

namespace weir {

/// What an episode of attacks has met, so that nothing hides behind its first alert (AL5): which categories, hosts and routes were
/// shown, what the answers were, and evidence of what no alert has shown. Bounded. Decides nothing about alerts' times.
class AttackStory {
 public:
  static constexpr size_t kHostsMax = 8, kRoutesMax = 16;  ///< shown by updates of their own
  static constexpr size_t kPairsMax = 64;                  ///< of category and host, remembered
  static constexpr size_t kKeptMax = 8;                    ///< pieces of evidence for the closing alert
  static constexpr size_t kKeptBytesMax = 16 << 10;        ///< of one of them; larger ones are not kept

  /// What a record adds.
  struct Step {
    Outcome outcome = Outcome::kUnknown;  ///< of the record
    bool is_new = false;                  ///< a category, host, route or a more telling outcome that is to be shown
  };
  Step take(const PackedEvidence& evidence);

  /// An alert shows this record.
  void shown(const PackedEvidence& evidence);
  /// No alert shows it: keeps its evidence if it is the first of its category and host, up to `bytes_left`. Returns the bytes it took.
  size_t keep(const PackedEvidence& evidence, size_t bytes_left);

  [[nodiscard]] Outcome outcome() const { return outcome_; }
  [[nodiscard]] AttackSummary summary() const;
  [[nodiscard]] std::vector<Evidence> kept() const;
  [[nodiscard]] size_t kept_bytes() const;

  void save(BinaryWriter& out) const;
  static std::optional<AttackStory> read(BinaryReader& in);

 private:
  struct Route {
    uint32_t key = 0;
    uint32_t answers = 0;
    uint64_t largest_bytes = 0;
  };
  struct Kept {
    std::string bytes;
    EvidenceLayout layout = EvidenceLayout::kWithRemediation;
  };
  /// Host and category; a record may have several.
  [[nodiscard]] bool adds_pair(uint32_t host, CategoryMask categories) const;
  void add_pairs(uint32_t host, CategoryMask categories);
  enum class Place : uint8_t { kKnown, kNew, kBeyond };  ///< of a host or route among those shown
  Place take_host(uint32_t host);
  std::pair<Place, Route*> take_route(uint32_t key);

  CategoryMask categories_ = 0, refused_ = 0;
  Outcome outcome_ = Outcome::kUnknown;
  std::array<uint64_t, static_cast<size_t>(Category::kCount)> by_category_{};
  std::array<uint64_t, kOutcomes> by_outcome_{};
  uint64_t beyond_ = 0;
  std::vector<uint32_t> hosts_;
  std::vector<Route> routes_;
  std::vector<uint64_t> pairs_;
  std::vector<Kept> kept_;
};

}  // namespace weir
