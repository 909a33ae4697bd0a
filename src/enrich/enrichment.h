#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alert/alert_enricher.h"
#include "base/result.h"
#include "enrich/address_database.h"
#include "enrich/address_list.h"
#include "enrich/enrichment_options.h"

namespace weir {

/// The databases and lists as they were read once. Does not change.
class Enrichment {
 public:
  /// Reads all of them; the first that cannot be read is the error. Blocks, for a second with large files.
  static Result<std::shared_ptr<const Enrichment>> load(const EnrichmentOptions& options);

  /// Of an alert's address, if it has one: country and autonomous system, threat lists, crawlers. A threat raises the severity by
  /// one where the options say so; what a verified crawler does in bulk is Low at most.
  void enrich(Alert& alert) const;

  struct Sizes {
    uint64_t databases = 0, threat_entries = 0, crawler_entries = 0;
  };
  [[nodiscard]] const Sizes& sizes() const { return sizes_; }
  /// A line for each file: its name, its version and how much it holds.
  [[nodiscard]] std::vector<std::string> describe() const;

 private:
  Enrichment() = default;
  [[nodiscard]] AddressContext context_of(const IpAddress& address, std::string_view user_agent) const;

  std::optional<AddressDatabase> countries_, systems_;
  std::vector<AddressList> threats_, crawlers_;
  ThreatEffect threat_effect_ = ThreatEffect::kLabel;
  Sizes sizes_;
  std::vector<ContextSource> sources_;
};

/// The enrichment in force, which a reload replaces.
class EnrichmentSlot final : public AlertEnricher {
 public:
  explicit EnrichmentSlot(std::shared_ptr<const Enrichment> first) : in_force_(std::move(first)) {}

  void enrich(Alert& alert) const override { in_force_.load()->enrich(alert); }
  void replace(std::shared_ptr<const Enrichment> next) { in_force_.store(std::move(next)); }
  [[nodiscard]] std::shared_ptr<const Enrichment> in_force() const { return in_force_.load(); }

 private:
  std::atomic<std::shared_ptr<const Enrichment>> in_force_;
};

}  // namespace weir
