#include <nlohmann/json.hpp>

#include "app/verdicts/scorecard.h"
#include "app/verdicts/verdict.h"
#include "base/catch.h"

using namespace weir;

namespace {

using Json = nlohmann::ordered_json;

/// An attack of which these rules hit; a rule named "0…" has no weight.
AlertView attack(const std::string& id, const std::string& episode, const std::vector<std::string>& rules) {
  Json hits = Json::array();
  for (const std::string& rule : rules)
    hits.push_back({{"rule_id", rule}, {"title", "Title of " + rule}, {"weight", rule.front() == '0' ? 0 : 5}});
  const Json alert{{"time", 1'736'942'400'000},
                   {"metadata", {{"uid", id}}},
                   {"finding_info", {{"uid", episode}, {"title", "SQL"}, {"analytic", {{"uid", "foremost"}}}}},
                   {"evidences", Json::array({{{"data", {{"hits", hits}}}}})},
                   {"unmapped", {{"weir", {{"kind", "attack"}}}}}};
  const auto view = AlertView::parse(alert.dump());
  REQUIRE(view);
  return *view;
}

void judge(VerdictBook& book, const AlertView& alert, MarkedAs marked) {
  book.take(alert.episode(), to_json(Verdict{alert.episode(), alert.id(), marked, "", "anna",
                                             EventTime(Milliseconds(5)), "attack", alert.title(), causes_of(alert)}));
}

RuleScore score_of(const Scorecard& card, const std::string& id) {
  for (RuleScore& score : card.scores())
    if (score.id == id) return std::move(score);
  FAIL("no score of " << id);
  return {};
}

}  // namespace

TEST_CASE("an alert is caused by the rules with a weight, each once", "[app][verdicts]") {
  const auto causes = causes_of(attack("a1", "e1", {"r1", "0informs", "r2", "r1"}));
  REQUIRE(causes.size() == 2);
  CHECK(causes[0].id == "r1");
  CHECK(causes[0].title == "Title of r1");
  CHECK(causes[1].id == "r2");
  CHECK(causes_of(attack("a1", "e1", {})).front().id == "foremost");  // encrypted hits
}

TEST_CASE("what made a burst is its reasons", "[app][verdicts]") {
  const auto burst = AlertView::parse(
      R"({"time": 5, "metadata": {"uid": "b1"}, "unmapped": {"weir": {"kind": "burst", "reasons": ["scanning", "request_rate"]}}})");
  REQUIRE(burst);
  const auto causes = causes_of(*burst);
  REQUIRE(causes.size() == 2);
  CHECK(causes[1].id == "request_rate");
  CHECK(causes[1].title == "burst: request_rate");
}

TEST_CASE("a verdict is read as it was written", "[app][verdicts]") {
  const Verdict written{
      "e1",     "a1",  MarkedAs::kTrue, "a \"test\"\nof ours", "anna", EventTime(Milliseconds(1'736'942'400'123)),
      "attack", "SQL", {{"r1", "One"}}};
  const auto read = parse_verdict(to_json(written));
  REQUIRE(read);
  CHECK(read->episode == "e1");
  CHECK(read->as == MarkedAs::kTrue);
  CHECK(read->note == written.note);
  CHECK(read->time == written.time);
  REQUIRE(read->causes.size() == 1);
  CHECK(read->causes[0].title == "One");
}

TEST_CASE("what is no verdict is refused, and in the topic counted", "[app][verdicts]") {
  VerdictBook book;
  for (const char* text : {"[]", "{", R"({"verdict": "false"})", R"({"episode": "e1", "verdict": "maybe"})",
                           R"({"episode": 7, "verdict": "true"})"}) {
    CHECK_FALSE(parse_verdict(text));
    book.take("e1", text);
  }
  book.take("other", R"({"episode": "e1", "verdict": "true"})");  // under a key that is not its own
  CHECK(book.all().empty());
  CHECK(book.unreadable() == 6);
}

TEST_CASE("the last word on an episode counts, and can be taken back", "[app][verdicts]") {
  VerdictBook book;
  const auto alert = attack("a1", "e1", {"r1"});
  judge(book, alert, MarkedAs::kFalse);
  judge(book, alert, MarkedAs::kTrue);
  CHECK(by_cause(book).at("r1").is_true == 1);
  CHECK(by_cause(book).at("r1").is_false == 0);
  book.take("e1", {});
  CHECK(book.all().empty());
}

TEST_CASE("a scorecard counts episodes, not alerts, and what a rule brings alone", "[app][verdicts]") {
  Scorecard card;
  card.expect("silent", "Never", {"T1190"});
  card.take(attack("a1", "e1", {"r1"}));
  card.take(attack("a2", "e1", {"r1", "r2"}));  // goes on, with another rule
  card.take(attack("a3", "e2", {"r2"}));
  CHECK(card.episodes() == 2);
  CHECK(score_of(card, "r1").episodes == 1);
  CHECK(score_of(card, "r1").alone == 0);
  CHECK(score_of(card, "r2").episodes == 2);
  CHECK(score_of(card, "r2").alone == 1);
  CHECK(score_of(card, "r2").advice() == Advice::kJudge);
  CHECK(score_of(card, "silent").advice() == Advice::kQuiet);
}

TEST_CASE("verdicts decide what is suggested, and the worst comes first", "[app][verdicts]") {
  Scorecard card;
  VerdictBook book;
  const auto see = [&](const std::string& rule, int number, MarkedAs marked) {
    const auto alert = attack(rule + "-a" + std::to_string(number), rule + "-e" + std::to_string(number), {rule});
    card.take(alert);
    judge(book, alert, marked);
  };
  for (int i = 0; i < 10; ++i) {
    see("bad", i, i == 0 ? MarkedAs::kTrue : MarkedAs::kFalse);
    see("mixed", i, i < 7 ? MarkedAs::kTrue : MarkedAs::kFalse);
    see("good", i, i < 8 ? MarkedAs::kTrue : MarkedAs::kFalse);
  }
  card.take(book);
  CHECK(card.judged() == 30);
  const auto scores = card.scores();
  REQUIRE(scores.size() == 3);
  CHECK(scores[0].id == "bad");
  CHECK(scores[0].advice() == Advice::kRetire);
  CHECK(scores[1].id == "mixed");
  CHECK(scores[1].advice() == Advice::kTune);
  CHECK(scores[2].advice() == Advice::kKeep);
  const auto json = Json::parse(scorecard_json(card));
  CHECK(json["rules"][0]["false_share"].get<double>() == Approx(0.9));
  const std::string table = scorecard_table(card, 2);
  CHECK(table.find("1 more: --all") != std::string::npos);
}
