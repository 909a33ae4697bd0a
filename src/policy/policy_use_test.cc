// Counts of exclusions over a reload.
#include "policy/policy_use.h"

#include "base/catch.h"
#include "policy/policy.h"

namespace weir {
namespace {

ExclusionSpec exclusion(const std::string& rule, const std::string& client, const std::string& comment) {
  ExclusionSpec spec;
  spec.rules = {rule};
  spec.clients.ids = spec.clients.as_written = {client};
  spec.comment = comment;
  return spec;
}

std::shared_ptr<const Policy> policy_of(std::vector<ExclusionSpec> exclusions) {
  PolicySpec spec;
  spec.exclusions = std::move(exclusions);
  Diagnostics diagnostics;
  auto policy = Policy::compile(std::move(spec), SecurityLevel::kStandard, diagnostics);
  REQUIRE(policy.has_value());
  return *policy;
}

const EventTime kTime{Milliseconds{1'736'942'400'000}};

}  // namespace

TEST_CASE("exclusions that a reload leaves as they are keep their counts, wherever they stand", "[policy]") {
  const auto before = policy_of({exclusion("a", "x", "first"), exclusion("b", "x", "second"), exclusion("*", "y", "")});
  before->use().count_exclusion(0, kTime);
  for (int i = 0; i < 3; ++i)
    before->use().count_exclusion(1, kTime);

  const auto after = policy_of({exclusion("new", "x", ""), exclusion("b", "x", "another comment"),
                                exclusion("a", "other client", "first"), exclusion("*", "y", "")});
  after->continue_counts(*before);
  CHECK(after->use().exclusion(0).uses == 0);
  CHECK(after->use().exclusion(1).uses == 3);
  CHECK(after->use().exclusion(1).last == kTime);
  CHECK(after->use().exclusion(2).uses == 0);  // of another client: another exclusion

  // A lane that has not noticed the reload yet counts on.
  before->use().count_exclusion(1, kTime + Milliseconds{1});
  CHECK(after->use().exclusion(1).uses == 4);
  CHECK(after->use().exclusion(1).last == kTime + Milliseconds{1});
}

TEST_CASE("two equal exclusions do not share a count after a reload", "[policy]") {
  const auto before = policy_of({exclusion("a", "x", "")});
  before->use().count_exclusion(0, kTime);
  const auto after = policy_of({exclusion("a", "x", ""), exclusion("a", "x", "")});
  after->continue_counts(*before);
  CHECK(after->use().exclusion(0).uses + after->use().exclusion(1).uses == 1);
  after->use().count_exclusion(1, kTime);
  CHECK(after->use().exclusion(0).uses + after->use().exclusion(1).uses == 2);
}

}  // namespace weir
