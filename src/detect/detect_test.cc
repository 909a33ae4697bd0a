// Conditions, scores, spans, limits and the cache.
#include <filesystem>
#include <fstream>

#include "base/catch.h"
#include "detect/compile/pattern_database.h"
#include "detect/compile/pattern_facts.h"
#include "detect/compile/regex_rewrite.h"
#include "detect/match/glob_match.h"
#include "detect/match/known_lines.h"
#include "detect/match/line_scanner.h"
#include "detect/test_rules.h"
#include "rules/sigma_string.h"

using namespace weir;
using namespace weir::testing;

namespace {

/// Does a rule over the selections a, b, c (each a word of the query) hit a query of these words?
bool holds_on(const std::string& condition, const std::string& words) {
  RuleBench bench(
      rule_text("  a: {weir.query|contains: aaa}\n  b: {weir.query|contains: bbb}\n  c: {weir.query|contains: ccc}\n  "
                "condition: " +
                    condition,
                1));
  return bench.hits({{Place::kQuery, "q=" + words}}) == "1";
}

std::filesystem::path fresh_directory(const std::string& name) {
  const auto directory = std::filesystem::temp_directory_path() / ("weir-detect-test-" + name);
  std::filesystem::remove_all(directory);
  return directory;
}

/// The hits of records that are matched in one call, each as one digit a rule.
std::vector<std::string> hits_together(RuleBench& bench, const std::vector<DecodedRecord>& records) {
  const Event event;
  const MatchPolicy policy = bench.matcher.own_level();
  std::vector<Detection> detections(records.size());
  std::vector<MatchTask> tasks;
  for (size_t i = 0; i < records.size(); ++i)
    tasks.push_back({&event, &records[i], &policy, &detections[i]});
  bench.matcher.match(tasks);
  std::vector<std::string> hits;
  for (const Detection& detection : detections) {
    hits.emplace_back();
    for (const Hit& hit : detection.hits)
      hits.back() += bench.set->rules()[hit.rule].title.back();
    if (detection.capped) hits.back() += " capped";
  }
  return hits;
}

}  // namespace

TEST_CASE("the matching library on this machine passes the canaries") {
  const Status status = run_matcher_canaries();
  if (!status) FAIL(status.error().to_string());
}

TEST_CASE("and, or, not, parentheses") {
  CHECK(holds_on("a and b", "aaabbb"));
  CHECK_FALSE(holds_on("a and b", "aaa"));
  CHECK(holds_on("a or b", "bbb"));
  CHECK_FALSE(holds_on("a or b", "ccc"));
  CHECK(holds_on("a and not b", "aaa"));
  CHECK_FALSE(holds_on("a and not b", "aaa bbb"));
  CHECK(holds_on("a or b and c", "aaa"));
  CHECK_FALSE(holds_on("(a or b) and c", "aaa"));
  CHECK(holds_on("not (a or b)", "ccc"));
  CHECK(holds_on("not not a", "aaa"));
}

TEST_CASE("quantifiers") {
  CHECK(holds_on("1 of them", "ccc"));
  CHECK_FALSE(holds_on("1 of them", "ddd"));
  CHECK(holds_on("all of them", "aaa bbb ccc"));
  CHECK_FALSE(holds_on("all of them", "aaa bbb"));
  CHECK(holds_on("2 of them", "aaa ccc"));
  CHECK_FALSE(holds_on("2 of them", "ccc"));
}

TEST_CASE("a list of conditions holds when one does") {
  RuleBench bench(
      rule_text("  a: {weir.query|contains: aaa}\n  b: {weir.query|contains: bbb}\n  condition: [a, b]", 1));
  CHECK(bench.hits({{Place::kQuery, "q=bbb"}}) == "1");
  CHECK(bench.hits({{Place::kQuery, "q=ccc"}}) == "");
}

TEST_CASE("a map holds when all of its items do, a list when one map does") {
  RuleBench bench(rule_text(
      "  a:\n    - {weir.query|contains: aaa, cs-method: GET}\n    - {weir.query|contains: bbb}\n  condition: a", 1));
  Event get;
  get.method = "GET";
  CHECK(bench.hits(get, record_of({{Place::kQuery, "q=aaa"}})) == "1");
  CHECK(bench.hits(Event{}, record_of({{Place::kQuery, "q=aaa"}})) == "");
  CHECK(bench.hits(Event{}, record_of({{Place::kQuery, "q=bbb"}})) == "1");
}

TEST_CASE("a rule without any pattern hit is still evaluated when it can hold") {
  RuleBench bench(rule_text("  a: {sc-status: 500}\n  b: {weir.query|contains: bbb}\n  condition: a and not b", 1));
  Event event;
  event.status = 500;
  CHECK(bench.hits(event, record_of({{Place::kQuery, "q=x"}})) == "1");
  CHECK(bench.detection.hits.at(0).line == Hit::kNoLine);
  CHECK(bench.hits(event, record_of({{Place::kQuery, "q=bbb"}})) == "");
  CHECK(bench.hits(event) == "1");
}

TEST_CASE("one record leaves nothing behind for the next") {
  RuleBench bench(rule_text("  a: {weir.query|contains: aaa}\n  b: {sc-status: 500}\n  condition: a and b", 1));
  Event event;
  event.status = 500;
  CHECK(bench.hits(event, record_of({{Place::kQuery, "q=aaa"}})) == "1");
  CHECK(bench.hits(event, record_of({{Place::kQuery, "q=x"}})) == "");
  CHECK(bench.hits(Event{}, record_of({{Place::kQuery, "q=aaa"}})) == "");
  CHECK(bench.detection.score == 0);
}

TEST_CASE("hits come in the order of the rules, once each, with the first line") {
  RuleBench bench(rule_item("weir.query|contains: zzz", 1) + "---\n" + rule_item("weir.query|contains: aaa", 2));
  CHECK(bench.hits({{Place::kQuery, "q=aaa aaa"}, {Place::kQuery, "r=aaa zzz"}, {Place::kQuery, "s=zzz"}}) == "12");
  CHECK(bench.detection.hits[0].line == 1);
  CHECK(bench.detection.hits[1].line == 0);
}

TEST_CASE("a hit says where its match stands") {
  const auto record = record_of({{Place::kPath, "/p"}, {Place::kQuery, "q=one two three"}});
  const auto span = [&](const std::string& item) {
    RuleBench bench(rule_item(item));
    bench.hits(Event{}, record);
    REQUIRE(bench.detection.hits.size() == 1);
    const Hit& hit = bench.detection.hits[0];
    CHECK(hit.line == 1);
    return record.text.substr(hit.match_begin, hit.match_end - hit.match_begin);
  };
  CHECK(span("weir.query|contains: TWO") == "two");
  CHECK(span("weir.query|re: 't[a-z]+e'") == "three");
  CHECK(span("weir.query|re: 'one.*o'") == "one two");
  CHECK(span("weir.query|endswith: 'three'") == "three");
}

TEST_CASE("spans stay right when lines before them are known") {
  RuleBench bench(rule_item("weir.query|contains: aaa", 1));
  const auto record = record_of({{Place::kUserAgent, "Mozilla/5.0 (somebody)"},
                                 {Place::kQuery, "q=xx aaa"},
                                 {Place::kHeader, "accept=*/*"},
                                 {Place::kQuery, "r=aaa"}});
  for (int round = 0; round < 4; ++round) {
    CHECK(bench.hits(Event{}, record) == "1");
    const Hit hit = bench.detection.hits.at(0);
    CHECK(hit.line == 1);
    CHECK(record.text.substr(hit.match_begin, hit.match_end - hit.match_begin) == "aaa");
    CHECK(hit.match_end == record.lines[1].end);
  }
}

TEST_CASE("a line is known for its place only") {
  RuleBench bench(rule_item("weir.user_agent|contains: sqlmap", 1) + "---\n" +
                  rule_item("weir.referer|contains: evil", 2));
  for (int round = 0; round < 4; ++round) {
    CHECK(bench.hits({{Place::kUserAgent, "sqlmap evil"}}) == "1");
    CHECK(bench.hits({{Place::kReferer, "sqlmap evil"}}) == "2");
    CHECK(bench.hits({{Place::kHost, "sqlmap evil"}}) == "");
  }
}

TEST_CASE("lines become known on their second visit, each at its place and level") {
  constexpr auto kStandard = SecurityLevel::kStandard;
  KnownLines lines{LineSecret()};
  std::span<const LineHit> hits;
  const std::array<LineHit, 2> two = {{{7, 3}, {9, 5}}};
  const LineKey agent = lines.key_of(kStandard, Place::kUserAgent, "agent");
  CHECK_FALSE(lines.find(agent, hits));
  lines.note(agent, two);
  CHECK_FALSE(lines.find(agent, hits));
  lines.note(agent, two);
  REQUIRE(lines.find(agent, hits));
  REQUIRE(hits.size() == 2);
  CHECK((hits[1].atom == 9 && hits[1].end == 5));
  CHECK_FALSE(lines.find(lines.key_of(kStandard, Place::kReferer, "agent"), hits));
  CHECK_FALSE(lines.find(lines.key_of(SecurityLevel::kStrict, Place::kUserAgent, "agent"), hits));
  CHECK_FALSE(lines.find(lines.key_of(kStandard, Place::kUserAgent, "agenT"), hits));
  const LineKey clean = lines.key_of(kStandard, Place::kPath, "/");
  lines.note(clean, {});
  lines.note(clean, {});
  REQUIRE(lines.find(clean, hits));
  CHECK(hits.empty());
  const auto query = [&](uint16_t name_length) {
    return lines.key_of(kStandard, Place::kQuery, "a=b=c", KnownLines::Evasive::kNo, name_length);
  };
  lines.note(query(1), two);
  lines.note(query(1), two);
  CHECK(lines.find(query(1), hits));
  CHECK_FALSE(lines.find(query(3), hits));
  Line line{0, 10, 0, Place::kBody, 0};
  CHECK_FALSE(KnownLines::eligible(line));
  line.place = Place::kUserAgent;
  CHECK(KnownLines::eligible(line));
  line.steps = static_cast<DecodeSteps>(DecodeStep::kLineBreaks);
  CHECK_FALSE(KnownLines::eligible(line));
  line.steps = 0;
  line.end = 1000;
  CHECK_FALSE(KnownLines::eligible(line));
}

TEST_CASE("an attack that comes again hits as when it was scanned, and only where it stands") {
  RuleBench bench(rule_item("weir.query|re: \"'x\"", 1) + "---\n" + rule_item("weir.form|re: \"'x\"", 2) + "---\n" +
                  rule_item("weir.query|contains|all: [aaa, bbb]", 3));
  for (int round = 0; round < 4; ++round) {
    CHECK(bench.hits({{Place::kQuery, "q='x aaa bbb"}}) == "13");
    CHECK(bench.hits({{Place::kForm, "q='x aaa bbb"}}) == "2");
    CHECK(bench.hits({{Place::kQuery, "q=aaa"}, {Place::kQuery, "q='x"}}) == "1");
    CHECK(bench.hits({{Place::kQuery, "q=aaa"}}).empty());
  }
}

TEST_CASE("a short pattern behind quotes is found in each line of its place") {
  // Reported once a line: not only in the first that holds it, which may stand where the rule does not look.
  RuleBench bench(rule_item("weir.query|re: \"'x\"", 1) + "---\n" + rule_item("weir.form|re: \"'x\"", 2));
  CHECK(bench.hits({{Place::kForm, "a='x'x'x"}, {Place::kQuery, "b='x"}}) == "12");
  CHECK(bench.hits({{Place::kForm, "a='x"}, {Place::kQuery, "b='y"}, {Place::kForm, "c='x"}}) == "2");
  CHECK(bench.hits({{Place::kCookie, "a='x"}, {Place::kQuery, "b='y"}, {Place::kQuery, "c='x"}}) == "1");
}

TEST_CASE("thousands of lines are known at once, each with its own hits") {
  KnownLines lines{LineSecret()};
  constexpr uint32_t kLines = 4'000;
  const auto key = [&](uint32_t i) {
    return lines.key_of(SecurityLevel::kStandard, Place::kPath, "/page/" + std::to_string(i));
  };
  for (uint32_t i = 0; i < kLines; ++i) {
    const LineHit hit{i, 1};
    for (int visit = 0; visit < 2; ++visit)
      lines.note(key(i), std::span(&hit, 1));
  }
  uint32_t known = 0;
  for (uint32_t i = 0; i < kLines; ++i) {
    std::span<const LineHit> hits;
    if (!lines.find(key(i), hits)) continue;
    ++known;
    CHECK((hits.size() == 1 && hits[0].atom == i));
  }
  CHECK(known > kLines * 9 / 10);
}

TEST_CASE("a pattern that counts with an evasion only is found where the record shows it, in known lines, too") {
  const auto with = [](const std::string& evasion, const std::string& condition, int number) {
    return rule_text(
        "  trick: {weir.evasion: " + evasion + "}\n  text: {weir.text|contains: 'xyz'}\n  condition: " + condition,
        number);
  };
  RuleBench bench(
      with("overlong_utf8", "trick and text", 1) + "---\n" + with("null_byte", "text and not trick", 2) + "---\n" +
      with("null_byte", "1 of *", 3) + "---\n" +
      rule_text("  trick: {weir.evasion: [overlong_utf8, null_byte]}\n  text: {weir.path|startswith: '/a'}\n"
                "  other: {weir.evasion: line_break}\n  condition: text and (trick or other)",
                4) +
      "---\n" +
      rule_text("  trick: {weir.evasion: null_byte}\n  text: {weir.path|contains: 'abc'}\n"
                "  other: {weir.query|contains: 'none'}\n  condition: other or (trick and text)",
                5) +
      "---\n" +
      rule_text("  trick: {weir.evasion: null_byte}\n  text: {weir.path|contains: 'bc/'}\n"
                "  condition: not (trick or not text)",
                6));
  DecodedRecord record = record_of({{Place::kPath, "/abc/xyz"}, {Place::kQuery, "q=xyz"}});
  for (int round = 0; round < 4; ++round) {  // from the third on the path is a known line
    record.evasions = 0;
    CHECK(bench.hits(Event{}, record) == "236");
    record.evasions = static_cast<Evasions>(Evasion::kOverlongUtf8);
    CHECK(bench.hits(Event{}, record) == "12346");
    record.evasions = static_cast<Evasions>(Evasion::kNullByte);
    CHECK(bench.hits(Event{}, record) == "345");
    record.evasions = static_cast<Evasions>(Evasion::kLineBreak);
    CHECK(bench.hits(Event{}, record) == "2346");
    record.evasions = static_cast<Evasions>(Evasion::kDoubleEncoding);
    CHECK(bench.hits(Event{}, record) == "236");
  }
}

TEST_CASE("the keys of lines depend on the secret") {
  const auto key = [](const LineSecret& secret) {
    return KnownLines(secret).key_of(SecurityLevel::kStandard, Place::kPath, "/page").low;
  };
  uint32_t next = 0;
  CHECK(key(LineSecret()) == key(LineSecret()));
  CHECK(key(LineSecret()) != key(LineSecret::from([&] { return next++; })));
}

TEST_CASE("a known line hits as when it was scanned, with the same span, and the first line wins") {
  RuleBench bench(rule_item("weir.text|contains: 'sqlmap'", 1) + "---\n" +
                  rule_item("weir.user_agent|re: 'm[a-z]+/1'", 2));
  const auto record =
      record_of({{Place::kQuery, "q=none"}, {Place::kUserAgent, "the sqlmap/1.0"}, {Place::kReferer, "sqlmap"}});
  for (int round = 0; round < 5; ++round) {
    REQUIRE(bench.hits(Event{}, record) == "12");
    const Hit hit = bench.detection.hits[0];
    CHECK((hit.line == 1 && record.text.substr(hit.match_begin, hit.match_end - hit.match_begin) == "sqlmap"));
    const Hit other = bench.detection.hits[1];
    CHECK(record.text.substr(other.match_begin, other.match_end - other.match_begin) == "map/1");
  }
  CHECK(bench.hits({{Place::kQuery, "a=sqlmap"}, {Place::kUserAgent, "the sqlmap/1.0"}}) == "12");
  CHECK(bench.detection.hits[0].line == 0);
}

TEST_CASE("the begin of a match in a parameter is looked for above the given length only") {
  const auto texts = [](size_t located_above, const std::string& line) {
    RuleBench bench(
        rule_item("weir.query|contains: 'sqlmap'", 1) + "---\n" + rule_item("weir.query|re: 'm[a-z]+/1'", 2), {},
        {.locate_in_parameters_above = located_above});
    const auto record = record_of({{Place::kReferer, "before"}, {Place::kQuery, line}});
    REQUIRE(bench.hits(Event{}, record) == "12");
    std::string found;
    for (const Hit& hit : bench.detection.hits) {
      CHECK((hit.line == 1 && hit.match_end > record.lines[1].begin && hit.match_end <= record.lines[1].end));
      found += record.text.substr(hit.match_begin, hit.match_end - hit.match_begin) + ";";
    }
    return found;
  };
  const std::string line = "q=the sqlmap/1.0";
  CHECK(texts(0, line) == "sqlmap;map/1;");
  CHECK(texts(line.size(), line) == ";;");
  CHECK(texts(line.size(), line + "x") == "sqlmap;map/1;");
  RuleBench other(rule_item("weir.user_agent|contains: 'sqlmap'", 1), {}, {.locate_in_parameters_above = 100});
  REQUIRE(other.hits({{Place::kUserAgent, "sqlmap"}}) == "1");
  CHECK((other.detection.hits[0].match_begin == 0 && other.detection.hits[0].match_end == 6));
}

TEST_CASE("a line with many hits is scanned every time, and loses none") {
  std::string yaml;
  for (int i = 1; i < 9; ++i)
    yaml += rule_item("weir.user_agent|contains: w" + std::to_string(i) + "x", i) + "---\n";
  RuleBench bench(yaml);
  for (int round = 0; round < 4; ++round)
    CHECK(bench.hits({{Place::kUserAgent, "w1x w2x w3x w4x w5x w6x w7x w8x"}}) == "12345678");
}

TEST_CASE("patterns behind gates are found, and spans are right, in any mixture of lines") {
  RuleBench bench(rule_item("weir.query|contains: plainword", 1) + "---\n" +
                  rule_item("weir.query|contains: \"o'r\"", 2) + "---\n" + rule_item("weir.query|re: 'x[(]+y$'", 3));
  const auto record = record_of({{Place::kQuery, "a=plain"},
                                 {Place::kQuery, "b=(("},
                                 {Place::kQuery, "c=plainword o'r"},
                                 {Place::kQuery, "d=zz"},
                                 {Place::kQuery, "e=x((y"}});
  CHECK(bench.hits(Event{}, record) == "123");
  const auto text = [&](size_t i) {
    return record.text.substr(bench.detection.hits[i].match_begin,
                              bench.detection.hits[i].match_end - bench.detection.hits[i].match_begin);
  };
  CHECK((text(0) == "plainword" && text(1) == "o'r" && text(2) == "x((y"));
  CHECK((bench.detection.hits[0].line == 2 && bench.detection.hits[1].line == 2 && bench.detection.hits[2].line == 4));
}

TEST_CASE("score: sum of weights, a cap for each category, the threshold") {
  const auto weir = [](const std::string& category, int weight) {
    return "\nweir: {category: " + category + ", weight: " + std::to_string(weight) + "}";
  };
  const auto rule = [&](int number, const std::string& category, int weight) {
    return rule_text("  a: {weir.query|contains: word" + std::to_string(number) + "}\n  condition: a", number,
                     weir(category, weight));
  };
  RuleBench bench(rule(1, "sqli", 4) + "---\n" + rule(2, "sqli", 6) + "---\n" + rule(3, "xss", 100));
  bench.hits({{Place::kQuery, "q=word1"}});
  CHECK((bench.detection.score == 4 && !bench.detection.malicious &&
         bench.detection.categories == mask_of(Category::kSqli)));
  bench.hits({{Place::kQuery, "q=word1 word2"}});
  CHECK((bench.detection.score == 10 && bench.detection.malicious));
  bench.hits({{Place::kQuery, "q=word2 word3"}});
  CHECK(bench.detection.score == 6 + Detection::kCategoryScoreMax);
  CHECK(bench.detection.categories == (mask_of(Category::kSqli) | mask_of(Category::kXss)));
}

TEST_CASE("a rule runs from its security level on") {
  const std::string yaml =
      rule_text("  a: {weir.query|contains: aaa}\n  condition: a", 1, "\nweir: {security_level: permissive}") +
      "---\n" + rule_text("  a: {weir.query|contains: aaa}\n  condition: a", 2, "\nweir: {security_level: standard}") +
      "---\n" + rule_text("  a: {weir.query|contains: aaa}\n  condition: a", 3, "\nweir: {security_level: strict}");
  RuleSetOptions options;
  const auto hits_at = [&](SecurityLevel level) {
    options.security_level = level;
    return RuleBench(yaml, options).hits({{Place::kQuery, "q=aaa"}});
  };
  CHECK(hits_at(SecurityLevel::kPermissive) == "1");
  CHECK(hits_at(SecurityLevel::kStandard) == "12");
  CHECK(hits_at(SecurityLevel::kStrict) == "123");
}

TEST_CASE("a flood of matches ends the scan, says so, and keeps what was found") {
  RuleBench bench(rule_item("weir.body|re: 'a'", 1) + "---\n" + rule_item("weir.body|contains: zzz", 2));
  CHECK(bench.hits({{Place::kBody, std::string(LineScanner::kReportsMax + 10, 'a') + "zzz"}}) == "1");
  CHECK(bench.detection.capped);
  CHECK_FALSE(bench.detection.scan_failed);
  CHECK(bench.hits({{Place::kBody, "a zzz"}}) == "12");
  CHECK_FALSE(bench.detection.capped);
}

TEST_CASE("an expression that may go on behind its first end is reported there alone") {
  for (const char* regex : {"^ba{3,}", "^ba{3,900}", "^baa+"}) {
    INFO(regex);
    RuleBench bench(rule_item(std::string("weir.body|re: '") + regex + "'", 1));
    CHECK(bench.hits({{Place::kBody, "baa"}}) == (std::string_view(regex) == "^baa+" ? "1" : ""));
    CHECK(bench.hits({{Place::kBody, "b" + std::string(LineScanner::kReportsMax + 10, 'a')}}) == "1");
    CHECK_FALSE(bench.detection.capped);
  }
  for (const auto& [regex, first] : std::vector<std::pair<std::string, std::string>>{{"x{4,}", "x{4}"},
                                                                                     {"a|x{2,7}", "a|x{2}"},
                                                                                     {"(?:ab){2,}", "(?:ab){2}"},
                                                                                     {"\\\\+", "\\\\"},
                                                                                     {"[+]+", "[+]"},
                                                                                     {"x{0,7}", "x{0,7}"},
                                                                                     {"x\\{4,}", "x\\{4,}"},
                                                                                     {"x\\+", "x\\+"},
                                                                                     {"x++", "x++"},
                                                                                     {"x{2}+", "x{2}+"},
                                                                                     {"x{4,}?", "x{4,}?"},
                                                                                     {"(x+)", "(x+)"},
                                                                                     {"+", "+"},
                                                                                     {"x{4}", "x{4}"},
                                                                                     {"", ""}})
    CHECK(with_first_end(regex) == first);
}

TEST_CASE("records matched together come out as records matched one by one") {
  RuleBench bench(
      rule_item("weir.query|re: 'a.?b'", 1) + "---\n" + rule_item("weir.query|contains: \"'or\"", 2) + "---\n" +
      rule_item("cs-user-agent|contains: probe", 3) + "---\n" + rule_item("sc-status: 404", 4) + "---\n" +
      rule_text("  s: {weir.query|contains: [u, v, w, '<x']}\n  f: {weir.query|contains: zz}\n  condition: s and not f",
                5));
  const std::array<std::string_view, 6> parts{"ab", "'or", "a<x", "zz", "w", "plain"};
  std::vector<Event> events(200);
  std::vector<DecodedRecord> records;
  for (uint32_t i = 0; i < events.size(); ++i) {
    events[i].status = i % 7 == 0 ? 404 : 200;
    std::string query = "q=";
    for (uint32_t part = 0; part < parts.size(); ++part)
      if ((i >> part & 1U) != 0) query += parts[part];
    // User agents repeat, so that some lines are known from the second time on.
    records.push_back(record_of({{Place::kQuery, query}, {Place::kUserAgent, i % 5 == 0 ? "probe/1" : "browser/2"}}));
  }
  const MatchPolicy policy = bench.matcher.own_level();
  std::vector<Detection> together(events.size());
  auto other = Matcher::create(bench.set);
  REQUIRE(other);
  constexpr std::array<size_t, 4> kBatches{1, 3, 16, 64};
  size_t next = 0, hits = 0;
  for (size_t first = 0; first < events.size(); first += kBatches[next++ % kBatches.size()]) {
    std::vector<MatchTask> tasks;
    const size_t last = std::min(events.size(), first + kBatches[next % kBatches.size()]);
    for (size_t i = first; i < last; ++i)
      tasks.push_back({&events[i], &records[i], &policy, &together[i]});
    other->match(tasks);
  }
  for (size_t i = 0; i < events.size(); ++i) {
    INFO(i);
    bench.hits(events[i], records[i]);
    REQUIRE(together[i].hits.size() == bench.detection.hits.size());
    for (size_t k = 0; k < together[i].hits.size(); ++k) {
      const Hit &grouped = together[i].hits[k], &alone = bench.detection.hits[k];
      CHECK((grouped.rule == alone.rule && grouped.line == alone.line && grouped.match_begin == alone.match_begin &&
             grouped.match_end == alone.match_end));
    }
    CHECK(together[i].score == bench.detection.score);
    hits += together[i].hits.size();
  }
  CHECK(hits > 200);
}

TEST_CASE("no match reaches from a record into the one that is scanned behind it") {
  RuleBench bench(rule_item("weir.query|re: 'a[^x]?b'", 1) + "---\n" + rule_item("weir.query|re: 'a\\sb'", 2) +
                  "---\n" + rule_item("weir.query|re: 'a$'", 3) + "---\n" + rule_item("weir.query|re: '^b'", 4));
  CHECK(hits_together(bench, {record_of({{Place::kQuery, "q=a"}}), record_of({{Place::kQuery, "b=1"}}),
                              record_of({{Place::kQuery, "q=a b"}})}) == std::vector<std::string>{"3", "4", "12"});
}

TEST_CASE("a record that floods the scan with matches costs its neighbours nothing") {
  RuleBench bench(rule_item("weir.body|re: 'a'", 1) + "---\n" + rule_item("weir.body|contains: zzz", 2));
  // Together the small ones have more matches than a scan of several records may report.
  std::vector<DecodedRecord> records(5, record_of({{Place::kBody, std::string(4'000, 'a') + "zzz"}}));
  records.push_back(record_of({{Place::kBody, std::string(LineScanner::kReportsMax + 10, 'a') + "zzz"}}));
  records.push_back(record_of({{Place::kBody, "b zzz"}}));
  CHECK(hits_together(bench, records) == std::vector<std::string>{"12", "12", "12", "12", "12", "1 capped", "2"});
}

TEST_CASE("equal patterns are compiled once") {
  RuleBench bench(rule_item("weir.query|contains: aaa", 1) + "---\n" + rule_item("weir.form|contains: aaa", 2) +
                  "---\n" + rule_item("weir.query|contains: aaa", 3));
  CHECK(bench.hits({{Place::kQuery, "q=aaa"}}) == "13");
  CHECK(bench.hits({{Place::kForm, "q=aaa"}}) == "2");
}

TEST_CASE("the fingerprint follows the rules and the options") {
  const auto fingerprint = [](const std::string& yaml, int threshold) {
    RuleSetOptions options;
    options.threshold = threshold;
    return RuleBench(yaml, options).set->fingerprint();
  };
  const std::string base = fingerprint(rule_item("weir.query|contains: aaa"), 10);
  CHECK(base.size() == 32);
  CHECK(base == fingerprint(rule_item("weir.query|contains: aaa"), 10));
  CHECK(base != fingerprint(rule_item("weir.query|contains: aab"), 10));
  CHECK(base != fingerprint(rule_item("weir.query|contains|cased: aaa"), 10));
  CHECK(base != fingerprint(rule_item("weir.query|contains: aaa"), 11));
}

TEST_CASE("an empty rule set matches nothing") {
  auto set = RuleSet::compile({}, {}, *std::make_unique<Diagnostics>());
  REQUIRE(set.has_value());
  auto matcher = Matcher::create(*set);
  REQUIRE(matcher);
  Detection detection;
  matcher->match(Event{}, record_of({{Place::kQuery, "q=x"}}), detection);
  CHECK((detection.hits.empty() && !detection.malicious && !detection.scan_failed));
}

TEST_CASE("the database cache is written, used, and replaced when damaged") {
  namespace fs = std::filesystem;
  const fs::path directory = fresh_directory("cache");
  std::vector<Pattern> patterns = {{"\\x61\\x62\\x63"}, {"d[ef]g", LetterCase::kMatters}};
  const std::string file = cache_file(patterns, directory.string());
  PatternError error;
  REQUIRE(compile_database_cached(patterns, directory.string(), error).has_value());
  REQUIRE(fs::exists(file));
  const auto written = fs::last_write_time(file) - std::chrono::minutes(5);
  fs::last_write_time(file, written);
  REQUIRE(compile_database_cached(patterns, directory.string(), error).has_value());
  CHECK(fs::last_write_time(file) == written);  // read, not written again

  for (const std::string& damage : {std::string("short"), std::string(fs::file_size(file), 'x')}) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << damage;
    REQUIRE(compile_database_cached(patterns, directory.string(), error).has_value());
    CHECK(fs::file_size(file) > 100);
    fs::last_write_time(file, written);
    REQUIRE(compile_database_cached(patterns, directory.string(), error).has_value());
    CHECK(fs::last_write_time(file) == written);
  }
  std::string bytes;
  {
    std::ifstream stream(file, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(stream), {});
  }
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
  REQUIRE(compile_database_cached(patterns, directory.string(), error).has_value());
  CHECK(fs::last_write_time(file) != written);  // one flipped bit is noticed

  std::vector<Pattern> others = patterns;
  others[0].letter_case = LetterCase::kMatters;
  CHECK(cache_file(others, directory.string()) != file);
  fs::remove_all(directory);
}

TEST_CASE("a cache directory that cannot be written costs nothing but time") {
  RuleSetOptions options;
  options.cache_directory = "/proc/nowhere";
  CHECK(RuleBench(rule_item("weir.query|contains: aaa", 1), options).hits({{Place::kQuery, "q=aaa"}}) == "1");
}

TEST_CASE("a cached set matches like a compiled one, prefilters included") {
  RuleSetOptions options;
  options.cache_directory = fresh_directory("set").string();
  const std::string yaml =
      rule_item("weir.query|re: 'foo(?!bar)'", 1) + "---\n" + rule_item("weir.query|contains: aaa", 2);
  for (int round = 0; round < 2; ++round) {
    RuleBench bench(yaml, options);
    CHECK(bench.hits({{Place::kQuery, "q=foobar aaa"}}) == "2");
    CHECK(bench.hits({{Place::kQuery, "q=foobaz"}}) == "1");
  }
  std::filesystem::remove_all(options.cache_directory);
}

TEST_CASE("what the library said of a pattern is asked once") {
  const std::string directory = fresh_directory("facts").string();
  const auto inspect = [&](std::string_view regex, bool keep) {
    PatternFacts facts(directory, "rules");
    Pattern pattern{std::string(regex)};
    CHECK(facts.inspect(pattern).has_value());
    if (keep) facts.keep();
    return pattern;
  };
  const Pattern first = inspect("fo{2,5}o(?!bar)", true), second = inspect("fo{2,5}o(?!bar)", true);
  CHECK((first.prefilter && second.prefilter));
  CHECK((first.min_width == second.min_width && first.max_width == second.max_width && first.min_width > 0));
  CHECK(std::distance(std::filesystem::directory_iterator(directory), std::filesystem::directory_iterator()) == 1);
  // Damaged answers are asked for again.
  for (const auto& file : std::filesystem::directory_iterator(directory))
    std::filesystem::resize_file(file.path(), file.file_size() - 1);
  CHECK(inspect("fo{2,5}o(?!bar)", false).min_width == first.min_width);
  PatternFacts facts(directory, "rules");
  Pattern broken{"a("};
  CHECK_FALSE(facts.inspect(broken).has_value());
  std::filesystem::remove_all(directory);
}

TEST_CASE("globs match like the patterns of the scan") {
  const auto matches = [](const std::string& pattern, const std::string& text) {
    return glob_match(parse_pattern_string(pattern), text, LetterCase::kIgnored);
  };
  CHECK(matches("", ""));
  CHECK_FALSE(matches("", "a"));
  CHECK(matches("*", ""));
  CHECK(matches("a*c", "abbbc"));
  CHECK_FALSE(matches("a*c", "abbb"));
  CHECK(matches("*ab*ab", "xabyabzab"));
  CHECK(matches("?b?", "abc"));
  CHECK_FALSE(matches("?b?", "ab"));
  CHECK_FALSE(matches(std::string(20, '*') + "a*a*a*a*a*b", std::string(3000, 'a')));
}

TEST_CASE("what a filter looks for needs no confirmation by the rule's tokenizer") {
  const std::string rule =
      rule_text("  s: {weir.param|contains: \"'\"}\n  condition: s", 0,
                "\nweir: {category: sqli, confirm: sql, examples: {positive: [a], negative: [b]}}");
  RuleBench bare(rule);
  RuleBench filtered(rule + "---\ntitle: f\nfilter: {rules: any, s: {weir.param|contains: known}, condition: not s}\n");
  const std::pair<Place, std::string> attack{Place::kQuery, "q=1' or 1=1--"}, known{Place::kQuery, "p=known"};
  CHECK(bare.hits({attack, known}) == "0");
  CHECK(filtered.hits({attack}) == "0");
  CHECK(filtered.hits({attack, known}).empty());
}

TEST_CASE("a filter keeps a rule from hitting") {
  RuleBench bench(rule_item("weir.query|contains: aaa", 1) +
                  "---\ntitle: f\nfilter: {rules: any, s: {c-ip|cidr: 10.0.0.0/8}, condition: not s}\n");
  Event event;
  event.client_ip = *IpAddress::parse("10.1.1.1");
  CHECK(bench.hits(event, record_of({{Place::kQuery, "q=aaa"}})) == "");
  event.client_ip = *IpAddress::parse("11.1.1.1");
  CHECK(bench.hits(event, record_of({{Place::kQuery, "q=aaa"}})) == "1");
}
