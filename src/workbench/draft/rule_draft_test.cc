#include "workbench/draft/rule_draft.h"

#include <span>

#include "base/catch.h"
#include "rules/loader.h"
#include "workbench/draft/clue_choice.h"
#include "workbench/flat_profile.h"
#include "workbench/rule_check.h"

namespace weir {
namespace {

/// Requests of the flat profile, decoded.
std::vector<RecordTexts> texts_of_records(const std::vector<std::string>& fields) {
  auto judge = RecordJudge::create(flat_profile(), Judgement(*compile_clues({{0, {"abc"}, false}})));
  REQUIRE(judge);
  std::vector<RecordTexts> texts;
  for (const auto& text : fields) {
    JudgedRecord record;
    Arena arena;
    const auto outcome = judge->judge_alone(
        R"({"ts":"2026-01-01T00:00:00Z","ip":"192.0.2.1","method":"GET",)" + text + "}", arena, record);
    REQUIRE(outcome.ok());
    texts.push_back(texts_of(record.decoded, Masker()));
  }
  return texts;
}

std::vector<std::string> items(const std::vector<Clue>& clues) {
  std::vector<std::string> items;
  for (const Clue& clue : clues)
    items.push_back(clue.key() + ": " + clue.value());
  return items;
}

bool holds_item(const std::vector<Clue>& clues, const std::string& item) {
  const auto all = items(clues);
  return std::find(all.begin(), all.end(), item) != all.end();
}

constexpr size_t kQuery = 0;

}  // namespace

TEST_CASE("clues say in which place records share text, what tells most first", "[draft]") {
  const auto clues = find_clues(
      texts_of_records({R"("path":"/export","query":"t=%40%40include%28a%29","user_agent":"shared agent/1")",
                        R"("path":"/export","query":"u=%2540%2540include%28b%29","user_agent":"shared agent/1")"}));
  REQUIRE_FALSE(clues.empty());
  CHECK(items(clues).front() == "weir.query|contains: '=@@include('");
  CHECK(holds_item(clues, "weir.path|contains: '/export'"));
  CHECK(holds_item(clues, "weir.user_agent|contains: 'shared agent/1'"));
}

TEST_CASE("text that stands in different places is a clue about both", "[draft]") {
  const auto clues = find_clues(
      texts_of_records({R"("path":"/a","query":"t=%24%7Bjndi%3Aldap")",
                        R"("path":"/b","content_type":"application/json","body":"{\"x\":\"${jndi:ldap\"}")"}));
  CHECK(holds_item(clues, "weir.param|contains: '=${jndi:ldap'"));
}

TEST_CASE("no clue holds what is masked", "[draft]") {
  const auto clues = find_clues(texts_of_records({R"("path":"/a","query":"token=abcdefghijkl99&x=%3Cb%3E")",
                                                  R"("path":"/a","query":"token=abcdefghijkl99&y=%3Cb%3E")"}));
  for (const auto& item : items(clues)) {
    CAPTURE(item);
    CHECK(item.find("abcdef") == std::string::npos);
    CHECK(item.find("kl99") == std::string::npos);
  }
  CHECK(holds_item(clues, "weir.query|contains: '=<b>'"));
}

TEST_CASE("items are escaped as Sigma and YAML want it", "[draft]") {
  CHECK(Clue{kQuery, {"a'*b", "c?\\"}, false}.value() == R"('a''\*b*c\?\\')");
  CHECK(Clue{kQuery, {"id"}, true}.key() == "weir.query|re|i");
  CHECK(Clue{kQuery, {"id"}, true}.value() == R"('\bid\b')");
  CHECK(Clue{kQuery, {"id("}, true}.value() == R"('\bid\(')");
  CHECK(yaml_scalar("a\nb") == R"("a\nb")");
  CHECK(yaml_scalar("\u2028\u00e9\u0085\ufeff\x7f") == "\"\\u2028\u00e9\\u0085\\ufeff\\u007f\"");
}

TEST_CASE("the first clue that no neighbour holds is chosen, else several together", "[draft]") {
  const std::vector<Clue> clues{{kQuery, {"aaa"}, false}, {kQuery, {"bbb"}, false}, {kQuery, {"aaa"}, true}};
  NeighbourCounts counts;
  CHECK(choose_clues(clues, counts).clues == std::vector<size_t>{0});
  counts.add(0b001, "one");
  CHECK(choose_clues(clues, counts).clues == std::vector<size_t>{1});
  counts.add(0b010, "two");
  CHECK(choose_clues(clues, counts).clues == std::vector<size_t>{0, 1});
  counts.add(0b011, "three");  // only the word is left
  CHECK(choose_clues(clues, counts).clues == std::vector<size_t>{2});
  counts.add(0b111, "four");
  const ClueChoice none = choose_clues(clues, counts);
  CHECK(none.neighbours == 2);
  CHECK(counts.first_holding(none.mask()) == "three");
}

TEST_CASE("a draft is a rule whose examples hold", "[draft]") {
  RuleDraft draft;
  draft.records = 2;
  draft.looks_for = {{kQuery, {"@@include('"}, false}, {kQuery, {"../", "passwd"}, false}};
  draft.positive = {{"{query: 'a=@@include(''../../passwd'')'}", false, false}, {"{query: 'a=***'}", true, false}};
  draft.negative = {{"{query: 'a=include'}", false, false}, {"{query: 'a=@@include(''../passwd'')'}", false, false}};
  const auto dropped = drop_false_examples(draft);
  REQUIRE(dropped);
  CHECK(*dropped == 2);
  CHECK(draft.positive.size() == 1);
  CHECK(draft.negative.size() == 1);
  Diagnostics diagnostics;
  const auto rules = parse_rules(print_draft(draft), "draft.yml", diagnostics);
  REQUIRE(rules.size() == 1);
  CHECK(diagnostics.empty());
  CHECK(test_rules(rules, RuleSetOptions{})->failed() == 0);
  CHECK(print_draft(draft) == print_draft(draft));
}

TEST_CASE("an example holds of a request what the rule looks at, masked", "[draft]") {
  DraftRequest request;
  request.method = "POST";
  request.host = "shop.example";
  request.path = "/login";
  request.query = "a=it's&password=hunter2hunter2";
  request.body = "b=1";
  request.cookie = "session=0123456789abcdef";
  const DraftExample of_query = example_of(request, mask_of(Place::kQuery), Masker());
  CHECK(of_query.is_masked);
  CHECK(of_query.yaml == "{method: 'POST', path: '/login', query: 'a=it''s&password=***ter2'}");
  const DraftExample of_body = example_of(request, mask_of(Place::kForm) | mask_of(Place::kHost), Masker());
  CHECK(of_body.yaml == "{host: 'shop.example', path: '/login', query: 'a=it''s&password=***ter2', body: 'b=1'}");
}

}  // namespace weir
