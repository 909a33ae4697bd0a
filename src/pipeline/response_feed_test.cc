#include "pipeline/response_feed.h"

#include <memory>
#include <string>
#include <vector>

#include "base/binary_format.h"
#include "base/catch.h"
#include "pipeline/analyzer.h"
#include "pipeline/test_judgement.h"

namespace weir {
namespace {

/// An analyzer with a policy of two routes, of which only the first asks for alerts.
class Responses {
 public:
  Responses() {
    PolicySpec spec;
    for (const char* path : {"/account/**", "/blog/**"}) {
      RouteSpec route;
      route.path = path;
      if (spec.routes.empty()) route.settings.alert = Level::kMedium;
      spec.routes.push_back(route);
    }
    const Judgement judgement = testing::judgement(std::move(spec));
    slot_ = std::make_unique<RuleSlot>(judgement.rules, judgement.policy);
    AnalyzerOptions options;
    options.input.profile = *InputProfile::built_in("flat");
    analyzer_ = std::make_unique<Analyzer>(options, *slot_, counters_);
  }

  /// What a response makes known, as "route: header".
  std::vector<std::string> told(const std::string& path, const std::string& headers,
                                const std::string& date = "2025-01-15") {
    const std::string text =
        R"({"ts":")" + date + R"(T08:00:00Z","ip":"192.0.2.7","method":"GET","host":"shop.example",)" +
        R"("scheme":"http","status":200,"path":")" + path + R"(","response_headers":)" + headers + "}";
    const RawRecord record{text, EventTime::max(), {}};
    REQUIRE(analyzer_->analyze({&record, 1}, batch_));
    std::vector<std::string> all;
    for (const CorrelationEvent& event : batch_.correlation_events) {
      BinaryReader in(event.group);
      const std::string route(in.text());
      all.push_back(route + ": " + std::string(in.text()));
      CHECK(event.definition->level == Level::kMedium);
      CHECK(event.address.is_unspecified());
      groups_.push_back(event.group_hash);
    }
    return all;
  }
  [[nodiscard]] const std::vector<uint64_t>& groups() const { return groups_; }

 private:
  DetectCounters counters_;
  std::unique_ptr<RuleSlot> slot_;
  std::unique_ptr<Analyzer> analyzer_;
  AnalyzedBatch batch_;
  std::vector<uint64_t> groups_;
};

using Lines = std::vector<std::string>;
const std::string kRevealing = R"({"Server":"httpd/2.4","X-Content-Type-Options":"nosniff"})";

TEST_CASE("a header that a route's responses lack is told once a day, and only where violations reach a person",
          "[response_feed]") {
  Responses responses;
  CHECK(responses.told("/blog/1", kRevealing).empty());
  const Lines server{"/account/**: Server revealed"};
  CHECK(responses.told("/account/1", kRevealing) == server);
  CHECK(responses.told("/account/2", kRevealing).empty());
  CHECK(responses.told("/account/3", R"({"Server":"httpd/2.4"})") ==
        Lines{"/account/**: no X-Content-Type-Options: nosniff"});
  CHECK(responses.told("/account/1", kRevealing, "2025-01-16") == server);
  CHECK(responses.told("/account/1", kRevealing, "2025-01-15").empty());  // late
  REQUIRE(responses.groups().size() == 3);
  CHECK(responses.groups()[0] == responses.groups()[2]);
  CHECK(responses.groups()[0] != responses.groups()[1]);
}

TEST_CASE("each lane tells the same group, so that the correlation makes one alert of them", "[response_feed]") {
  Responses item, other;
  CHECK(item.told("/account/1", kRevealing) == other.told("/account/9", kRevealing));
  CHECK(item.groups() == other.groups());
}

TEST_CASE("responses without headers in the log, or with all of them, tell nothing", "[response_feed]") {
  Responses responses;
  CHECK(responses.told("/account/1", R"({"X-Content-Type-Options":"nosniff"})").empty());
  CHECK(responses.told("/account/1", "{}").empty());
}

}  // namespace
}  // namespace weir
