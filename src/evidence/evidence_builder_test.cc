#include "evidence/evidence_builder.h"

#include <string>
#include <utility>
#include <vector>

#include "base/catch.h"
#include "detect/test_rules.h"

namespace weir {
namespace {

using testing::record_of;
using testing::RuleBench;

/// Twenty rules, each for a word of its own: w01x to w20x. Three in a row weigh the same, later ones more.
std::string rules() {
  std::string yaml;
  for (int i = 1; i <= 20; ++i) {
    const std::string number = (i < 10 ? "0" : "") + std::to_string(i);
    yaml += "title: rule\nid: 00000000-0000-4000-8000-0000000000" + number +
            "\nlogsource: {category: webserver}\nlevel: " + (i % 4 == 0 ? "critical" : "low") +
            "\ndetection: {a: {weir.text|contains: w" + number +
            "x}, condition: a}\nweir: {category: " + (i % 2 == 0 ? "sqli" : "xss") +
            ", weight: " + std::to_string(1 + i / 3) + "}\n---\n";
  }
  return yaml;
}

struct Bench {
  explicit Bench(const std::string& yaml = rules())
      : matching(yaml, {}, {.locate_in_parameters_above = EvidenceHit::kExcerptBytesMax}) {}

  Evidence evidence_of(const DecodedRecord& record, const Event& event = {}, std::span<const Violation> violations = {},
                       const Policy* policy = nullptr) {
    matching.matcher.match(event, record, matching.detection);
    packed = builder.build({event, record, matching.detection, *matching.set, violations, policy}, arena);
    BinaryReader in(packed.bytes);
    const auto read = read_packed_evidence(in);
    REQUIRE(read);
    CHECK((read->bytes == packed.bytes && in.left() == 0));
    CHECK((read->severity == packed.severity && read->categories == packed.categories));
    return unpack_evidence(packed);
  }
  std::string excerpt_of(Place place, const std::string& line) {
    const Evidence evidence = evidence_of(record_of({{place, line}}));
    REQUIRE(evidence.hits.size() == 1);
    return evidence.hits[0].excerpt;
  }

  RuleBench matching;
  EvidenceBuilder builder;
  Arena arena;
  PackedEvidence packed;
};

std::string repeated(const std::string& text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i)
    out += text;
  return out;
}

}  // namespace

TEST_CASE("a parameter of up to 160 bytes is shown whole, of other lines the match with 32 bytes on each side",
          "[evidence]") {
  Bench bench;
  const std::string before(70, 'b');
  const std::string whole = "q=" + before + "w01x" + std::string(160 - 76, 'e');
  REQUIRE(whole.size() == 160);
  CHECK(bench.excerpt_of(Place::kQuery, whole) == whole);
  CHECK(bench.excerpt_of(Place::kQuery, whole + "e") == std::string(32, 'b') + "w01x" + std::string(32, 'e'));
  for (const Place place : {Place::kReferer, Place::kPath, Place::kBody, Place::kUserAgent}) {
    CHECK(bench.excerpt_of(place, before + "w01x" + before) == std::string(32, 'b') + "w01x" + std::string(32, 'b'));
    CHECK(bench.excerpt_of(place, "b w01x") == "b w01x");
  }
  CHECK(bench.excerpt_of(Place::kQuery, "q=w01x" + std::string(400, 'e')) == "q=w01x" + std::string(32, 'e'));
  CHECK(bench.excerpt_of(Place::kQuery, "q=" + std::string(400, 'b') + "w01x") == std::string(32, 'b') + "w01x");
}

TEST_CASE("an excerpt splits no character", "[evidence]") {
  Bench bench;
  for (const std::string shift : {"", "a", "aa"}) {
    const std::string euros = repeated("\xe2\x82\xac", 60);
    const std::string excerpt = bench.excerpt_of(Place::kQuery, "q=" + euros + shift + "w01x" + shift + euros);
    CAPTURE(shift);
    CHECK(excerpt.starts_with("\xe2\x82\xac"));
    CHECK(excerpt.ends_with("\xe2\x82\xac"));
    CHECK(excerpt.find("w01x") != std::string::npos);
    CHECK(excerpt.size() <= 4 + 2 * 34);
  }
  // What is no UTF-8 has no characters to keep whole, and hides nothing.
  const std::string noise(400, '\x80');
  CHECK(bench.excerpt_of(Place::kQuery, "q=" + noise + "w01x" + noise) ==
        noise.substr(0, 32) + "w01x" + noise.substr(0, 32));
}

TEST_CASE("what is masked in a line is masked in its excerpt, wherever the match is", "[evidence]") {
  Bench bench;
  CHECK(bench.excerpt_of(Place::kQuery, "q=w01x&password=hunter2") == "q=w01x&password=***");
  for (const size_t size : {0U, 100U, 300U}) {
    const std::string filler = " " + std::string(size, 'f') + " ";
    const std::string secret_before = "q=token=hunter2hunter2" + filler + "w01x";
    const std::string secret_behind = "q=w01x" + filler + "token=hunter2hunter2";
    for (const std::string& line : {secret_before, secret_behind}) {
      CAPTURE(line);
      const std::string excerpt = bench.excerpt_of(Place::kQuery, line);
      CHECK(excerpt.find("hunter2h") == std::string::npos);
      CHECK(excerpt.starts_with("q="));  // from its start
      CHECK(excerpt.size() <= EvidenceHit::kExcerptBytesMax);
    }
  }
  CHECK(bench.excerpt_of(Place::kQuery, "password=w01x") == "***");
  CHECK(bench.excerpt_of(Place::kQuery, "password=a longer w01x") == "***w01x");
}

TEST_CASE("hits of one line share its masked text, those of others have their own", "[evidence]") {
  Bench bench;
  const Evidence evidence = bench.evidence_of(record_of(
      {{Place::kQuery, "password=some w01x w04x"}, {Place::kQuery, "n=w02x w05x pin=1234"}, {Place::kForm, "m=w07x"}}));
  std::string shown;
  for (const EvidenceHit& hit : evidence.hits)
    shown += hit.parameter + ": " + hit.excerpt + "; ";
  // The critical one first, the others by weight.
  CHECK(shown == "password: ***w04x; m: m=w07x; n: n=w02x w05x pin=***; password: ***w04x; n: n=w02x w05x pin=***; ");
}

TEST_CASE("every field is masked and bounded, and one record's evidence is not the next one's", "[evidence]") {
  Bench bench;
  const auto hit = record_of({{Place::kQuery, "q=w01x"}});
  Event event;
  event.request_id = "token=hunter2hunter2";
  event.method = std::string_view("a method of more bytes than anyone needs");
  event.host = "user:hunter2@host password=hunter2";
  event.path = "/a;jsessionid=hunter2hunter2hunter2";
  const std::string agent = "agent " + std::string(600, 'x');
  event.user_agent = agent;
  const Evidence first = bench.evidence_of(hit, event);
  CHECK(first.method.size() == 32);
  CHECK(first.user_agent.size() == Evidence::kFieldBytesMax);
  for (const std::string& text : {first.request_id, first.host, first.path}) {
    CHECK(text.find("=hunter2") == std::string::npos);
    CHECK(text.find("=***") != std::string::npos);
  }
  const PackedEvidence kept = bench.packed;  // of the same arena
  const Evidence second = bench.evidence_of(hit);
  CHECK((second.request_id.empty() && second.method.empty() && second.user_agent.empty()));
  CHECK(second.hits.size() == 1);
  CHECK(unpack_evidence(kept).user_agent == first.user_agent);
}

TEST_CASE(
    "the most severe, specific and heaviest 16 findings are shown, and what is shown gives severity and categories",
    "[evidence]") {
  Bench bench;
  std::string all = "q=";
  for (int i = 1; i <= 20; ++i)
    all += (i < 10 ? "w0" : "w") + std::to_string(i) + "x";
  const auto record = record_of({{Place::kQuery, all}});
  PolicySpec spec;
  spec.weights[static_cast<size_t>(PolicyRule::kParameterType)] = 5;
  Diagnostics diagnostics;
  const auto policy = Policy::compile(std::move(spec), SecurityLevel::kStandard, diagnostics);
  REQUIRE(policy);
  std::vector<Violation> violations(2);
  for (Violation& violation : violations) {
    violation.rule = PolicyRule::kParameterType;
    violation.parameter = "q";
    violation.fault = "not a number";
    violation.value = "x";
    violation.place = Place::kQuery;
  }
  const Evidence evidence = bench.evidence_of(record, {}, violations, policy->get());
  CHECK(evidence.hits_total == 22);
  REQUIRE(evidence.hits.size() == Evidence::kHitsMax);
  std::string weights, violations_shown;
  for (size_t i = 0; i < evidence.hits.size(); ++i) {
    weights += std::to_string(evidence.hits[i].weight);
    if (evidence.hits[i].category == Category::kOther) violations_shown += std::to_string(i) + evidence.hits[i].title;
  }
  // Five critical hits, of the two violations the first, which counts, and of the low hits the heaviest.
  CHECK(weights == "7653257766554443");
  CHECK(violations_shown.starts_with("5"));
  CHECK(violations_shown.find("(not a number)") != std::string::npos);
  CHECK(bench.packed.categories == (mask_of(Category::kSqli) | mask_of(Category::kXss) | mask_of(Category::kOther)));
}

}  // namespace weir
